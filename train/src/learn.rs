//! The training loop: chunks of consecutive rows, memory carried from one to the next, two of them a step.
//!
//! Sequences are parts of the data, each read from its start to its end, so that memory holds what came before and not what chance drew (CAT). The
//! threads take a share of the sequences each; their gradients are summed. Invariant: what is kept at the end is what was best on held-out rows with rounded
//! weights, so that what is exported is what was measured.

mod share;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use candle_core::{Device, Tensor};

use crate::batch::Batcher;
use crate::checkpoint::{self, Best, State};
use crate::device::{Place, Precision};
use crate::held_out::{self, HeldOut};
use crate::network::Network;
use crate::optimise::{AdamW, AdamWOptions};
use crate::random::Random;
use crate::report::{End, Outcome, Step, Validation, Watch};
use crate::schedule::Schedule;
use share::Run;

/// Lengths of chunks that steps draw from; the largest is inference's.
const LENGTHS: [usize; 3] = [16, 32, 64];
/// Share of a run from which on weights and activations are rounded.
const QUANTISE_FROM: f64 = 0.6;
/// Validations in a run.
const VALIDATIONS: f64 = 25.0;
/// Held-out rows looked at in one.
const VALIDATION_ROWS: usize = 2048;
/// Loss is bits a value, about.
const LOSS_SCALE: f64 = 1.0 / 32.0;

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

/// Trains a network in place: on return it is the best that held-out rows have shown, in main memory, wherever it was trained.
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
    let device = learning.place.open()?;
    // Passes in threads of their own were seen to stand still on a GPU (docs/log.md).
    ensure!(
        learning.place == Place::Cpu || learning.threads == 1,
        "training on {} has one thread",
        learning.place
    );
    ensure!(
        learning.threads > 0 && learning.sequences.is_multiple_of(learning.threads),
        "sequences must be a multiple of threads"
    );
    network.precision = learning
        .precision
        .unwrap_or_else(|| Precision::best(&device));
    network.parameters = network.parameters.to_device(&device)?;
    let mut optimiser = AdamW::new(
        network
            .parameters
            .0
            .iter()
            .map(|(name, var)| (name.clone(), var.clone())),
        AdamWOptions {
            weight_decay: learning.decay,
            ..AdamWOptions::default()
        },
    )?;
    let with = |own| Batcher { own, ..*batcher };
    let mut run = Run {
        learning,
        batchers: [with(true), with(false)],
        split,
        device,
        random: Random::new(learning.seed),
        memories: vec![None; learning.threads],
        at: None,
        offset: 0,
    };
    let mut before = 0.0;
    let mut best: Option<(f64, Validation, Vec<Tensor>)> = None;
    if learning.resume
        && let Some(path) = &learning.checkpoint
    {
        let (state, tensors) = checkpoint::load(path, &mut optimiser)?;
        ensure!(
            state.about == learning.about,
            "the checkpoint {} is of another run: {}",
            path.display(),
            state.about
        );
        run.random = Random::from_state(&state.random)?;
        before = state.seconds;
        best = state
            .best
            .map(|best| (best.value, validation_of(&best), tensors));
    }
    let start = Instant::now();
    let elapsed = || before + start.elapsed().as_secs_f64();
    let schedule = Schedule::new(learning.rate);
    let raw = held_out::raw_bits(&run.batchers[1], split.train..split.all);
    let record = batcher.records.record as f64;
    // Training that no longer helps goes on to its last part at once: from then on time counts this much more.
    let mut hurry = 1.0;
    let progress_at = |seconds: f64, step: u64, hurry: f64| {
        let by_time = learning.seconds.map_or(0.0, |all| seconds / all);
        let by_steps = learning.steps.map_or(0.0, |all| step as f64 / all as f64);
        by_time.max(by_steps) * hurry
    };
    let mut next_validation = 0.0;
    let mut since_best = 0;
    let mut bad_steps = 0;
    let end = loop {
        let progress = progress_at(elapsed(), optimiser.steps(), hurry);
        let stopped = learning.stop.load(Ordering::Relaxed);
        if progress >= next_validation || progress >= 1.0 || stopped {
            next_validation = progress + 1.0 / VALIDATIONS;
            let was_quantised = network.quantised;
            network.quantised |= stopped || progress >= 1.0;
            let to = split.all.min(split.train + VALIDATION_ROWS);
            let held = held_out::measure(network, &run.batchers[1], split.train, to, &run.device)?;
            let value = worth(&held, learning.mixed);
            // Rounded and not rounded do not compare.
            let fresh = network.quantised && !was_quantised && best.is_some();
            if fresh {
                since_best = 0;
            }
            let better = best.as_ref().is_none_or(|(v, ..)| value < *v) || fresh;
            let validation = Validation {
                step: optimiser.steps(),
                seconds: elapsed(),
                alone_bpb: (held.alone + raw) / record,
                mixed_bpb: None,
                best: better,
            };
            watch.validation(&validation);
            since_best = if better { 0 } else { since_best + 1 };
            if better {
                let copies = optimiser.vars().map(|(_, var)| var.as_tensor().copy());
                best = Some((
                    value,
                    validation,
                    copies.collect::<candle_core::Result<_>>()?,
                ));
            }
            if let Some(path) = &learning.checkpoint {
                let state = State {
                    about: learning.about.clone(),
                    random: run.random.state(),
                    best: best.as_ref().map(|(value, v, _)| Best {
                        value: *value,
                        alone_bpb: v.alone_bpb,
                        step: v.step,
                        seconds: v.seconds,
                    }),
                    seconds: elapsed(),
                };
                let tensors = best.as_ref().map_or(&[][..], |(_, _, tensors)| tensors);
                checkpoint::save(path, &optimiser, tensors, &state)?;
            }
            if stopped {
                break End::Interrupted;
            }
            if progress >= 1.0 {
                break if learning.steps == Some(optimiser.steps()) {
                    End::Finished
                } else {
                    End::TimeUp
                };
            }
            if since_best >= learning.patience {
                if network.quantised {
                    break End::NoLongerBetter;
                }
                since_best = 0;
                hurry *= (QUANTISE_FROM / progress).max(1.0);
            }
        }
        let progress = progress_at(elapsed(), optimiser.steps(), hurry);
        if !network.quantised && progress >= QUANTISE_FROM {
            network.quantised = true;
            if let Some((_, _, tensors)) = best.take() {
                set(&optimiser, &tensors)?;
            }
        }
        let mut bits = 0.0;
        let mut rows = 0;
        let mut length = 0;
        for _ in 0..learning.accumulate {
            let shares;
            (shares, length) = run.shares(network)?;
            for (at, share) in shares.into_iter().enumerate() {
                optimiser.gather(&share.gradients)?;
                run.memories[at] = share.memory;
                bits += share.bits;
            }
            rows += 2 * learning.sequences * length;
        }
        let learning_rate = schedule.at(progress.max(1e-3));
        let gradient_norm = optimiser.step(learning_rate)?;
        bad_steps = if gradient_norm.is_finite() {
            0
        } else {
            bad_steps + 1
        };
        ensure!(
            bad_steps < 50,
            "the gradient is no longer finite: the training has diverged"
        );
        let seconds = elapsed();
        let progress = progress_at(seconds, optimiser.steps(), hurry);
        watch.step(&Step {
            step: optimiser.steps(),
            steps: (optimiser.steps() as f64 / progress.max(1e-6)) as u64,
            seconds,
            seconds_left: seconds / progress.max(1e-6) * (1.0 - progress).max(0.0),
            train_bpb: (bits / rows as f64 + raw) / record,
            learning_rate,
            gradient_norm,
            chunk: length,
        });
    };
    let (_, validation, tensors) = best.context("nothing was measured")?;
    set(&optimiser, &tensors)?;
    network.quantised = true;
    network.parameters = network.parameters.to_device(&Device::Cpu)?;
    let outcome = Outcome {
        steps: optimiser.steps(),
        seconds: elapsed(),
        best: Some(validation),
        end,
    };
    watch.ended(&outcome);
    Ok(outcome)
}

/// What a checkpoint remembers of the validation that was best.
fn validation_of(best: &Best) -> Validation {
    Validation {
        step: best.step,
        seconds: best.seconds,
        alone_bpb: best.alone_bpb,
        mixed_bpb: None,
        best: true,
    }
}

/// What is to become small.
fn worth(held: &HeldOut, mixed: f64) -> f64 {
    match held.mixed {
        Some(bits) if mixed > 0.0 => bits,
        _ => held.alone,
    }
}

fn set(optimiser: &AdamW, tensors: &[Tensor]) -> Result<()> {
    for ((_, var), tensor) in optimiser.vars().zip(tensors) {
        var.set(tensor)?;
    }
    Ok(())
}
