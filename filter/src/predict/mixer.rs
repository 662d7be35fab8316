//! The mixer: a weighted sum of all inputs on the logistic line; the weights learn from every bit.
//!
//! Inputs come in blocks of sixteen. Sums run in a fixed tree over the sixteen lanes, so that
//! vector units of any width give the same bits.

use crate::kernel::vector::{Block, Isa};

const RATE_STEPS: usize = 2048;

/// Rates by how often a set was used: `low + high / (1 + n / 50)`.
const fn rates(low: f32, high: f32) -> [f32; RATE_STEPS] {
    let mut r = [0.0; RATE_STEPS];
    let mut n = 0;
    while n < RATE_STEPS {
        r[n] = low + high / (1.0 + n as f32 * 0.02);
        n += 1;
    }
    r
}

static RATES: [f32; RATE_STEPS] = rates(0.002, 0.02);
static SLOW_RATES: [f32; RATE_STEPS] = rates(0.001, 0.005);

/// Most blocks of a weight vector.
pub const MAX_BLOCKS: usize = 4;

/// One weight vector and how often it was used.
#[derive(Clone, Debug)]
struct Weights {
    blocks: [Block; MAX_BLOCKS],
    seen: u32,
}

/// Weight vectors to choose from by a small context.
#[derive(Clone, Debug)]
pub struct WeightSets {
    sets: Vec<Weights>,
    at: usize,
}

impl WeightSets {
    /// `sets` vectors, all equal to `start`.
    pub fn new(sets: usize, start: &[Block; MAX_BLOCKS]) -> Self {
        WeightSets {
            sets: vec![
                Weights {
                    blocks: *start,
                    seen: 0
                };
                sets
            ],
            at: 0,
        }
    }

    /// The sum under the set that `context` names, over the blocks of `x`.
    #[inline(always)]
    pub fn mix<I: Isa>(&mut self, context: usize, x: &[Block]) -> f32 {
        self.at = context;
        I::dot(x, &self.sets[context].blocks)
    }

    /// Learns from the error of the last `mix`, fast at first.
    #[inline(always)]
    pub fn learn<I: Isa>(&mut self, x: &[Block], error: f32) {
        let set = &mut self.sets[self.at];
        let rate = RATES[(set.seen as usize).min(RATE_STEPS - 1)];
        set.seen = set.seen.saturating_add(1);
        I::train(x, &mut set.blocks, error * rate);
    }

    /// Mean of all sets, weighted by use.
    pub fn mean(&self) -> Vec<f64> {
        let mut sum = vec![0.0f64; MAX_BLOCKS * 16];
        let mut total = 0.0f64;
        for set in &self.sets {
            for (s, w) in sum.iter_mut().zip(set.blocks.as_flattened()) {
                *s += f64::from(*w) * f64::from(set.seen);
            }
            total += f64::from(set.seen);
        }
        sum.iter_mut().for_each(|s| *s /= total.max(1.0));
        sum
    }
}

/// Most first-layer sums that are mixed again.
pub const MAX_SUMS: usize = 4;

/// The mixer of mixers: few inputs, so that plain arithmetic is fastest.
#[derive(Clone, Debug)]
pub struct Second {
    sets: Vec<([f32; MAX_SUMS], u32)>,
    at: usize,
}

impl Second {
    /// `sets` vectors, all equal to `start`.
    pub fn new(sets: usize, start: [f32; MAX_SUMS]) -> Self {
        Second {
            sets: vec![(start, 0); sets],
            at: 0,
        }
    }

    /// The sum under the set that `context` names.
    #[inline(always)]
    pub fn mix(&mut self, context: usize, x: &[f32; MAX_SUMS]) -> f32 {
        self.at = context;
        let (w, _) = &self.sets[context];
        (x[0] * w[0] + x[1] * w[1]) + (x[2] * w[2] + x[3] * w[3])
    }

    /// Learns from the error of the last `mix`.
    #[inline(always)]
    pub fn learn(&mut self, x: &[f32; MAX_SUMS], error: f32) {
        let (w, seen) = &mut self.sets[self.at];
        let step = error * SLOW_RATES[(*seen as usize).min(RATE_STEPS - 1)];
        *seen = seen.saturating_add(1);
        for i in 0..MAX_SUMS {
            w[i] += x[i] * step;
        }
    }
}
