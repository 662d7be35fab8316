//! One column of one frame: what the codec holds while it codes the column's rows one after
//! another.
//!
//! Encoder and decoder take the same way: rows in order, the backbone by whole chunks as a row asks
//! for it, heads plane by plane.

use std::sync::Arc;

use super::backbone::{Backbone, Chunk, Work};
use super::engine::{Engine, Position};
use super::heads::{Ask, Heads, Known, head_of};
use super::input::Before;
use super::memory::Remember;
use super::tokens::{NetworkState, Slots, Tokens};
use crate::kernel;
use crate::kernel::vector::{Block, Isa};

/// One column of one frame.
#[derive(Debug)]
pub struct ColumnPass<'a> {
    engine: &'a Engine,
    at: usize,
    position: &'a Position,
    rows: usize,
    before: Option<Before<'a>>,
    tokens: &'a [Arc<Tokens>],
    slots: &'a mut Slots,
    /// The value above the first row.
    first_above: u64,
    own: Tokens,
    chunk: Chunk,
    work: Work,
    heads: Heads<'a>,
    row: usize,
    above: u64,
    /// Values of all columns to the left.
    left: &'a [&'a [u64]],
    /// What the reference expects in this row, once somebody asked.
    expected: Option<u64>,
}

impl Engine {
    /// Begins column `column`, which must have a field, in a frame of `rows` rows.
    ///
    /// `left` has the values of all columns to the left in this frame, by column number.
    /// `left_above` and `above` are the last row of the chain's previous frame, where there is one
    /// that ended where this begins: for the columns to the left and for this one; else empty and
    /// `None`. `tokens` are those of all earlier positions of this frame, in their order.
    ///
    /// # Panics
    /// If the column has no field, or if columns, rows or tokens to the left are missing.
    #[allow(clippy::too_many_arguments)]
    pub fn begin<'a>(
        &'a self,
        state: &'a mut NetworkState,
        column: usize,
        rows: usize,
        left: &'a [&'a [u64]],
        left_above: &'a [u64],
        above: Option<u64>,
        tokens: &'a [Arc<Tokens>],
    ) -> ColumnPass<'a> {
        let at = match self.field_of(column) {
            Some(at) => at,
            None => panic!("column {column} has no field"),
        };
        assert!(
            tokens.len() >= at,
            "tokens of earlier positions are missing"
        );
        let before = at.checked_sub(1).map(|p| {
            let position = &self.positions[p];
            let values = left[position.column];
            assert!(values.len() >= rows, "rows to the left are missing");
            Before {
                position,
                values,
                above: left_above.get(position.column).copied().unwrap_or(0),
            }
        });
        ColumnPass {
            engine: self,
            at,
            position: &self.positions[at],
            rows,
            before,
            tokens,
            slots: state.of(self, at),
            first_above: above.unwrap_or(0),
            own: Tokens::new(self, rows),
            chunk: Chunk::new(self, rows),
            work: Work::new(self),
            heads: Heads::new(self),
            row: 0,
            above: 0,
            left,
            expected: None,
        }
    }
}

impl ColumnPass<'_> {
    /// Makes row `row` ready; rows come in order from 0. `known` are this column's values of rows
    /// `0..row` (more are not looked at). Runs the backbone over the next chunk of rows where a
    /// chunk begins, after bringing memory up to date with the chunk before.
    #[inline(always)]
    pub fn row<I: Isa>(&mut self, row: usize, known: &[u64]) {
        self.row = row;
        self.above = match row.checked_sub(1) {
            Some(before) => known[before],
            None => self.first_above,
        };
        self.heads.next_row();
        self.expected = None;
        if row >= self.chunk.first + self.chunk.rows {
            self.advance::<I>(known);
        }
    }

    /// Whether plane `plane` (0 is the most significant byte) has a head.
    #[inline(always)]
    pub fn has_head(&self, plane: usize) -> bool {
        head_of(self.position.planes, plane).is_some()
    }

    /// Prepares the head of plane `plane` for the current row; `prefix` is made of the value's
    /// bytes above it (the value shifted right by `8 * (width - plane)` bits). Nothing happens if
    /// the plane has no head.
    #[inline(always)]
    pub fn plane<I: Isa>(&mut self, plane: usize, prefix: u64) {
        let Some(head) = head_of(self.position.planes, plane) else {
            return;
        };
        if let Some(reference) = self.position.reference
            && self.expected.is_none()
        {
            let (left, row) = (self.left, self.row);
            let of = |column: usize| left[column][row];
            let types = &self.engine.types;
            self.expected = Some(reference.expect(self.position.value_type, types, of));
        }
        let ask = Ask {
            engine: self.engine,
            position: self.position,
            heads: &mut self.heads,
            chunk: &self.chunk,
            work: &mut self.work,
            head,
            known: Known {
                row: self.row - self.chunk.first,
                above: self.above,
                expected: self.expected,
                plane,
                prefix,
            },
        };
        kernel::run(I::KERNEL, ask);
    }

    /// ln(p / (1 - p)) of the probability p that the next bit is 1, at node `node` (1..=255) of the
    /// byte's tree, for the plane prepared last.
    #[inline(always)]
    pub fn logit<I: Isa>(&mut self, node: u32) -> f32 {
        self.heads.logit::<I>(self.engine, node)
    }

    /// The hidden activations of the plane prepared last, for an adaptive last layer.
    #[inline(always)]
    pub fn hidden(&self) -> &[Block] {
        self.heads.hidden()
    }

    /// Ends the column, all of whose `values` are now known: runs chunks that no row asked for and
    /// brings memory up to date.
    ///
    /// # Panics
    /// If `values` are fewer than the frame's rows.
    pub fn finish<I: Isa>(mut self, values: &[u64]) -> Tokens {
        while self.chunk.first + self.chunk.rows < self.rows {
            self.advance::<I>(values);
        }
        self.remember::<I>(values);
        self.own
    }

    /// Ends a chunk and runs the backbone over the next.
    #[inline(never)]
    fn advance<I: Isa>(&mut self, known: &[u64]) {
        self.remember::<I>(known);
        let first = self.chunk.first + self.chunk.rows;
        self.chunk.first = first;
        self.chunk.rows = (self.rows - first).min(usize::from(self.engine.dims.chunk));
        self.heads.next_chunk();
        let backbone = Backbone {
            engine: self.engine,
            position: self.at,
            before: self.before,
            tokens: self.tokens,
            own: &mut self.own,
            slots: self.slots,
            chunk: &mut self.chunk,
            work: &mut self.work,
        };
        kernel::run(I::KERNEL, backbone);
    }

    /// Brings memory up to date with the chunk that is done.
    fn remember<I: Isa>(&mut self, known: &[u64]) {
        let Some(scorer) = &self.engine.scorer else {
            return;
        };
        if self.position.planes == 0 || self.chunk.rows == 0 {
            return;
        }
        let remember = Remember {
            engine: self.engine,
            scorer,
            position: self.at,
            values: &known[self.chunk.first..self.chunk.first + self.chunk.rows],
            chunk: &self.chunk,
            slots: self.slots,
            work: &mut self.work,
        };
        kernel::run(I::KERNEL, remember);
    }
}
