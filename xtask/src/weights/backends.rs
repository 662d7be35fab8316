//! Training of the plan's predictor (`catena_filter::engine::backend::predictor`): what each
//! backend made of columns, learned from samples of them.

use anyhow::{Context, Result};
use catena_filter::engine::backend::predictor::{
    Backend, HIDDEN, INPUTS, SPAN, WEIGHTS, features, predict_with,
};
use catena_filter::engine::backend::trial;
use catena_filter::{ByteOrder, CompressOptions, Kind, Layout, Level, compress};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::perceptron::{Perceptron, Sample};

const SEED: u64 = 42;
const EPOCHS: usize = 400;
const RATE: f64 = 2e-3;
const BATCH: usize = 32;

/// Synthetic columns, of which a fifth is held out.
const SYNTHETIC: usize = 1500;
/// Raw bytes of a column that are looked at at once, and blocks of a column.
const BLOCK: usize = 1 << 17;
const BLOCKS: usize = 3;

/// Codes columns of the files, and synthetic ones, with every backend, trains, writes little-endian
/// f32 to `OUT` (`filter/src/plan/backends.bin`), and says the errors. Every fifth file is held out
/// whole.
pub fn run(arguments: &[String]) -> Result<()> {
    let (out, files) = arguments
        .split_first()
        .context("usage: backends-weights OUT [FILE=DTYPE ...]")?;
    let (mut train, mut held_out) = (Vec::new(), Vec::new());
    for (at, (layout, raw)) in synthetic_columns(SYNTHETIC, 7).iter().enumerate() {
        let column = measure(layout, raw)?;
        if at % 5 == 4 {
            &mut held_out
        } else {
            &mut train
        }
        .extend(column);
    }
    for (at, arg) in files.iter().enumerate() {
        let (file, dtype) = arg.split_once('=').context("FILE=DTYPE")?;
        let raw = std::fs::read(file).with_context(|| file.to_owned())?;
        let columns = columns(&Layout::parse(dtype)?, &raw)?;
        eprintln!("{file}: {} blocks", columns.len());
        if at % 5 == 4 {
            &mut held_out
        } else {
            &mut train
        }
        .extend(columns);
    }
    let trained = train_plan(&train, &held_out);
    let bytes: Vec<u8> = trained
        .weights
        .iter()
        .flat_map(|x| x.to_le_bytes())
        .collect();
    std::fs::write(out, bytes).with_context(|| out.clone())?;
    println!(
        "{} columns trained on, {} held out",
        train.len(),
        held_out.len()
    );
    println!(
        "mean error in bits a byte: zstd of planes, of elements, pco, experts: {:?}; of the mean: {:?}",
        trained.errors, trained.spread
    );
    Ok(())
}

/// Blocks of every column of a file, coded.
fn columns(layout: &Layout, raw: &[u8]) -> Result<Vec<Column>> {
    let expansion = layout.columns();
    let record = expansion.record_size as usize;
    let mut found = Vec::new();
    for column in &expansion.columns {
        let (width, offset) = (usize::from(column.width), column.offset as usize);
        let kind = match column.kind {
            Kind::Float => 'f',
            Kind::Int => 'i',
            _ => 'u',
        };
        let order = match column.order {
            ByteOrder::Little => '<',
            ByteOrder::Big => '>',
        };
        let one = Layout::parse(&format!("{order}{kind}{width}"))?;
        let elements: Vec<u8> = raw
            .chunks_exact(record)
            .flat_map(|record| &record[offset..offset + width])
            .copied()
            .collect();
        let block = BLOCK - BLOCK % width;
        let step = (elements.len() / BLOCKS).max(block);
        for start in (0..elements.len())
            .step_by(step - step % width)
            .take(BLOCKS)
        {
            let end = (start + block).min(elements.len());
            if end - start >= 512 {
                found.extend(measure(&one, &elements[start..end])?);
            }
        }
    }
    Ok(found)
}

/// A column that every backend has coded.
#[derive(Clone, Debug)]
struct Column {
    inputs: [f32; INPUTS],
    /// Bits a byte; not a number where a backend does not take such columns.
    bits: [f32; Backend::N],
}

/// Codes a column of one number type with every backend.
///
/// # Errors
/// Of the codec.
fn measure(layout: &Layout, raw: &[u8]) -> Result<Option<Column>> {
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
struct TrainedPlan {
    /// The network's numbers, in the order that the predictor takes them.
    weights: [f32; WEIGHTS],
    /// Mean absolute error in bits a byte on what was held out, by backend.
    errors: [f32; Backend::N],
    /// The same for one who always says the mean of the others.
    spread: [f32; Backend::N],
}

/// Trains on some columns, measures on others.
fn train_plan(columns: &[Column], held_out: &[Column]) -> TrainedPlan {
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

/// Columns of many kinds, from a seed: noise of so many bits, steps, walks, waves, decimals, few
/// values, long runs; of every number type.
fn synthetic_columns(n: usize, seed: u64) -> Vec<(Layout, Vec<u8>)> {
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
    fn what_was_learned_holds_for_others() -> Result<()> {
        let measured = |n, seed| -> Result<Vec<Column>> {
            let made = synthetic_columns(n, seed);
            let short = made.iter().map(|(layout, raw)| {
                let len = raw.len().min(8000);
                measure(layout, &raw[..len])
            });
            Ok(short
                .collect::<Result<Vec<_>>>()?
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
