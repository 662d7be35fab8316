//! Training of the small networks that are built into the codec
//! (`catena_filter::engine::numeric::perceptron`), in seconds, on the CPU: mean squared error,
//! Xavier start, Adam.
//!
//! Plain f64 in a fixed order: the same samples and seed give the same numbers.

use rand::Rng;

/// Inputs and the outputs that they should give. An output that is not a number is not known.
pub(crate) type Sample = (Vec<f64>, Vec<f64>);

/// A network of one hidden layer, with Adam's two moments.
pub(crate) struct Perceptron {
    inputs: usize,
    hidden: usize,
    outputs: usize,
    /// What the sigmoids' 0 and 1 stand for.
    range: [f64; 2],
    numbers: Vec<f64>,
    first: Vec<f64>,
    second: Vec<f64>,
    steps: i32,
}

impl Perceptron {
    /// Weights uniform within sqrt(6 / (in + out)), biases 0.
    pub(crate) fn xavier(
        [inputs, hidden, outputs]: [usize; 3],
        range: [f64; 2],
        random: &mut impl Rng,
    ) -> Self {
        let n = catena_filter::engine::numeric::perceptron::weights(inputs, hidden, outputs);
        let mut numbers = vec![0.0; n];
        let mut fill = |from: usize, n: usize, fan: usize| {
            let most = (6.0 / fan as f64).sqrt();
            for number in &mut numbers[from..from + n] {
                *number = random.random_range(-most..most);
            }
        };
        fill(0, hidden * inputs, inputs + hidden);
        fill(hidden * inputs + hidden, outputs * hidden, hidden + outputs);
        Perceptron {
            inputs,
            hidden,
            outputs,
            range,
            numbers,
            first: vec![0.0; n],
            second: vec![0.0; n],
            steps: 0,
        }
    }

    /// The numbers as the codec takes them.
    pub(crate) fn numbers(&self) -> Vec<f32> {
        self.numbers.iter().map(|&number| number as f32).collect()
    }

    /// Sees all samples once, in batches; the mean squared error, each batch's before its step.
    pub(crate) fn epoch(
        &mut self,
        samples: &[Sample],
        batch: usize,
        rate: f64,
        random: &mut impl Rng,
    ) -> f64 {
        let mut places: Vec<usize> = (0..samples.len()).collect();
        shuffle(&mut places, random);
        let mut loss = 0.0;
        for batch in places.chunks(batch.max(1)) {
            loss += self.step(samples, batch, rate);
        }
        loss / samples.len().max(1) as f64
    }

    /// One step on a batch; the sum of its samples' mean squared errors before it.
    fn step(&mut self, samples: &[Sample], batch: &[usize], rate: f64) -> f64 {
        let (inputs, hidden_n) = (self.inputs, self.hidden);
        let biases = hidden_n * inputs;
        let rows = biases + hidden_n;
        let output_biases = rows + self.outputs * hidden_n;
        let [low, high] = self.range;
        let mut gradient = vec![0.0; self.numbers.len()];
        let mut hidden = vec![0.0; hidden_n];
        let mut loss = 0.0;
        for (given, wanted) in batch.iter().map(|&at| &samples[at]) {
            for (neuron, x) in hidden.iter_mut().enumerate() {
                let row = &self.numbers[neuron * inputs..(neuron + 1) * inputs];
                let products = row.iter().zip(given).map(|(w, x)| w * x);
                *x = (self.numbers[biases + neuron] + products.sum::<f64>()).max(0.0);
            }
            let known = wanted.iter().filter(|it| it.is_finite()).count().max(1) as f64;
            let mut back = vec![0.0; hidden_n];
            for (at, truth) in wanted.iter().enumerate().filter(|(_, it)| it.is_finite()) {
                let row = rows + at * hidden_n;
                let mut sum = self.numbers[output_biases + at];
                for (neuron, x) in hidden.iter().enumerate() {
                    sum += self.numbers[row + neuron] * x;
                }
                let h = sum * 0.5;
                let root = (1.0 + h * h).sqrt();
                let error = low + (high - low) * (0.5 + 0.5 * h / root) - truth;
                loss += error * error / known;
                let slope = 2.0 * error / known * (high - low) * 0.25
                    / (root * root * root)
                    / batch.len() as f64;
                gradient[output_biases + at] += slope;
                for (neuron, x) in hidden.iter().enumerate().filter(|(_, x)| **x > 0.0) {
                    gradient[row + neuron] += slope * x;
                    back[neuron] += slope * self.numbers[row + neuron];
                }
            }
            for (neuron, back) in back.iter().enumerate().filter(|(_, back)| **back != 0.0) {
                gradient[biases + neuron] += back;
                for (at, input) in given.iter().enumerate() {
                    gradient[neuron * inputs + at] += back * input;
                }
            }
        }
        self.adam(&gradient, rate);
        loss
    }

    fn adam(&mut self, gradient: &[f64], rate: f64) {
        self.steps += 1;
        let [first_share, second_share] = [0.9f64, 0.999].map(|decay| 1.0 - decay.powi(self.steps));
        for (at, g) in gradient.iter().enumerate() {
            self.first[at] = 0.9 * self.first[at] + 0.1 * g;
            self.second[at] = 0.999 * self.second[at] + 0.001 * g * g;
            let root = (self.second[at] / second_share).sqrt() + 1e-8;
            self.numbers[at] -= rate * (self.first[at] / first_share) / root;
        }
    }
}

/// A random order.
pub(crate) fn shuffle(order: &mut [usize], random: &mut impl Rng) {
    for last in (1..order.len()).rev() {
        order.swap(last, random.random_range(0..=last));
    }
}
