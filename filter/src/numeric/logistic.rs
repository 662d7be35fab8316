//! Probabilities as numbers on a line: stretch(p) = ln(p / (1 - p)) and its inverse.
//!
//! Tables are computed once from basic operations in f64, so they are the same on every machine.

use std::sync::LazyLock;

use super::functions::{exp, ln, log2};

/// Steps of the squash table for one unit of its argument.
const SQUASH_STEPS: f32 = 170.0;
/// Largest argument of squash.
pub const STRETCH_MAX: f32 = 11.9;

/// Parts of the line that mapped experts are told apart by.
pub const BUCKETS: usize = 64;

/// The tables.
pub struct Logistic {
    stretch: [f32; 4096],
    squash: [f32; 4096],
    cost: [u16; 4096],
    bucket: [u8; 4096],
    level: [u8; 4096],
}

static TABLES: LazyLock<Logistic> = LazyLock::new(|| {
    let mut tables = Logistic {
        stretch: [0.0; 4096],
        squash: [0.0; 4096],
        cost: [0; 4096],
        bucket: [0; 4096],
        level: [0; 4096],
    };
    for (i, s) in tables.stretch.iter_mut().enumerate() {
        let p = (i as f64 + 0.5) / 4096.0;
        *s = ln(p / (1.0 - p)) as f32;
    }
    for (i, s) in tables.squash.iter_mut().enumerate() {
        let x = (i as f64 - 2047.5) / f64::from(SQUASH_STEPS);
        *s = (1.0 / (1.0 + exp(-x))) as f32;
    }
    for (i, c) in tables.cost.iter_mut().enumerate() {
        *c = (-256.0 * log2((i as f64 + 0.5) / 4096.0)) as u16;
    }
    for (i, b) in tables.bucket.iter_mut().enumerate() {
        *b = ((tables.stretch[i] + 8.4) * (BUCKETS as f32 / 16.8)) as u8;
    }
    for (i, l) in tables.level.iter_mut().enumerate() {
        *l = (tables.stretch[i].clamp(-3.9, 3.9) + 4.0) as u8;
    }
    tables
});

/// The tables; take the reference once and keep it.
pub fn tables() -> &'static Logistic {
    &TABLES
}

impl Logistic {
    /// stretch of a 16-bit probability.
    #[inline(always)]
    pub fn stretch16(&self, p: u32) -> f32 {
        self.stretch[(p >> 4) as usize & 4095]
    }

    /// stretch of a probability of 4096.
    #[inline(always)]
    pub fn stretch12(&self, p: i32) -> f32 {
        self.stretch[p as usize & 4095]
    }

    /// Which of [`BUCKETS`] equal parts of the line a probability of 4096 lies in.
    #[inline(always)]
    pub fn bucket(&self, p: i32) -> usize {
        usize::from(self.bucket[p as usize & 4095])
    }

    /// stretch of a probability in 0..1.
    #[inline(always)]
    pub fn stretch(&self, p: f32) -> f32 {
        self.stretch[((p * 4096.0) as i32).clamp(0, 4095) as usize]
    }

    /// Cost in 1/256 bit of what had the 16-bit probability `p`.
    #[inline(always)]
    pub fn cost(&self, p: u32) -> u32 {
        u32::from(self.cost[(p >> 4) as usize & 4095])
    }

    /// Which eighth of the line's middle a probability of 4096 lies in: a small context.
    #[inline(always)]
    pub fn level(&self, p: i32) -> usize {
        usize::from(self.level[p as usize & 4095])
    }

    /// The probability at `x` on the line, which must lie within [`STRETCH_MAX`].
    #[inline(always)]
    pub fn squash(&self, x: f32) -> f32 {
        self.squash[(x * SQUASH_STEPS + 2048.0) as i32 as usize & 4095]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squash_undoes_stretch() {
        let t = tables();
        for i in 1..4095 {
            let p = (i as f32 + 0.5) / 4096.0;
            assert!(t.bucket(i) < BUCKETS);
            assert!((t.squash(t.stretch(p)) - p).abs() < 2e-3, "{p}");
        }
    }
}
