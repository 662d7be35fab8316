//! `-l`: what a file holds, read from its headers and its index; nothing is decoded.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Write};
use std::path::Path;

use catena::{Archive, Layout};
use serde::Serialize;

use crate::args::Args;
use crate::input::{Input, is_stdin};
use crate::report::{Failure, Outcome, grouped};

/// Listings of all files of a call: text is written as it comes, JSON when all are there.
#[derive(Debug)]
pub struct Listing {
    json: Option<Vec<FileList>>,
    verbose: bool,
}

/// One file.
#[derive(Debug, Serialize)]
struct FileList {
    file: String,
    raw_bytes: u64,
    coded_bytes: u64,
    ratio: f64,
    level: u8,
    layout: LayoutList,
    chains: u32,
    lanes: u32,
    frame_bytes: usize,
    frames: FramesList,
}

#[derive(Debug, Serialize)]
struct LayoutList {
    dtype: String,
    shape: Vec<u64>,
    record_bytes: u32,
    fields: usize,
}

#[derive(Debug, Serialize)]
struct FramesList {
    count: usize,
    key: usize,
    kinds: BTreeMap<&'static str, usize>,
    list: Vec<FrameList>,
}

#[derive(Debug, Serialize)]
struct FrameList {
    kind: &'static str,
    key: bool,
    learned: bool,
    raw_offset: u64,
    raw_bytes: u64,
    coded_offset: u64,
    coded_bytes: u64,
}

impl Listing {
    /// For these arguments.
    pub fn new(args: &Args) -> Self {
        Listing { json: args.json.then(Vec::new), verbose: args.verbose > 0 }
    }

    /// Lists one file.
    pub fn add(&mut self, path: &Path) -> Outcome<()> {
        let list = read(path)?;
        match &mut self.json {
            Some(files) => files.push(list),
            None => say(&text(&list, self.verbose))?,
        }
        Ok(())
    }

    /// Writes what waited for the last file.
    pub fn finish(self) -> Outcome<()> {
        let Some(files) = self.json else { return Ok(()) };
        let text = serde_json::to_string_pretty(&files).map_err(|e| Failure::new("json", e))?;
        say(&(text + "\n"))
    }
}
