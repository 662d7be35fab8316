//! Products of int8 numbers, for the network: sixteen rows are worked on side by side, one to a lane.
//!
//! Activations come as a *panel*: for two inputs at a time the numbers of sixteen rows, two i16 to a lane (the first input in the lower half), which is
//! what the multiply-and-add of pairs takes. All sums are exact in i32, so the order of adding is free, and [`Plain`] is the reference for the values only.
//!
//! Invariant: all numbers lie in -127..=127, and a product has at most [`MAX_INPUTS`] inputs, so no sum overflows.

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
    /// `[outputs]`: 128 times the sum of an output's weights, which is what an offset of 128 of all activations adds.
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
    /// `out[o][r]` = sum over inputs of `x[..][r] * w[o][..]`: `w` has `x.len()` pairs for each element of `out`.
    fn pairs(x: &[Lanes<i32>], w: &[i32], out: &mut [Lanes<i32>]);

    /// The same for a matrix, from its output `first` on.
    #[inline(always)]
    fn product(x: &[Lanes<i32>], w: &Weights, first: usize, out: &mut [Lanes<i32>]) {
        Self::pairs(x, &w.pairs[first * (w.inputs / 2)..], out);
    }

    /// Row by row: `out[r]` = sum over `x[..][r] * keys[..][r]`. A key's lane holds two int8, the first in the lower byte.
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
