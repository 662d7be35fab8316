//! Trains the plain reference on the first two thirds of a file and measures it on the rest, beside the other codecs.
//!
//! `cargo run --release -p catena-train --example reference -- FILE DTYPE SECONDS OUT`, such as `samples/zee.bin '20<f4' 60
//! zee`: writes the curve to `OUT.svg`, and what TensorBoard opens into the folder `OUT`.

use std::path::Path;

use anyhow::{Context, Result};
use catena_filter::Layout;
use catena_train::reference::{ReferenceOptions, train_reference};
use catena_train::report::{Board, Curve, Events, Watchers, baselines};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, dtype, seconds, out] = arguments.as_slice() else {
        anyhow::bail!("usage: reference FILE DTYPE SECONDS OUT");
    };
    let raw = std::fs::read(file).with_context(|| format!("reading {file}"))?;
    let layout = Layout::parse(dtype)?;
    let record = layout.record_size() as usize;
    let (raw, held_out) = raw.split_at(raw.len() / record * 2 / 3 * record);
    let marks = baselines(held_out, &layout)?;
    let title = format!(
        "the plain reference on {file}, {} held-out bytes",
        held_out.len()
    );
    let mut watch = Watchers(vec![
        Box::new(Board::new(&marks)),
        Box::new(Events::create(Path::new(out))?),
        Box::new(Curve::new(Path::new(out), &title, &marks)),
    ]);
    let options = ReferenceOptions {
        seconds: seconds.parse()?,
        validate_every: 10,
        validation_bytes: 4096,
        ..ReferenceOptions::default()
    };
    let outcome = train_reference(raw, record, held_out, &options, &mut watch)?;
    println!(
        "{:.4} bits per byte, {} parameters",
        outcome.held_out_bpb, outcome.parameters
    );
    Ok(())
}
