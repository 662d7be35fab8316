//! What the user asks of ROOT files.

use std::path::PathBuf;

use clap::Subcommand;

/// What to do with ROOT files.
#[derive(Subcommand, Debug)]
pub enum RootCommand {
    /// Trees, branches, types, entries, bytes on disk and raw, codecs; which branches cannot be read, and why
    Info {
        /// ROOT files
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
        /// Trees alone, without their branches
        #[arg(long)]
        trees: bool,
        /// Machine-readable: one JSON array with an object a file
        #[arg(long)]
        json: bool,
    },
}
