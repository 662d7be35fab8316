//! The numbers of the plan's predictor.
//!
//! `cargo run --release -p catena-train --example backends_weights -- OUT [FILE=DTYPE ...]`: codes columns of the files, and synthetic ones, with every backend, trains,
//! writes little-endian f32 to `OUT` (`filter/src/plan/backends.bin`), and says the errors. Every fifth file is held out whole.

use anyhow::{Context, Result};
use catena_filter::{ByteOrder, Kind, Layout};
use catena_train::plan::{Column, measure, synthetic_columns, train_plan};

/// Synthetic columns, of which a fifth is held out.
const SYNTHETIC: usize = 1500;
/// Raw bytes of a column that are looked at at once, and blocks of a column.
const BLOCK: usize = 1 << 17;
const BLOCKS: usize = 3;

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let out = args
        .next()
        .context("usage: backends_weights OUT [FILE=DTYPE ...]")?;
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
    for (at, arg) in args.enumerate() {
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
    std::fs::write(&out, bytes).context(out)?;
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
