//! Of an interval of values, how much of their lattice lies in its upper part.
//!
//! Where an interval is narrow enough, counting the points of a
//! [`Lattice`](crate::numeric::lattice::Lattice) on both sides of a cut tells the bit.

/// The interval of a value on its lattice.
#[derive(Clone, Copy, Debug, Default)]
pub struct Span {
    low: f64,
    high: f64,
    mid: f64,
}

impl Span {
    /// Everything.
    pub fn whole() -> Self {
        Span {
            low: -1e22,
            high: 1e22,
            mid: 0.0,
        }
    }

    /// Share of the interval's points above the cut, and how many points there are; none if the
    /// lattice has been left.
    #[inline(always)]
    pub fn cut(&mut self, mid: f64) -> Option<(f32, f64)> {
        self.mid = mid;
        let n = self.high - self.low;
        if n < 0.5 {
            return None;
        }
        Some((((self.high - mid) / n).clamp(0.0, 1.0) as f32, n))
    }

    /// Narrows to the bit's side.
    #[inline(always)]
    pub fn narrow(&mut self, bit: u32) {
        if bit != 0 {
            self.low = self.mid;
        } else {
            self.high = self.mid;
        }
    }
}
