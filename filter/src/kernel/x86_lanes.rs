//! AVX2 form of [`super::lanes`].
//!
//! SAFETY, for every block here: as in [`super::x86`].

use std::arch::x86_64::*;
use std::ops::{Add, Div, Mul, Sub};

use super::int8::Lanes;
use super::lanes::{MAGIC, Vector};

/// Sixteen f32 in two registers.
#[derive(Clone, Copy, Debug)]
pub struct Two(__m256, __m256);

/// One arithmetic operator.
macro_rules! operator {
    ($operator:ident, $method:ident, $vector:ident) => {
        impl $operator for Two {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                // SAFETY: see the module.
                unsafe { Two($vector(self.0, other.0), $vector(self.1, other.1)) }
            }
        }
    };
}

operator!(Add, add, _mm256_add_ps);
operator!(Sub, sub, _mm256_sub_ps);
operator!(Mul, mul, _mm256_mul_ps);
operator!(Div, div, _mm256_div_ps);

/// Rounded to integers.
#[inline(always)]
fn round2(x: Two) -> (__m256i, __m256i) {
    // SAFETY: see the module.
    unsafe {
        let magic = _mm256_set1_ps(MAGIC);
        let bits = _mm256_castps_si256(magic);
        let lower = _mm256_castps_si256(_mm256_add_ps(x.0, magic));
        let upper = _mm256_castps_si256(_mm256_add_ps(x.1, magic));
        (_mm256_sub_epi32(lower, bits), _mm256_sub_epi32(upper, bits))
    }
}

/// Sixteen i32 that fit into i16, in order.
#[inline(always)]
fn pack2((lower, upper): (__m256i, __m256i)) -> __m256i {
    // SAFETY: see the module.
    unsafe { _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packs_epi32(lower, upper)) }
}

/// An 8 x 8 square.
#[inline(always)]
fn transpose8(x: [__m256; 8]) -> [__m256; 8] {
    // SAFETY: see the module.
    unsafe {
        let a = _mm256_unpacklo_ps(x[0], x[1]);
        let b = _mm256_unpackhi_ps(x[0], x[1]);
        let c = _mm256_unpacklo_ps(x[2], x[3]);
        let d = _mm256_unpackhi_ps(x[2], x[3]);
        let e = _mm256_unpacklo_ps(x[4], x[5]);
        let f = _mm256_unpackhi_ps(x[4], x[5]);
        let g = _mm256_unpacklo_ps(x[6], x[7]);
        let h = _mm256_unpackhi_ps(x[6], x[7]);
        let upper = [
            _mm256_shuffle_ps::<0x44>(a, c),
            _mm256_shuffle_ps::<0xee>(a, c),
            _mm256_shuffle_ps::<0x44>(b, d),
            _mm256_shuffle_ps::<0xee>(b, d),
        ];
        let lower = [
            _mm256_shuffle_ps::<0x44>(e, g),
            _mm256_shuffle_ps::<0xee>(e, g),
            _mm256_shuffle_ps::<0x44>(f, h),
            _mm256_shuffle_ps::<0xee>(f, h),
        ];
        [
            _mm256_permute2f128_ps::<0x20>(upper[0], lower[0]),
            _mm256_permute2f128_ps::<0x20>(upper[1], lower[1]),
            _mm256_permute2f128_ps::<0x20>(upper[2], lower[2]),
            _mm256_permute2f128_ps::<0x20>(upper[3], lower[3]),
            _mm256_permute2f128_ps::<0x31>(upper[0], lower[0]),
            _mm256_permute2f128_ps::<0x31>(upper[1], lower[1]),
            _mm256_permute2f128_ps::<0x31>(upper[2], lower[2]),
            _mm256_permute2f128_ps::<0x31>(upper[3], lower[3]),
        ]
    }
}

/// See [`Vector::transpose`].
#[inline(always)]
pub(super) fn transpose16(
    from: &[Lanes<f32>],
    from_step: usize,
    to: &mut [Lanes<f32>],
    to_step: usize,
) {
    let from = &from[..15 * from_step + 1];
    let to = &mut to[..15 * to_step + 1];
    for i in [0, 8] {
        for j in [0, 8] {
            // SAFETY: see the module.
            unsafe {
                let mut x = [_mm256_setzero_ps(); 8];
                for k in 0..8 {
                    x[k] = _mm256_load_ps(from[(i + k) * from_step].0[j..j + 8].as_ptr());
                }
                let x = transpose8(x);
                for k in 0..8 {
                    _mm256_store_ps(to[(j + k) * to_step].0[i..i + 8].as_mut_ptr(), x[k]);
                }
            }
        }
    }
}

impl Vector for Two {
    #[inline(always)]
    fn splat(x: f32) -> Self {
        // SAFETY: see the module.
        unsafe { Two(_mm256_set1_ps(x), _mm256_set1_ps(x)) }
    }

    #[inline(always)]
    fn load(x: &[f32; 16]) -> Self {
        // SAFETY: see the module.
        unsafe {
            Two(
                _mm256_loadu_ps(x.as_ptr()),
                _mm256_loadu_ps(x[8..].as_ptr()),
            )
        }
    }

    #[inline(always)]
    fn store(self, to: &mut [f32; 16]) {
        // SAFETY: see the module.
        unsafe {
            _mm256_storeu_ps(to.as_mut_ptr(), self.0);
            _mm256_storeu_ps(to[8..].as_mut_ptr(), self.1);
        }
    }

    #[inline(always)]
    fn from_i8(x: &[i8; 16]) -> Self {
        // SAFETY: see the module.
        unsafe {
            let lower = _mm256_cvtepi8_epi32(_mm_loadl_epi64(x.as_ptr().cast()));
            let upper = _mm256_cvtepi8_epi32(_mm_loadl_epi64(x[8..].as_ptr().cast()));
            Two(_mm256_cvtepi32_ps(lower), _mm256_cvtepi32_ps(upper))
        }
    }

    #[inline(always)]
    fn from_i32(x: &[i32; 16]) -> Self {
        // SAFETY: see the module.
        unsafe {
            let lower = _mm256_loadu_si256(x.as_ptr().cast());
            let upper = _mm256_loadu_si256(x[8..].as_ptr().cast());
            Two(_mm256_cvtepi32_ps(lower), _mm256_cvtepi32_ps(upper))
        }
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        // SAFETY: see the module.
        unsafe { Two(_mm256_sqrt_ps(self.0), _mm256_sqrt_ps(self.1)) }
    }

    #[inline(always)]
    fn abs(self) -> Self {
        // SAFETY: see the module.
        unsafe {
            let sign = _mm256_set1_ps(-0.0);
            Two(
                _mm256_andnot_ps(sign, self.0),
                _mm256_andnot_ps(sign, self.1),
            )
        }
    }

    #[inline(always)]
    fn larger(self, other: Self) -> Self {
        // The second operand is what the instruction gives where the first is not larger.
        // SAFETY: see the module.
        unsafe {
            Two(
                _mm256_max_ps(other.0, self.0),
                _mm256_max_ps(other.1, self.1),
            )
        }
    }

    #[inline(always)]
    fn smaller(self, other: Self) -> Self {
        // SAFETY: see the module.
        unsafe {
            Two(
                _mm256_min_ps(other.0, self.0),
                _mm256_min_ps(other.1, self.1),
            )
        }
    }

    #[inline(always)]
    fn unless_below(self, size: Self, limit: f32) -> Self {
        // SAFETY: see the module.
        unsafe {
            let limit = _mm256_set1_ps(limit);
            Two(
                _mm256_andnot_ps(_mm256_cmp_ps::<_CMP_LT_OQ>(size.0, limit), self.0),
                _mm256_andnot_ps(_mm256_cmp_ps::<_CMP_LT_OQ>(size.1, limit), self.1),
            )
        }
    }

    #[inline(always)]
    fn power_of_two(self) -> Self {
        // SAFETY: see the module.
        unsafe {
            let one = _mm256_castps_si256(_mm256_set1_ps(1.0));
            let lower = _mm256_slli_epi32::<23>(_mm256_castps_si256(self.0));
            let upper = _mm256_slli_epi32::<23>(_mm256_castps_si256(self.1));
            Two(
                _mm256_castsi256_ps(_mm256_add_epi32(lower, one)),
                _mm256_castsi256_ps(_mm256_add_epi32(upper, one)),
            )
        }
    }

    #[inline(always)]
    fn round_pairs(self, second: Self, to: &mut [i32; 16]) {
        let (first, second) = (round2(self), round2(second));
        // SAFETY: see the module.
        unsafe {
            let lower = _mm256_slli_epi32::<16>(second.0);
            let upper = _mm256_slli_epi32::<16>(second.1);
            let lower = _mm256_blend_epi16::<0b1010_1010>(first.0, lower);
            let upper = _mm256_blend_epi16::<0b1010_1010>(first.1, upper);
            _mm256_storeu_si256(to.as_mut_ptr().cast(), lower);
            _mm256_storeu_si256(to[8..].as_mut_ptr().cast(), upper);
        }
    }

    #[inline(always)]
    fn round_keys(self, second: Self, to: &mut [i16; 16]) {
        let (first, second) = (round2(self), round2(second));
        // SAFETY: see the module.
        unsafe {
            let byte = _mm256_set1_epi32(255);
            let lower = _mm256_slli_epi32::<8>(second.0);
            let upper = _mm256_slli_epi32::<8>(second.1);
            let lower = _mm256_or_si256(_mm256_and_si256(first.0, byte), lower);
            let upper = _mm256_or_si256(_mm256_and_si256(first.1, byte), upper);
            _mm256_storeu_si256(to.as_mut_ptr().cast(), pack2((lower, upper)));
        }
    }

    #[inline(always)]
    fn round_wide(self, to: &mut [i16; 16]) {
        // SAFETY: see the module.
        unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), pack2(round2(self))) }
    }

    #[inline(always)]
    fn round_narrow(self, to: &mut [i8; 16]) {
        let x = pack2(round2(self));
        // SAFETY: see the module.
        unsafe {
            let x = _mm_packs_epi16(_mm256_castsi256_si128(x), _mm256_extracti128_si256::<1>(x));
            _mm_storeu_si128(to.as_mut_ptr().cast(), x);
        }
    }

    #[inline(always)]
    fn transpose(from: &[Lanes<f32>], from_step: usize, to: &mut [Lanes<f32>], to_step: usize) {
        transpose16(from, from_step, to, to_step);
    }
}
