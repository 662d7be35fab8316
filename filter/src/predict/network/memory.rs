//! Compressive memory: of a chunk's rows, now known, the best are kept as slots that later rows of
//! the position attend to.

use std::cmp::Ordering;

use super::backbone::{Chunk, Work};
use super::engine::{Engine, Scorer};
use super::exp::silu_lanes;
use super::panel::{norm, quantise, scale_all, splat, stored, to_panel};
use super::tables::Place;
use super::tokens::Slots;
use crate::kernel::Task;
use crate::kernel::int8::{Lanes, ROWS};
use crate::kernel::lanes::Vector;
use crate::kernel::vector::Isa;

/// Brings a position's memory up to date with a chunk.
pub(super) struct Remember<'a> {
    pub(super) engine: &'a Engine,
    pub(super) scorer: &'a Scorer,
    pub(super) position: usize,
    /// The chunk's rows in the position's column.
    pub(super) values: &'a [u64],
    pub(super) chunk: &'a Chunk,
    pub(super) slots: &'a mut Slots,
    pub(super) work: &'a mut Work,
}

impl Task for Remember<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let states = self.states::<I::F>();
        let scores = scores::<I::F>(self.scorer, &states, self.values.len());
        let most = usize::from(self.engine.dims.slots);
        let kept = best(&scores, usize::from(self.engine.dims.rate));
        // More than there are slots would be dropped at once.
        let kept = &kept[kept.len().saturating_sub(most)..];
        let dk = usize::from(self.engine.dims.width / u16::from(self.engine.dims.heads));
        for kept in kept.chunks(ROWS) {
            keep::<I>(
                self.engine,
                self.scorer,
                &states,
                kept,
                self.slots,
                self.work,
            );
        }
        for block in &mut self.slots.blocks {
            block.keep(most, dk);
        }
    }
}

/// States of a chunk's rows: features one after another, each with its rows between two zeros.
struct States {
    rows: Vec<f32>,
    stride: usize,
}

impl Remember<'_> {
    #[inline(always)]
    fn states<V: Vector>(&self) -> States {
        let field = &self.engine.positions[self.position];
        let d = usize::from(self.engine.dims.width);
        let n = self.values.len();
        let stride = n.next_multiple_of(ROWS) + 2;
        let mut rows = vec![0.0; d * stride];
        let mut embedded = vec![splat(0.0); d];
        let mut panel = vec![splat(0.0); d];
        for (p, values) in self.values.chunks(ROWS).enumerate() {
            embedded.fill(splat(0.0));
            for (x, &value) in embedded.chunks_exact_mut(d / 16).zip(values) {
                field
                    .value
                    .add_between::<V>(Place::of(value, &field.knots), x);
            }
            to_panel::<V>(&embedded, d / 16, &mut panel);
            let h = &self.chunk.h[p * d..(p + 1) * d];
            for ((row, h), x) in rows.chunks_exact_mut(stride).zip(h).zip(&panel) {
                let at = 1 + p * ROWS;
                let sum = stored(V::load(&h.0) + V::load(&x.0));
                row[at..at + values.len()].copy_from_slice(&sum.0[..values.len()]);
            }
        }
        States { rows, stride }
    }
}

/// How much each row is worth keeping.
#[inline(always)]
fn scores<V: Vector>(scorer: &Scorer, states: &States, n: usize) -> Vec<f32> {
    let d = scorer.pointwise.len();
    let (before, rest) = scorer.depthwise.split_at(d);
    let (here, after) = rest.split_at(d);
    let mut scores = vec![0.0; n];
    for (p, scores) in scores.chunks_mut(ROWS).enumerate() {
        let mut sums = [V::splat(0.0); 4];
        for (i, row) in states.rows.chunks_exact(states.stride).enumerate() {
            let at = |shift: usize| {
                let lanes = row[p * ROWS + shift..].first_chunk::<ROWS>();
                *lanes.unwrap_or(&[0.0; ROWS])
            };
            let mut y = V::splat(before[i]) * V::load(&at(0));
            y = y + V::splat(here[i]) * V::load(&at(1));
            y = y + V::splat(after[i]) * V::load(&at(2));
            sums[i % 4] = sums[i % 4] + silu_lanes(y) * V::splat(scorer.pointwise[i]);
        }
        let sum = stored((sums[0] + sums[2]) + (sums[1] + sums[3]));
        scores.copy_from_slice(&sum.0[..scores.len()]);
    }
    scores
}

/// The best of `rate` rows each, in rising order; of equal ones the earlier.
fn best(scores: &[f32], rate: usize) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..scores.len()).collect();
    rows.sort_by(|&a, &b| {
        let order = scores[b].partial_cmp(&scores[a]);
        order.unwrap_or(Ordering::Equal).then(a.cmp(&b))
    });
    rows.truncate(scores.len().div_ceil(rate));
    rows.sort_unstable();
    rows
}

/// Appends at most sixteen rows as slots.
#[inline(always)]
fn keep<I: Isa>(
    engine: &Engine,
    scorer: &Scorer,
    states: &States,
    kept: &[usize],
    slots: &mut Slots,
    work: &mut Work,
) {
    let d = scorer.pointwise.len();
    let dk = d / usize::from(engine.dims.heads);
    let mut x = vec![splat(0.0); d];
    for (x, row) in x.iter_mut().zip(states.rows.chunks_exact(states.stride)) {
        for (x, &at) in x.0.iter_mut().zip(kept) {
            *x = row[1 + at];
        }
    }
    let scale: I::F = quantise(&x, &mut work.q);
    I::product(
        &work.q[..d / 2],
        &scorer.project.weights,
        0,
        &mut work.sums[..d],
    );
    scale_all(&work.sums, scale, &scorer.project.scales, &mut x);
    norm::<I::F>(&x, &scorer.norm, &mut work.narrow);
    let scale: I::F = quantise(&work.narrow[..d], &mut work.q);
    let mut state = vec![splat(0.0); 2 * d];
    let mut q = vec![Lanes([0; ROWS]); d];
    for (layer, slots) in engine.layers.iter().zip(&mut slots.blocks) {
        I::product(
            &work.q[..d / 2],
            &layer.qkv.weights,
            d,
            &mut work.sums[..2 * d],
        );
        scale_all(&work.sums, scale, &layer.qkv.scales[d..], &mut state);
        let key_scale = stored(quantise::<I::F>(&state[..d], &mut q[..d / 2]));
        let value_scale = stored(quantise::<I::F>(&state[d..], &mut q[d / 2..]));
        for r in 0..kept.len() {
            slots.scales.push([key_scale.0[r], value_scale.0[r]]);
            for (keys, q) in slots.keys.iter_mut().zip(q[..d / 2].chunks_exact(dk / 2)) {
                keys.extend(q.iter().map(|q| q.0[r]));
            }
            for (values, q) in slots.values.iter_mut().zip(q[d / 2..].chunks_exact(dk / 2)) {
                let both = q
                    .iter()
                    .flat_map(|q| [q.0[r] as i16, (q.0[r] >> 16) as i16]);
                values.extend(both.map(f32::from));
            }
        }
    }
}
