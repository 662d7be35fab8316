//! Numeric experts: a predicted value and how far off it tends to be, as a probability for every
//! bit.
//!
//! Each expert holds a centre and a scale. A value's bits cut the number line again and again; the
//! chance of the upper part is the mass of a Student distribution with two degrees of freedom above
//! the cut, over the mass of the interval so far. Its distribution function, F(x) = (1 + x / sqrt(1
//! + x^2)) / 2, needs a division and a root alone, so it is the same on every machine.

use crate::kernel::vector::Isa;

/// Experts in a bank.
pub const EXPERTS: usize = 8;

/// The intervals of one value under all experts.
#[derive(Clone, Debug, Default)]
pub struct Bank {
    /// Centres.
    pub mu: [f64; EXPERTS],
    /// Reciprocals of scales.
    pub inverse: [f64; EXPERTS],
    low: [f64; EXPERTS],
    high: [f64; EXPERTS],
    mid: [f64; EXPERTS],
}

impl Bank {
    /// Starts a value: the interval is everything.
    #[inline(always)]
    pub fn start(&mut self) {
        self.low = [0.0; EXPERTS];
        self.high = [1.0; EXPERTS];
    }

    /// Chances that the value lies at or above the cut, of 4096; one half where an expert knows
    /// nothing any more.
    #[inline(always)]
    pub fn cut<I: Isa>(&mut self, at: f64) -> [i32; EXPERTS] {
        let (mid, chances) = I::cut(at, &self.mu, &self.inverse, &self.low, &self.high);
        self.mid = mid;
        chances
    }

    /// Narrows the intervals to the side that the bit names.
    #[inline(always)]
    pub fn narrow(&mut self, bit: u32) {
        if bit != 0 {
            self.low = self.mid;
        } else {
            self.high = self.mid;
        }
    }
}
