//! What the user asks of files of tensors.

use std::path::PathBuf;

use clap::Subcommand;

use super::{Common, parse_size};

use crate::levels::LevelFlags;

/// What to do with files of tensors.
#[derive(Subcommand, Debug)]
pub enum TensorCommand {
    /// Put a .safetensors, .npy or .npz file into an archive that gives back the same file, byte
    /// for byte
    Pack(TensorPackArgs),
    /// Get the file back from its archive
    Unpack(TensorUnpackArgs),
    /// Tensors, types, shapes, raw and coded bytes; of archives with a loss, what was lost of each
    /// tensor
    Info {
        /// Archives
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
        /// Machine-readable: one JSON array with an object a file
        #[arg(long)]
        json: bool,
    },
}

/// How to pack.
#[derive(clap::Args, Debug)]
pub struct TensorPackArgs {
    /// The file
    #[arg(value_name = "IN")]
    pub input: PathBuf,
    /// Where the archive goes; - is standard output
    #[arg(value_name = "OUT")]
    pub output: PathBuf,
    #[command(flatten)]
    pub level: LevelFlags,
    /// Let floats lose some of their bits; what was lost is told, and stands in the archive. The
    /// level is then 1 if none is given
    #[arg(long)]
    pub lossy: bool,
    /// Most that a float may move, in parts of the largest finite magnitude of its channel: of its
    /// index on the slowest axis
    #[arg(long, value_name = "E", requires = "lossy", default_value_t = 0.01)]
    pub max_rel_error: f64,
    /// Largest share of a channel that may become zero for being small, 0 to 0.25; the bound holds
    /// for it too
    #[arg(long, value_name = "SHARE", requires = "lossy", default_value_t = 0.25)]
    pub max_pruned: f64,
    #[command(flatten)]
    pub common: Common,
}

/// How to unpack.
#[derive(clap::Args, Debug)]
pub struct TensorUnpackArgs {
    /// The archive; - is standard input
    #[arg(value_name = "IN")]
    pub input: PathBuf,
    /// Where the file goes; - is standard output
    #[arg(value_name = "OUT")]
    pub output: PathBuf,
    /// Refuse archives that need more than so many MiB for a part
    #[arg(long, value_name = "MIB", default_value_t = 2048)]
    pub memory_limit: u64,
    /// Write at most so many bytes: an archive of a longer file is an error
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub max_output: Option<u64>,
    #[command(flatten)]
    pub common: Common,
}
