//! NEON forms of [`super::int8`]; all else is the plain code, which compilers for this target turn
//! into NEON by themselves.
//!
//! SAFETY, for every block here: NEON belongs to every processor of this target. Loads and stores
//! go through references to whole arrays of the width that is read.

use std::arch::aarch64::*;

use super::Kernel;
use super::int8::{Int8, Lanes, ROWS};
use super::lanes::Sixteen;
use super::vector::{Block, Eight, Isa, Plain};

/// 128-bit vectors of a 64-bit Arm.
#[derive(Clone, Copy, Debug)]
pub struct Neon(pub(super) ());

/// sum + the products of four lanes of pairs, each pair added up.
#[inline(always)]
fn multiply_add(sum: int32x4_t, x: int16x8_t, w: int16x8_t) -> int32x4_t {
    // SAFETY: see the module.
    unsafe {
        let lower = vmull_s16(vget_low_s16(x), vget_low_s16(w));
        let upper = vmull_high_s16(x, w);
        vaddq_s32(sum, vpaddq_s32(lower, upper))
    }
}

/// Four lanes of pairs.
#[inline(always)]
fn load(x: &Lanes<i32>, quarter: usize) -> int16x8_t {
    // SAFETY: see the module.
    unsafe { vreinterpretq_s16_s32(vld1q_s32(x.0[4 * quarter..4 * quarter + 4].as_ptr())) }
}

#[inline(always)]
fn store(sums: [int32x4_t; 4], out: &mut Lanes<i32>) {
    for (out, sum) in out.0.chunks_exact_mut(4).zip(sums) {
        // SAFETY: see the module.
        unsafe { vst1q_s32(out.as_mut_ptr(), sum) }
    }
}

impl Int8 for Neon {
    #[inline(always)]
    fn pairs(x: &[Lanes<i32>], w: &[i32], out: &mut [Lanes<i32>]) {
        for (out, w) in out.iter_mut().zip(w.chunks_exact(x.len())) {
            // SAFETY: see the module.
            let mut sums = unsafe { [vdupq_n_s32(0); 4] };
            for (x, &w) in x.iter().zip(w) {
                // SAFETY: see the module.
                let w = unsafe { vreinterpretq_s16_s32(vdupq_n_s32(w)) };
                for i in 0..4 {
                    sums[i] = multiply_add(sums[i], load(x, i), w);
                }
            }
            store(sums, out);
        }
    }

    #[inline(always)]
    fn scores(x: &[Lanes<i32>], keys: &[[i16; ROWS]], out: &mut Lanes<i32>) {
        // SAFETY: see the module.
        let mut sums = unsafe { [vdupq_n_s32(0); 4] };
        for (x, k) in x.iter().zip(keys) {
            for i in [0, 2] {
                // SAFETY: see the module.
                let (lower, upper) = unsafe {
                    let k = vreinterpretq_s8_s16(vld1q_s16(k[4 * i..4 * i + 8].as_ptr()));
                    (vmovl_s8(vget_low_s8(k)), vmovl_high_s8(k))
                };
                sums[i] = multiply_add(sums[i], load(x, i), lower);
                sums[i + 1] = multiply_add(sums[i + 1], load(x, i + 1), upper);
            }
        }
        store(sums, out);
    }

    #[inline(always)]
    fn dot8(x: &[[i16; 16]], w: &[[i8; 16]]) -> i32 {
        // SAFETY: see the module.
        unsafe {
            let mut sum = vdupq_n_s32(0);
            for (x, w) in x.iter().zip(w) {
                let w = vld1q_s8(w.as_ptr());
                sum = multiply_add(sum, vld1q_s16(x.as_ptr()), vmovl_s8(vget_low_s8(w)));
                sum = multiply_add(sum, vld1q_s16(x[8..].as_ptr()), vmovl_high_s8(w));
            }
            vaddvq_s32(sum)
        }
    }
}

impl Isa for Neon {
    const KERNEL: Kernel = Kernel::Neon;
    type F = Sixteen;

    #[inline(always)]
    fn dot(x: &[Block], w: &[Block]) -> f32 {
        Plain::dot(x, w)
    }

    #[inline(always)]
    fn train(x: &[Block], w: &mut [Block], step: f32) {
        Plain::train(x, w, step);
    }

    #[inline(always)]
    fn cut(at: f64, mu: &Eight, inverse: &Eight, low: &Eight, high: &Eight) -> (Eight, [i32; 8]) {
        Plain::cut(at, mu, inverse, low, high)
    }

    #[inline(always)]
    fn decay_add(row: &mut [Eight], x: &[Eight], keep: f64, a: f64) {
        Plain::decay_add(row, x, keep, a);
    }

    #[inline(always)]
    fn sub_scaled(row: &mut [Eight], x: &[Eight], f: f64) {
        Plain::sub_scaled(row, x, f);
    }

    #[inline(always)]
    fn dot64(x: &[Eight], w: &[Eight]) -> f64 {
        Plain::dot64(x, w)
    }
}
