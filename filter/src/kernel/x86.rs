//! AVX2 and AVX-512 forms of [`super::vector`].
//!
//! SAFETY, for every block here: the types [`Avx2`] and [`Avx512`] are only named by
//! [`super::run`], inside functions that are compiled for these features and entered after the
//! processor was asked for them. Loads and stores go through references to whole arrays of the
//! width that is read.

use std::arch::x86_64::*;

use super::Kernel;
use super::vector::{Block, Eight, Isa};
use super::x86_lanes::Two;
use super::x86_wide_lanes::One;

/// 256-bit vectors.
#[derive(Clone, Copy, Debug)]
pub struct Avx2(pub(super) ());

/// 512-bit vectors.
#[derive(Clone, Copy, Debug)]
pub struct Avx512(pub(super) ());

/// Sum of four lanes: (0 + 2) + (1 + 3).
#[inline(always)]
fn fold4(q: __m128) -> f32 {
    // SAFETY: see the module.
    unsafe {
        let pair = _mm_add_ps(q, _mm_movehl_ps(q, q));
        _mm_cvtss_f32(_mm_add_ss(pair, _mm_shuffle_ps::<1>(pair, pair)))
    }
}

/// The same in f64.
#[inline(always)]
fn fold4_f64(q: __m256d) -> f64 {
    // SAFETY: see the module.
    unsafe {
        let pair = _mm_add_pd(_mm256_castpd256_pd128(q), _mm256_extractf128_pd::<1>(q));
        _mm_cvtsd_f64(_mm_add_sd(pair, _mm_unpackhi_pd(pair, pair)))
    }
}

impl Isa for Avx2 {
    const KERNEL: Kernel = Kernel::Avx2;
    type F = Two;

    #[inline(always)]
    fn dot(x: &[Block], w: &[Block]) -> f32 {
        // SAFETY: see the module.
        unsafe {
            let mut lower = _mm256_setzero_ps();
            let mut upper = _mm256_setzero_ps();
            for (x, w) in x.iter().zip(w) {
                lower = _mm256_add_ps(
                    lower,
                    _mm256_mul_ps(_mm256_loadu_ps(x.as_ptr()), _mm256_loadu_ps(w.as_ptr())),
                );
                upper = _mm256_add_ps(
                    upper,
                    _mm256_mul_ps(
                        _mm256_loadu_ps(x[8..].as_ptr()),
                        _mm256_loadu_ps(w[8..].as_ptr()),
                    ),
                );
            }
            let half = _mm256_add_ps(lower, upper);
            fold4(_mm_add_ps(
                _mm256_castps256_ps128(half),
                _mm256_extractf128_ps::<1>(half),
            ))
        }
    }

    #[inline(always)]
    fn train(x: &[Block], w: &mut [Block], step: f32) {
        // SAFETY: see the module.
        unsafe {
            let step = _mm256_set1_ps(step);
            for (x, w) in x.iter().zip(w) {
                for at in [0, 8] {
                    let moved = _mm256_add_ps(
                        _mm256_loadu_ps(w[at..].as_ptr()),
                        _mm256_mul_ps(_mm256_loadu_ps(x[at..].as_ptr()), step),
                    );
                    _mm256_storeu_ps(w[at..].as_mut_ptr(), moved);
                }
            }
        }
    }

    #[inline(always)]
    fn cut(at: f64, mu: &Eight, inverse: &Eight, low: &Eight, high: &Eight) -> (Eight, [i32; 8]) {
        let mut mid = [0.0; 8];
        let mut index = [0; 8];
        // SAFETY: see the module.
        unsafe {
            let (one, half) = (_mm256_set1_pd(1.0), _mm256_set1_pd(0.5));
            for i in [0, 4] {
                let x = _mm256_mul_pd(
                    _mm256_sub_pd(_mm256_set1_pd(at), _mm256_loadu_pd(mu[i..].as_ptr())),
                    _mm256_loadu_pd(inverse[i..].as_ptr()),
                );
                let root = _mm256_sqrt_pd(_mm256_add_pd(one, _mm256_mul_pd(x, x)));
                let f = _mm256_add_pd(half, _mm256_mul_pd(half, _mm256_div_pd(x, root)));
                _mm256_storeu_pd(mid[i..].as_mut_ptr(), f);
                let high = _mm256_loadu_pd(high[i..].as_ptr());
                let whole = _mm256_sub_pd(high, _mm256_loadu_pd(low[i..].as_ptr()));
                let p = _mm256_mul_pd(
                    _mm256_div_pd(_mm256_sub_pd(high, f), whole),
                    _mm256_set1_pd(4096.0),
                );
                // Clamped before the conversion: what lies outside i32 would not convert as in
                // Rust.
                let p = _mm256_min_pd(
                    _mm256_max_pd(p, _mm256_setzero_pd()),
                    _mm256_set1_pd(4095.0),
                );
                let known = _mm256_cmp_pd::<_CMP_GT_OQ>(whole, _mm256_set1_pd(1e-10));
                let p = _mm256_blendv_pd(_mm256_set1_pd(2048.0), p, known);
                _mm_storeu_si128(index[i..].as_mut_ptr().cast(), _mm256_cvttpd_epi32(p));
            }
        }
        (mid, index)
    }

    #[inline(always)]
    fn decay_add(row: &mut [Eight], x: &[Eight], keep: f64, a: f64) {
        // SAFETY: see the module.
        unsafe {
            let (keep, a) = (_mm256_set1_pd(keep), _mm256_set1_pd(a));
            for (r, x) in row.iter_mut().zip(x) {
                for i in [0, 4] {
                    let kept = _mm256_mul_pd(_mm256_loadu_pd(r[i..].as_ptr()), keep);
                    let new = _mm256_mul_pd(_mm256_loadu_pd(x[i..].as_ptr()), a);
                    _mm256_storeu_pd(r[i..].as_mut_ptr(), _mm256_add_pd(kept, new));
                }
            }
        }
    }

    #[inline(always)]
    fn sub_scaled(row: &mut [Eight], x: &[Eight], f: f64) {
        // SAFETY: see the module.
        unsafe {
            let f = _mm256_set1_pd(f);
            for (r, x) in row.iter_mut().zip(x) {
                for i in [0, 4] {
                    let part = _mm256_mul_pd(_mm256_loadu_pd(x[i..].as_ptr()), f);
                    _mm256_storeu_pd(
                        r[i..].as_mut_ptr(),
                        _mm256_sub_pd(_mm256_loadu_pd(r[i..].as_ptr()), part),
                    );
                }
            }
        }
    }

    #[inline(always)]
    fn dot64(x: &[Eight], w: &[Eight]) -> f64 {
        // SAFETY: see the module.
        unsafe {
            let mut lower = _mm256_setzero_pd();
            let mut upper = _mm256_setzero_pd();
            for (x, w) in x.iter().zip(w) {
                lower = _mm256_add_pd(
                    lower,
                    _mm256_mul_pd(_mm256_loadu_pd(x.as_ptr()), _mm256_loadu_pd(w.as_ptr())),
                );
                upper = _mm256_add_pd(
                    upper,
                    _mm256_mul_pd(
                        _mm256_loadu_pd(x[4..].as_ptr()),
                        _mm256_loadu_pd(w[4..].as_ptr()),
                    ),
                );
            }
            fold4_f64(_mm256_add_pd(lower, upper))
        }
    }
}

impl Isa for Avx512 {
    const KERNEL: Kernel = Kernel::Avx512;
    type F = One;

    #[inline(always)]
    fn dot(x: &[Block], w: &[Block]) -> f32 {
        // SAFETY: see the module.
        unsafe {
            let mut acc = _mm512_setzero_ps();
            for (x, w) in x.iter().zip(w) {
                acc = _mm512_add_ps(
                    acc,
                    _mm512_mul_ps(_mm512_loadu_ps(x.as_ptr()), _mm512_loadu_ps(w.as_ptr())),
                );
            }
            let half = _mm256_add_ps(
                _mm512_castps512_ps256(acc),
                _mm512_extractf32x8_ps::<1>(acc),
            );
            fold4(_mm_add_ps(
                _mm256_castps256_ps128(half),
                _mm256_extractf128_ps::<1>(half),
            ))
        }
    }

    #[inline(always)]
    fn train(x: &[Block], w: &mut [Block], step: f32) {
        // SAFETY: see the module.
        unsafe {
            let step = _mm512_set1_ps(step);
            for (x, w) in x.iter().zip(w) {
                let moved = _mm512_add_ps(
                    _mm512_loadu_ps(w.as_ptr()),
                    _mm512_mul_ps(_mm512_loadu_ps(x.as_ptr()), step),
                );
                _mm512_storeu_ps(w.as_mut_ptr(), moved);
            }
        }
    }

    #[inline(always)]
    fn cut(at: f64, mu: &Eight, inverse: &Eight, low: &Eight, high: &Eight) -> (Eight, [i32; 8]) {
        let mut mid = [0.0; 8];
        let mut index = [0; 8];
        // SAFETY: see the module.
        unsafe {
            let (one, half) = (_mm512_set1_pd(1.0), _mm512_set1_pd(0.5));
            let x = _mm512_mul_pd(
                _mm512_sub_pd(_mm512_set1_pd(at), _mm512_loadu_pd(mu.as_ptr())),
                _mm512_loadu_pd(inverse.as_ptr()),
            );
            let root = _mm512_sqrt_pd(_mm512_add_pd(one, _mm512_mul_pd(x, x)));
            let f = _mm512_add_pd(half, _mm512_mul_pd(half, _mm512_div_pd(x, root)));
            _mm512_storeu_pd(mid.as_mut_ptr(), f);
            let high = _mm512_loadu_pd(high.as_ptr());
            let whole = _mm512_sub_pd(high, _mm512_loadu_pd(low.as_ptr()));
            let p = _mm512_mul_pd(
                _mm512_div_pd(_mm512_sub_pd(high, f), whole),
                _mm512_set1_pd(4096.0),
            );
            let p = _mm512_min_pd(
                _mm512_max_pd(p, _mm512_setzero_pd()),
                _mm512_set1_pd(4095.0),
            );
            let known = _mm512_cmp_pd_mask::<_CMP_GT_OQ>(whole, _mm512_set1_pd(1e-10));
            let p = _mm512_mask_blend_pd(known, _mm512_set1_pd(2048.0), p);
            _mm256_storeu_si256(index.as_mut_ptr().cast(), _mm512_cvttpd_epi32(p));
        }
        (mid, index)
    }

    #[inline(always)]
    fn decay_add(row: &mut [Eight], x: &[Eight], keep: f64, a: f64) {
        // SAFETY: see the module.
        unsafe {
            let (keep, a) = (_mm512_set1_pd(keep), _mm512_set1_pd(a));
            for (r, x) in row.iter_mut().zip(x) {
                let kept = _mm512_mul_pd(_mm512_loadu_pd(r.as_ptr()), keep);
                let new = _mm512_mul_pd(_mm512_loadu_pd(x.as_ptr()), a);
                _mm512_storeu_pd(r.as_mut_ptr(), _mm512_add_pd(kept, new));
            }
        }
    }

    #[inline(always)]
    fn sub_scaled(row: &mut [Eight], x: &[Eight], f: f64) {
        // SAFETY: see the module.
        unsafe {
            let f = _mm512_set1_pd(f);
            for (r, x) in row.iter_mut().zip(x) {
                let part = _mm512_mul_pd(_mm512_loadu_pd(x.as_ptr()), f);
                _mm512_storeu_pd(
                    r.as_mut_ptr(),
                    _mm512_sub_pd(_mm512_loadu_pd(r.as_ptr()), part),
                );
            }
        }
    }

    #[inline(always)]
    fn dot64(x: &[Eight], w: &[Eight]) -> f64 {
        // SAFETY: see the module.
        unsafe {
            let mut acc = _mm512_setzero_pd();
            for (x, w) in x.iter().zip(w) {
                acc = _mm512_add_pd(
                    acc,
                    _mm512_mul_pd(_mm512_loadu_pd(x.as_ptr()), _mm512_loadu_pd(w.as_ptr())),
                );
            }
            fold4_f64(_mm256_add_pd(
                _mm512_castpd512_pd256(acc),
                _mm512_extractf64x4_pd::<1>(acc),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::vector::Plain;
    use super::super::{Task, run};
    use super::*;

    /// Runs everything on pseudo-random input and gathers all bits that come out.
    struct Everything(u64);

    impl Task for Everything {
        type Output = Vec<u64>;

        #[inline(always)]
        fn run<I: Isa>(self) -> Vec<u64> {
            let mut seed = self.0;
            let mut next = || {
                seed = seed
                    .wrapping_mul(6364136223846793005)
                    .wrapping_add(1442695040888963407);
                let wide = (seed >> 40) as f64 / 65536.0 - 128.0;
                // Some numbers are huge, tiny, infinite or not numbers at all.
                match seed >> 33 & 63 {
                    0 => wide * 1e200,
                    1 => wide * 1e-200,
                    2 => f64::INFINITY,
                    3 => f64::NAN,
                    4 => 0.0,
                    _ => wide,
                }
            };
            let mut eight = || -> Eight { std::array::from_fn(|_| next()) };
            let mut out = Vec::new();
            let at = eight()[0];
            let (mu, inverse, a, b) = (eight(), eight(), eight(), eight());
            let low: Eight = std::array::from_fn(|i| (a[i] / 300.0 + 0.5).clamp(0.0, 1.0));
            let high: Eight =
                std::array::from_fn(|i| (low[i] + (b[i] / 300.0).abs()).clamp(0.0, 1.0));
            let (mid, index) = I::cut(at, &mu, &inverse, &low, &high);
            out.extend(mid.iter().map(|v| if v.is_nan() { 0 } else { v.to_bits() }));
            out.extend(index.iter().map(|&i| i as u64));
            let tame = |e: Eight| {
                e.map(|v| {
                    if v.is_finite() {
                        v.clamp(-1e9, 1e9)
                    } else {
                        1.0
                    }
                })
            };
            let mut row = [tame(eight()), tame(eight()), tame(eight())];
            let x = [tame(eight()), tame(eight()), tame(eight())];
            out.push(I::dot64(&row, &x).to_bits());
            I::decay_add(&mut row, &x, 0.998, x[0][1]);
            I::sub_scaled(&mut row, &x, 0.37);
            out.extend(row.as_flattened().iter().map(|v| v.to_bits()));
            let mut w: [Block; 3] = std::array::from_fn(|_| {
                let (a, b) = (tame(eight()), tame(eight()));
                std::array::from_fn(|i| if i < 8 { a[i] } else { b[i - 8] } as f32)
            });
            let xs: [Block; 3] = std::array::from_fn(|_| {
                let (a, b) = (tame(eight()), tame(eight()));
                std::array::from_fn(|i| if i < 8 { a[i] } else { b[i - 8] } as f32)
            });
            out.push(u64::from(I::dot(&xs, &w).to_bits()));
            I::train(&xs, &mut w, 0.0173);
            out.extend(w.as_flattened().iter().map(|v| u64::from(v.to_bits())));
            out
        }
    }

    #[test]
    fn all_units_agree_to_the_bit() {
        let units = Kernel::available();
        for seed in 0..4000 {
            let want = Everything(seed).run::<Plain>();
            for &unit in &units {
                assert_eq!(run(unit, Everything(seed)), want, "{unit:?}, seed {seed}");
            }
        }
    }
}
