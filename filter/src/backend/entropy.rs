//! The entropy predictor of the Adaptive Learned Compression Model (ALCM): six statistics of a
//! block tell how many of eight bits a byte of it would take.
//!
//! mean, variance, standard deviation, skewness, kurtosis, sparsity -> 64 ReLU -> a sigmoid ->
//! [0.2, 0.9]. The weights are built in; `catena-train` makes them.
//! Invariant: the same values give the same prediction on every machine: sums are in the order of
//! the values, in f64; the network is f32 with + - * / and sqrt alone, without fused products, and
//! its sigmoid is algebraic ([`perceptron`]). What is predicted is defined by [`target`].

use crate::numeric::functions::log2;
use crate::numeric::perceptron;

/// Statistics of a block.
pub const INPUTS: usize = 6;
/// Hidden neurons.
pub const HIDDEN: usize = 64;
/// Numbers of the network: hidden weights (row by neuron), hidden biases, output weights, output
/// bias.
pub const WEIGHTS: usize = perceptron::weights(INPUTS, HIDDEN, 1);
/// What is predicted lies between these.
pub const RANGE: [f32; 2] = [0.2, 0.9];
/// Magnitudes below this count as zero for the sparsity.
pub const SPARSE: f64 = 1e-6;
/// Steps that a block's largest magnitude is divided into before its bytes are counted.
const STEPS: f64 = 127.0;

/// The six statistics of a block, as they are: of its finite values alone, zeros if there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Statistics {
    /// Arithmetic mean.
    pub mean: f32,
    /// Mean square of the distance from the mean.
    pub variance: f32,
    /// Its square root.
    pub deviation: f32,
    /// Third central moment over the third power of the deviation; 0 if that is 0.
    pub skewness: f32,
    /// Fourth central moment over the square of the variance, less 3; 0 if that is 0.
    pub kurtosis: f32,
    /// Share of the values whose magnitude is below [`SPARSE`].
    pub sparsity: f32,
}

impl Statistics {
    /// The statistics of these values.
    pub fn of(values: &[f64]) -> Self {
        let largest = largest(values);
        let finite = || values.iter().copied().filter(|x| x.is_finite());
        let n = finite().count();
        if n == 0 {
            return Statistics::default();
        }
        let n = n as f64;
        let sparse = finite().filter(|x| x.abs() < SPARSE).count() as f64 / n;
        // In parts of the largest magnitude, so that no power overflows.
        let unit = if largest > 0.0 { largest } else { 1.0 };
        let mean = finite().fold(0.0, |sum, x| sum + x / unit) / n;
        let mut moments = [0.0f64; 3];
        for x in finite() {
            let d = x / unit - mean;
            let square = d * d;
            moments[0] += square;
            moments[1] += square * d;
            moments[2] += square * square;
        }
        let [second, third, fourth] = moments.map(|sum| sum / n);
        let deviation = second.sqrt();
        // Below this the values are one value, but for rounding.
        let spread = second > 1e-24;
        Statistics {
            mean: (mean * unit) as f32,
            variance: (second * unit * unit) as f32,
            deviation: (deviation * unit) as f32,
            skewness: if spread {
                (third / (second * deviation)) as f32
            } else {
                0.0
            },
            kurtosis: if spread {
                (fourth / (second * second) - 3.0) as f32
            } else {
                0.0
            },
            sparsity: sparse as f32,
        }
    }

    /// What the network sees: each statistic x as x / (c + |x|), so that none runs away.
    pub fn inputs(&self) -> [f32; INPUTS] {
        let squash = |x: f32, c: f32| {
            let x = if x.is_nan() {
                0.0
            } else {
                x.clamp(-1e30, 1e30)
            };
            x / (c + x.abs())
        };
        [
            squash(self.mean, 1.0),
            squash(self.variance, 1.0),
            squash(self.deviation, 1.0),
            squash(self.skewness, 1.0),
            squash(self.kurtosis, 3.0),
            self.sparsity,
        ]
    }
}

/// The network.
#[derive(Clone, Debug)]
pub struct EntropyPredictor {
    weights: [f32; WEIGHTS],
}

impl EntropyPredictor {
    /// The one that was trained: see `docs/tensor.md`.
    pub fn built_in() -> Self {
        let bytes: &[u8; WEIGHTS * 4] = include_bytes!("entropy.bin");
        let weights = perceptron::read(bytes);
        EntropyPredictor { weights }
    }

    /// One with these weights, in the order of [`WEIGHTS`].
    pub fn new(weights: [f32; WEIGHTS]) -> Self {
        EntropyPredictor { weights }
    }

    /// The predicted entropy of a block with these statistics, of 1 for eight bits a byte; within
    /// [`RANGE`].
    pub fn predict(&self, statistics: &Statistics) -> f32 {
        let inputs = statistics.inputs();
        let [said] = perceptron::forward::<INPUTS, HIDDEN, 1>(&self.weights, &inputs);
        let [low, high] = RANGE;
        (low + (high - low) * said).clamp(low, high)
    }
}

/// What the predictor learns: the Shannon entropy of a block's bytes over 8, clipped to [`RANGE`].
/// The bytes are the values divided by a 127th of the block's largest magnitude and rounded, ties
/// to even; values that are not finite are left out. A block of zeros, or without values, has the
/// lower end.
pub fn target(values: &[f64]) -> f32 {
    let largest = largest(values);
    let mut counts = [0u32; 256];
    let mut n = 0u32;
    for x in values.iter().filter(|x| x.is_finite()) {
        let step = if largest > 0.0 {
            x / largest * STEPS
        } else {
            0.0
        };
        counts[(step.round_ties_even() as i32 + 128).clamp(0, 255) as usize] += 1;
        n += 1;
    }
    let total = f64::from(n.max(1));
    let mut bits = 0.0;
    for count in counts.into_iter().filter(|&count| count > 0) {
        let share = f64::from(count) / total;
        bits -= share * log2(share);
    }
    ((bits / 8.0) as f32).clamp(RANGE[0], RANGE[1])
}

fn largest(values: &[f64]) -> f64 {
    let finite = values.iter().filter(|x| x.is_finite());
    finite.fold(0.0, |most: f64, x| most.max(x.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sum of uniform numbers, near enough to a normal one.
    fn bell(n: u64, scale: f64) -> Vec<f64> {
        let mut state = 9u64;
        let mut uniform = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1);
            (state >> 33) as f64 / (1u64 << 31) as f64 - 0.5
        };
        (0..n)
            .map(|_| (0..12).map(|_| uniform()).sum::<f64>() * scale)
            .collect()
    }

    #[test]
    fn statistics_are_those_of_the_textbook() {
        let it = Statistics::of(&[1.0, 2.0, 3.0, 4.0, f64::NAN]);
        assert_eq!((it.mean, it.variance, it.skewness), (2.5, 1.25, 0.0));
        assert!((it.kurtosis + 1.36).abs() < 1e-6 && it.sparsity == 0.0);
        assert_eq!(Statistics::of(&[f64::INFINITY]), Statistics::default());
        assert_eq!(Statistics::of(&[0.0; 9]).sparsity, 1.0);
        // The powers of such numbers are beyond f64.
        let huge = Statistics::of(&[1e300, -1e300]);
        assert!(huge.kurtosis.is_finite() && huge.inputs().iter().all(|x| x.abs() <= 1.0));
    }

    #[test]
    fn the_target_is_the_entropy_of_bytes() {
        assert_eq!(target(&[]), RANGE[0]);
        assert_eq!(target(&[0.0, 0.0]), RANGE[0]);
        let all: Vec<f64> = (-127..=127).map(f64::from).collect();
        assert_eq!(target(&all), RANGE[1]);
        // Two bits a value.
        let four: Vec<f64> = (0..400).map(|i| f64::from(i % 4)).collect();
        assert!((target(&four) - 0.25).abs() < 1e-6);
    }

    #[test]
    fn predictions_are_near_the_truth_and_in_range() {
        let predictor = EntropyPredictor::built_in();
        let mut sparse = bell(4096, 1.0);
        for (at, x) in sparse.iter_mut().enumerate() {
            if at % 10 != 0 {
                *x = 0.0;
            }
        }
        for block in [bell(4096, 1.0), bell(4096, 1e-3), sparse] {
            let said = predictor.predict(&Statistics::of(&block));
            let truth = target(&block);
            assert!((said - truth).abs() < 0.15, "{said} of {truth}");
        }
        for odd in [vec![], vec![f64::NAN], vec![0.0; 5], vec![1e308; 3]] {
            let said = predictor.predict(&Statistics::of(&odd));
            assert!((RANGE[0]..=RANGE[1]).contains(&said));
        }
    }

    /// The bits of some predictions: they may change with the weights alone.
    #[test]
    fn the_prediction_is_the_same_everywhere() {
        let predictor = EntropyPredictor::new([0.125; WEIGHTS]);
        let said = predictor.predict(&Statistics::of(&[1.0, -2.0, 0.5, 0.0]));
        assert_eq!(said.to_bits(), PINNED, "{:#x}", said.to_bits());
    }

    const PINNED: u32 = 0x3F46_55E0;
}
