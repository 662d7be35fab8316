//! Training of the plan's predictor (`catena_filter::plan::backends`): what each backend made of columns, learned from samples of them.

use catena_filter::plan::backends::{
    Backend, HIDDEN, INPUTS, SPAN, WEIGHTS, features, predict_with,
};
use catena_filter::plan::trial;
use catena_filter::{CompressOptions, Layout, Level, compress};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::perceptron::{Perceptron, Sample};

const SEED: u64 = 42;
const EPOCHS: usize = 400;
const RATE: f64 = 2e-3;
const BATCH: usize = 32;

/// A column that every backend has coded.
#[derive(Clone, Debug)]
pub struct Column {
    inputs: [f32; INPUTS],
    /// Bits a byte; not a number where a backend does not take such columns.
    bits: [f32; Backend::N],
}

/// Codes a column of one number type with every backend.
///
/// # Errors
/// Of the codec.
pub fn measure(layout: &Layout, raw: &[u8]) -> anyhow::Result<Option<Column>> {
    let Some((element, sample, n, quick)) = trial::column(layout, raw) else {
        return Ok(None);
    };
    let options = CompressOptions::default()
        .with_level(Level::new(5).unwrap_or_default())
        .with_layout(layout.clone())
        .with_threads(1);
    let experts = 8.0 * compress(raw, &options)?.len() as f32 / raw.len().max(1) as f32;
    Ok(Some(Column {
        inputs: features(element, &sample, n),
        bits: [quick[0], quick[1], quick[2], experts.min(SPAN)],
    }))
}

/// What came of a training.
#[derive(Clone, Debug)]
pub struct TrainedPlan {
    /// The network's numbers, in the order that the predictor takes them.
    pub weights: [f32; WEIGHTS],
    /// Mean absolute error in bits a byte on what was held out, by backend.
    pub errors: [f32; Backend::N],
    /// The same for one who always says the mean of the others.
    pub spread: [f32; Backend::N],
}

/// Trains on some columns, measures on others.
pub fn train_plan(columns: &[Column], held_out: &[Column]) -> TrainedPlan {
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let samples: Vec<Sample> = columns.iter().map(sample).collect();
    let mut network = Perceptron::xavier(
        [INPUTS, HIDDEN, Backend::N],
        [0.0, SPAN.into()],
        &mut random,
    );
    for epoch in 0..EPOCHS {
        let rate = RATE * (1.0 - epoch as f64 / EPOCHS as f64);
        network.epoch(&samples, BATCH, rate, &mut random);
    }
    let mut weights = [0.0; WEIGHTS];
    weights.copy_from_slice(&network.numbers());
    let (mut errors, mut spread) = ([0.0; Backend::N], [0.0; Backend::N]);
    for at in 0..Backend::N {
        let known = |columns: &[Column]| -> Vec<Column> {
            let known = columns.iter().filter(|column| column.bits[at].is_finite());
            known.cloned().collect()
        };
        let mean = mean(known(columns).iter().map(|column| column.bits[at]));
        let held_out = known(held_out);
        errors[at] =
            self::mean(held_out.iter().map(|column| {
                (predict_with(&weights, &column.inputs)[at] - column.bits[at]).abs()
            }));
        spread[at] = self::mean(held_out.iter().map(|column| (mean - column.bits[at]).abs()));
    }
    TrainedPlan {
        weights,
        errors,
        spread,
    }
}

fn sample(column: &Column) -> Sample {
    let inputs = column.inputs.iter().map(|&x| x.into()).collect();
    (inputs, column.bits.iter().map(|&x| x.into()).collect())
}

fn mean(values: impl Iterator<Item = f32>) -> f32 {
    let (sum, n) = values.fold((0.0, 0.0), |(sum, n), x| (sum + x, n + 1.0));
    if n > 0.0 { sum / n } else { 0.0 }
}

/// Columns of many kinds, from a seed: noise of so many bits, steps, walks, waves, decimals, few values, long runs; of every number type.
pub fn synthetic_columns(n: usize, seed: u64) -> Vec<(Layout, Vec<u8>)> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..n).filter_map(|_| synthetic(&mut random)).collect()
}

fn synthetic(random: &mut ChaCha8Rng) -> Option<(Layout, Vec<u8>)> {
    let types = [
        "<f4", "<f8", "<i4", "<u4", "<i8", "<u8", "<i2", "<u2", "|u1", "|i1", "<f2",
    ];
    let dtype = types[random.random_range(0..types.len())];
    let layout = Layout::parse(dtype).ok()?;
    let width = layout.record_size() as usize;
    let len = [2000usize, 10_000, 60_000][random.random_range(0..3usize)];
    let kind = random.random_range(0..8u32);
    let scale = 10f64.powf(random.random_range(-2.0..6.0));
    let (few, run) = (
        random.random_range(2..200u32),
        random.random_range(1..40u32),
    );
    let noise = random.random_range(0.0..0.1);
    let period = random.random_range(20.0..2000.0);
    let (mut walk, mut held) = (0.0f64, 0.0f64);
    let mut raw = Vec::with_capacity(len * width);
    for at in 0..len {
        let flat: f64 = random.random_range(-1.0..1.0);
        let x = match kind {
            0 => flat,
            1 => at as f64 * 0.01 + noise * flat,
            2 => {
                walk += flat * 0.02;
                walk
            }
            3 => (at as f64 / period).sin() + noise * noise * flat,
            4 => (flat * 100.0).round() / 100.0,
            5 => f64::from(random.random_range(0..few)) / f64::from(few),
            6 => {
                if (at as u32).is_multiple_of(run) {
                    held = flat;
                }
                held
            }
            _ => flat.abs().ln(),
        } * scale;
        match dtype {
            "<f4" => raw.extend((x as f32).to_le_bytes()),
            "<f8" => raw.extend(x.to_le_bytes()),
            "<f2" => raw.extend(half::f16::from_f64(x).to_le_bytes()),
            _ => raw.extend_from_slice(&(x as i64).to_le_bytes()[..width]),
        }
    }
    Some((layout, raw))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_learned_holds_for_others() -> anyhow::Result<()> {
        let measured = |n, seed| -> anyhow::Result<Vec<Column>> {
            let made = synthetic_columns(n, seed);
            let short = made.iter().map(|(layout, raw)| {
                let len = raw.len().min(8000);
                measure(layout, &raw[..len])
            });
            Ok(short
                .collect::<anyhow::Result<Vec<_>>>()?
                .into_iter()
                .flatten()
                .collect())
        };
        let trained = train_plan(&measured(300, 1)?, &measured(60, 2)?);
        for (error, spread) in trained.errors.iter().zip(&trained.spread) {
            assert!(*error < 0.8 && error * 2.0 < *spread, "{trained:?}");
        }
        Ok(())
    }
}
