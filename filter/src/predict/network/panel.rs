//! Operations on panels: sixteen rows side by side, one to a lane, an element of the slice for each
//! feature.
//!
//! Every lane is computed from its own numbers alone, so a row's result does not depend on which
//! rows share its panel.

use crate::kernel::int8::{Lanes, ROWS};
use crate::kernel::lanes::Vector;

/// All lanes the same.
#[inline(always)]
pub fn splat(x: f32) -> Lanes<f32> {
    Lanes([x; ROWS])
}

/// A vector as it lies in memory.
#[inline(always)]
pub fn stored<V: Vector>(x: V) -> Lanes<f32> {
    let mut lanes = splat(0.0);
    x.store(&mut lanes.0);
    lanes
}

/// Below this magnitude a whole row counts as zeros.
const NOTHING: f32 = 1e-20;

/// The steps between integers of rows whose largest magnitudes are `most`, and their inverses.
#[inline(always)]
pub fn steps<V: Vector>(most: V) -> (V, V) {
    let (scale, inverse) = (most / V::splat(127.0), V::splat(127.0) / most);
    (
        scale.unless_below(most, NOTHING),
        inverse.unless_below(most, NOTHING),
    )
}

/// Scales of the rows, and their inverses.
#[inline(always)]
fn steps_of<V: Vector>(x: &[Lanes<f32>]) -> (V, V) {
    let mut most = V::splat(0.0);
    for x in x {
        most = most.larger(V::load(&x.0).abs());
    }
    steps(most)
}

/// Rows to int8, two to a lane; returns the scales.
#[inline(always)]
pub fn quantise<V: Vector>(x: &[Lanes<f32>], q: &mut [Lanes<i32>]) -> V {
    let (scale, inverse) = steps_of::<V>(x);
    for (q, x) in q.iter_mut().zip(x.chunks_exact(2)) {
        let (first, second) = (V::load(&x[0].0), V::load(&x[1].0));
        (first * inverse).round_pairs(second * inverse, &mut q.0);
    }
    scale
}

/// The same for keys: two int8 to a lane.
#[inline(always)]
pub fn quantise_keys<V: Vector>(x: &[Lanes<f32>], q: &mut [[i16; ROWS]]) -> V {
    let (scale, inverse) = steps_of::<V>(x);
    for (q, x) in q.iter_mut().zip(x.chunks_exact(2)) {
        let (first, second) = (V::load(&x[0].0), V::load(&x[1].0));
        (first * inverse).round_keys(second * inverse, q);
    }
    scale
}

/// The same for values: one int8 to a lane.
#[inline(always)]
pub fn quantise_values<V: Vector>(x: &[Lanes<f32>], q: &mut [[i8; ROWS]]) -> V {
    let (scale, inverse) = steps_of::<V>(x);
    for (q, x) in q.iter_mut().zip(x) {
        (V::load(&x.0) * inverse).round_narrow(q);
    }
    scale
}

/// x / rms(x) * gain.
#[inline(always)]
pub fn norm<V: Vector>(x: &[Lanes<f32>], gain: &[f32], out: &mut [Lanes<f32>]) {
    let mut sums = [V::splat(0.0); 4];
    for x in x.chunks_exact(4) {
        for i in 0..4 {
            let v = V::load(&x[i].0);
            sums[i] = sums[i] + v * v;
        }
    }
    let mean = ((sums[0] + sums[2]) + (sums[1] + sums[3])) / V::splat(x.len() as f32);
    let factor = V::splat(1.0) / (mean + V::splat(1e-6)).sqrt();
    for ((out, x), &gain) in out.iter_mut().zip(x).zip(gain) {
        (V::load(&x.0) * factor * V::splat(gain)).store(&mut out.0);
    }
}

/// What a product's sums stand for, given the rows' scales and the output's.
#[inline(always)]
pub fn scaled<V: Vector>(sums: &Lanes<i32>, rows: V, output: f32) -> V {
    V::from_i32(&sums.0) * (rows * V::splat(output))
}

/// The same for all outputs.
#[inline(always)]
pub fn scale_all<V: Vector>(sums: &[Lanes<i32>], rows: V, outputs: &[f32], out: &mut [Lanes<f32>]) {
    for ((out, sums), &output) in out.iter_mut().zip(sums).zip(outputs) {
        scaled(sums, rows, output).store(&mut out.0);
    }
}

/// Adds a matrix's outputs to x.
#[inline(always)]
pub fn add_scaled<V: Vector>(sums: &[Lanes<i32>], rows: V, outputs: &[f32], x: &mut [Lanes<f32>]) {
    for ((x, sums), &output) in x.iter_mut().zip(sums).zip(outputs) {
        (V::load(&x.0) + scaled(sums, rows, output)).store(&mut x.0);
    }
}

/// Sixteen rows (one after another, `blocks` elements each) to a panel.
#[inline(always)]
pub fn to_panel<V: Vector>(rows: &[Lanes<f32>], blocks: usize, panel: &mut [Lanes<f32>]) {
    for (c, panel) in panel.chunks_exact_mut(16).take(blocks).enumerate() {
        V::transpose(&rows[c..], blocks, panel, 1);
    }
}

/// Undoes [`to_panel`].
#[inline(always)]
pub fn to_rows<V: Vector>(panel: &[Lanes<f32>], blocks: usize, rows: &mut [Lanes<f32>]) {
    for (c, panel) in panel.chunks_exact(16).take(blocks).enumerate() {
        V::transpose(panel, 1, &mut rows[c..], blocks);
    }
}
