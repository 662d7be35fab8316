//! The bits of a model file: adaptive chances, mixed by threes.
//!
//! Encoder and decoder run the same functions on the same numbers, through [`BitCoder`]. Integers,
//! and f32 in a fixed order.

use crate::coder::BitCoder;
use crate::numeric::logistic::Logistic;

/// Chances that are mixed for a bit.
pub(super) const INPUTS: usize = 3;
/// Nodes of a byte's tree: 1 is the root, after a bit node n is followed by 2n + bit.
pub(super) const NODES: usize = 256;

/// Largest count of a chance, by which its slowest rate is set.
const COUNT_MAX: u32 = 255;
/// Each input's share at first.
const SHARE: f32 = 0.4;
/// Bounds of a sum on the logistic line.
const SUM_MAX: f32 = 11.5;
/// Largest count of a weight set.
const USES_MAX: u16 = 2047;

/// A probability of a one: 22 bits, and how much it has seen: 10 bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chance(u32);

impl Chance {
    /// Of 65536, as good as `count` bits seen.
    pub(super) fn new(p1: u32, count: u32) -> Self {
        Chance(p1 << 16 | count)
    }

    /// The same probability, worth no more than `count` bits seen.
    pub(super) fn at_most(self, count: u32) -> Self {
        Chance(self.0 & !1023 | (self.0 & 1023).min(count))
    }

    fn p16(self) -> u32 {
        self.0 >> 16
    }

    #[inline(always)]
    fn learn(&mut self, bit: u32) {
        let count = self.0 & 1023;
        let p22 = i64::from(self.0 >> 10);
        let way = i64::from(bit) * 0x3F_FFFF - p22;
        let p22 = p22 + ((way * i64::from(131_072 / (2 * count + 3))) >> 16);
        self.0 = (p22 as u32) << 10 | (count + u32::from(count < COUNT_MAX));
    }
}

/// The weights of one mixed bit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mix {
    weights: [f32; INPUTS],
    uses: u16,
}

impl Mix {
    pub(super) fn new() -> Self {
        Mix {
            weights: [SHARE; INPUTS],
            uses: 0,
        }
    }

    /// Codes a bit from its chances, and learns it.
    #[inline(always)]
    pub(super) fn code<C: BitCoder>(
        &mut self,
        coder: &mut C,
        logistic: &Logistic,
        bit: u32,
        chances: [&mut Chance; INPUTS],
    ) -> u32 {
        let x = [
            logistic.stretch16(chances[0].p16()),
            logistic.stretch16(chances[1].p16()),
            logistic.stretch16(chances[2].p16()),
        ];
        let w = &mut self.weights;
        let sum = (x[0] * w[0] + x[1] * w[1]) + x[2] * w[2];
        let p = logistic.squash(sum.clamp(-SUM_MAX, SUM_MAX));
        let bit = coder.code(bit, ((p * 65536.0) as u32).clamp(1, 65535));
        let rate = 0.002 + 0.02 / (1.0 + 0.02 * f32::from(self.uses));
        let step = (bit as f32 - p) * rate;
        for (w, x) in w.iter_mut().zip(x) {
            *w += x * step;
        }
        self.uses += u16::from(self.uses < USES_MAX);
        for chance in chances {
            chance.learn(bit);
        }
        bit
    }
}
