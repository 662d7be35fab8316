//! AVX-512 form of [`super::lanes`].
//!
//! SAFETY, for every block here: as in [`super::x86`].

use std::arch::x86_64::*;
use std::ops::{Add, Div, Mul, Sub};

use super::int8::Lanes;
use super::lanes::{MAGIC, Vector};
use super::x86_lanes::transpose16;

/// Sixteen f32 in one register.
#[derive(Clone, Copy, Debug)]
pub struct One(__m512);

/// One arithmetic operator.
macro_rules! operator {
    ($operator:ident, $method:ident, $vector:ident) => {
        impl $operator for One {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                // SAFETY: see the module.
                unsafe { One($vector(self.0, other.0)) }
            }
        }
    };
}

operator!(Add, add, _mm512_add_ps);
operator!(Sub, sub, _mm512_sub_ps);
operator!(Mul, mul, _mm512_mul_ps);
operator!(Div, div, _mm512_div_ps);

/// Rounded to integers.
#[inline(always)]
fn round1(x: One) -> __m512i {
    // SAFETY: see the module.
    unsafe {
        let magic = _mm512_set1_ps(MAGIC);
        let sum = _mm512_castps_si512(_mm512_add_ps(x.0, magic));
        _mm512_sub_epi32(sum, _mm512_castps_si512(magic))
    }
}

impl Vector for One {
    #[inline(always)]
    fn splat(x: f32) -> Self {
        // SAFETY: see the module.
        unsafe { One(_mm512_set1_ps(x)) }
    }

    #[inline(always)]
    fn load(x: &[f32; 16]) -> Self {
        // SAFETY: see the module.
        unsafe { One(_mm512_loadu_ps(x.as_ptr())) }
    }

    #[inline(always)]
    fn store(self, to: &mut [f32; 16]) {
        // SAFETY: see the module.
        unsafe { _mm512_storeu_ps(to.as_mut_ptr(), self.0) }
    }

    #[inline(always)]
    fn from_i8(x: &[i8; 16]) -> Self {
        // SAFETY: see the module.
        unsafe {
            let x = _mm512_cvtepi8_epi32(_mm_loadu_si128(x.as_ptr().cast()));
            One(_mm512_cvtepi32_ps(x))
        }
    }

    #[inline(always)]
    fn from_i32(x: &[i32; 16]) -> Self {
        // SAFETY: see the module.
        unsafe { One(_mm512_cvtepi32_ps(_mm512_loadu_si512(x.as_ptr().cast()))) }
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        // SAFETY: see the module.
        unsafe { One(_mm512_sqrt_ps(self.0)) }
    }

    #[inline(always)]
    fn abs(self) -> Self {
        // SAFETY: see the module.
        unsafe { One(_mm512_abs_ps(self.0)) }
    }

    #[inline(always)]
    fn larger(self, other: Self) -> Self {
        // SAFETY: see the module.
        unsafe { One(_mm512_max_ps(other.0, self.0)) }
    }

    #[inline(always)]
    fn smaller(self, other: Self) -> Self {
        // SAFETY: see the module.
        unsafe { One(_mm512_min_ps(other.0, self.0)) }
    }

    #[inline(always)]
    fn unless_below(self, size: Self, limit: f32) -> Self {
        // SAFETY: see the module.
        unsafe {
            let keep = _mm512_cmp_ps_mask::<_CMP_NLT_UQ>(size.0, _mm512_set1_ps(limit));
            One(_mm512_maskz_mov_ps(keep, self.0))
        }
    }

    #[inline(always)]
    fn power_of_two(self) -> Self {
        // SAFETY: see the module.
        unsafe {
            let one = _mm512_castps_si512(_mm512_set1_ps(1.0));
            let x = _mm512_slli_epi32::<23>(_mm512_castps_si512(self.0));
            One(_mm512_castsi512_ps(_mm512_add_epi32(x, one)))
        }
    }

    #[inline(always)]
    fn round_pairs(self, second: Self, to: &mut [i32; 16]) {
        let (first, second) = (round1(self), round1(second));
        // SAFETY: see the module.
        unsafe {
            let first = _mm512_and_si512(first, _mm512_set1_epi32(0xffff));
            let both = _mm512_or_si512(first, _mm512_slli_epi32::<16>(second));
            _mm512_storeu_si512(to.as_mut_ptr().cast(), both);
        }
    }

    #[inline(always)]
    fn round_keys(self, second: Self, to: &mut [i16; 16]) {
        let (first, second) = (round1(self), round1(second));
        // SAFETY: see the module.
        unsafe {
            let first = _mm512_and_si512(first, _mm512_set1_epi32(255));
            let both = _mm512_or_si512(first, _mm512_slli_epi32::<8>(second));
            _mm256_storeu_si256(to.as_mut_ptr().cast(), _mm512_cvtepi32_epi16(both));
        }
    }

    #[inline(always)]
    fn round_wide(self, to: &mut [i16; 16]) {
        let x = round1(self);
        // SAFETY: see the module.
        unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), _mm512_cvtepi32_epi16(x)) }
    }

    #[inline(always)]
    fn round_narrow(self, to: &mut [i8; 16]) {
        let x = round1(self);
        // SAFETY: see the module.
        unsafe { _mm_storeu_si128(to.as_mut_ptr().cast(), _mm512_cvtepi32_epi8(x)) }
    }

    #[inline(always)]
    fn transpose(from: &[Lanes<f32>], from_step: usize, to: &mut [Lanes<f32>], to_step: usize) {
        transpose16(from, from_step, to, to_step);
    }
}
