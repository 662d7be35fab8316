//! e^x in f32 by basic operations, without branches, so that compilers make vectors of it.
//!
//! x = k ln 2 + r with |r| <= ln 2 / 2; e^r is Taylor's polynomial of degree 7 (its rest is below 6e-9), 2^k is made of bits. The relative error is below
//! 2e-7, most of it the rounding of basic operations.

use crate::kernel::int8::{Lanes, ROWS};

/// Arguments are clamped to this and its negative: e^x stays a normal number.
pub const EXP_MAX: f32 = 87.0;
/// 1.5 * 2^23: adding it rounds a number below 2^22 to the nearest integer (of two, the even one) and leaves that in the lowest bits.
const MAGIC: f32 = 12_582_912.0;
/// ln 2 in two parts; the first has few bits, so that its product with k is exact.
const LN2_HIGH: f32 = 0.693_359_4;
const LN2_LOW: f32 = -2.121_944_4e-4;

/// e^x.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    let x = if x > EXP_MAX { EXP_MAX } else { x };
    let x = if x < -EXP_MAX { -EXP_MAX } else { x };
    let shifted = x * std::f32::consts::LOG2_E + MAGIC;
    let k = shifted - MAGIC;
    let r = (x - k * LN2_HIGH) - k * LN2_LOW;
    let mut sum = 1.0 / 5040.0;
    sum = sum * r + 1.0 / 720.0;
    sum = sum * r + 1.0 / 120.0;
    sum = sum * r + 1.0 / 24.0;
    sum = sum * r + 1.0 / 6.0;
    sum = sum * r + 0.5;
    sum = sum * r + 1.0;
    sum = sum * r + 1.0;
    // The lowest bits of `shifted` are k; the shift drops all others.
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(1.0f32.to_bits()));
    sum * power
}

/// x / (1 + e^-x).
#[inline(always)]
pub fn silu(x: f32) -> f32 {
    x / (1.0 + exp(-x))
}

/// The nearest integer (of two, the even one) of a number below 2^22.
#[inline(always)]
pub fn round(x: f32) -> i32 {
    ((x + MAGIC).to_bits() as i32).wrapping_sub(MAGIC.to_bits() as i32)
}

/// [`silu`] of every lane.
#[inline(always)]
pub fn silu_lanes(x: &Lanes<f32>) -> Lanes<f32> {
    let mut y = [0.0; ROWS];
    for r in 0..ROWS {
        y[r] = silu(x.0[r]);
    }
    Lanes(y)
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

    #[test]
    fn rounding() {
        for (x, want) in [(0.5, 0), (1.5, 2), (-0.5, 0), (-126.51, -127), (127.0, 127)] {
            assert_eq!(round(x), want);
        }
    }
}
