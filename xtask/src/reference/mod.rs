//! The plain reference: a byte-level transformer as Vortex-Codec's, to compare Catena's network
//! with.
//!
//! One step per byte, LayerNorm, learned positions, GELU, windows that know nothing of one another.
//! It is trained and measured (cross-entropy), and never coded with: it is no part of any format.

mod network;
mod run;

use std::f64::consts::LN_2;
use std::time::Instant;

use anyhow::{Result, ensure};
use candle_core::{DType, Device, Tensor};
use candle_nn::loss::cross_entropy;

use catena_train::optimise::{AdamW, AdamWOptions};
use catena_train::random::Random;
use catena_train::report::{End, Outcome, Step, Validation, Watch};
use catena_train::schedule::Schedule;

use network::{Cache, Network, Shape, Tables};
pub use run::run;

/// How a reference is trained.
#[derive(Clone, Debug)]
pub struct ReferenceOptions {
    /// The architecture.
    pub shape: Shape,
    /// Windows a step.
    pub batch: usize,
    /// Backward passes whose mean makes a step.
    pub passes: usize,
    /// Most steps.
    pub steps: u64,
    /// Most seconds; infinite: as long as the steps take.
    pub seconds: f64,
    /// Learning rate.
    pub schedule: Schedule,
    /// The optimiser.
    pub optimiser: AdamWOptions,
    /// Steps between two validations.
    pub validate_every: u64,
    /// Held-out bytes that a validation looks at, from their beginning; the end of the run looks at
    /// all of them.
    pub validation_bytes: usize,
    /// Of first weights and drawn windows.
    pub seed: u64,
    /// Where it runs.
    pub device: Device,
}

impl Default for ReferenceOptions {
    /// A network of the size of Catena's, for a CPU.
    fn default() -> Self {
        ReferenceOptions {
            shape: Shape {
                width: 128,
                heads: 4,
                blocks: 3,
                window: 256,
                tables: Tables::Record,
            },
            batch: 8,
            passes: 1,
            steps: 2000,
            seconds: f64::INFINITY,
            schedule: Schedule::new(1e-3),
            optimiser: AdamWOptions::default(),
            validate_every: 100,
            validation_bytes: 1 << 16,
            seed: 1,
            device: Device::Cpu,
        }
    }
}

impl ReferenceOptions {
    /// The original's network: 25 million parameters, for a GPU.
    pub fn original() -> Self {
        ReferenceOptions {
            shape: Shape {
                width: 512,
                heads: 8,
                blocks: 8,
                window: 512,
                tables: Tables::Stream,
            },
            batch: 32,
            schedule: Schedule::new(3e-4),
            ..Self::default()
        }
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReferenceOutcome {
    /// Cross-entropy of all held-out bytes in bits per byte, with the last weights.
    pub held_out_bpb: f64,
    /// Numbers trained.
    pub parameters: usize,
    /// Steps taken.
    pub steps: u64,
    /// Seconds of training, validations included.
    pub seconds: f64,
}

/// Trains a reference on `raw`, records of `record` bytes, and measures it on `held_out`, which is
/// taken to follow `raw`.
///
/// # Errors
/// Fewer raw bytes than a window, no held-out byte, an impossible shape, a loss that is no number;
/// those of candle.
pub fn train_reference(
    raw: &[u8],
    record: usize,
    held_out: &[u8],
    options: &ReferenceOptions,
    watch: &mut dyn Watch,
) -> Result<ReferenceOutcome> {
    let window = options.shape.window;
    ensure!(
        raw.len() > window,
        "{} bytes are too few to train on: a window has {window}",
        raw.len()
    );
    ensure!(
        !held_out.is_empty(),
        "there are no held-out bytes to measure on"
    );
    ensure!(
        options.batch > 0 && options.passes > 0,
        "a step of no windows"
    );
    let mut random = Random::new(options.seed);
    let network = Network::new(options.shape, record, &mut random, &options.device)?;
    let mut optimiser = AdamW::new(network.vars(), options.optimiser)?;
    let validation_n = held_out.len().min(options.validation_bytes.max(1));
    let (begin, mut best) = (Instant::now(), None::<Validation>);
    let mut end = End::Finished;
    while optimiser.steps() < options.steps {
        let progress = begin.elapsed().as_secs_f64() / options.seconds;
        if progress >= 1.0 {
            end = End::TimeUp;
            break;
        }
        let by_step = (optimiser.steps() + 1) as f64 / options.steps as f64;
        let learning_rate = options.schedule.at(progress.max(by_step));
        let mut bits = 0.0;
        for _ in 0..options.passes {
            let draw = |_| random.below(raw.len() - window + 1);
            let starts: Vec<usize> = (0..options.batch).map(draw).collect();
            let loss = loss(&network, raw, 0, &starts, window)?;
            bits += f64::from(loss.to_scalar::<f32>()?) / LN_2;
            optimiser.gather(&loss.backward()?)?;
        }
        let gradient_norm = optimiser.step(learning_rate)?;
        ensure!(
            gradient_norm.is_finite(),
            "the gradient is no longer finite after {} steps: the learning rate is too high",
            optimiser.steps()
        );
        let (step, seconds) = (optimiser.steps(), begin.elapsed().as_secs_f64());
        let by_steps = seconds / step as f64 * (options.steps - step) as f64;
        watch.step(&Step {
            step,
            steps: options.steps,
            seconds,
            seconds_left: by_steps.min((options.seconds - seconds).max(0.0)),
            train_bpb: bits / options.passes as f64,
            learning_rate,
            gradient_norm,
            chunk: window,
        });
        if step % options.validate_every.max(1) == 0 && step < options.steps {
            let bpb = measure(
                &network,
                &held_out[..validation_n],
                raw.len(),
                options.batch,
            )?;
            tell(watch, step, begin, bpb, &mut best);
        }
    }
    let held_out_bpb = measure(&network, held_out, raw.len(), options.batch)?;
    tell(watch, optimiser.steps(), begin, held_out_bpb, &mut best);
    let outcome = ReferenceOutcome {
        held_out_bpb,
        parameters: optimiser.parameter_n(),
        steps: optimiser.steps(),
        seconds: begin.elapsed().as_secs_f64(),
    };
    watch.ended(&Outcome {
        steps: outcome.steps,
        seconds: outcome.seconds,
        best,
        end,
    });
    Ok(outcome)
}

fn tell(watch: &mut dyn Watch, step: u64, begin: Instant, bpb: f64, best: &mut Option<Validation>) {
    let validation = Validation {
        step,
        seconds: begin.elapsed().as_secs_f64(),
        alone_bpb: bpb,
        mixed_bpb: None,
        best: best.is_none_or(|b| bpb < b.alone_bpb),
    };
    if validation.best {
        *best = Some(validation);
    }
    watch.validation(&validation);
}

/// Mean cross-entropy in nats of windows of `n` bytes of `data`, whose first byte stands at
/// `offset` of the whole.
fn loss(
    network: &Network,
    data: &[u8],
    offset: usize,
    starts: &[usize],
    n: usize,
) -> Result<Tensor> {
    let input = network.input(data, offset, starts, n)?;
    let logits = network.forward(&input, &mut Cache::default())?;
    let targets = starts.iter().flat_map(|s| &data[*s..s + n]);
    let targets: Vec<u32> = targets.map(|b| u32::from(*b)).collect();
    let targets = Tensor::from_vec(targets, starts.len() * n, logits.device())?;
    Ok(cross_entropy(&logits.flatten_to(1)?, &targets)?)
}

/// Bits per byte of `data` in windows that follow one another.
fn measure(network: &Network, data: &[u8], offset: usize, batch: usize) -> Result<f64> {
    let window = network.shape().window;
    let starts: Vec<usize> = (0..data.len() / window).map(|i| i * window).collect();
    let mut nats = 0.0;
    let mut add = |starts: &[usize], n: usize| -> Result<()> {
        let loss = loss(network, data, offset, starts, n)?;
        let mean: f32 = loss.to_dtype(DType::F32)?.to_scalar()?;
        nats += f64::from(mean) * (starts.len() * n) as f64;
        Ok(())
    };
    for starts in starts.chunks(batch) {
        add(starts, window)?;
    }
    let rest = data.len() % window;
    if rest > 0 {
        add(&[data.len() - rest], rest)?;
    }
    Ok(nats / LN_2 / data.len() as f64)
}

#[cfg(test)]
mod tests;
