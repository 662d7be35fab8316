//! What the user asks of HDF5 files.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use catena_h5::Chunking;
use clap::Subcommand;

use super::Common;
use crate::levels::LevelFlags;

/// What to do with HDF5 files.
#[derive(Subcommand, Debug)]
pub enum H5Command {
    /// Compress datasets with Catena's filter, chunk by chunk on all cores; everything else is
    /// copied as it is
    Pack(Box<PackArgs>),
    /// Give packed datasets plain chunks, or gzip
    Unpack(UnpackArgs),
    /// Compare two files, element by element and attribute by attribute; exit status 1 if they
    /// differ
    Verify(VerifyArgs),
    /// Show how each dataset is stored: raw and stored bytes, ratio, chunks, filters, model
    Info(InfoArgs),
}

/// Models for the datasets of a file.
#[derive(clap::Args, Debug)]
pub struct H5Models {
    /// Train a model for each dataset that can gain, MINUTES each, and put it into the file; level
    /// 8 unless 9 is asked for
    #[cfg(feature = "train")]
    #[arg(long, value_name = "MINUTES", num_args = 0..=1, default_missing_value = "10", conflicts_with = "model")]
    pub train: Option<f64>,
    /// Use this model for datasets that it fits, and put it into the file
    #[arg(long, value_name = "FILE|HASH|NAME")]
    pub model: Option<OsString>,
}

impl H5Models {
    /// The model's file, if that is what is named.
    pub fn file(&self) -> Option<&Path> {
        self.model.as_deref().map(Path::new)
    }

    /// Whether datasets get models.
    pub fn are_wanted(&self) -> bool {
        #[cfg(feature = "train")]
        let training = self.train.is_some();
        #[cfg(not(feature = "train"))]
        let training = false;
        training || self.model.is_some()
    }
}

/// How to pack.
#[derive(clap::Args, Debug)]
pub struct PackArgs {
    /// The file
    #[arg(value_name = "IN")]
    pub input: PathBuf,
    /// Where the packed file goes
    #[arg(value_name = "OUT")]
    pub output: PathBuf,
    #[command(flatten)]
    pub level: LevelFlags,
    #[command(flatten)]
    pub models: H5Models,
    /// These datasets alone, by their paths; * and ? match as in file names
    #[arg(long, value_name = "GLOB")]
    pub dataset: Vec<glob::Pattern>,
    /// Shape of the chunks: auto for at most 1 MiB each, or one number for each axis [default: as
    /// they are; auto for datasets without]
    #[arg(long, value_name = "auto|N,...", value_parser = parse_chunk)]
    pub chunk: Option<Chunking>,
    /// Leave datasets that have filters as they are
    #[arg(long)]
    pub keep_filters: bool,
    #[command(flatten)]
    pub common: Common,
}

/// How to unpack.
#[derive(clap::Args, Debug)]
pub struct UnpackArgs {
    /// The packed file
    #[arg(value_name = "IN")]
    pub input: PathBuf,
    /// Where the plain file goes
    #[arg(value_name = "OUT")]
    pub output: PathBuf,
    /// Compress with shuffle and gzip of this level instead
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=9))]
    pub gzip: Option<u32>,
    #[command(flatten)]
    pub common: Common,
}

/// What to compare.
#[derive(clap::Args, Debug)]
pub struct VerifyArgs {
    /// The first file
    pub a: PathBuf,
    /// The second file
    pub b: PathBuf,
    /// Worker threads; 0 means one a core
    #[arg(short = 'T', long, value_name = "N", default_value_t = crate::environment::threads())]
    pub threads: usize,
    /// No progress; the exit status tells
    #[arg(short, long)]
    pub quiet: bool,
}

/// What to describe.
#[derive(clap::Args, Debug)]
pub struct InfoArgs {
    /// The file
    pub file: PathBuf,
    /// Machine-readable
    #[arg(long)]
    pub json: bool,
}

fn parse_chunk(text: &str) -> Result<Chunking, String> {
    if text == "auto" {
        return Ok(Chunking::Auto);
    }
    let axes = text.split(',').map(|n| match n.trim().parse() {
        Ok(0) | Err(_) => Err(format!("'{text}' is neither auto nor numbers from 1 on")),
        Ok(n) => Ok(n),
    });
    axes.collect::<Result<_, _>>().map(Chunking::Shape)
}
