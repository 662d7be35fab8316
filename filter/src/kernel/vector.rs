//! The few operations whose vector form the compiler does not find by itself.
//!
//! [`Plain`] is the reference. The others do the same operations in the same order on wider
//! registers: sums run over sixteen (or eight) lanes that are folded in halves at the end, and
//! nothing is fused.

use super::Kernel;
use super::int8::Int8;
use super::lanes::{Sixteen, Vector};

/// Sixteen inputs or weights of a mixer.
pub type Block = [f32; 16];
/// Eight numbers.
pub type Eight = [f64; 8];

/// A vector unit.
pub trait Isa: Copy + Int8 {
    /// Its name at run time.
    const KERNEL: Kernel;
    /// Sixteen f32 as one value.
    type F: Vector;
    /// Sum of products over blocks.
    fn dot(x: &[Block], w: &[Block]) -> f32;
    /// w += x * step.
    fn train(x: &[Block], w: &mut [Block], step: f32);
    /// Distribution functions at `at`: F = (1 + x / sqrt(1 + x^2)) / 2 with x = (at - mu) *
    /// inverse; and, for the interval from `low` to `high`, the mass above as an index 0..4096. An
    /// interval without mass gives 2048.
    fn cut(at: f64, mu: &Eight, inverse: &Eight, low: &Eight, high: &Eight) -> (Eight, [i32; 8]);
    /// row = row * keep + x * a, over eights.
    fn decay_add(row: &mut [Eight], x: &[Eight], keep: f64, a: f64);
    /// row -= x * f, over eights.
    fn sub_scaled(row: &mut [Eight], x: &[Eight], f: f64);
    /// Sum of products over eights.
    fn dot64(x: &[Eight], w: &[Eight]) -> f64;
}

/// The reference.
#[derive(Clone, Copy, Debug)]
pub struct Plain;

/// Sum of sixteen lanes, in halves.
#[inline(always)]
fn fold(b: &Block) -> f32 {
    let mut half = [0.0f32; 8];
    for i in 0..8 {
        half[i] = b[i] + b[i + 8];
    }
    let q = [
        half[0] + half[4],
        half[1] + half[5],
        half[2] + half[6],
        half[3] + half[7],
    ];
    (q[0] + q[2]) + (q[1] + q[3])
}

impl Isa for Plain {
    const KERNEL: Kernel = Kernel::Scalar;
    type F = Sixteen;

    #[inline(always)]
    fn dot(x: &[Block], w: &[Block]) -> f32 {
        let mut acc = [0.0f32; 16];
        for (x, w) in x.iter().zip(w) {
            for i in 0..16 {
                acc[i] += x[i] * w[i];
            }
        }
        fold(&acc)
    }

    #[inline(always)]
    fn train(x: &[Block], w: &mut [Block], step: f32) {
        for (x, w) in x.iter().zip(w) {
            for i in 0..16 {
                w[i] += x[i] * step;
            }
        }
    }

    #[inline(always)]
    fn cut(at: f64, mu: &Eight, inverse: &Eight, low: &Eight, high: &Eight) -> (Eight, [i32; 8]) {
        let mut mid = [0.0; 8];
        let mut index = [0; 8];
        for i in 0..8 {
            let x = (at - mu[i]) * inverse[i];
            let f = 0.5 + 0.5 * (x / (1.0 + x * x).sqrt());
            mid[i] = f;
            let whole = high[i] - low[i];
            let p = ((high[i] - f) / whole) * 4096.0;
            index[i] = if whole > 1e-10 {
                (p as i32).clamp(0, 4095)
            } else {
                2048
            };
        }
        (mid, index)
    }

    #[inline(always)]
    fn decay_add(row: &mut [Eight], x: &[Eight], keep: f64, a: f64) {
        for (r, x) in row.iter_mut().zip(x) {
            for i in 0..8 {
                r[i] = r[i] * keep + x[i] * a;
            }
        }
    }

    #[inline(always)]
    fn sub_scaled(row: &mut [Eight], x: &[Eight], f: f64) {
        for (r, x) in row.iter_mut().zip(x) {
            for i in 0..8 {
                r[i] -= x[i] * f;
            }
        }
    }

    #[inline(always)]
    fn dot64(x: &[Eight], w: &[Eight]) -> f64 {
        let mut acc = [0.0f64; 8];
        for (x, w) in x.iter().zip(w) {
            for i in 0..8 {
                acc[i] += x[i] * w[i];
            }
        }
        let q = [
            acc[0] + acc[4],
            acc[1] + acc[5],
            acc[2] + acc[6],
            acc[3] + acc[7],
        ];
        (q[0] + q[2]) + (q[1] + q[3])
    }
}
