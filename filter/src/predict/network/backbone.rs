//! The backbone over the rows of one chunk, sixteen at a time: input, blocks, last norm.
//!
//! It never looks at the column that is being coded, except through memory, which holds only rows
//! of chunks that are done.

use std::sync::Arc;

use super::attention::{self, Scores};
use super::engine::Engine;
use super::exp::silu_lanes;
use super::input::{Before, embed};
use super::panel::{
    add_scaled, norm, quantise, quantise_keys, quantise_values, scale_all, scaled, splat, stored,
    to_panel,
};
use super::tokens::{Slots, TokenPanel, Tokens};
use crate::kernel::Task;
use crate::kernel::int8::{Lanes, ROWS};
use crate::kernel::lanes::Vector;
use crate::kernel::vector::Isa;

/// Room that the backbone works in.
#[derive(Clone, Debug)]
pub(super) struct Work {
    rows: Vec<Lanes<f32>>,
    x: Vec<Lanes<f32>>,
    wide: Vec<Lanes<f32>>,
    pub(super) narrow: Vec<Lanes<f32>>,
    pub(super) q: Vec<Lanes<i32>>,
    pub(super) sums: Vec<Lanes<i32>>,
    scores: Scores,
}

impl Work {
    pub(super) fn new(engine: &Engine) -> Self {
        let d = usize::from(engine.dims.width);
        let f = usize::from(engine.dims.hidden);
        let z = usize::from(engine.dims.head_width);
        Work {
            rows: vec![splat(0.0); d],
            x: vec![splat(0.0); d],
            wide: vec![splat(0.0); (3 * d).max(f)],
            narrow: vec![splat(0.0); d.max(z)],
            q: vec![Lanes([0; ROWS]); d.max(f) / 2],
            sums: vec![Lanes([0; ROWS]); (3 * d).max(2 * f).max(z)],
            scores: Scores::new(engine),
        }
    }
}

/// What the heads and the memory read of a chunk.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    /// First row, a multiple of sixteen, and rows.
    pub(super) first: usize,
    pub(super) rows: usize,
    /// `[panels, d]`: the backbone's output.
    pub(super) h: Vec<Lanes<f32>>,
    /// `[panels, d / 2]`: the same as int8, and its scales.
    pub(super) q: Vec<Lanes<i32>>,
    pub(super) scales: Vec<Lanes<f32>>,
}

impl Chunk {
    pub(super) fn new(engine: &Engine, rows: usize) -> Self {
        let panels = rows.min(usize::from(engine.dims.chunk)).div_ceil(ROWS);
        let d = usize::from(engine.dims.width);
        Chunk {
            first: 0,
            rows: 0,
            h: vec![splat(0.0); panels * d],
            q: vec![Lanes([0; ROWS]); panels * d / 2],
            scales: vec![splat(0.0); panels],
        }
    }
}

/// Runs the backbone over `chunk`'s rows.
pub(super) struct Backbone<'a> {
    pub(super) engine: &'a Engine,
    pub(super) position: usize,
    pub(super) before: Option<Before<'a>>,
    /// Of earlier positions.
    pub(super) tokens: &'a [Arc<Tokens>],
    /// Of this one.
    pub(super) own: &'a mut Tokens,
    pub(super) slots: &'a Slots,
    pub(super) chunk: &'a mut Chunk,
    pub(super) work: &'a mut Work,
}

impl Task for Backbone<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(mut self) {
        let d = usize::from(self.engine.dims.width);
        for panel in 0..self.chunk.rows.div_ceil(ROWS) {
            let rows = (self.chunk.rows - panel * ROWS).min(ROWS);
            let first = self.chunk.first + panel * ROWS;
            let position = &self.engine.positions[self.position];
            embed::<I::F>(
                self.engine,
                &position.query,
                self.before,
                first,
                rows,
                &mut self.work.rows,
            );
            to_panel::<I::F>(&self.work.rows, d / 16, &mut self.work.x);
            // Tokens of a frame do not fit into the nearer caches: the next panel's are fetched
            // while this one is worked on.
            let start = self.engine.window_start(self.position);
            for tokens in &self.tokens[start..self.position] {
                tokens.prefetch(first / ROWS + 1);
            }
            self.blocks::<I>(first / ROWS);
            if position.planes != 0 {
                let h = &mut self.chunk.h[panel * d..(panel + 1) * d];
                norm::<I::F>(&self.work.x, &self.engine.norm, h);
                let q = &mut self.chunk.q[panel * d / 2..(panel + 1) * d / 2];
                self.chunk.scales[panel] = stored(quantise::<I::F>(h, q));
            }
        }
    }
}

impl Backbone<'_> {
    /// The blocks over one panel of the frame, in `work.x`.
    #[inline(always)]
    fn blocks<I: Isa>(&mut self, panel: usize) {
        let engine = self.engine;
        let last = engine.layers.len() - 1;
        for (b, layer) in engine.layers.iter().enumerate() {
            let work = &mut *self.work;
            let d = work.x.len();
            norm::<I::F>(&work.x, &layer.attention_norm, &mut work.narrow);
            let scale: I::F = quantise(&work.narrow[..d], &mut work.q);
            I::product(
                &work.q[..d / 2],
                &layer.qkv.weights,
                0,
                &mut work.sums[..3 * d],
            );
            scale_all(&work.sums, scale, &layer.qkv.scales, &mut work.wide);
            let (keys, values, scales) = self.own.panel_mut(panel, b);
            scales[0] = stored(quantise_keys::<I::F>(&work.wide[d..2 * d], keys));
            scales[1] = stored(quantise_values::<I::F>(&work.wide[2 * d..3 * d], values));
            if b == last && engine.positions[self.position].planes == 0 {
                // Nobody asks what this position itself expects: later positions read keys and
                // values only.
                return;
            }
            self.attend::<I>(panel, b);
            self.forward::<I>(b);
        }
    }

    /// x += attention's output.
    #[inline(always)]
    fn attend<I: Isa>(&mut self, panel: usize, b: usize) {
        let layer = &self.engine.layers[b];
        let work = &mut *self.work;
        let d = work.x.len();
        let dk = d / usize::from(self.engine.dims.heads);
        let root = 1.0 / (dk as f32).sqrt();
        let scale: I::F = quantise(&work.wide[..d], &mut work.q);
        let factor = scale * I::F::splat(root);
        let start = self.engine.window_start(self.position);
        let earlier = self.tokens[start..self.position].iter();
        let tokens: Vec<TokenPanel> = earlier
            .map(|t| t.panel(panel, b))
            .chain([self.own.panel(panel, b)])
            .collect();
        let slots = &self.slots.blocks[b];
        for head in 0..usize::from(self.engine.dims.heads) {
            let q = &work.q[head * dk / 2..(head + 1) * dk / 2];
            let out = &mut work.narrow[head * dk..(head + 1) * dk];
            attention::local::<I>(q, factor, head, &tokens, &mut work.scores, out);
            if !slots.scales.is_empty() {
                let share = layer.memory_share[head];
                attention::memory::<I>(q, factor, head, slots, share, &mut work.scores, out);
            }
        }
        let scale: I::F = quantise(&work.narrow[..d], &mut work.q);
        I::product(&work.q[..d / 2], &layer.out.weights, 0, &mut work.sums[..d]);
        add_scaled(&work.sums, scale, &layer.out.scales, &mut work.x);
    }

    /// x += the feed-forward part's output.
    #[inline(always)]
    fn forward<I: Isa>(&mut self, b: usize) {
        let layer = &self.engine.layers[b];
        let work = &mut *self.work;
        let (d, f) = (work.x.len(), usize::from(self.engine.dims.hidden));
        norm::<I::F>(&work.x, &layer.forward_norm, &mut work.narrow);
        let scale: I::F = quantise(&work.narrow[..d], &mut work.q);
        I::product(
            &work.q[..d / 2],
            &layer.gate_up.weights,
            0,
            &mut work.sums[..2 * f],
        );
        let (gates, ups) = work.sums[..2 * f].split_at(f);
        let (gate_scales, up_scales) = layer.gate_up.scales.split_at(f);
        let gates = gates.iter().zip(gate_scales);
        let ups = ups.iter().zip(up_scales);
        for ((out, (gate, &gate_scale)), (up, &up_scale)) in
            work.wide.iter_mut().zip(gates).zip(ups)
        {
            let gate = silu_lanes(scaled(gate, scale, gate_scale));
            (gate * scaled(up, scale, up_scale)).store(&mut out.0);
        }
        let scale: I::F = quantise(&work.wide[..f], &mut work.q);
        I::product(
            &work.q[..f / 2],
            &layer.down.weights,
            0,
            &mut work.sums[..d],
        );
        add_scaled(&work.sums, scale, &layer.down.scales, &mut work.x);
    }
}
