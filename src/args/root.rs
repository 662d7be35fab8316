//! What the user asks of ROOT files.

use std::path::PathBuf;

#[cfg(feature = "h5")]
use catena_root::convert::Layout;
use clap::Subcommand;

#[cfg(feature = "h5")]
use super::h5::Common;
#[cfg(feature = "h5")]
use crate::levels::LevelFlags;

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
    /// Turn trees into an HDF5 file with Catena's filter, on all cores
    #[cfg(feature = "h5")]
    Convert(Box<ConvertArgs>),
}

/// What to convert, and how.
#[cfg(feature = "h5")]
#[derive(clap::Args, Debug)]
pub struct ConvertArgs {
    /// The ROOT file
    #[arg(value_name = "IN")]
    pub input: PathBuf,
    /// Where the HDF5 file goes
    #[arg(value_name = "OUT")]
    pub output: PathBuf,
    #[command(flatten)]
    pub level: LevelFlags,
    /// This tree, by its path; may be given several times [default: all]
    #[arg(long, value_name = "PATH")]
    pub tree: Vec<String>,
    /// These branches alone, by path or name; * and ? match as in file names, and a ! before the pattern drops them
    #[arg(long, value_name = "GLOB")]
    pub branch: Vec<String>,
    /// Not these branches
    #[arg(long, value_name = "GLOB")]
    pub drop: Vec<String>,
    /// Entries of each tree: from A up to B, which is not taken; either may be left out
    #[arg(long, value_name = "A:B", value_parser = parse_entries)]
    pub entries: Option<std::ops::Range<u64>>,
    /// How columns lie in the file: awkward's buffers; lists padded to N elements (the longest list unless given); branches without lists alone, as a table
    #[arg(long, value_name = "awkward|padded[:N]|table", value_parser = parse_layout, default_value = "awkward")]
    pub layout: Layout,
    /// Convert what can be read though something cannot; exit status 1 then
    #[arg(long)]
    pub keep_going: bool,
    #[command(flatten)]
    pub common: Common,
}

#[cfg(feature = "h5")]
fn parse_entries(text: &str) -> Result<std::ops::Range<u64>, String> {
    let wrong = || format!("'{text}' is not A:B");
    let (from, to) = text.split_once(':').ok_or_else(wrong)?;
    let number = |part: &str, empty| match part.trim() {
        "" => Ok(empty),
        digits => digits.parse::<u64>().map_err(|_| wrong()),
    };
    Ok(number(from, 0)?..number(to, u64::MAX)?)
}

#[cfg(feature = "h5")]
fn parse_layout(text: &str) -> Result<Layout, String> {
    match text.split_once(':') {
        None if text == "awkward" => Ok(Layout::Awkward),
        None if text == "padded" => Ok(Layout::Padded(None)),
        None if text == "table" => Ok(Layout::Table),
        Some(("padded", n)) => match n.parse() {
            Ok(n @ 1..) => Ok(Layout::Padded(Some(n))),
            _ => Err(format!("'{n}' is no number of elements")),
        },
        _ => Err("layouts are awkward, padded, padded:N and table".into()),
    }
}
