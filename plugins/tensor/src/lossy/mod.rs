//! Losing some of a tensor, on request alone: floats become integers, channel by channel, within a
//! bound.
//!
//! After the Adaptive Learned Compression Model: the predicted entropy of a channel
//! (`catena_filter::engine::backend::entropy`) says how finely it is quantised, small values are
//! pruned, and a scheduler moves both from tensor to tensor by what came of them. Invariants: no
//! finite value moves by more than the bound times the largest magnitude of its channel (checked
//! value by value, on what is restored); NaN and infinities keep their bits; integers, complex
//! numbers and bytes are never touched; the same file and options give the same bytes, so the
//! scheduler's time is that of a cost model, not of a clock.

mod loss;
mod quantise;
mod restore;
mod scheduler;
mod values;

use catena_filter::Level;
use catena_filter::engine::backend::entropy::EntropyPredictor;

pub use loss::Loss;
pub(crate) use restore::Quantised;
pub(crate) use values::Values;

use crate::error::{ErrorKind, Result};

use loss::Tally;
use scheduler::Scheduler;

/// Tensors of fewer values keep all their bits: they are biases and constants, and gain nothing.
const VALUES_MIN: usize = 64;
/// Channels of fewer values are one channel.
const CHANNEL_MIN: u64 = 64;

/// What may be lost.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct LossyOptions {
    /// Most that a value may move, in parts of the largest finite magnitude of its channel; above
    /// 0, at most 0.5.
    pub max_rel_error: f64,
    /// Largest share of a channel's values that may be set to zero because they are small, 0 to
    /// 0.25. The bound holds for them too.
    pub max_pruned: f64,
}

impl Default for LossyOptions {
    fn default() -> Self {
        LossyOptions {
            max_rel_error: 0.01,
            max_pruned: 0.25,
        }
    }
}

impl LossyOptions {
    /// Sets the bound.
    pub fn with_max_rel_error(mut self, bound: f64) -> Self {
        self.max_rel_error = bound;
        self
    }

    /// Sets the largest share that may be pruned.
    pub fn with_max_pruned(mut self, share: f64) -> Self {
        self.max_pruned = share;
        self
    }

    /// # Errors
    /// `InvalidInput`: out of range.
    pub(crate) fn check(&self) -> Result<()> {
        if !(self.max_rel_error > 0.0 && self.max_rel_error <= 0.5) {
            return Err(ErrorKind::InvalidInput(
                "the largest relative error is above 0 and at most 0.5",
            )
            .into());
        }
        if !(0.0..=0.25).contains(&self.max_pruned) {
            return Err(ErrorKind::InvalidInput("the share pruned is 0 to 0.25").into());
        }
        Ok(())
    }
}

/// A tensor, or whole rows of one, as integers: what goes to which stream.
pub(crate) struct Taken {
    pub quantised: Quantised,
    /// Little-endian integers.
    pub integers: Vec<u8>,
    /// The largest magnitude of each channel, in the tensor's type.
    pub scales: Vec<u8>,
    /// Plain bytes: steps of each channel; places and bits of what is not finite.
    pub bytes: Vec<u8>,
}

/// The lossy side of a packing.
pub(crate) struct Lossy {
    options: LossyOptions,
    predictor: EntropyPredictor,
    scheduler: Scheduler,
    tallies: Vec<(usize, Tally)>,
}

impl Lossy {
    pub fn new(options: LossyOptions, level: Level) -> Self {
        Lossy {
            options,
            predictor: EntropyPredictor::built_in(),
            scheduler: Scheduler::new(level, options.max_pruned),
            tallies: Vec::new(),
        }
    }

    /// Quantises a tensor, or whole rows of one; `axes` as they lie in memory. `None`: it keeps all
    /// its bits.
    pub fn quantise(&mut self, number: usize, axes: &[u64], values: &Values<'_>) -> Option<Taken> {
        let n = values.len();
        if n < VALUES_MIN {
            return None;
        }
        let row = axes
            .iter()
            .skip(1)
            .try_fold(1u64, |n, &len| n.checked_mul(len));
        let row = row.filter(|&row| axes.len() > 1 && row >= CHANNEL_MIN);
        let row = row.and_then(|row| usize::try_from(row).ok());
        let row = row.filter(|row| n.is_multiple_of(*row)).unwrap_or(n);
        let mut tally = Tally::default();
        let taken = quantise::quantise(
            values,
            row,
            &self.options,
            &self.scheduler.state(),
            &self.predictor,
            &mut tally,
        )?;
        self.scheduler.learn(values.bytes.len() as u64, &tally);
        match self.tallies.iter_mut().find(|(it, _)| *it == number) {
            Some((_, all)) => all.add(&tally),
            None => self.tallies.push((number, tally)),
        }
        Some(taken)
    }

    /// What was lost of a tensor so far; `None` if nothing could be.
    pub fn loss(&self, number: usize) -> Option<Loss> {
        let tally = self.tallies.iter().find(|(it, _)| *it == number);
        tally.map(|(_, tally)| tally.loss())
    }
}
