//! What may be done with a frame, and what that took so far: packing counts, the session's pace
//! chooses by it.
//!
//! Invariant: counts are sums that any thread may add to at any time; no coded byte depends on them
//! but by the choice.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use crate::backend::Effort;

/// Raw bytes after which what an effort took counts half.
const MEMORY: u64 = 8 << 20;

/// What is done with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// The model, and what is quickly found if it is smaller.
    Model,
    /// A backend alone.
    Backend(Effort),
}

impl Choice {
    /// From little effort to much.
    pub(crate) const ALL: [Choice; 5] = [
        Choice::Backend(Effort::Stored),
        Choice::Backend(Effort::Zstd),
        Choice::Backend(Effort::Quick),
        Choice::Backend(Effort::Best),
        Choice::Model,
    ];
    /// What there is for the frames of a stream that is modelled: a frame of level 2 takes as long
    /// as the model.
    pub(crate) const MODELLED: [Choice; 4] = [
        Choice::Backend(Effort::Stored),
        Choice::Backend(Effort::Zstd),
        Choice::Backend(Effort::Quick),
        Choice::Model,
    ];

    pub(crate) fn index(self) -> usize {
        Choice::ALL.iter().position(|&c| c == self).unwrap_or(0)
    }
}

/// What frames took so far, counted by the threads that pack them.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    /// Nanoseconds of threads that frames under way are expected to take.
    pending: AtomicI64,
    took: [Took; 5],
}

#[derive(Debug, Default)]
struct Took {
    bytes: AtomicU64,
    nanos: AtomicU64,
}

impl Meter {
    /// A thread worked on a frame for so long.
    pub(crate) fn worked(&self, choice: Choice, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.took[choice.index()]
            .nanos
            .fetch_add(nanos, Ordering::Relaxed);
    }

    /// A frame is done that was expected to take so many nanoseconds.
    pub(crate) fn done(&self, choice: Choice, raw_len: usize, expected: i64) {
        self.pending.fetch_sub(expected, Ordering::Relaxed);
        let took = &self.took[choice.index()];
        let bytes = took.bytes.fetch_add(raw_len as u64, Ordering::Relaxed) + raw_len as u64;
        if bytes > MEMORY {
            // Two threads may do so at a time: what is forgotten is forgotten twice as fast.
            took.bytes.fetch_sub(bytes / 2, Ordering::Relaxed);
            let nanos = took.nanos.load(Ordering::Relaxed);
            took.nanos.fetch_sub(nanos / 2, Ordering::Relaxed);
        }
    }

    /// A frame is under way that is expected to take so many nanoseconds.
    pub(crate) fn expect(&self, nanos: i64) {
        self.pending.fetch_add(nanos, Ordering::Relaxed);
    }

    /// Nanoseconds of threads that the frames under way are expected to take.
    pub(crate) fn pending(&self) -> f64 {
        self.pending.load(Ordering::Relaxed).max(0) as f64
    }

    /// Nanoseconds a byte; `first` while too little is known.
    pub(crate) fn cost(&self, choice: Choice, first: f64) -> f64 {
        const FIRST_WEIGHT: f64 = 65536.0;
        let took = &self.took[choice.index()];
        let bytes = took.bytes.load(Ordering::Relaxed) as f64;
        let nanos = took.nanos.load(Ordering::Relaxed) as f64;
        (nanos + first * FIRST_WEIGHT) / (bytes + FIRST_WEIGHT)
    }
}
