//! Adaptive probabilities: what a bit history, or a copy's record, has meant so far.

use super::history::HISTORIES;
use crate::numeric::logistic::Logistic;

/// A probability with its place on the logistic line, kept beside it so that looking it up is one
/// load.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    /// Probability of a one in the upper 22 bits, how often it was updated in the lower 10.
    packed: u32,
    /// stretch of the probability.
    pub stretched: f32,
}

/// Largest count, by which the slowest rate is set.
pub const LIMIT: u32 = 255;

/// 65536 / (n + 1.5), the rates of adaption by count.
const RATES: [u32; 1024] = {
    let mut r = [0; 1024];
    let mut n = 0;
    while n < 1024 {
        r[n] = 131072 / (2 * n as u32 + 3);
        n += 1;
    }
    r
};

impl Cell {
    /// A cell that starts at probability `p1` (of 65536).
    pub fn new(p1: u32, logistic: &Logistic) -> Self {
        Cell {
            packed: (p1 << 6) << 10,
            stretched: logistic.stretch16(p1),
        }
    }

    /// Probability of a one, of 65536.
    #[inline(always)]
    pub fn p16(self) -> u32 {
        self.packed >> 16
    }

    /// Moves towards the bit, by less the oftener it was moved.
    #[inline(always)]
    pub fn learn(&mut self, bit: u32, limit: u32, logistic: &Logistic) {
        let n = self.packed & 1023;
        let p22 = (self.packed >> 10) as i64;
        let target = i64::from(bit) * 0x3F_FFFF;
        let p22 = (p22 + (((target - p22) * i64::from(RATES[n as usize])) >> 16)) as u32;
        self.packed = p22 << 10 | (n + u32::from(n < limit));
        self.stretched = logistic.stretch16(p22 >> 6);
    }
}

/// A cell for each bit history, started at what its counts say.
pub fn history_cells(logistic: &Logistic) -> [Cell; 256] {
    std::array::from_fn(|s| {
        let c = HISTORIES.counts[s];
        let n = u32::from(c.n0) + u32::from(c.n1);
        let p = if n == 0 {
            32768
        } else {
            (u32::from(c.n1) * 10 + 4) * 65535 / (n * 10 + 8)
        };
        Cell::new(p.clamp(16, 65519), logistic)
    })
}
