//! What the network hands from lane to lane of a frame, and from frame to frame of a lane.
//!
//! Tokens (keys and values) of finished positions go along a frame's lanes; compressive memory and
//! the last row go along a chain's frames, in each lane. A lane keeps the last row of all columns
//! to its left too: the frame before is long gone when this one is coded.

use std::ops::Range;
use std::sync::Arc;

use super::frame::Rows;
use super::network::{ColumnPass, Engine, NetworkState, Tokens};

/// Keys and values of a frame's finished positions, in their order. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct FrameTokens(Vec<Arc<Tokens>>);

impl FrameTokens {
    /// Takes in those of the next position, if the column was one.
    pub(super) fn extend(&mut self, tokens: Option<Tokens>) {
        self.0.extend(tokens.map(Arc::new));
    }
}

/// A lane's part.
#[derive(Debug)]
pub struct Carried {
    state: NetworkState,
    /// The last row of the frame before, in all columns up to the lane's end.
    above: Vec<u64>,
    /// Number of the row after it.
    next_row: u64,
    /// Whether this frame begins there.
    adjacent: bool,
}

impl Carried {
    /// For a lane with these columns, at a chain's start.
    pub fn new(engine: &Engine, columns: Range<usize>) -> Self {
        Carried {
            above: vec![0; columns.end],
            state: NetworkState::new(engine, columns),
            next_row: 0,
            adjacent: false,
        }
    }

    /// Begins a frame. Where frames in between went to other chains, nothing is known of the row
    /// above the first.
    pub fn start(&mut self, rows: Rows) {
        self.adjacent = rows.first == self.next_row && rows.first > 0;
        if !self.adjacent {
            self.above.fill(0);
        }
    }

    /// The network's pass over a column, if it has a say there and there are rows at all.
    pub fn begin<'a>(
        &'a mut self,
        engine: Option<&'a Engine>,
        column: usize,
        rows: Rows,
        left: &'a [&'a [u64]],
        tokens: &'a FrameTokens,
    ) -> Option<ColumnPass<'a>> {
        let engine = engine.filter(|engine| rows.n > 0 && engine.field_of(column).is_some())?;
        Some(engine.begin(
            &mut self.state,
            column,
            rows.n,
            left,
            &self.above[..column],
            self.adjacent.then_some(self.above[column]),
            &tokens.0,
        ))
    }

    /// Ends a frame: keeps its last row.
    pub fn end<'a>(&mut self, rows: Rows, columns: impl Iterator<Item = &'a [u64]>) {
        if rows.n > 0 {
            for (above, column) in self.above.iter_mut().zip(columns) {
                *above = column.last().copied().unwrap_or(0);
            }
            self.next_row = rows.first + rows.n as u64;
        }
    }
}
