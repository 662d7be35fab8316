//! Makes the built-in weights of the entropy predictor.
//!
//! `cargo run --release -p catena-train --example entropy_weights -- OUT [FILE...]`: trains on synthetic blocks and on blocks of 4096 values of files of
//! little-endian f32, writes 513 little-endian f32 to `OUT` (`filter/src/plan/entropy.bin`), and says the losses.

use anyhow::{Context, Result};
use catena_train::entropy::{synthetic_blocks, train_entropy};

/// Blocks of the generator.
const SYNTHETIC: usize = 12_000;
/// Most blocks of a file, taken evenly from it.
const PER_FILE: usize = 300;
const BLOCK: usize = 4096;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let out = arguments
        .next()
        .context("usage: entropy_weights OUT [FILE...]")?;
    let mut blocks = synthetic_blocks(SYNTHETIC, 42);
    for file in arguments {
        let bytes = std::fs::read(&file).with_context(|| format!("reading {file}"))?;
        let (words, _) = bytes.as_chunks::<4>();
        let values: Vec<f64> = words
            .iter()
            .map(|w| f32::from_le_bytes(*w).into())
            .collect();
        let all: Vec<&[f64]> = values.chunks_exact(BLOCK).collect();
        let every = all.len().div_ceil(PER_FILE).max(1);
        blocks.extend(all.into_iter().step_by(every).map(<[f64]>::to_vec));
    }
    let trained = train_entropy(&blocks);
    let bytes: Vec<u8> = trained
        .weights
        .iter()
        .flat_map(|w| w.to_le_bytes())
        .collect();
    std::fs::write(&out, bytes).with_context(|| format!("writing {out}"))?;
    let [train, held_out] = trained.blocks;
    println!(
        "{train} blocks: mean squared error {:.5}; {held_out} held out: {:.5}, of always their mean {:.5}",
        trained.loss, trained.held_out_loss, trained.held_out_variance
    );
    Ok(())
}
