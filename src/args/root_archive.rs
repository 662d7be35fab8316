//! What the user asks of archives of ROOT files.

use std::path::PathBuf;

use super::{Common, parse_size};

use crate::levels::LevelFlags;

/// How to pack.
#[derive(clap::Args, Debug)]
pub struct RootPackArgs {
    /// The file; one that is no ROOT file, or damaged, is packed as plain bytes
    #[arg(value_name = "IN")]
    pub input: PathBuf,
    /// Where the archive goes; - is standard output
    #[arg(value_name = "OUT")]
    pub output: PathBuf,
    #[command(flatten)]
    pub level: LevelFlags,
    #[command(flatten)]
    pub common: Common,
}

/// How to unpack.
#[derive(clap::Args, Debug)]
pub struct RootUnpackArgs {
    /// The archive; - is standard input
    #[arg(value_name = "IN")]
    pub input: PathBuf,
    /// Where the file goes; - is standard output
    #[arg(value_name = "OUT")]
    pub output: PathBuf,
    /// Refuse archives that need more than so many MiB for a segment
    #[arg(long, value_name = "MIB", default_value_t = 1024)]
    pub memory_limit: u64,
    /// Write at most so many bytes: an archive of a longer file is an error
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub max_output: Option<u64>,
    #[command(flatten)]
    pub common: Common,
}
