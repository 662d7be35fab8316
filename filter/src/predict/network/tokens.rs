//! Keys and values: of a frame's finished positions, and of the memory's slots.

use std::collections::VecDeque;
use std::ops::Range;

use super::engine::Engine;
use crate::kernel::int8::{Lanes, ROWS};
use crate::kernel::prefetch;

/// Keys and values of one finished position of one frame, for all its rows; later positions read
/// them.
///
/// Sixteen rows lie side by side, so that a vector unit takes a row to a lane.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// `[panels, blocks, d / 2]`: two int8 to a lane.
    keys: Vec<[i16; ROWS]>,
    /// `[panels, blocks, d]`.
    values: Vec<[i8; ROWS]>,
    /// `[panels, blocks]`: scales of keys, then of values.
    scales: Vec<[Lanes<f32>; 2]>,
    blocks: usize,
    width: usize,
}

/// Those of one panel and block.
pub(super) struct TokenPanel<'a> {
    pub(super) keys: &'a [[i16; ROWS]],
    pub(super) values: &'a [[i8; ROWS]],
    pub(super) scales: &'a [Lanes<f32>; 2],
}

impl Tokens {
    pub(super) fn new(engine: &Engine, rows: usize) -> Self {
        let blocks = usize::from(engine.dims.blocks);
        let width = usize::from(engine.dims.width);
        let n = rows.div_ceil(ROWS) * blocks;
        Tokens {
            keys: vec![[0; ROWS]; n * (width / 2)],
            values: vec![[0; ROWS]; n * width],
            scales: vec![[Lanes([0.0; ROWS]); 2]; n],
            blocks,
            width,
        }
    }

    #[inline(always)]
    pub(super) fn panel(&self, panel: usize, block: usize) -> TokenPanel<'_> {
        let at = panel * self.blocks + block;
        let (half, width) = (self.width / 2, self.width);
        TokenPanel {
            keys: &self.keys[at * half..(at + 1) * half],
            values: &self.values[at * width..(at + 1) * width],
            scales: &self.scales[at],
        }
    }

    /// Asks for a panel of all blocks, which is read soon; one that there is not has no effect.
    #[inline(always)]
    pub(super) fn prefetch(&self, panel: usize) {
        let (first, end) = (panel * self.blocks, (panel + 1) * self.blocks);
        // A cache line holds two elements of keys, four of values, half of a scale pair.
        for at in (first * self.width / 2..end * self.width / 2).step_by(2) {
            prefetch(&self.keys, at);
        }
        for at in (first * self.width..end * self.width).step_by(4) {
            prefetch(&self.values, at);
        }
    }

    /// Keys, values and scales of one panel and block, to be written.
    #[inline(always)]
    #[allow(clippy::type_complexity)]
    pub(super) fn panel_mut(
        &mut self,
        panel: usize,
        block: usize,
    ) -> (&mut [[i16; ROWS]], &mut [[i8; ROWS]], &mut [Lanes<f32>; 2]) {
        let at = panel * self.blocks + block;
        let (half, width) = (self.width / 2, self.width);
        (
            &mut self.keys[at * half..(at + 1) * half],
            &mut self.values[at * width..(at + 1) * width],
            &mut self.scales[at],
        )
    }
}

/// The slots of one block.
#[derive(Clone, Debug, Default)]
pub(super) struct BlockSlots {
    /// For each head `[slots, dk / 2]`: two i16 each.
    pub(super) keys: Vec<Vec<i32>>,
    /// For each head `[slots, dk]`: integers, as floats.
    pub(super) values: Vec<Vec<f32>>,
    /// `[slots]`: scales of keys, then of values.
    pub(super) scales: Vec<[f32; 2]>,
}

/// The memory of one position: what was kept of rows that are done, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Slots {
    pub(super) blocks: Vec<BlockSlots>,
}

impl Slots {
    fn new(engine: &Engine) -> Self {
        let heads = usize::from(engine.dims.heads);
        let block = BlockSlots {
            keys: vec![Vec::new(); heads],
            values: vec![Vec::new(); heads],
            scales: Vec::new(),
        };
        Slots {
            blocks: vec![block; usize::from(engine.dims.blocks)],
        }
    }
}

impl BlockSlots {
    /// Drops the oldest slots until `most` are left.
    pub(super) fn keep(&mut self, most: usize, dk: usize) {
        let excess = self.scales.len().saturating_sub(most);
        self.scales.drain(..excess);
        for keys in &mut self.keys {
            keys.drain(..excess * (dk / 2));
        }
        for values in &mut self.values {
            values.drain(..excess * dk);
        }
    }
}

/// What one chain's lane carries from frame to frame for its columns: the memory of each position.
/// A new one is empty, as at a key frame.
#[derive(Clone, Debug, Default)]
pub struct NetworkState {
    first: usize,
    slots: VecDeque<Slots>,
}

impl NetworkState {
    /// Empty memory for the positions of a lane's columns.
    pub fn new(engine: &Engine, columns: Range<usize>) -> Self {
        let mut positions = columns.filter_map(|column| engine.field_of(column));
        let first = positions.next();
        let n = first.map_or(0, |_| 1 + positions.count());
        NetworkState {
            first: first.unwrap_or(0),
            slots: (0..n).map(|_| Slots::new(engine)).collect(),
        }
    }

    /// The memory of a position; positions that the lane has not are added, empty.
    pub(super) fn of(&mut self, engine: &Engine, position: usize) -> &mut Slots {
        if self.slots.is_empty() {
            self.first = position;
        }
        while position < self.first {
            self.first -= 1;
            self.slots.push_front(Slots::new(engine));
        }
        let at = position - self.first;
        while self.slots.len() <= at {
            self.slots.push_back(Slots::new(engine));
        }
        &mut self.slots[at]
    }
}
