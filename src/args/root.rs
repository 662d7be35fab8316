//! What the user asks of ROOT files.

use std::path::PathBuf;

use clap::Subcommand;

use super::{RootPackArgs, RootUnpackArgs};

/// What to do with ROOT files.
#[derive(Subcommand, Debug)]
pub enum RootCommand {
    /// Put a file into an archive that gives back the same file, byte for byte
    Pack(RootPackArgs),
    /// Get the file back from its archive
    Unpack(RootUnpackArgs),
    /// Trees, branches, types, entries, bytes on disk and raw, codecs; which branches cannot be read, and why. Of archives, how
    /// much could be modelled
    Info {
        /// ROOT files, or archives of them
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
