//! Refinement (APM, SSE): corrects a probability by what came of it in a small context.

use super::logistic::Logistic;

const STEPS: usize = 33;

/// A map from (context, probability) to probability, interpolated between 33 points of the logistic line.
#[derive(Clone, Debug)]
pub struct Refinement {
    table: Vec<f32>,
    at: usize,
    part: f32,
    rate: f32,
}

impl Refinement {
    /// The identity in each of `contexts`.
    pub fn new(contexts: usize, rate: f32, logistic: &Logistic) -> Self {
        let mut table = Vec::with_capacity(contexts * STEPS);
        for _ in 0..contexts {
            for i in 0..STEPS {
                table.push(logistic.squash((i as f32 - 16.0) * 0.5));
            }
        }
        Refinement { table, at: 0, part: 0.0, rate }
    }

    /// The refined probability of a one; `x` is the stretched one.
    #[inline(always)]
    pub fn refine(&mut self, context: usize, x: f32) -> f32 {
        let pos = (x.clamp(-7.999, 7.999) + 8.0) * 2.0;
        let i = pos as i32 as usize;
        self.part = pos - i as f32;
        self.at = context * STEPS + i;
        self.table[self.at] * (1.0 - self.part) + self.table[self.at + 1] * self.part
    }

    /// Learns the bit that came after the last `refine`.
    #[inline(always)]
    pub fn learn(&mut self, bit: u32) {
        let target = bit as f32;
        let (a, b) = (self.table[self.at], self.table[self.at + 1]);
        self.table[self.at] = a + (target - a) * (self.rate * (1.0 - self.part));
        self.table[self.at + 1] = b + (target - b) * (self.rate * self.part);
    }
}
