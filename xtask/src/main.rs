//! What is made once for Catena and by hand, kept apart from what users link.
//!
//! `cargo run --release -p xtask -- TASK ...`:
//!
//! - `backends-weights OUT [FILE=DTYPE ...]`: the numbers of the plan's predictor.
//! - `entropy-weights OUT [FILE ...]`: the numbers of the entropy predictor.
//! - `reference FILE DTYPE SECONDS OUT [original]`: a plain transformer over bytes, to compare the
//!   network with.

mod reference;
mod weights;

use anyhow::{Result, bail};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (task, arguments) = match arguments.split_first() {
        Some((task, arguments)) => (task.as_str(), arguments),
        None => ("", &[][..]),
    };
    match task {
        "backends-weights" => weights::backends::run(arguments),
        "entropy-weights" => weights::entropy::run(arguments),
        "reference" => reference::run(arguments),
        _ => bail!("usage: xtask backends-weights|entropy-weights|reference ..."),
    }
}
