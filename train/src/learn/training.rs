//! A run under way: its steps, its validations, its checkpoints, and when it ends.

use std::sync::atomic::Ordering;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use candle_core::{Device, Tensor};

use super::share::{Run, Share};
use super::{Learning, Split};
use crate::batch::Batcher;
use crate::checkpoint::{self, State};
use crate::device::{Place, Precision};
use crate::held_out::{self, HeldOut};
use crate::network::Network;
use crate::optimise::{AdamW, AdamWOptions};
use crate::random::Random;
use crate::report::{End, Outcome, Step, Validation, Watch};
use crate::schedule::Schedule;

/// Share of a run from which on weights and activations are rounded.
const QUANTISE_FROM: f64 = 0.6;
/// Validations in a run.
const VALIDATIONS: f64 = 25.0;
/// Held-out rows looked at in one.
const VALIDATION_ROWS: usize = 2048;
/// Steps with a gradient that is not finite, one after another, that end a run.
const BAD_STEPS: usize = 50;

/// The best that held-out rows have shown.
struct Best {
    /// What is to become small.
    value: f64,
    validation: Validation,
    /// The variables as they were then, in their order.
    tensors: Vec<Tensor>,
}

/// How far a run is.
#[derive(Clone, Copy)]
pub(super) struct Now {
    /// Share of the run that is done, 1 at its end.
    progress: f64,
    /// Whether it was asked to end.
    stopped: bool,
}

/// A run under way.
pub(super) struct Training<'a> {
    network: &'a mut Network,
    learning: &'a Learning,
    watch: &'a mut dyn Watch,
    run: Run<'a>,
    optimiser: AdamW,
    schedule: Schedule,
    /// When it began, and the seconds of the runs that it goes on from.
    start: Instant,
    before: f64,
    /// Bits a row of what has no head, and bytes a record.
    raw: f64,
    record: f64,
    best: Option<Best>,
    /// Training that no longer helps goes on to its last part at once: from then on time counts
    /// this much more.
    hurry: f64,
    next_validation: f64,
    /// Validations that were not better, since the best one.
    since_best: usize,
    bad_steps: usize,
}

impl<'a> Training<'a> {
    /// Moves the network to its device, and takes up the checkpoint if the run goes on from one.
    pub(super) fn begin(
        network: &'a mut Network,
        batcher: &Batcher<'a>,
        split: Split,
        learning: &'a Learning,
        watch: &'a mut dyn Watch,
    ) -> Result<Self> {
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
        let vars = network.parameters.0.iter();
        let optimiser = AdamW::new(
            vars.map(|(name, var)| (name.clone(), var.clone())),
            AdamWOptions {
                weight_decay: learning.decay,
                ..AdamWOptions::default()
            },
        )?;
        let with = |own| Batcher { own, ..*batcher };
        let run = Run {
            learning,
            batchers: [with(true), with(false)],
            split,
            device,
            random: Random::new(learning.seed),
            memories: vec![None; learning.threads],
            at: None,
            offset: 0,
        };
        let mut training = Training {
            raw: held_out::raw_bits(&run.batchers[1], split.train..split.all),
            record: batcher.records.record as f64,
            network,
            learning,
            watch,
            run,
            optimiser,
            schedule: Schedule::new(learning.rate),
            start: Instant::now(),
            before: 0.0,
            best: None,
            hurry: 1.0,
            next_validation: 0.0,
            since_best: 0,
            bad_steps: 0,
        };
        training.resume()?;
        Ok(training)
    }

    /// Goes on from the checkpoint, if that is asked for.
    fn resume(&mut self) -> Result<()> {
        let Some(path) = self.learning.checkpoint.as_ref() else {
            return Ok(());
        };
        if !self.learning.resume {
            return Ok(());
        }
        let (state, tensors) = checkpoint::load(path, &mut self.optimiser)?;
        ensure!(
            state.about == self.learning.about,
            "the checkpoint {} is of another run: {}",
            catena_files::shown(path),
            state.about
        );
        self.run.random = Random::from_state(&state.random)?;
        self.before = state.seconds;
        self.best = state.best.map(|best| Best {
            value: best.value,
            validation: Validation {
                step: best.step,
                seconds: best.seconds,
                alone_bpb: best.alone_bpb,
                mixed_bpb: None,
                best: true,
            },
            tensors,
        });
        Ok(())
    }

    fn seconds(&self) -> f64 {
        self.before + self.start.elapsed().as_secs_f64()
    }

    /// The share of the run that is done after so many seconds.
    fn progress(&self, seconds: f64) -> f64 {
        let steps = self.optimiser.steps() as f64;
        let by_time = self.learning.seconds.map_or(0.0, |all| seconds / all);
        let by_steps = self.learning.steps.map_or(0.0, |all| steps / all as f64);
        by_time.max(by_steps) * self.hurry
    }

    /// How far it is.
    pub(super) fn now(&self) -> Now {
        Now {
            progress: self.progress(self.seconds()),
            stopped: self.learning.stop.load(Ordering::Relaxed),
        }
    }

    /// Whether a validation is due: at even shares of the run, and at its end.
    pub(super) fn is_to_validate(&self, now: Now) -> bool {
        now.progress >= self.next_validation || now.progress >= 1.0 || now.stopped
    }

    /// Measures on held-out rows, and keeps the variables if they are the best so far.
    pub(super) fn validate(&mut self, now: Now) -> Result<()> {
        self.next_validation = now.progress + 1.0 / VALIDATIONS;
        let was_quantised = self.network.quantised;
        self.network.quantised |= now.stopped || now.progress >= 1.0;
        let Split { train, all } = self.run.split;
        let to = all.min(train + VALIDATION_ROWS);
        let (batcher, device) = (&self.run.batchers[1], &self.run.device);
        let held = held_out::measure(self.network, batcher, train, to, device)?;
        let value = worth(&held, self.learning.mixed);
        // Rounded and not rounded do not compare.
        let fresh = self.network.quantised && !was_quantised && self.best.is_some();
        if fresh {
            self.since_best = 0;
        }
        let better = self.best.as_ref().is_none_or(|best| value < best.value) || fresh;
        let validation = Validation {
            step: self.optimiser.steps(),
            seconds: self.seconds(),
            alone_bpb: (held.alone + self.raw) / self.record,
            mixed_bpb: None,
            best: better,
        };
        self.watch.validation(&validation);
        if !better {
            self.since_best += 1;
            return Ok(());
        }
        self.since_best = 0;
        let copies = (self.optimiser.vars()).map(|(_, var)| var.as_tensor().copy());
        self.best = Some(Best {
            value,
            validation,
            tensors: copies.collect::<candle_core::Result<_>>()?,
        });
        Ok(())
    }

    /// Writes what is needed to go on from here, if that is asked for.
    pub(super) fn checkpoint(&self) -> Result<()> {
        let Some(path) = &self.learning.checkpoint else {
            return Ok(());
        };
        let state = State {
            about: self.learning.about.clone(),
            random: self.run.random.state(),
            best: self.best.as_ref().map(|best| checkpoint::Best {
                value: best.value,
                alone_bpb: best.validation.alone_bpb,
                step: best.validation.step,
                seconds: best.validation.seconds,
            }),
            seconds: self.seconds(),
        };
        let tensors = self.best.as_ref().map_or(&[][..], |best| &best.tensors);
        checkpoint::save(path, &self.optimiser, tensors, &state)
    }

    /// Why it ends after this validation, if it does. What no longer becomes better goes on to its
    /// last part first.
    pub(super) fn end(&mut self, now: Now) -> Option<End> {
        if now.stopped {
            return Some(End::Interrupted);
        }
        if now.progress >= 1.0 {
            let finished = self.learning.steps == Some(self.optimiser.steps());
            return Some(if finished { End::Finished } else { End::TimeUp });
        }
        if self.since_best >= self.learning.patience {
            if self.network.quantised {
                return Some(End::NoLongerBetter);
            }
            self.since_best = 0;
            self.hurry *= (QUANTISE_FROM / now.progress).max(1.0);
        }
        None
    }

    /// One step of the optimiser, from the gradients of all threads.
    pub(super) fn step(&mut self) -> Result<()> {
        let progress = self.progress(self.seconds());
        if !self.network.quantised && progress >= QUANTISE_FROM {
            self.network.quantised = true;
            if let Some(best) = self.best.take() {
                set(&self.optimiser, &best.tensors)?;
            }
        }
        let (mut bits, mut rows, mut chunk) = (0.0, 0, 0);
        for _ in 0..self.learning.accumulate {
            let (shares, length) = self.run.shares(self.network)?;
            for (at, share) in shares.into_iter().enumerate() {
                let Share {
                    gradients,
                    memory,
                    bits: own,
                } = share;
                self.optimiser.gather(&gradients)?;
                self.run.memories[at] = memory;
                bits += own;
            }
            rows += 2 * self.learning.sequences * length;
            chunk = length;
        }
        let learning_rate = self.schedule.at(progress.max(1e-3));
        let gradient_norm = self.optimiser.step(learning_rate)?;
        self.bad_steps = if gradient_norm.is_finite() {
            0
        } else {
            self.bad_steps + 1
        };
        ensure!(
            self.bad_steps < BAD_STEPS,
            "the gradient is no longer finite: the training has diverged"
        );
        let seconds = self.seconds();
        let progress = self.progress(seconds);
        let done = progress.max(1e-6);
        self.watch.step(&Step {
            step: self.optimiser.steps(),
            steps: (self.optimiser.steps() as f64 / done) as u64,
            seconds,
            seconds_left: seconds / done * (1.0 - progress).max(0.0),
            train_bpb: (bits / rows as f64 + self.raw) / self.record,
            learning_rate,
            gradient_norm,
            chunk,
        });
        Ok(())
    }

    /// Gives the network the best variables, in main memory.
    pub(super) fn finish(self, end: End) -> Result<Outcome> {
        let seconds = self.seconds();
        let best = self.best.context("nothing was measured")?;
        set(&self.optimiser, &best.tensors)?;
        self.network.quantised = true;
        self.network.parameters = self.network.parameters.to_device(&Device::Cpu)?;
        let outcome = Outcome {
            steps: self.optimiser.steps(),
            seconds,
            best: Some(best.validation),
            end,
        };
        self.watch.ended(&outcome);
        Ok(outcome)
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
