//! Catena beside its peers, on a folder of files with their layouts.
//!
//! Data flows: corpus (which files, what bytes) -> runner (a process for each measurement) ->
//! measure, codec (in that process) -> row -> report (CSV, Markdown, JSON, plot).

mod cache;
mod codec;
mod compare;
mod corpus;
mod job;
mod machine;
mod measure;
mod python;
mod reference;
mod report;
mod row;
mod runner;
mod special;
mod transform;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(
    name = "catena-bench",
    about = "Measures Catena beside its peers",
    args_conflicts_with_subcommands = true
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    compare: compare::Compare,
}

#[derive(Subcommand)]
enum Command {
    /// Make the Python environment of the peers without a Rust binding (bench/.venv)
    Setup,
    /// Peak memory of a long stream through the pipe `catena | catena -d`
    Memory(special::Memory),
    /// Chained frames against key frames only
    Chaining {
        #[command(flatten)]
        common: special::Common,
        /// Bytes a frame
        #[arg(long, default_value_t = 65536)]
        frame_size: usize,
    },
    /// Several threads against one, both directions
    Scaling {
        #[command(flatten)]
        common: special::Common,
        /// Numbers of threads
        #[arg(long = "with", value_delimiter = ',', default_values_t = [2usize])]
        with: Vec<usize>,
    },
    /// Catena's levels against xz -9e in the same run, both directions
    Speed {
        #[command(flatten)]
        common: special::Common,
    },
    /// Trained models: levels 6 to 9, the network alone and peers on the held-out part of each file
    Network(special::Network),
    /// Whether a stream keeps the speed that is asked for: noise, jets and grids in turn
    Paced(special::Paced),
    /// CAQ of all codecs on bundles of files: bench/leaderboard
    Leaderboard(special::Leaderboard),
    /// Fields by prediction against fields by trying everything
    Plan(special::Plan),
    /// One measurement: a job as JSON on standard input, what was found on standard output
    #[command(hide = true)]
    Measure,
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    match cli.command {
        None => compare::compare(&cli.compare),
        Some(Command::Setup) => python::setup(),
        Some(Command::Memory(asked)) => special::memory(&asked),
        Some(Command::Chaining { common, frame_size }) => special::chaining(&common, frame_size),
        Some(Command::Scaling { common, with }) => special::scaling(&common, &with),
        Some(Command::Speed { common }) => special::speed(&common),
        Some(Command::Network(asked)) => special::network(&asked),
        Some(Command::Paced(asked)) => special::paced(&asked),
        Some(Command::Leaderboard(asked)) => special::leaderboard(&asked),
        Some(Command::Plan(asked)) => special::plan(&asked),
        Some(Command::Measure) => measure::serve(),
    }
}
