//! Training of the entropy predictor (`catena_filter::plan::entropy`): a network of 513 numbers, in seconds, on the CPU.
//!
//! As the source gives it: Xavier start, mean squared error, learning rate 1e-3, 10 epochs, seed 42. What it leaves open: Adam (0.9, 0.999), batches of 32 blocks. Plain f64 here, f32 in what is
//! handed out. Invariant: the same blocks and seed give the same weights.

use catena_filter::plan::entropy::{
    EntropyPredictor, HIDDEN, INPUTS, RANGE, Statistics, WEIGHTS, target,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Exp1, StandardNormal};

const SEED: u64 = 42;
const EPOCHS: usize = 10;
const RATE: f64 = 1e-3;
const BATCH: usize = 32;
/// Every such block is held out.
const HELD_OUT_EVERY: usize = 5;

/// What came of a training.
#[derive(Clone, Debug)]
pub struct TrainedEntropy {
    /// The network's numbers, in the order that the predictor takes them.
    pub weights: [f32; WEIGHTS],
    /// Mean squared error on the blocks that were trained on, in the last epoch.
    pub loss: f64,
    /// The same on those that were held out, as the predictor computes it.
    pub held_out_loss: f64,
    /// The variance of the held-out targets: the loss of who always says their mean.
    pub held_out_variance: f64,
    /// Blocks trained on, and held out.
    pub blocks: [usize; 2],
}

/// A block as the network sees it: inputs and target.
type Sample = ([f64; INPUTS], f64);

/// Trains on blocks of values; a fifth of them is held out.
pub fn train_entropy(blocks: &[Vec<f64>]) -> TrainedEntropy {
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let mut order: Vec<usize> = (0..blocks.len()).collect();
    shuffle(&mut order, &mut random);
    let held = |place: &usize| place.is_multiple_of(HELD_OUT_EVERY);
    let chosen = |wanted: bool| -> Vec<&Vec<f64>> {
        let places = (0..order.len()).filter(|place| held(place) == wanted);
        places.map(|place| &blocks[order[place]]).collect()
    };
    let (train, held_out) = (chosen(false), chosen(true));
    let samples: Vec<Sample> = train.iter().map(|block| sample(block)).collect();

    let mut network = Network::xavier(&mut random);
    let mut loss = 0.0;
    for _ in 0..EPOCHS {
        let mut places: Vec<usize> = (0..samples.len()).collect();
        shuffle(&mut places, &mut random);
        loss = 0.0;
        for batch in places.chunks(BATCH) {
            let batch: Vec<&Sample> = batch.iter().map(|&place| &samples[place]).collect();
            loss += network.step(&batch) * batch.len() as f64;
        }
        loss /= samples.len().max(1) as f64;
    }

    let weights = network.weights.map(|weight| weight as f32);
    let predictor = EntropyPredictor::new(weights);
    let truth: Vec<f64> = held_out.iter().map(|it| f64::from(target(it))).collect();
    let mean = truth.iter().sum::<f64>() / truth.len().max(1) as f64;
    let errors = held_out.iter().zip(&truth).map(|(block, truth)| {
        let said = f64::from(predictor.predict(&Statistics::of(block)));
        (said - truth) * (said - truth)
    });
    TrainedEntropy {
        weights,
        loss,
        held_out_loss: errors.sum::<f64>() / truth.len().max(1) as f64,
        held_out_variance: truth
            .iter()
            .map(|it| (it - mean) * (it - mean))
            .sum::<f64>()
            / truth.len().max(1) as f64,
        blocks: [train.len(), held_out.len()],
    }
}

/// Blocks of many kinds, from a seed: normal, Laplace, uniform, lognormal, exponential, few levels, smooth waves; of scales from 1e-7 to 1e3, some with a share
/// of zeros, some with an offset, some with a few large values.
pub fn synthetic_blocks(n: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..n).map(|_| synthetic(&mut random)).collect()
}

fn synthetic(random: &mut ChaCha8Rng) -> Vec<f64> {
    let len = [256, 1024, 4096][random.random_range(0..3usize)];
    let scale = 10f64.powf(random.random_range(-7.0..3.0));
    let kind = random.random_range(0..7u32);
    let levels = f64::from(random.random_range(1..60u32));
    let wave = random.random_range(0.001..0.3);
    let zeros = match random.random_range(0..3u32) {
        0 => random.random_range(0.0..0.98),
        _ => 0.0,
    };
    let offset = match random.random_range(0..4u32) {
        0 => random.random_range(-3.0..3.0),
        _ => 0.0,
    };
    let outliers = random.random_range(0..5u32) == 0;
    let mut block = Vec::with_capacity(len);
    for at in 0..len {
        let normal: f64 = StandardNormal.sample(random);
        let positive: f64 = Exp1.sample(random);
        let x = match kind {
            0 | 1 => normal,
            2 => positive.copysign(normal),
            3 => random.random_range(-1.0..1.0),
            4 => (normal * 0.8).exp(),
            5 => (normal * levels).round() / levels,
            _ => (at as f64 * wave).sin() + 0.05 * normal,
        };
        let x = if outliers && random.random_range(0..500u32) == 0 {
            x * 12.0
        } else {
            x
        };
        let zero = zeros > 0.0 && random.random_bool(zeros);
        block.push(if zero { 0.0 } else { (x + offset) * scale });
    }
    block
}

fn sample(block: &[f64]) -> Sample {
    let inputs = Statistics::of(block).inputs().map(f64::from);
    (inputs, f64::from(target(block)))
}

fn shuffle(order: &mut [usize], random: &mut ChaCha8Rng) {
    for last in (1..order.len()).rev() {
        order.swap(last, random.random_range(0..=last));
    }
}

/// The network with Adam's two moments.
struct Network {
    weights: [f64; WEIGHTS],
    first: [f64; WEIGHTS],
    second: [f64; WEIGHTS],
    steps: i32,
}

impl Network {
    /// Uniform within sqrt(6 / (in + out)), biases 0.
    fn xavier(random: &mut ChaCha8Rng) -> Self {
        let mut weights = [0.0; WEIGHTS];
        let mut fill = |from: usize, n: usize, fan: usize| {
            let most = (6.0 / fan as f64).sqrt();
            for weight in &mut weights[from..from + n] {
                *weight = random.random_range(-most..most);
            }
        };
        fill(0, HIDDEN * INPUTS, INPUTS + HIDDEN);
        fill(HIDDEN * INPUTS + HIDDEN, HIDDEN, HIDDEN + 1);
        Network {
            weights,
            first: [0.0; WEIGHTS],
            second: [0.0; WEIGHTS],
            steps: 0,
        }
    }

    /// One step on a batch; its mean squared error before it.
    fn step(&mut self, batch: &[&Sample]) -> f64 {
        let (output, bias) = (HIDDEN * INPUTS + HIDDEN, WEIGHTS - 1);
        let span = f64::from(RANGE[1] - RANGE[0]);
        let mut gradient = [0.0; WEIGHTS];
        let mut loss = 0.0;
        for (inputs, truth) in batch {
            let mut hidden = [0.0; HIDDEN];
            let mut sum = self.weights[bias];
            for (neuron, x) in hidden.iter_mut().enumerate() {
                let row = &self.weights[neuron * INPUTS..(neuron + 1) * INPUTS];
                let products = row.iter().zip(inputs).map(|(w, x)| w * x);
                *x = (self.weights[HIDDEN * INPUTS + neuron] + products.sum::<f64>()).max(0.0);
                sum += self.weights[output + neuron] * *x;
            }
            let h = sum * 0.5;
            let root = (1.0 + h * h).sqrt();
            let said = f64::from(RANGE[0]) + span * (0.5 + 0.5 * h / root);
            let error = said - truth;
            loss += error * error;
            let slope = 2.0 * error * span * 0.25 / (root * root * root) / batch.len() as f64;
            gradient[bias] += slope;
            for (neuron, x) in hidden.iter().enumerate().filter(|(_, x)| **x > 0.0) {
                gradient[output + neuron] += slope * x;
                let back = slope * self.weights[output + neuron];
                gradient[HIDDEN * INPUTS + neuron] += back;
                for (at, input) in inputs.iter().enumerate() {
                    gradient[neuron * INPUTS + at] += back * input;
                }
            }
        }
        self.adam(&gradient);
        loss / batch.len().max(1) as f64
    }

    fn adam(&mut self, gradient: &[f64; WEIGHTS]) {
        self.steps += 1;
        let [first_share, second_share] = [0.9f64, 0.999].map(|decay| 1.0 - decay.powi(self.steps));
        for (at, g) in gradient.iter().enumerate() {
            self.first[at] = 0.9 * self.first[at] + 0.1 * g;
            self.second[at] = 0.999 * self.second[at] + 0.001 * g * g;
            let root = (self.second[at] / second_share).sqrt() + 1e-8;
            self.weights[at] -= RATE * (self.first[at] / first_share) / root;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_held_out_loss_is_below_a_hundredth() {
        let blocks = synthetic_blocks(3000, 1);
        let one = train_entropy(&blocks);
        assert!(one.held_out_loss < 0.01, "{one:?}");
        assert!(one.held_out_loss * 3.0 < one.held_out_variance, "{one:?}");
        assert_eq!(one.weights, train_entropy(&blocks).weights);
    }
}
