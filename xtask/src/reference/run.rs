//! The task: trains the reference on the first two thirds of a file and measures it on the rest,
//! beside the other codecs.

use std::path::Path;

use anyhow::{Context, Result, bail};
use catena_filter::Layout;
use catena_train::report::{Board, Curve, Events, Watchers, baselines};

use super::{ReferenceOptions, train_reference};

/// `FILE DTYPE SECONDS OUT [original]`, such as `samples/zee.bin '20<f4' 60 zee`: writes the curve
/// to `OUT.svg`, and what TensorBoard opens into the folder `OUT`. `original` takes the network of
/// the size that its makers give.
pub fn run(arguments: &[String]) -> Result<()> {
    let (arguments, shape) = match arguments {
        [rest @ .., last] if last == "original" => (rest, ReferenceOptions::original()),
        all => (all, ReferenceOptions::default()),
    };
    let [file, dtype, seconds, out] = arguments else {
        bail!("usage: reference FILE DTYPE SECONDS OUT [original]");
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
        ..shape
    };
    let outcome = train_reference(raw, record, held_out, &options, &mut watch)?;
    println!(
        "{:.4} bits per byte, {} parameters",
        outcome.held_out_bpb, outcome.parameters
    );
    Ok(())
}
