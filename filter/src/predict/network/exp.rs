//! e^x in f32 by basic operations, without branches.
//!
//! x = k ln 2 + r with |r| <= ln 2 / 2; e^r is Taylor's polynomial of degree 7 (its rest is below
//! 6e-9), 2^k is made of bits. The relative error is below 2e-7, most of it the rounding of basic
//! operations.

use crate::kernel::lanes::{MAGIC, Sixteen, Vector};

/// Arguments are clamped to this and its negative: e^x stays a normal number.
pub const EXP_MAX: f32 = 87.0;
/// ln 2 in two parts; the first has few bits, so that its product with k is exact.
const LN2_HIGH: f32 = 0.693_359_4;
const LN2_LOW: f32 = -2.121_944_4e-4;

/// e^x of every lane.
#[inline(always)]
pub fn exp_lanes<V: Vector>(x: V) -> V {
    let x = x.smaller(V::splat(EXP_MAX)).larger(V::splat(-EXP_MAX));
    let shifted = x * V::splat(std::f32::consts::LOG2_E) + V::splat(MAGIC);
    let k = shifted - V::splat(MAGIC);
    let r = (x - k * V::splat(LN2_HIGH)) - k * V::splat(LN2_LOW);
    let one = V::splat(1.0);
    let mut sum = V::splat(1.0 / 5040.0);
    sum = sum * r + V::splat(1.0 / 720.0);
    sum = sum * r + V::splat(1.0 / 120.0);
    sum = sum * r + V::splat(1.0 / 24.0);
    sum = sum * r + V::splat(1.0 / 6.0);
    sum = sum * r + V::splat(0.5);
    sum = sum * r + one;
    sum = sum * r + one;
    sum * shifted.power_of_two()
}

/// x / (1 + e^-x) of every lane.
#[inline(always)]
pub fn silu_lanes<V: Vector>(x: V) -> V {
    x / (V::splat(1.0) + exp_lanes(V::splat(0.0) - x))
}

/// e^x.
pub fn exp(x: f32) -> f32 {
    exp_lanes(Sixteen([x; 16])).0[0]
}

/// x / (1 + e^-x).
pub fn silu(x: f32) -> f32 {
    silu_lanes(Sixteen([x; 16])).0[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_close_to_the_usual_one() {
        let mut worst = 0.0f64;
        for i in -870_000..=870_000 {
            let x = i as f32 * 1e-4;
            let want = f64::from(x).exp();
            worst = worst.max((f64::from(exp(x)) / want - 1.0).abs());
        }
        assert!(worst < 2e-7, "{worst}");
        assert_eq!(exp(0.0), 1.0);
    }

    #[test]
    fn exp_is_clamped() {
        for x in [f32::INFINITY, f32::MAX, 88.0] {
            assert_eq!(exp(x), exp(EXP_MAX));
            assert_eq!(exp(-x), exp(-EXP_MAX));
        }
        assert!(exp(-EXP_MAX) >= f32::MIN_POSITIVE && exp(EXP_MAX).is_finite());
        assert!(silu(-1e30).abs() < 1e-6 && silu(1e30) == 1e30);
    }
}
