//! Products of int8 numbers, for the network: sixteen rows are worked on side by side, one to a
//! lane.
//!
//! Activations come as a *panel*: for two inputs at a time the numbers of sixteen rows, two i16 to
//! a lane (the first input in the lower half), which is what the multiply-and-add of pairs takes.
//! All sums are exact in i32, so the order of adding is free, and [`Plain`] is the reference for
//! the values only.
//!
//! Invariant: all numbers lie in -127..=127, and a product has at most [`MAX_INPUTS`] inputs, so no
//! sum overflows.

use super::vector::Plain;

/// Rows of a panel.
pub const ROWS: usize = 16;
/// Most inputs of a product: 127 * 127 * 4096 is far below 2^31.
pub const MAX_INPUTS: usize = 4096;
/// Outputs that weights are summed over side by side.
pub(super) const TILE: usize = 4;

/// One number, or two i16, for each of sixteen rows.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub struct Lanes<T>(pub [T; ROWS]);

/// Two i16 as a lane holds them.
#[inline(always)]
pub const fn pair(first: i32, second: i32) -> i32 {
    first & 0xffff | second << 16
}

/// Two int8 as a lane of keys holds them.
#[inline(always)]
pub const fn narrow_pair(first: i32, second: i32) -> i16 {
    (first & 0xff | second << 8) as i16
}

/// Int8 weights `[outputs, inputs]`, made ready for every vector unit.
#[derive(Clone, Debug)]
pub struct Weights {
    inputs: usize,
    /// `[outputs, inputs / 2]`: two i16 each.
    pub(super) pairs: Vec<i32>,
    /// `[outputs, inputs / 4]`: four int8 each, the first in the lowest byte.
    pub(super) quads: Vec<i32>,
    /// `[outputs]`: 128 times the sum of an output's weights, which is what an offset of 128 of all
    /// activations adds.
    pub(super) offsets: Vec<i32>,
}

impl Weights {
    /// Packs `weights`, whose length is a multiple of `inputs`, a multiple of four.
    pub fn new(inputs: usize, weights: &[i8]) -> Self {
        debug_assert!(inputs.is_multiple_of(4) && inputs <= MAX_INPUTS);
        let pairs = weights.chunks_exact(2);
        let quads = weights.chunks_exact(4);
        Weights {
            inputs,
            pairs: pairs
                .map(|w| pair(i32::from(w[0]), i32::from(w[1])))
                .collect(),
            quads: quads
                .map(|w| i32::from_le_bytes([w[0] as u8, w[1] as u8, w[2] as u8, w[3] as u8]))
                .collect(),
            offsets: weights
                .chunks_exact(inputs.max(1))
                .map(|row| 128 * row.iter().map(|&w| i32::from(w)).sum::<i32>())
                .collect(),
        }
    }

    /// Inputs.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Outputs.
    pub fn outputs(&self) -> usize {
        self.offsets.len()
    }

    /// Bytes that the weights take.
    pub fn bytes(&self) -> usize {
        4 * (self.pairs.len() + self.quads.len() + self.offsets.len())
    }
}

/// The products. Panels have two inputs to an element.
pub trait Int8 {
    /// `out[o][r]` = sum over inputs of `x[..][r] * w[o][..]`: `w` has `x.len()` pairs for each
    /// element of `out`.
    fn pairs(x: &[Lanes<i32>], w: &[i32], out: &mut [Lanes<i32>]);

    /// The same for a matrix, from its output `first` on.
    #[inline(always)]
    fn product(x: &[Lanes<i32>], w: &Weights, first: usize, out: &mut [Lanes<i32>]) {
        Self::pairs(x, &w.pairs[first * (w.inputs / 2)..], out);
    }

    /// Row by row: `out[r]` = sum over `x[..][r] * keys[..][r]`. A key's lane holds two int8, the
    /// first in the lower byte.
    fn scores(x: &[Lanes<i32>], keys: &[[i16; ROWS]], out: &mut Lanes<i32>);

    /// Sum of products.
    fn dot8(x: &[[i16; 16]], w: &[[i8; 16]]) -> i32;
}

impl Int8 for Plain {
    #[inline(always)]
    fn pairs(x: &[Lanes<i32>], w: &[i32], out: &mut [Lanes<i32>]) {
        for (out, w) in out.iter_mut().zip(w.chunks_exact(x.len())) {
            let mut sum = [0i32; ROWS];
            for (x, &w) in x.iter().zip(w) {
                let (first, second) = (i32::from(w as i16), w >> 16);
                for r in 0..ROWS {
                    sum[r] += i32::from(x.0[r] as i16) * first + (x.0[r] >> 16) * second;
                }
            }
            out.0 = sum;
        }
    }

    #[inline(always)]
    fn scores(x: &[Lanes<i32>], keys: &[[i16; ROWS]], out: &mut Lanes<i32>) {
        let mut sum = [0i32; ROWS];
        for (x, k) in x.iter().zip(keys) {
            for r in 0..ROWS {
                sum[r] += i32::from(x.0[r] as i16) * i32::from(k[r] as i8)
                    + (x.0[r] >> 16) * i32::from(k[r] >> 8);
            }
        }
        out.0 = sum;
    }

    #[inline(always)]
    fn dot8(x: &[[i16; 16]], w: &[[i8; 16]]) -> i32 {
        let mut sum = [0i32; 16];
        for (x, w) in x.iter().zip(w) {
            for i in 0..16 {
                sum[i] += i32::from(x[i]) * i32::from(w[i]);
            }
        }
        sum.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::super::vector::Isa;
    use super::super::{Kernel, Task, run};
    use super::*;

    /// Int8 numbers: random ones, or all as large as can be.
    fn numbers(n: usize, kind: usize, seed: &mut u64) -> Vec<i8> {
        let mut number = |i: usize| {
            *seed = seed
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            match kind {
                0 => 127,
                1 => -127,
                2 => [127, -127][i % 2],
                3 => [127, -127][(*seed >> 40) as usize % 2],
                _ => ((*seed >> 33) % 255) as i16 as i8,
            }
        };
        (0..n).map(|i| number(i).max(-127)).collect()
    }

    /// All products of one size, and what they must be.
    struct Products {
        inputs: usize,
        outputs: usize,
        first: usize,
        x: Vec<i8>,
        w: Vec<i8>,
    }

    impl Products {
        fn wanted(&self) -> Vec<i32> {
            let n = self.inputs;
            let dot = |a: &[i8], b: &[i8]| -> i32 {
                a.iter()
                    .zip(b)
                    .map(|(&a, &b)| i32::from(a) * i32::from(b))
                    .sum()
            };
            let rows = |w: usize| {
                let w = &self.w[w * n..(w + 1) * n];
                (0..ROWS).map(move |r| dot(&self.x[r * n..(r + 1) * n], w))
            };
            let outputs = self.first..self.outputs;
            let mut all: Vec<i32> = outputs.clone().flat_map(rows).collect();
            all.extend(outputs.flat_map(rows));
            // Rows against rows, then the first against the first.
            let keys = |r: usize| &self.w[r % self.outputs * n..][..n];
            all.extend((0..ROWS).map(|r| dot(&self.x[r * n..(r + 1) * n], keys(r))));
            all.push(dot(&self.x[..n], &self.w[..n]));
            all
        }
    }

    impl Task for &Products {
        type Output = Vec<i32>;

        #[inline(always)]
        fn run<I: Isa>(self) -> Vec<i32> {
            let n = self.inputs;
            let x: Vec<Lanes<i32>> = (0..n / 2)
                .map(|j| {
                    let at = |r: usize| r * n + 2 * j;
                    Lanes(std::array::from_fn(|r| {
                        pair(i32::from(self.x[at(r)]), i32::from(self.x[at(r) + 1]))
                    }))
                })
                .collect();
            let w = Weights::new(n, &self.w);
            assert_eq!((w.inputs(), w.outputs()), (n, self.outputs));
            let mut out = vec![Lanes([-1; ROWS]); self.outputs - self.first];
            I::product(&x, &w, self.first, &mut out);
            let mut all: Vec<i32> = out.iter().flat_map(|o| o.0).collect();
            // Without what is special to matrices.
            out.fill(Lanes([-1; ROWS]));
            I::pairs(&x, &w.pairs[self.first * n / 2..], &mut out);
            all.extend(out.iter().flat_map(|o| o.0));
            let keys: Vec<[i16; ROWS]> = (0..n / 2)
                .map(|j| {
                    std::array::from_fn(|r| {
                        let key = &self.w[r % self.outputs * n + 2 * j..];
                        narrow_pair(i32::from(key[0]), i32::from(key[1]))
                    })
                })
                .collect();
            let mut scores = Lanes([-1; ROWS]);
            I::scores(&x, &keys, &mut scores);
            all.extend(scores.0);
            let wide: Vec<i16> = self.x[..n].iter().map(|&x| i16::from(x)).collect();
            let (wide, _) = wide.as_chunks();
            let (narrow, _) = self.w[..n].as_chunks();
            all.push(I::dot8(wide, narrow));
            all
        }
    }

    #[test]
    fn all_units_give_the_products() {
        let mut seed = 5;
        for inputs in [16, 32, 48, 64, 256, MAX_INPUTS] {
            for (outputs, first) in [(1, 0), (4, 1), (19, 0), (40, 3)] {
                for kinds in [(0, 0), (0, 1), (2, 2), (3, 3), (1, 4), (4, 4)] {
                    let products = Products {
                        inputs,
                        outputs,
                        first,
                        x: numbers(ROWS * inputs, kinds.0, &mut seed),
                        w: numbers(outputs * inputs, kinds.1, &mut seed),
                    };
                    let want = products.wanted();
                    for kernel in Kernel::available() {
                        let got = run(kernel, &products);
                        assert_eq!(got, want, "{kernel:?} {inputs} {outputs} {kinds:?}");
                    }
                }
            }
        }
    }
}
