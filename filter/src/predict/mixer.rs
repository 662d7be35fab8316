//! The mixer: a weighted sum of all inputs on the logistic line; the weights learn from every bit.
//!
//! Inputs come in blocks of sixteen. Sums run in a fixed tree over the sixteen lanes, so that vector units of any width give the same bits.

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

/// Weight vectors to choose from by a small context.
#[derive(Clone, Debug)]
pub struct WeightSets {
    weights: Vec<Block>,
    seen: Vec<u32>,
    blocks: usize,
    at: usize,
}

impl WeightSets {
    /// `sets` vectors of `blocks` blocks each, all equal to `start`.
    pub fn new(sets: usize, start: &[Block]) -> Self {
        let blocks = start.len();
        let mut weights = Vec::with_capacity(sets * blocks);
        for _ in 0..sets {
            weights.extend_from_slice(start);
        }
        WeightSets {
            weights,
            seen: vec![0; sets],
            blocks,
            at: 0,
        }
    }

    /// The sum under the set that `context` names.
    #[inline(always)]
    pub fn mix<I: Isa>(&mut self, context: usize, x: &[Block]) -> f32 {
        self.at = context;
        I::dot(x, &self.weights[context * self.blocks..][..self.blocks])
    }

    /// Learns from the error of the last `mix`, fast at first.
    #[inline(always)]
    pub fn learn<I: Isa>(&mut self, x: &[Block], error: f32) {
        self.step::<I>(x, error, &RATES);
    }

    /// As `learn`, for the mixer of mixers.
    #[inline(always)]
    pub fn learn_slowly<I: Isa>(&mut self, x: &[Block], error: f32) {
        self.step::<I>(x, error, &SLOW_RATES);
    }

    #[inline(always)]
    fn step<I: Isa>(&mut self, x: &[Block], error: f32, rates: &[f32; RATE_STEPS]) {
        let n = self.seen[self.at];
        self.seen[self.at] = n.saturating_add(1);
        let rate = rates[(n as usize).min(RATE_STEPS - 1)];
        I::train(
            x,
            &mut self.weights[self.at * self.blocks..][..self.blocks],
            error * rate,
        );
    }

    /// Mean of all sets, weighted by use.
    pub fn mean(&self) -> Vec<f64> {
        let mut sum = vec![0.0f64; self.blocks * 16];
        let mut total = 0.0f64;
        for (set, &n) in self.seen.iter().enumerate() {
            for (s, w) in sum
                .iter_mut()
                .zip(self.weights[set * self.blocks..][..self.blocks].as_flattened())
            {
                *s += f64::from(*w) * f64::from(n);
            }
            total += f64::from(n);
        }
        sum.iter_mut().for_each(|s| *s /= total.max(1.0));
        sum
    }
}
