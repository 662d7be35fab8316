//! Refinement (APM, SSE): corrects a probability by what came of it in a small context.

use crate::numeric::logistic::Logistic;

/// Points of the line: every half from -8 to 8, and one more so that a neighbour always exists.
const POINTS: usize = 34;

/// A map from (context, probability) to probability, interpolated between the points.
#[derive(Clone, Debug)]
pub struct Refinement {
    table: Vec<[f32; POINTS]>,
    context: usize,
    point: usize,
    part: f32,
    rate: f32,
}

impl Refinement {
    /// The identity in each of `contexts`.
    pub fn new(contexts: usize, rate: f32, logistic: &Logistic) -> Self {
        let identity = std::array::from_fn(|i| logistic.squash((i as f32 - 16.0) * 0.5));
        Refinement {
            table: vec![identity; contexts],
            context: 0,
            point: 0,
            part: 0.0,
            rate,
        }
    }

    /// The refined probability of a one; `x` is the stretched one.
    #[inline(always)]
    pub fn refine(&mut self, context: usize, x: f32) -> f32 {
        let at = (x.clamp(-7.999, 7.999) + 8.0) * 2.0;
        let point = at as i32;
        self.part = at - point as f32;
        self.point = point as usize & 31;
        self.context = context;
        let row = &self.table[context];
        row[self.point] + (row[self.point + 1] - row[self.point]) * self.part
    }

    /// Learns the bit that came after the last `refine`.
    #[inline(always)]
    pub fn learn(&mut self, bit: u32) {
        let target = bit as f32;
        let row = &mut self.table[self.context];
        let upper = self.rate * self.part;
        let lower = self.rate - upper;
        row[self.point] += (target - row[self.point]) * lower;
        row[self.point + 1] += (target - row[self.point + 1]) * upper;
    }
}
