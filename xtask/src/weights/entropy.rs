//! Training of the entropy predictor (`catena_filter::engine::backend::entropy`): a network of 513
//! numbers, in seconds, on the CPU.
//!
//! As the source gives it: Xavier start, mean squared error, learning rate 1e-3, 10 epochs, seed
//! 42. What it leaves open: Adam (0.9, 0.999), batches of 32 blocks. Plain f64 here, f32 in what is
//! handed out. Invariant: the same blocks and seed give the same weights.

use anyhow::{Context, Result};
use catena_filter::engine::backend::entropy::{
    EntropyPredictor, HIDDEN, INPUTS, RANGE, Statistics, WEIGHTS, target,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Exp1, StandardNormal};

use super::perceptron::{Perceptron, Sample, shuffle};

const SEED: u64 = 42;
const EPOCHS: usize = 10;
const RATE: f64 = 1e-3;
const BATCH: usize = 32;
/// Every such block is held out.
const HELD_OUT_EVERY: usize = 5;

/// Blocks of the generator.
const SYNTHETIC: usize = 12_000;
/// Most blocks of a file, taken evenly from it.
const PER_FILE: usize = 300;
const FILE_BLOCK: usize = 4096;

/// Trains on synthetic blocks and on blocks of 4096 values of files of little-endian f32, writes
/// 513 little-endian f32 to `OUT` (`filter/src/plan/entropy.bin`), and says the losses.
pub fn run(arguments: &[String]) -> Result<()> {
    let (out, files) = arguments
        .split_first()
        .context("usage: entropy-weights OUT [FILE ...]")?;
    let mut blocks = synthetic_blocks(SYNTHETIC, 42);
    for file in files {
        let bytes = std::fs::read(file).with_context(|| format!("reading {file}"))?;
        let (words, _) = bytes.as_chunks::<4>();
        let values: Vec<f64> = words
            .iter()
            .map(|w| f32::from_le_bytes(*w).into())
            .collect();
        let all: Vec<&[f64]> = values.chunks_exact(FILE_BLOCK).collect();
        let every = all.len().div_ceil(PER_FILE).max(1);
        blocks.extend(all.into_iter().step_by(every).map(<[f64]>::to_vec));
    }
    let trained = train_entropy(&blocks);
    let bytes: Vec<u8> = trained
        .weights
        .iter()
        .flat_map(|w| w.to_le_bytes())
        .collect();
    std::fs::write(out, bytes).with_context(|| format!("writing {out}"))?;
    let [train, held_out] = trained.blocks;
    println!(
        "{train} blocks: mean squared error {:.5}; {held_out} held out: {:.5}, of always their mean {:.5}",
        trained.loss, trained.held_out_loss, trained.held_out_variance
    );
    Ok(())
}

/// What came of a training.
#[derive(Clone, Debug)]
struct TrainedEntropy {
    /// The network's numbers, in the order that the predictor takes them.
    weights: [f32; WEIGHTS],
    /// Mean squared error on the blocks that were trained on, in the last epoch.
    loss: f64,
    /// The same on those that were held out, as the predictor computes it.
    held_out_loss: f64,
    /// The variance of the held-out targets: the loss of who always says their mean.
    held_out_variance: f64,
    /// Blocks trained on, and held out.
    blocks: [usize; 2],
}

/// Trains on blocks of values; a fifth of them is held out.
fn train_entropy(blocks: &[Vec<f64>]) -> TrainedEntropy {
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let mut order: Vec<usize> = (0..blocks.len()).collect();
    shuffle(&mut order, &mut random);
    let held = |place: &usize| place.is_multiple_of(HELD_OUT_EVERY);
    let chosen = |wanted: bool| -> Vec<&Vec<f64>> {
        let places = (0..order.len()).filter(|place| held(place) == wanted);
        places.map(|place| &blocks[order[place]]).collect()
    };
    let (train, held_out) = (chosen(false), chosen(true));
    let samples: Vec<Sample> = train.iter().map(|block| sample(block)).collect();

    let mut network = Perceptron::xavier([INPUTS, HIDDEN, 1], RANGE.map(f64::from), &mut random);
    let mut loss = 0.0;
    for _ in 0..EPOCHS {
        loss = network.epoch(&samples, BATCH, RATE, &mut random);
    }

    let mut weights = [0.0; WEIGHTS];
    weights.copy_from_slice(&network.numbers());
    let predictor = EntropyPredictor::new(weights);
    let truth: Vec<f64> = held_out.iter().map(|it| f64::from(target(it))).collect();
    let mean = truth.iter().sum::<f64>() / truth.len().max(1) as f64;
    let errors = held_out.iter().zip(&truth).map(|(block, truth)| {
        let said = f64::from(predictor.predict(&Statistics::of(block)));
        (said - truth) * (said - truth)
    });
    TrainedEntropy {
        weights,
        loss,
        held_out_loss: errors.sum::<f64>() / truth.len().max(1) as f64,
        held_out_variance: truth
            .iter()
            .map(|it| (it - mean) * (it - mean))
            .sum::<f64>()
            / truth.len().max(1) as f64,
        blocks: [train.len(), held_out.len()],
    }
}

/// Blocks of many kinds, from a seed: normal, Laplace, uniform, lognormal, exponential, few levels,
/// smooth waves; of scales from 1e-7 to 1e3, some with a share of zeros, some with an offset, some
/// with a few large values.
fn synthetic_blocks(n: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..n).map(|_| synthetic(&mut random)).collect()
}

fn synthetic(random: &mut ChaCha8Rng) -> Vec<f64> {
    let len = [256, 1024, 4096][random.random_range(0..3usize)];
    let scale = 10f64.powf(random.random_range(-7.0..3.0));
    let kind = random.random_range(0..7u32);
    let levels = f64::from(random.random_range(1..60u32));
    let wave = random.random_range(0.001..0.3);
    let zeros = match random.random_range(0..3u32) {
        0 => random.random_range(0.0..0.98),
        _ => 0.0,
    };
    let offset = match random.random_range(0..4u32) {
        0 => random.random_range(-3.0..3.0),
        _ => 0.0,
    };
    let outliers = random.random_range(0..5u32) == 0;
    let mut block = Vec::with_capacity(len);
    for at in 0..len {
        let normal: f64 = StandardNormal.sample(random);
        let positive: f64 = Exp1.sample(random);
        let x = match kind {
            0 | 1 => normal,
            2 => positive.copysign(normal),
            3 => random.random_range(-1.0..1.0),
            4 => (normal * 0.8).exp(),
            5 => (normal * levels).round() / levels,
            _ => (at as f64 * wave).sin() + 0.05 * normal,
        };
        let x = if outliers && random.random_range(0..500u32) == 0 {
            x * 12.0
        } else {
            x
        };
        let zero = zeros > 0.0 && random.random_bool(zeros);
        block.push(if zero { 0.0 } else { (x + offset) * scale });
    }
    block
}

fn sample(block: &[f64]) -> Sample {
    let inputs = Statistics::of(block).inputs().map(f64::from);
    (inputs.to_vec(), vec![f64::from(target(block))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_held_out_loss_is_below_a_hundredth() {
        let blocks = synthetic_blocks(3000, 1);
        let one = train_entropy(&blocks);
        assert!(one.held_out_loss < 0.01, "{one:?}");
        assert!(one.held_out_loss * 3.0 < one.held_out_variance, "{one:?}");
        assert_eq!(one.weights, train_entropy(&blocks).weights);
    }
}
