//! The training loop: chunks of consecutive rows, memory carried from one to the next, two of them
//! a step.
//!
//! Sequences are parts of the data, each read from its start to its end, so that memory holds what
//! came before and not what chance drew (CAT). The threads take a share of the sequences each;
//! their gradients are summed. Invariant: what is kept at the end is what was best on held-out rows
//! with rounded weights, so that what is exported is what was measured.

mod share;
mod training;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Result;

use crate::batch::Batcher;
use crate::device::{Place, Precision};
use crate::network::Network;
use crate::report::{Outcome, Watch};
use training::Training;

/// How to learn.
#[derive(Clone, Debug)]
pub struct Learning {
    /// Seconds of training; `None`: `steps`.
    pub seconds: Option<f64>,
    /// Steps; the sooner of both ends it.
    pub steps: Option<u64>,
    /// Sequences read side by side, a multiple of `threads`.
    pub sequences: usize,
    /// Threads.
    pub threads: usize,
    /// Where it computes.
    pub place: Place,
    /// Of products; `None`: what the device is fastest with.
    pub precision: Option<Precision>,
    /// Backward passes a step.
    pub accumulate: usize,
    /// Peak of the learning rate.
    pub rate: f64,
    /// Weight decay.
    pub decay: f64,
    /// Share of the loss that is of the mixture with the experts, 0 to 1.
    pub mixed: f64,
    /// Validations without a better one after which training moves on, and then ends.
    pub patience: usize,
    /// Of all that is drawn.
    pub seed: u64,
    /// Where checkpoints go.
    pub checkpoint: Option<PathBuf>,
    /// Whether to go on from the checkpoint.
    pub resume: bool,
    /// Set to end early.
    pub stop: Arc<AtomicBool>,
    /// What is trained on what, kept with a checkpoint.
    pub about: String,
}

impl Default for Learning {
    fn default() -> Self {
        Learning {
            seconds: Some(600.0),
            steps: None,
            sequences: 4,
            threads: std::thread::available_parallelism().map_or(1, |n| n.get().min(4)),
            place: Place::Cpu,
            precision: None,
            accumulate: 1,
            rate: 3e-3,
            decay: 0.1,
            mixed: 0.5,
            patience: 8,
            seed: 42,
            checkpoint: None,
            resume: false,
            stop: Arc::new(AtomicBool::new(false)),
            about: String::new(),
        }
    }
}

/// The rows of training, then those held out.
#[derive(Clone, Copy, Debug)]
pub struct Split {
    /// Rows to train on, from the first on.
    pub train: usize,
    /// Rows in all.
    pub all: usize,
}

/// Trains a network in place: on return it is the best that held-out rows have shown, in main
/// memory, wherever it was trained.
///
/// # Errors
/// A device that is not there; those of candle and of checkpoints; a gradient that is never finite.
pub fn learn(
    network: &mut Network,
    batcher: &Batcher<'_>,
    split: Split,
    learning: &Learning,
    watch: &mut dyn Watch,
) -> Result<Outcome> {
    let mut training = Training::begin(network, batcher, split, learning, watch)?;
    let end = loop {
        let now = training.now();
        if training.is_to_validate(now) {
            training.validate(now)?;
            training.checkpoint()?;
            if let Some(end) = training.end(now) {
                break end;
            }
        }
        training.step()?;
    };
    training.finish(end)
}
