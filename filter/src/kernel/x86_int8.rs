//! AVX2, AVX-512 and AVX-512 VNNI forms of [`super::int8`].
//!
//! Pairs of i16 are multiplied and added in one instruction. VNNI takes four int8 at once, but one
//! side without sign: activations get an offset of 128 there, and what that adds is taken off at
//! the end.
//!
//! SAFETY, for every block here: as in [`super::x86`]; the functions for VNNI are entered after the
//! processor was asked for it.

use std::arch::x86_64::*;

use super::int8::{Int8, Lanes, ROWS, TILE, Weights};
use super::x86::{Avx2, Avx512};

/// Outputs that are summed over side by side in wide registers, of which there are more.
const WIDE_TILE: usize = 8;
/// The same with VNNI, which has to put activations together for each tile.
const VNNI_TILE: usize = 16;

/// Sum of eight lanes.
#[inline(always)]
fn sum8(v: __m256i) -> i32 {
    // SAFETY: see the module.
    unsafe {
        let q = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256::<1>(v));
        let pair = _mm_add_epi32(q, _mm_unpackhi_epi64(q, q));
        _mm_cvtsi128_si32(_mm_add_epi32(pair, _mm_shuffle_epi32::<1>(pair)))
    }
}

#[inline(always)]
fn dot8(x: &[[i16; 16]], w: &[[i8; 16]]) -> i32 {
    // SAFETY: see the module.
    unsafe {
        let mut sum = _mm256_setzero_si256();
        for (x, w) in x.iter().zip(w) {
            let w = _mm256_cvtepi8_epi16(_mm_loadu_si128(w.as_ptr().cast()));
            let x = _mm256_loadu_si256(x.as_ptr().cast());
            sum = _mm256_add_epi32(sum, _mm256_madd_epi16(x, w));
        }
        sum8(sum)
    }
}

/// `N` outputs by sixteen rows, `N` at most four: eight sums, two halves of activations and a
/// weight stay in registers.
#[inline(always)]
fn tile2<const N: usize>(x: &[Lanes<i32>], w: [&[i32]; N], out: &mut [Lanes<i32>]) {
    // SAFETY: see the module.
    unsafe {
        let mut sums = [[_mm256_setzero_si256(); 2]; N];
        let w = w.map(|w| &w[..x.len()]);
        for (j, x) in x.iter().enumerate() {
            let lower = _mm256_load_si256(x.0.as_ptr().cast());
            let upper = _mm256_load_si256(x.0[8..].as_ptr().cast());
            for o in 0..N {
                let w = _mm256_set1_epi32(w[o][j]);
                sums[o][0] = _mm256_add_epi32(sums[o][0], _mm256_madd_epi16(lower, w));
                sums[o][1] = _mm256_add_epi32(sums[o][1], _mm256_madd_epi16(upper, w));
            }
        }
        for (out, sum) in out.iter_mut().zip(sums) {
            _mm256_store_si256(out.0.as_mut_ptr().cast(), sum[0]);
            _mm256_store_si256(out.0[8..].as_mut_ptr().cast(), sum[1]);
        }
    }
}

/// The same on wide registers.
#[inline(always)]
fn tile5<const N: usize>(x: &[Lanes<i32>], w: [&[i32]; N], out: &mut [Lanes<i32>]) {
    // SAFETY: see the module.
    unsafe {
        let mut sums = [_mm512_setzero_si512(); N];
        let w = w.map(|w| &w[..x.len()]);
        for (j, x) in x.iter().enumerate() {
            let x = _mm512_load_si512(x.0.as_ptr().cast());
            for o in 0..N {
                let w = _mm512_set1_epi32(w[o][j]);
                sums[o] = _mm512_add_epi32(sums[o], _mm512_madd_epi16(x, w));
            }
        }
        for (out, sum) in out.iter_mut().zip(sums) {
            _mm512_store_si512(out.0.as_mut_ptr().cast(), sum);
        }
    }
}

/// The first rows of weights, of `n` elements each.
#[inline(always)]
fn rows<const N: usize>(w: &[i32], n: usize) -> [&[i32]; N] {
    std::array::from_fn(|o| &w[o * n..(o + 1) * n])
}

/// Four activations to a lane, with an offset of 128: what VNNI multiplies.
#[inline(always)]
fn quad(low: &Lanes<i32>, high: &Lanes<i32>) -> __m512i {
    // SAFETY: see the module.
    unsafe {
        let to_low = _mm512_broadcast_i32x4(_mm_setr_epi8(
            0, 2, -1, -1, 4, 6, -1, -1, 8, 10, -1, -1, 12, 14, -1, -1,
        ));
        let to_high = _mm512_broadcast_i32x4(_mm_setr_epi8(
            -1, -1, 0, 2, -1, -1, 4, 6, -1, -1, 8, 10, -1, -1, 12, 14,
        ));
        let low = _mm512_shuffle_epi8(_mm512_load_si512(low.0.as_ptr().cast()), to_low);
        let high = _mm512_shuffle_epi8(_mm512_load_si512(high.0.as_ptr().cast()), to_high);
        // Adding 128 to an int8 and reading it without sign is turning its top bit.
        _mm512_xor_si512(_mm512_or_si512(low, high), _mm512_set1_epi8(-128))
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn tile_vnni<const N: usize>(
    x: &[Lanes<i32>],
    w: [&[i32]; N],
    offsets: &[i32],
    out: &mut [Lanes<i32>],
) {
    let mut sums = [_mm512_setzero_si512(); N];
    let w = w.map(|w| &w[..x.len() / 2]);
    for (j, x) in x.chunks_exact(2).enumerate() {
        let x = quad(&x[0], &x[1]);
        for o in 0..N {
            sums[o] = _mm512_dpbusd_epi32(sums[o], x, _mm512_set1_epi32(w[o][j]));
        }
    }
    for ((out, sum), &offset) in out.iter_mut().zip(sums).zip(offsets) {
        let sum = _mm512_sub_epi32(sum, _mm512_set1_epi32(offset));
        // SAFETY: see the module.
        unsafe { _mm512_store_si512(out.0.as_mut_ptr().cast(), sum) };
    }
}

/// [`Int8::product`] by VNNI.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn product_vnni(x: &[Lanes<i32>], quads: &[i32], offsets: &[i32], out: &mut [Lanes<i32>]) {
    let n = x.len() / 2;
    let whole = out.len() - out.len() % VNNI_TILE;
    let (wide, rest) = out.split_at_mut(whole);
    for ((out, w), offsets) in wide
        .chunks_exact_mut(VNNI_TILE)
        .zip(quads.chunks_exact(VNNI_TILE * n))
        .zip(offsets.chunks_exact(VNNI_TILE))
    {
        tile_vnni::<VNNI_TILE>(x, rows(w, n), offsets, out);
    }
    for ((out, w), offset) in rest
        .iter_mut()
        .zip(quads[whole * n..].chunks_exact(n))
        .zip(&offsets[whole..])
    {
        tile_vnni(
            x,
            [w],
            std::slice::from_ref(offset),
            std::slice::from_mut(out),
        );
    }
}

/// Whether this processor has VNNI beside what [`Avx512`] needs.
pub(super) fn has_vnni() -> bool {
    std::arch::is_x86_feature_detected!("avx512vnni")
}

impl Int8 for Avx2 {
    #[inline(always)]
    fn pairs(x: &[Lanes<i32>], w: &[i32], out: &mut [Lanes<i32>]) {
        let n = x.len();
        let mut w = w;
        for out in out.chunks_mut(TILE) {
            if out.len() == TILE {
                tile2::<TILE>(x, rows(w, n), out);
            } else {
                for (out, w) in out.iter_mut().zip(w.chunks_exact(n)) {
                    tile2(x, [w], std::slice::from_mut(out));
                }
            }
            w = w.get(TILE * n..).unwrap_or_default();
        }
    }

    #[inline(always)]
    fn scores(x: &[Lanes<i32>], keys: &[[i16; ROWS]], out: &mut Lanes<i32>) {
        // SAFETY: see the module.
        unsafe {
            let mut lower = _mm256_setzero_si256();
            let mut upper = _mm256_setzero_si256();
            for (x, k) in x.iter().zip(keys) {
                let a = _mm256_cvtepi8_epi16(_mm_loadu_si128(k.as_ptr().cast()));
                let b = _mm256_cvtepi8_epi16(_mm_loadu_si128(k[8..].as_ptr().cast()));
                let xa = _mm256_load_si256(x.0.as_ptr().cast());
                let xb = _mm256_load_si256(x.0[8..].as_ptr().cast());
                lower = _mm256_add_epi32(lower, _mm256_madd_epi16(xa, a));
                upper = _mm256_add_epi32(upper, _mm256_madd_epi16(xb, b));
            }
            _mm256_store_si256(out.0.as_mut_ptr().cast(), lower);
            _mm256_store_si256(out.0[8..].as_mut_ptr().cast(), upper);
        }
    }

    #[inline(always)]
    fn dot8(x: &[[i16; 16]], w: &[[i8; 16]]) -> i32 {
        dot8(x, w)
    }
}

impl Int8 for Avx512 {
    #[inline(always)]
    fn pairs(x: &[Lanes<i32>], w: &[i32], out: &mut [Lanes<i32>]) {
        let n = x.len();
        let mut w = w;
        for out in out.chunks_mut(WIDE_TILE) {
            if out.len() == WIDE_TILE {
                tile5::<WIDE_TILE>(x, rows(w, n), out);
            } else {
                for (out, w) in out.iter_mut().zip(w.chunks_exact(n)) {
                    tile5(x, [w], std::slice::from_mut(out));
                }
            }
            w = w.get(WIDE_TILE * n..).unwrap_or_default();
        }
    }

    #[inline(always)]
    fn product(x: &[Lanes<i32>], w: &Weights, first: usize, out: &mut [Lanes<i32>]) {
        if has_vnni() {
            let quads = &w.quads[first * (w.inputs() / 4)..];
            // SAFETY: the processor was asked for VNNI, and has the rest, or this type would not be
            // in use.
            unsafe { product_vnni(x, quads, &w.offsets[first..], out) }
        } else {
            Self::pairs(x, &w.pairs[first * (w.inputs() / 2)..], out);
        }
    }

    #[inline(always)]
    fn scores(x: &[Lanes<i32>], keys: &[[i16; ROWS]], out: &mut Lanes<i32>) {
        // SAFETY: see the module.
        unsafe {
            let mut sum = _mm512_setzero_si512();
            for (x, k) in x.iter().zip(keys) {
                let k = _mm512_cvtepi8_epi16(_mm256_loadu_si256(k.as_ptr().cast()));
                let x = _mm512_load_si512(x.0.as_ptr().cast());
                sum = _mm512_add_epi32(sum, _mm512_madd_epi16(x, k));
            }
            _mm512_store_si512(out.0.as_mut_ptr().cast(), sum);
        }
    }

    #[inline(always)]
    fn dot8(x: &[[i16; 16]], w: &[[i8; 16]]) -> i32 {
        dot8(x, w)
    }
}
