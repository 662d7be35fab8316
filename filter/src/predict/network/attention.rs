//! Attention of sixteen rows to earlier positions of their own rows, and to the memory that all
//! rows share.
//!
//! Rows have keys of their own, so this is no matrix product: a lane is a row, and the lanes run
//! through the positions together. Scores are products of int8; sums over positions are taken in
//! rising order, each lane for itself.

use super::engine::Engine;
use super::exp::exp_lanes;
use super::panel::splat;
use super::tokens::{BlockSlots, TokenPanel};
use crate::kernel::int8::{Lanes, ROWS};
use crate::kernel::lanes::Vector;
use crate::kernel::vector::Isa;

/// Features that are summed side by side: what stays in registers.
const TILE: usize = 4;

/// Room for scores, one for each position or slot.
#[derive(Clone, Debug)]
pub(super) struct Scores {
    sums: Vec<Lanes<i32>>,
    weights: Vec<Lanes<f32>>,
}

impl Scores {
    pub(super) fn new(engine: &Engine) -> Self {
        let window = usize::from(engine.dims.window).min(engine.positions());
        let most = window.max(usize::from(engine.dims.slots));
        Scores {
            sums: vec![Lanes([0; ROWS]); most],
            weights: vec![splat(0.0); most],
        }
    }
}

/// Scores to weights exp(s - most); returns 1 over their sum.
#[inline(always)]
fn weigh<V: Vector>(scores: &mut [Lanes<f32>], most: V) -> V {
    let mut sum = V::splat(0.0);
    for s in scores.iter_mut() {
        let e = exp_lanes(V::load(&s.0) - most);
        sum = sum + e;
        e.store(&mut s.0);
    }
    V::splat(1.0) / sum
}

/// One head over positions of the same row: `q` are its pairs, `factor` the rows' scales over
/// sqrt(dk). Writes the mean of the values.
#[inline(always)]
pub(super) fn local<I: Isa>(
    q: &[Lanes<i32>],
    factor: I::F,
    head: usize,
    tokens: &[TokenPanel],
    scores: &mut Scores,
    out: &mut [Lanes<f32>],
) {
    let (pairs, dk) = (q.len(), 2 * q.len());
    let weights = &mut scores.weights[..tokens.len()];
    let mut most = I::F::splat(f32::MIN);
    for (token, weight) in tokens.iter().zip(weights.iter_mut()) {
        let mut sums = Lanes([0; ROWS]);
        I::scores(q, &token.keys[head * pairs..(head + 1) * pairs], &mut sums);
        let scale = factor * I::F::load(&token.scales[0].0);
        let score = I::F::from_i32(&sums.0) * scale;
        most = most.larger(score);
        score.store(&mut weight.0);
    }
    let inverse = weigh(weights, most);
    for (token, weight) in tokens.iter().zip(weights.iter_mut()) {
        let scale = I::F::load(&token.scales[1].0);
        (I::F::load(&weight.0) * scale).store(&mut weight.0);
    }
    let mut at = head * dk;
    let mut whole = out.chunks_exact_mut(TILE);
    for out in &mut whole {
        let mut sums = [I::F::splat(0.0); TILE];
        for (token, weight) in tokens.iter().zip(weights.iter()) {
            let weight = I::F::load(&weight.0);
            let values = &token.values[at..at + TILE];
            for i in 0..TILE {
                sums[i] = sums[i] + weight * I::F::from_i8(&values[i]);
            }
        }
        for i in 0..TILE {
            (sums[i] * inverse).store(&mut out[i].0);
        }
        at += TILE;
    }
    for out in whole.into_remainder() {
        let mut sum = I::F::splat(0.0);
        for (token, weight) in tokens.iter().zip(weights.iter()) {
            sum = sum + I::F::load(&weight.0) * I::F::from_i8(&token.values[at]);
        }
        (sum * inverse).store(&mut out.0);
        at += 1;
    }
}

/// One head over the memory's slots, whose output is mixed into `out` by `share`.
#[inline(always)]
pub(super) fn memory<I: Isa>(
    q: &[Lanes<i32>],
    factor: I::F,
    head: usize,
    slots: &BlockSlots,
    share: f32,
    scores: &mut Scores,
    out: &mut [Lanes<f32>],
) {
    let (n, dk) = (slots.scales.len(), 2 * q.len());
    let (sums, weights) = (&mut scores.sums[..n], &mut scores.weights[..n]);
    I::pairs(q, &slots.keys[head], sums);
    let mut most = I::F::splat(f32::MIN);
    for ((weight, sums), scale) in weights.iter_mut().zip(sums.iter()).zip(&slots.scales) {
        let score = I::F::from_i32(&sums.0) * (factor * I::F::splat(scale[0]));
        most = most.larger(score);
        score.store(&mut weight.0);
    }
    let inverse = weigh(weights, most);
    for (weight, scale) in weights.iter_mut().zip(&slots.scales) {
        (I::F::load(&weight.0) * I::F::splat(scale[1])).store(&mut weight.0);
    }
    let values = &slots.values[head];
    let (share, local) = (I::F::splat(share), I::F::splat(1.0 - share));
    let mut whole = out.chunks_exact_mut(TILE);
    let mut at = 0;
    for out in &mut whole {
        let mut sums = [I::F::splat(0.0); TILE];
        for (weight, values) in weights.iter().zip(values.chunks_exact(dk)) {
            let weight = I::F::load(&weight.0);
            let values = &values[at..at + TILE];
            for i in 0..TILE {
                sums[i] = sums[i] + weight * I::F::splat(values[i]);
            }
        }
        for i in 0..TILE {
            let mixed = (sums[i] * inverse) * share + I::F::load(&out[i].0) * local;
            mixed.store(&mut out[i].0);
        }
        at += TILE;
    }
    for out in whole.into_remainder() {
        let mut sum = I::F::splat(0.0);
        for (weight, values) in weights.iter().zip(values.chunks_exact(dk)) {
            sum = sum + I::F::load(&weight.0) * I::F::splat(values[at]);
        }
        ((sum * inverse) * share + I::F::load(&out.0) * local).store(&mut out.0);
        at += 1;
    }
}
