//! Sixteen f32 side by side, as one value: what the network's elementwise work is written in.
//!
//! Compilers find vectors in loops over arrays, but not reliably, and a loop they miss costs ten
//! times as much. [`Sixteen`] is the reference; every other form does the same IEEE operation on
//! each lane. Nothing here adds up lanes, so there is no order to keep.

use std::ops::{Add, Div, Mul, Sub};

use super::int8::{Lanes, narrow_pair, pair};

/// 1.5 * 2^23: adding it rounds a number below 2^22 to the nearest integer (of two, the even one)
/// and leaves that in the lowest bits.
pub const MAGIC: f32 = 12_582_912.0;

/// Sixteen f32.
pub trait Vector:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self>
{
    /// All the same.
    fn splat(x: f32) -> Self;
    /// From memory.
    fn load(x: &[f32; 16]) -> Self;
    /// To memory.
    fn store(self, to: &mut [f32; 16]);
    /// Integers as they are.
    fn from_i8(x: &[i8; 16]) -> Self;
    /// Integers, rounded to f32.
    fn from_i32(x: &[i32; 16]) -> Self;
    /// Square roots.
    fn sqrt(self) -> Self;
    /// Magnitudes.
    fn abs(self) -> Self;
    /// `other` where it is larger, else `self`.
    fn larger(self, other: Self) -> Self;
    /// `other` where it is smaller, else `self`.
    fn smaller(self, other: Self) -> Self;
    /// 0 where `size` is below `limit`, else `self`.
    fn unless_below(self, size: Self, limit: f32) -> Self;
    /// 2^k, where `self` is k + [`MAGIC`] with an integer k in -126..=127.
    fn power_of_two(self) -> Self;
    /// Rounded, with `second` as the second number of each pair of i16.
    fn round_pairs(self, second: Self, to: &mut [i32; 16]);
    /// Rounded, with `second` as the second number of each pair of int8.
    fn round_keys(self, second: Self, to: &mut [i16; 16]);
    /// Rounded to i16.
    fn round_wide(self, to: &mut [i16; 16]);
    /// Rounded to int8.
    fn round_narrow(self, to: &mut [i8; 16]);
    /// `to[j * to_step][i] = from[i * from_step][j]`.
    fn transpose(from: &[Lanes<f32>], from_step: usize, to: &mut [Lanes<f32>], to_step: usize);
}

/// The nearest integer (of two, the even one) of a number below 2^22.
#[inline(always)]
pub fn round(x: f32) -> i32 {
    ((x + MAGIC).to_bits() as i32).wrapping_sub(MAGIC.to_bits() as i32)
}

/// The reference.
#[derive(Clone, Copy, Debug)]
pub struct Sixteen(pub [f32; 16]);

impl Sixteen {
    #[inline(always)]
    fn with(mut self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        for i in 0..16 {
            self.0[i] = f(self.0[i], other.0[i]);
        }
        self
    }
}

impl Add for Sixteen {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.with(other, |a, b| a + b)
    }
}

impl Sub for Sixteen {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.with(other, |a, b| a - b)
    }
}

impl Mul for Sixteen {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.with(other, |a, b| a * b)
    }
}

impl Div for Sixteen {
    type Output = Self;
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self.with(other, |a, b| a / b)
    }
}

impl Vector for Sixteen {
    #[inline(always)]
    fn splat(x: f32) -> Self {
        Sixteen([x; 16])
    }

    #[inline(always)]
    fn load(x: &[f32; 16]) -> Self {
        Sixteen(*x)
    }

    #[inline(always)]
    fn store(self, to: &mut [f32; 16]) {
        *to = self.0;
    }

    #[inline(always)]
    fn from_i8(x: &[i8; 16]) -> Self {
        Sixteen(x.map(f32::from))
    }

    #[inline(always)]
    fn from_i32(x: &[i32; 16]) -> Self {
        Sixteen(x.map(|x| x as f32))
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        Sixteen(self.0.map(f32::sqrt))
    }

    #[inline(always)]
    fn abs(self) -> Self {
        Sixteen(self.0.map(f32::abs))
    }

    #[inline(always)]
    fn larger(self, other: Self) -> Self {
        self.with(other, |a, b| if b > a { b } else { a })
    }

    #[inline(always)]
    fn smaller(self, other: Self) -> Self {
        self.with(other, |a, b| if b < a { b } else { a })
    }

    #[inline(always)]
    fn unless_below(self, size: Self, limit: f32) -> Self {
        self.with(size, |a, size| if size < limit { 0.0 } else { a })
    }

    #[inline(always)]
    fn power_of_two(self) -> Self {
        // The lowest bits are k; the shift drops all others.
        Sixteen(
            self.0
                .map(|x| f32::from_bits((x.to_bits() << 23).wrapping_add(1.0f32.to_bits()))),
        )
    }

    #[inline(always)]
    fn round_pairs(self, second: Self, to: &mut [i32; 16]) {
        for i in 0..16 {
            to[i] = pair(round(self.0[i]), round(second.0[i]));
        }
    }

    #[inline(always)]
    fn round_keys(self, second: Self, to: &mut [i16; 16]) {
        for i in 0..16 {
            to[i] = narrow_pair(round(self.0[i]), round(second.0[i]));
        }
    }

    #[inline(always)]
    fn round_wide(self, to: &mut [i16; 16]) {
        *to = self.0.map(|x| round(x) as i16);
    }

    #[inline(always)]
    fn round_narrow(self, to: &mut [i8; 16]) {
        *to = self.0.map(|x| round(x) as i8);
    }

    #[inline(always)]
    fn transpose(from: &[Lanes<f32>], from_step: usize, to: &mut [Lanes<f32>], to_step: usize) {
        for i in 0..16 {
            for j in 0..16 {
                to[j * to_step].0[i] = from[i * from_step].0[j];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::vector::{Isa, Plain};
    use super::super::{Kernel, Task, run};
    use super::*;

    /// Everything on pseudo-random numbers; gathers all bits that come out.
    struct Everything(u64);

    impl Task for Everything {
        type Output = Vec<u32>;

        #[inline(always)]
        fn run<I: Isa>(self) -> Vec<u32> {
            let mut seed = self.0;
            let mut next = || {
                seed = seed
                    .wrapping_mul(6364136223846793005)
                    .wrapping_add(1442695040888963407);
                let wide = (seed >> 40) as f32 / 65536.0 - 128.0;
                match seed >> 33 & 31 {
                    0 => wide * 1e30,
                    1 => wide * 1e-30,
                    2 => 0.0,
                    3 => -0.0,
                    4 => wide.round() + 0.5,
                    _ => wide,
                }
            };
            let mut sixteen = || -> [f32; 16] { std::array::from_fn(|_| next()) };
            let (x, y) = (sixteen(), sixteen());
            let mut out = Vec::new();
            let mut keep = |v: I::F| {
                let mut to = [1.0; 16];
                v.store(&mut to);
                // No lane of what is computed here may be NaN but 0 / 0, which the network never
                // asks for.
                out.extend(to.map(|v| if v.is_nan() { 0 } else { v.to_bits() }));
            };
            let (a, b) = (I::F::load(&x), I::F::load(&y));
            let scaled = I::F::load(&x.map(|x| x.clamp(-127.0, 127.0)));
            let other = I::F::load(&y.map(|y| y.clamp(-127.0, 127.0)));
            keep(a + b);
            keep(a - b);
            keep(a * b);
            keep(a / b);
            keep(a.abs().sqrt());
            keep(a.abs());
            keep(a.larger(b));
            keep(a.smaller(b));
            keep(a.unless_below(b, 3.5));
            keep((scaled + I::F::splat(MAGIC)).power_of_two());
            keep(I::F::from_i32(&x.map(|x| (x * 1e6) as i32)));
            keep(I::F::from_i8(&x.map(|x| x as i8)));
            let (mut pairs, mut keys) = ([0i32; 16], [0i16; 16]);
            let (mut wide, mut narrow) = ([0i16; 16], [0i8; 16]);
            scaled.round_pairs(other, &mut pairs);
            scaled.round_keys(other, &mut keys);
            scaled.round_wide(&mut wide);
            scaled.round_narrow(&mut narrow);
            out.extend(pairs.map(|v| v as u32));
            out.extend(keys.map(|v| v as u32));
            out.extend(wide.map(|v| v as u32));
            out.extend(narrow.map(|v| v as u32));
            let from: Vec<Lanes<f32>> = (0..48).map(|_| Lanes(sixteen())).collect();
            for (from_step, to_step) in [(1, 3), (3, 1), (1, 1)] {
                let mut to = vec![Lanes([0.0; 16]); 48];
                I::F::transpose(&from, from_step, &mut to, to_step);
                out.extend(to.iter().flat_map(|l| l.0.map(f32::to_bits)));
            }
            out
        }
    }

    #[test]
    fn all_units_agree_to_the_bit() {
        for seed in 0..2000 {
            let want = Everything(seed).run::<Plain>();
            for kernel in Kernel::available() {
                assert_eq!(run(kernel, Everything(seed)), want, "{kernel:?} {seed}");
            }
        }
    }

    #[test]
    fn rounding() {
        let cases = [(0.5, 0), (1.5, 2), (-0.5, 0), (-126.51, -127), (127.0, 127)];
        for (x, want) in cases {
            assert_eq!(round(x), want);
        }
    }
}
