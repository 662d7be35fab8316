//! What the user asks of ROOT files.

use std::path::PathBuf;

#[cfg(feature = "h5")]
use catena_root::convert::Layout;
#[cfg(feature = "h5")]
use catena_root::write::Codec;
use clap::Subcommand;

#[cfg(feature = "h5")]
use super::{Common, H5Models};
use super::{RootPackArgs, RootUnpackArgs};
#[cfg(feature = "h5")]
use crate::levels::LevelFlags;

/// What to do with ROOT files.
#[derive(Subcommand, Debug)]
pub enum RootCommand {
    /// Put a file into an archive that gives back the same file, byte for byte
    Pack(RootPackArgs),
    /// Get the file back from its archive
    Unpack(RootUnpackArgs),
    /// Trees, branches, types, entries, bytes on disk and raw, codecs; which branches cannot be
    /// read, and why. Of archives, how much could be modelled
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
    /// Turn trees into an HDF5 file with Catena's filter, on all cores
    #[cfg(feature = "h5")]
    Convert(Box<ConvertArgs>),
    /// Turn an HDF5 file, of convert or with plain tables, into a ROOT file with TTrees
    #[cfg(feature = "h5")]
    Export(ExportArgs),
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
    /// These branches alone, by path or name; * and ? match as in file names, and a ! before the
    /// pattern drops them
    #[arg(long, value_name = "GLOB")]
    pub branch: Vec<String>,
    /// Not these branches
    #[arg(long, value_name = "GLOB")]
    pub drop: Vec<String>,
    /// Entries of each tree: from A up to B, which is not taken; either may be left out
    #[arg(long, value_name = "A:B", value_parser = parse_entries)]
    pub entries: Option<std::ops::Range<u64>>,
    /// How columns lie in the file: awkward's buffers; lists padded to N elements (the longest list
    /// unless given); branches without lists alone, as a table
    #[arg(long, value_name = "awkward|padded[:N]|table", value_parser = parse_layout, default_value = "awkward")]
    pub layout: Layout,
    #[command(flatten)]
    pub models: H5Models,
    /// Convert what can be read though something cannot; exit status 1 then
    #[arg(long)]
    pub keep_going: bool,
    #[command(flatten)]
    pub common: Common,
}

/// What to export, and how.
#[cfg(feature = "h5")]
#[derive(clap::Args, Debug)]
pub struct ExportArgs {
    /// The HDF5 file
    #[arg(value_name = "IN")]
    pub input: PathBuf,
    /// Where the ROOT file goes
    #[arg(value_name = "OUT")]
    pub output: PathBuf,
    /// How baskets are compressed: none, zlib or zstd, with a level behind a colon if you like
    #[arg(long, value_name = "CODEC[:LEVEL]", value_parser = parse_codec, default_value = "zstd:5")]
    pub codec: Codec,
    /// Write what has a place in a tree though something has none; exit status 1 then
    #[arg(long)]
    pub keep_going: bool,
    /// Overwrite the output
    #[arg(short, long)]
    pub force: bool,
    /// No summary
    #[arg(short, long)]
    pub quiet: bool,
}

#[cfg(feature = "h5")]
fn parse_codec(text: &str) -> Result<Codec, String> {
    let (name, level) = match text.split_once(':') {
        Some((name, level)) => (name, Some(level)),
        None => (text, None),
    };
    let level = |default: u8, most: u8| match level.map(str::parse::<u8>) {
        None => Ok(default),
        Some(Ok(level)) if (1..=most).contains(&level) => Ok(level),
        Some(_) => Err(format!("{name} has the levels 1 to {most}")),
    };
    match name {
        "none" => Ok(Codec::None),
        "zlib" => Ok(Codec::Zlib(level(6, 9)?)),
        "zstd" => Ok(Codec::Zstd(level(5, 19)?)),
        _ => Err("codecs are none, zlib and zstd".into()),
    }
}

#[cfg(feature = "h5")]
fn parse_entries(text: &str) -> Result<std::ops::Range<u64>, String> {
    let wrong = || format!("'{text}' is not A:B");
    let (from, to) = text.split_once(':').ok_or_else(wrong)?;
    let number = |part: &str, empty| match part.trim() {
        "" => Ok(empty),
        digits => digits.parse::<u64>().map_err(|_| wrong()),
    };
    let range = number(from, 0)?..number(to, u64::MAX)?;
    match range.start <= range.end {
        true => Ok(range),
        false => Err(format!("'{text}' ends before it begins")),
    }
}

#[cfg(all(test, feature = "h5"))]
mod tests {
    use super::*;

    #[test]
    fn entries_end_after_they_begin() {
        assert_eq!(parse_entries("5:10"), Ok(5..10));
        assert_eq!(parse_entries(":"), Ok(0..u64::MAX));
        assert_eq!(parse_entries("7:7"), Ok(7..7));
        for wrong in ["10:5", "5", "a:b", "-1:2"] {
            assert!(parse_entries(wrong).is_err(), "{wrong}");
        }
    }
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
