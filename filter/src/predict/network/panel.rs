//! Operations on panels: sixteen rows side by side, one to a lane, an element of the slice for each feature.
//!
//! Every lane is computed from its own numbers alone, so a row's result does not depend on which rows share its panel.

use super::exp::round;
use crate::kernel::int8::{Lanes, ROWS, pair};
use crate::kernel::vector::Block;

/// All lanes the same.
#[inline(always)]
pub fn splat(x: f32) -> Lanes<f32> {
    Lanes([x; ROWS])
}

/// Below this magnitude a whole row counts as zeros.
const NOTHING: f32 = 1e-20;

/// The step between integers of a row whose largest magnitude is `most`, and its inverse.
#[inline(always)]
pub fn step(most: f32) -> (f32, f32) {
    let inverse = 127.0 / most;
    let scale = most / 127.0;
    if most < NOTHING {
        (0.0, 0.0)
    } else {
        (scale, inverse)
    }
}

/// Largest magnitude of each row.
#[inline(always)]
fn most(x: &[Lanes<f32>]) -> Lanes<f32> {
    let mut most = [0.0f32; ROWS];
    for x in x {
        for r in 0..ROWS {
            let v = x.0[r].abs();
            most[r] = if v > most[r] { v } else { most[r] };
        }
    }
    Lanes(most)
}

/// Scales of the rows, and their inverses.
#[inline(always)]
fn steps(x: &[Lanes<f32>]) -> (Lanes<f32>, Lanes<f32>) {
    let most = most(x);
    let (mut scale, mut inverse) = (splat(0.0), splat(0.0));
    for r in 0..ROWS {
        (scale.0[r], inverse.0[r]) = step(most.0[r]);
    }
    (scale, inverse)
}

/// Rows to int8, two to a lane; returns the scales.
#[inline(always)]
pub fn quantise(x: &[Lanes<f32>], q: &mut [Lanes<i32>]) -> Lanes<f32> {
    let (scale, inverse) = steps(x);
    for (q, x) in q.iter_mut().zip(x.chunks_exact(2)) {
        for r in 0..ROWS {
            let first = round(x[0].0[r] * inverse.0[r]);
            let second = round(x[1].0[r] * inverse.0[r]);
            q.0[r] = pair(first, second);
        }
    }
    scale
}

/// The same for keys: two int8 to a lane.
#[inline(always)]
pub fn quantise_keys(x: &[Lanes<f32>], q: &mut [[i16; ROWS]]) -> Lanes<f32> {
    let (scale, inverse) = steps(x);
    for (q, x) in q.iter_mut().zip(x.chunks_exact(2)) {
        for r in 0..ROWS {
            let first = round(x[0].0[r] * inverse.0[r]);
            let second = round(x[1].0[r] * inverse.0[r]);
            q[r] = (first & 0xff | second << 8) as i16;
        }
    }
    scale
}

/// The same for values: one int8 to a lane.
#[inline(always)]
pub fn quantise_values(x: &[Lanes<f32>], q: &mut [[i8; ROWS]]) -> Lanes<f32> {
    let (scale, inverse) = steps(x);
    for (q, x) in q.iter_mut().zip(x) {
        for r in 0..ROWS {
            q[r] = round(x.0[r] * inverse.0[r]) as i8;
        }
    }
    scale
}

/// x / rms(x) * gain.
#[inline(always)]
pub fn norm(x: &[Lanes<f32>], gain: &[f32], out: &mut [Lanes<f32>]) {
    let mut sums = [[0.0f32; ROWS]; 4];
    for x in x.chunks_exact(4) {
        for i in 0..4 {
            for r in 0..ROWS {
                sums[i][r] += x[i].0[r] * x[i].0[r];
            }
        }
    }
    let n = x.len() as f32;
    let mut factor = [0.0f32; ROWS];
    for r in 0..ROWS {
        let sum = (sums[0][r] + sums[2][r]) + (sums[1][r] + sums[3][r]);
        factor[r] = 1.0 / (sum / n + 1e-6).sqrt();
    }
    for ((out, x), &gain) in out.iter_mut().zip(x).zip(gain) {
        for r in 0..ROWS {
            out.0[r] = x.0[r] * factor[r] * gain;
        }
    }
}

/// What a product's sums stand for, given the rows' scales and the output's.
#[inline(always)]
pub fn scaled(sums: &Lanes<i32>, rows: &Lanes<f32>, output: f32) -> Lanes<f32> {
    let mut y = [0.0; ROWS];
    for r in 0..ROWS {
        y[r] = sums.0[r] as f32 * (rows.0[r] * output);
    }
    Lanes(y)
}

/// The same for all outputs.
#[inline(always)]
pub fn scale_all(sums: &[Lanes<i32>], rows: &Lanes<f32>, outputs: &[f32], out: &mut [Lanes<f32>]) {
    for ((out, sums), &output) in out.iter_mut().zip(sums).zip(outputs) {
        *out = scaled(sums, rows, output);
    }
}

/// Adds a matrix's outputs to x.
#[inline(always)]
pub fn add_scaled(sums: &[Lanes<i32>], rows: &Lanes<f32>, outputs: &[f32], x: &mut [Lanes<f32>]) {
    for ((x, sums), &output) in x.iter_mut().zip(sums).zip(outputs) {
        for r in 0..ROWS {
            x.0[r] += sums.0[r] as f32 * (rows.0[r] * output);
        }
    }
}

/// Sixteen rows of blocks (row by row, `blocks` each) to a panel.
#[inline(always)]
pub fn to_panel(rows: &[Block], blocks: usize, panel: &mut [Lanes<f32>]) {
    for (c, panel) in panel.chunks_exact_mut(16).enumerate() {
        for r in 0..ROWS {
            let row = &rows[r * blocks + c];
            for i in 0..16 {
                panel[i].0[r] = row[i];
            }
        }
    }
}

/// Undoes [`to_panel`].
#[inline(always)]
pub fn to_rows(panel: &[Lanes<f32>], blocks: usize, rows: &mut [Block]) {
    for (c, panel) in panel.chunks_exact(16).enumerate() {
        for r in 0..ROWS {
            let row = &mut rows[r * blocks + c];
            for i in 0..16 {
                row[i] = panel[i].0[r];
            }
        }
    }
}
