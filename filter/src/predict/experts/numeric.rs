//! Numeric experts: a predicted value and how far off it tends to be, as a probability for every bit.
//!
//! Each expert holds a centre and a scale. A value's bits cut the number line again and again; the chance of the upper part is the mass of a
//! Student distribution with two degrees of freedom above the cut, over the mass of the interval so far. Its distribution function,
//! F(x) = (1 + x / sqrt(1 + x^2)) / 2, needs a division and a root alone, so it is the same on every machine.

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

    /// Chances that the value lies at or above the cut; one half where an expert knows nothing any more.
    #[inline(always)]
    pub fn cut(&mut self, at: f64, out: &mut [f32; EXPERTS]) {
        for i in 0..EXPERTS {
            let x = (at - self.mu[i]) * self.inverse[i];
            let f = 0.5 + 0.5 * (x / (1.0 + x * x).sqrt());
            self.mid[i] = f;
            let whole = self.high[i] - self.low[i];
            let p = (self.high[i] - f) / whole;
            out[i] = if whole > 1e-10 { p as f32 } else { 0.5 };
        }
    }

    /// Narrows the intervals to the side that the bit names.
    #[inline(always)]
    pub fn narrow(&mut self, bit: u32) {
        for i in 0..EXPERTS {
            self.low[i] = if bit != 0 { self.mid[i] } else { self.low[i] };
            self.high[i] = if bit != 0 { self.high[i] } else { self.mid[i] };
        }
    }
}
