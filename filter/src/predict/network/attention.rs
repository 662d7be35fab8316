//! Attention of sixteen rows to earlier positions of their own rows, and to the memory that all rows share.
//!
//! Rows have keys of their own, so this is no matrix product: a lane is a row, and the lanes run through the positions together. Scores are products of
//! int8; sums over positions are taken in rising order, each lane for itself.

use super::engine::Engine;
use super::exp::exp;
use super::panel::splat;
use super::tokens::{BlockSlots, TokenPanel};
use crate::kernel::int8::{Int8, Lanes, ROWS};

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

/// Scores to weights exp(s - max s); returns 1 over their sum.
#[inline(always)]
fn weigh(scores: &mut [Lanes<f32>]) -> Lanes<f32> {
    let mut most = splat(f32::MIN);
    for s in scores.iter() {
        for r in 0..ROWS {
            most.0[r] = if s.0[r] > most.0[r] {
                s.0[r]
            } else {
                most.0[r]
            };
        }
    }
    let mut sum = splat(0.0);
    for s in scores.iter_mut() {
        for r in 0..ROWS {
            let e = exp(s.0[r] - most.0[r]);
            s.0[r] = e;
            sum.0[r] += e;
        }
    }
    for r in 0..ROWS {
        sum.0[r] = 1.0 / sum.0[r];
    }
    sum
}

/// One head over the positions `before`: `q` are its pairs, `pairs` their place in a position's keys, `factor` the rows' scales over sqrt(dk). Writes the
/// mean of the values.
#[inline(always)]
pub(super) fn local<I: Int8>(
    q: &[Lanes<i32>],
    factor: &Lanes<f32>,
    head: usize,
    tokens: &[TokenPanel],
    scores: &mut Scores,
    out: &mut [Lanes<f32>],
) {
    let (pairs, dk) = (q.len(), 2 * q.len());
    let weights = &mut scores.weights[..tokens.len()];
    for (token, weight) in tokens.iter().zip(weights.iter_mut()) {
        let mut sums = Lanes([0; ROWS]);
        I::scores(q, &token.keys[head * pairs..(head + 1) * pairs], &mut sums);
        for r in 0..ROWS {
            weight.0[r] = sums.0[r] as f32 * (factor.0[r] * token.scales[0].0[r]);
        }
    }
    let inverse = weigh(weights);
    for (token, weight) in tokens.iter().zip(weights.iter_mut()) {
        for r in 0..ROWS {
            weight.0[r] *= token.scales[1].0[r];
        }
    }
    let mut at = head * dk;
    for out in out.chunks_mut(TILE) {
        let mut sums = [[0.0f32; ROWS]; TILE];
        if out.len() == TILE {
            for (token, weight) in tokens.iter().zip(weights.iter()) {
                let values = &token.values[at..at + TILE];
                for i in 0..TILE {
                    for r in 0..ROWS {
                        sums[i][r] += weight.0[r] * f32::from(values[i][r]);
                    }
                }
            }
        } else {
            for (token, weight) in tokens.iter().zip(weights.iter()) {
                for (i, value) in token.values[at..at + out.len()].iter().enumerate() {
                    for r in 0..ROWS {
                        sums[i][r] += weight.0[r] * f32::from(value[r]);
                    }
                }
            }
        }
        for (out, sum) in out.iter_mut().zip(&sums) {
            for r in 0..ROWS {
                out.0[r] = sum[r] * inverse.0[r];
            }
        }
        at += TILE;
    }
}

/// One head over the memory's slots, whose output is mixed into `out` by `share`.
#[inline(always)]
pub(super) fn memory<I: Int8>(
    q: &[Lanes<i32>],
    factor: &Lanes<f32>,
    head: usize,
    slots: &BlockSlots,
    share: f32,
    scores: &mut Scores,
    out: &mut [Lanes<f32>],
) {
    let (n, dk) = (slots.scales.len(), 2 * q.len());
    let (sums, weights) = (&mut scores.sums[..n], &mut scores.weights[..n]);
    I::pairs(q, &slots.keys[head], sums);
    for ((weight, sums), scale) in weights.iter_mut().zip(sums.iter()).zip(&slots.scales) {
        for r in 0..ROWS {
            weight.0[r] = sums.0[r] as f32 * (factor.0[r] * scale[0]);
        }
    }
    let inverse = weigh(weights);
    for (weight, scale) in weights.iter_mut().zip(&slots.scales) {
        for r in 0..ROWS {
            weight.0[r] *= scale[1];
        }
    }
    let values = &slots.values[head];
    let local = 1.0 - share;
    for (c, out) in out.chunks_mut(TILE).enumerate() {
        let mut sums = [[0.0f32; ROWS]; TILE];
        for (weight, values) in weights.iter().zip(values.chunks_exact(dk)) {
            let values = &values[c * TILE..];
            if let Some(values) = values.first_chunk::<TILE>() {
                for i in 0..TILE {
                    for r in 0..ROWS {
                        sums[i][r] += weight.0[r] * values[i];
                    }
                }
            } else {
                for (i, value) in values.iter().enumerate() {
                    for r in 0..ROWS {
                        sums[i][r] += weight.0[r] * value;
                    }
                }
            }
        }
        for (out, sum) in out.iter_mut().zip(&sums) {
            for r in 0..ROWS {
                let memory = sum[r] * inverse.0[r];
                out.0[r] = memory * share + out.0[r] * local;
            }
        }
    }
}
