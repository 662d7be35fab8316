//! ROOT files become HDF5 files with Catena's filter: `catena root convert`.
//!
//! Trees and branches are chosen (`select`), read once to learn lengths and damage (`survey`),
//! given their places in datasets (`plan`), and read once more to be written (`awkward`, `padded`;
//! `store` and `sink` below them). Invariants: memory is bounded by batches and chunks; nothing is
//! written unless all that was asked for can be, or the caller said to keep going; the output
//! depends on no number of threads.

mod awkward;
mod buffers;
mod form;
mod padded;
mod plan;
mod select;
mod sink;
mod store;
mod survey;

use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;

use catena_container::parallel;
use catena_filter::Level;
use catena_hdf5_calls::Handle;
use glob::Pattern;

use crate::column::Values;
use crate::error::{Error, Result};
use crate::reader::File;
use select::Group;
use sink::{Sink, number_attribute, text_attribute};
use survey::Found;

/// How columns lie in the HDF5 file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Layout {
    /// Buffers that awkward-array takes back.
    #[default]
    Awkward,
    /// Lists of one object type as a table with a second axis of this length (the longest list's
    /// unless given), and whether an element is valid.
    Padded(Option<usize>),
    /// Branches without lists alone, as one table.
    Table,
}

/// What to convert, and how.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConvertOptions {
    /// Paths of the trees; all if empty.
    pub trees: Vec<String>,
    /// Branches to take, by the path or name of them or of one above them; all if empty.
    pub keep: Vec<Pattern>,
    /// Branches not to take.
    pub drop: Vec<Pattern>,
    /// Entries of each tree, cut to those that it has.
    pub entries: Range<u64>,
    /// How columns lie in the file.
    pub layout: Layout,
    /// Effort.
    pub level: Level,
    /// Whether what can be read is written though something cannot.
    pub keep_going: bool,
    /// Threads; 0 means one a core. They do not change the output.
    pub threads: usize,
}

impl Default for ConvertOptions {
    fn default() -> Self {
        ConvertOptions {
            trees: Vec::new(),
            keep: Vec::new(),
            drop: Vec::new(),
            entries: 0..u64::MAX,
            layout: Layout::default(),
            level: Level::default(),
            keep_going: false,
            threads: 0,
        }
    }
}

/// A branch, or a tree, that is not in the output, or not as it is in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Left {
    /// The tree's path; empty if it is about the file.
    pub tree: String,
    /// The branch's path; empty if it is about the tree.
    pub branch: String,
    /// Why.
    pub why: String,
    /// Whether it is a failure, not merely something that the layout has no place for.
    pub fatal: bool,
    /// Whether it is in the output after all, under another name.
    pub renamed: bool,
}

impl Left {
    fn damaged(why: String) -> Self {
        Left {
            tree: String::new(),
            branch: String::new(),
            why,
            fatal: true,
            renamed: false,
        }
    }
}

impl std::fmt::Display for Left {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.tree.is_empty() {
            write!(f, "tree {}, branch {}: ", self.tree, self.branch)?;
        }
        f.write_str(&self.why)
    }
}

/// What is going on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// This is left out, or renamed. All of them come before anything is written.
    Left(Left),
    /// So many raw bytes are to be written.
    Total(u64),
    /// So many raw bytes became so many stored ones.
    Bytes(u64, u64),
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Trees in the output.
    pub trees: usize,
    /// Branches in the output.
    pub branches: usize,
    /// What is not, and why.
    pub left: Vec<Left>,
}

impl Summary {
    /// Whether all that was asked for is there.
    pub fn is_complete(&self) -> bool {
        !self.left.iter().any(|left| left.fatal)
    }
}

/// Converts a file. `output` is overwritten; on an error what is there is of no use.
///
/// # Errors
/// No ROOT file, no such tree; a branch that cannot be read or is damaged, unless `keep_going`; of
/// HDF5 and the file system.
pub fn convert(
    input: &Path,
    output: &Path,
    options: &ConvertOptions,
    on: &dyn Fn(Event),
) -> Result<Summary> {
    catena_files::Inputs::of([input]).refuse(output)?;
    let threads = parallel::threads(options.threads);
    let file = File::open(input)?;
    let (mut groups, mut left) = select::select(&file, options)?;
    let mut found: Vec<Vec<Found>> = Vec::new();
    for group in &mut groups {
        let mut sound = sound(group, threads, &mut left)?;
        if options.layout != Layout::Awkward {
            padded::fit(group, &mut sound, options.layout, &mut left);
        }
        found.push(sound);
    }
    left.iter().for_each(|left| on(Event::Left(left.clone())));
    let failed = left.iter().filter(|left| left.fatal).count();
    if failed > 0 && !options.keep_going {
        return Err(Error::unsupported(format!(
            "{failed} parts of the file, named above; --keep-going converts the others"
        )));
    }
    let raw = groups
        .iter()
        .zip(&found)
        .map(|(group, found)| raw_bytes(group, found));
    on(Event::Total(raw.sum()));
    let mut sink = Sink::create(output, options.level, threads, on)?;
    if let Some(name) = input.file_name() {
        let root = sink.group("")?;
        text_attribute(&root, "source", &name.to_string_lossy())?;
    }
    for (group, found) in groups.iter().zip(&found) {
        match options.layout {
            Layout::Awkward => awkward::write(&mut sink, group, found, threads)?,
            Layout::Padded(_) | Layout::Table => {
                padded::write(&mut sink, group, found, options, threads)?
            }
        }
    }
    sink.finish()?;
    Ok(Summary {
        trees: groups.iter().map(|g| g.sources.len()).sum(),
        branches: groups
            .iter()
            .map(|g| g.sources.len() * g.columns.len())
            .sum(),
        left,
    })
}

/// Reads a group once; its damaged columns are left out.
fn sound(group: &mut Group, threads: usize, left: &mut Vec<Left>) -> Result<Vec<Found>> {
    let results = survey::survey(group, threads)?;
    let keep: Vec<bool> = results.iter().map(Result::is_ok).collect();
    let mut found = Vec::new();
    for result in results {
        match result {
            Ok(one) => found.push(one),
            Err(e) => left.push(Left::damaged(e.to_string())),
        }
    }
    group.retain(&keep);
    Ok(found)
}

fn raw_bytes(group: &Group, found: &[Found]) -> u64 {
    let columns = group.columns.iter().zip(found).map(|(chosen, found)| {
        let buffers = chosen.shape.buffers.iter().map(|buffer| {
            let rows = found.rows.get(buffer.class).copied().unwrap_or(0);
            rows.saturating_mul(buffer.size() as u64)
        });
        buffers.fold(0, u64::saturating_add)
    });
    columns.fold(0, u64::saturating_add)
}

/// What is said of a group itself.
fn describe(handle: &Handle, group: &Group) -> Result<()> {
    number_attribute(handle, "entries", group.entries())?;
    text_attribute(handle, "title", &group.title)
}

/// Numbers as little-endian bytes.
fn little(values: &Values) -> Cow<'_, [u8]> {
    let bytes = values.as_bytes();
    match (cfg!(target_endian = "little"), values.kind().size()) {
        (true, _) | (_, 1) => Cow::Borrowed(bytes),
        (false, size) => {
            let turned = bytes.chunks(size).flat_map(|number| number.iter().rev());
            Cow::Owned(turned.copied().collect())
        }
    }
}
