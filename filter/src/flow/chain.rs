//! The state that a chain's frames hand to one another, and whose turn it is to use it.
//!
//! A chain is an opener and its lanes. Each has a *turn*: the frames that the chain learns count up
//! from 0, and the frame whose number it is may take the state out, alone. So every state sees the
//! chain's frames in their order, whatever thread they run on, and different lanes may be at
//! different frames.

use std::sync::Arc;

use crate::predict::{Lane, Planner, Spec};
use crate::tokens::frame::Memory;
use crate::tokens::search::Search;
use crate::tokens::tables::Tables;

/// One state and whose turn it is.
#[derive(Debug)]
pub(crate) struct Seat<T> {
    state: Option<T>,
    turn: u64,
    taken: bool,
}

impl<T> Seat<T> {
    fn new() -> Self {
        Seat {
            state: None,
            turn: 0,
            taken: false,
        }
    }

    /// Takes the state out for the frame with this turn; `None` if it is another's turn. `fresh`
    /// forgets what the state had learned; the inner value is then `None`.
    pub(crate) fn take(&mut self, turn: u64, fresh: bool) -> Option<Option<T>> {
        if self.turn != turn || self.taken {
            return None;
        }
        self.taken = true;
        let state = self.state.take();
        Some(if fresh { None } else { state })
    }

    /// Brings the state back for the next frame.
    pub(crate) fn give_back(&mut self, state: T) {
        self.state = Some(state);
        self.turn += 1;
        self.taken = false;
    }
}

/// What opens a chain's frames.
#[derive(Debug)]
pub(crate) struct Opener {
    /// For frames that are predicted bit by bit.
    pub(crate) planner: Planner,
    /// For frames of tokens: what the decoder knows, of the model or of the frame that the chain
    /// has begun with.
    pub(crate) memory: Option<Arc<Memory>>,
    /// What the encoder has begun with.
    pub(crate) search: Option<Arc<Search>>,
}

impl Opener {
    pub(crate) fn new(spec: &Spec) -> Self {
        Opener {
            planner: Planner::new(spec),
            memory: spec.tables().map(Tables::memory).cloned(),
            search: None,
        }
    }
}

/// The opener and the lanes of a chain.
#[derive(Debug)]
pub(crate) struct Chain {
    pub(crate) opener: Seat<Opener>,
    pub(crate) lanes: Vec<Seat<Lane>>,
    turns: u64,
    /// A key frame that taught nothing came since the last turn.
    cut: bool,
}

impl Chain {
    pub(crate) fn new(spec: &Spec) -> Self {
        Chain {
            opener: Seat::new(),
            lanes: (0..spec.lane_n).map(|_| Seat::new()).collect(),
            turns: 0,
            cut: false,
        }
    }

    /// Counts a frame in: its turn if the chain learns it, and whether the states must be fresh for
    /// it.
    pub(crate) fn enter(&mut self, key: bool, learned: bool) -> Option<(u64, bool)> {
        self.cut |= key;
        if !learned {
            return None;
        }
        let turn = self.turns;
        self.turns += 1;
        Some((turn, std::mem::take(&mut self.cut)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_serves_the_turns_in_order() {
        let mut seat = Seat::new();
        assert!(seat.take(1, false).is_none());
        assert_eq!(seat.take(0, true), Some(None));
        assert!(seat.take(0, false).is_none());
        seat.give_back('a');
        assert_eq!(seat.take(1, false), Some(Some('a')));
        seat.give_back('b');
        assert_eq!(seat.take(2, true), Some(None));
    }
}
