//! A writer of ROOT files: trees of numbers, arrays, lists with their counters, and texts.
//!
//! What is written is what ROOT's own basic branches are: a leaf a branch, entry offsets behind the
//! values of lists, the classes described in the file. Positions have eight bytes whatever the
//! file's size. The output depends on the input alone: no times, no random identifiers.

mod basket;
mod bytes;
mod classes;
mod container;
mod tree;

use std::collections::{HashMap, HashSet};
use std::io::{Seek, Write};

use crate::column::{Column, Values};
use crate::error::{Error, ErrorKind, Result};
use container::{Container, NewKey};
use tree::Placed;

/// The most raw bytes of one record of compressed data.
const RECORD: usize = 0xFF_FFFF;

/// How baskets are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// Not at all.
    None,
    /// Deflate, at this level of 1 to 9.
    Zlib(u8),
    /// Zstandard, at this level of 1 to 19.
    Zstd(u8),
}

impl Codec {
    /// ROOT's number for it.
    fn settings(self) -> i32 {
        match self {
            Codec::None => 0,
            Codec::Zlib(level) => 100 + i32::from(level),
            Codec::Zstd(level) => 500 + i32::from(level.min(99)),
        }
    }

    /// Records of at most 16 MiB; the bytes themselves if that is not less.
    fn compress(self, raw: &[u8]) -> Result<Vec<u8>> {
        let mut all = Vec::new();
        for part in raw.chunks(RECORD) {
            let (tag, method, coded) = match self {
                Codec::None => return Ok(raw.to_vec()),
                Codec::Zlib(level) => {
                    let level = flate2::Compression::new(u32::from(level.clamp(1, 9)));
                    let mut coder = flate2::write::ZlibEncoder::new(Vec::new(), level);
                    coder.write_all(part)?;
                    (b"ZL", 8, coder.finish()?)
                }
                Codec::Zstd(level) => {
                    let level = i32::from(level.clamp(1, 19));
                    (b"ZS", 1, zstd::bulk::compress(part, level)?)
                }
            };
            if coded.len() >= part.len() {
                return Ok(raw.to_vec());
            }
            all.extend_from_slice(tag);
            all.push(method);
            for n in [coded.len(), part.len()] {
                all.extend(n.to_le_bytes().iter().take(3));
            }
            all.extend(coded);
        }
        match all.len() < raw.len() {
            true => Ok(all),
            false => Ok(raw.to_vec()),
        }
    }
}

/// A branch to be written.
#[derive(Clone, Debug)]
pub struct NewBranch {
    /// Its name.
    pub name: String,
    /// What its author says of it; what type it is if that is empty.
    pub title: String,
    /// Its values: numbers, arrays of them, lists of either, or texts.
    pub column: Column,
    /// For lists, the branch that counts them. Without one, a branch of that kind is made, `n` and
    /// the name.
    pub counter: Option<String>,
    /// Whether it counts others. Set by the writer.
    counts: bool,
}

impl NewBranch {
    /// A branch of this name and these values.
    pub fn new(name: impl Into<String>, column: Column) -> Self {
        NewBranch {
            name: name.into(),
            title: String::new(),
            column,
            counter: None,
            counts: false,
        }
    }

    /// The same with a title.
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// The same with the name of the branch that counts it.
    pub fn with_counter(mut self, counter: impl Into<String>) -> Self {
        self.counter = Some(counter.into());
        self
    }
}

/// A file that is being written.
pub struct Writer<W> {
    container: Container<W>,
    taken: HashSet<String>,
}

/// Whether such values have a place in a tree that is written here.
pub fn is_writable(column: &Column) -> bool {
    match column {
        Column::Strings(_) => true,
        Column::List { item, .. } => is_numbers(item),
        other => is_numbers(other),
    }
}

fn is_numbers(column: &Column) -> bool {
    match column {
        Column::Values(_) => true,
        Column::Fixed { size, item, .. } => *size > 0 && is_numbers(item),
        _ => false,
    }
}

impl<W: Write + Seek> Writer<W> {
    /// Begins a file. `name` is what it calls itself.
    ///
    /// # Errors
    /// Of writing.
    pub fn new(to: W, name: &str, codec: Codec) -> Result<Self> {
        Ok(Writer {
            container: Container::create(to, name, codec)?,
            taken: HashSet::new(),
        })
    }

    /// Writes a tree. `path`: names of directories and of the tree, joined by `/`.
    ///
    /// # Errors
    /// Branches of different lengths, of types that have no place here, or of one name; counters
    /// that do not count; a name that is taken; a tree whose description would be larger than 1
    /// GiB; of writing.
    pub fn tree(&mut self, path: &str, title: &str, branches: Vec<NewBranch>) -> Result<()> {
        let wrong = |why: String| Err(Error::from(ErrorKind::Unsupported(why)).in_tree(path));
        if !self.taken.insert(path.to_owned()) {
            return wrong("a second tree of this path".into());
        }
        let entries = branches.first().map_or(0, |b| b.column.len());
        let branches = with_counters(branches).map_err(|e| e.in_tree(path))?;
        let mut names = HashSet::new();
        for branch in &branches {
            let name = &branch.name;
            let texts = [name, &branch.title];
            if name.is_empty() || texts.iter().any(|t| t.len() > 1 << 14) {
                return wrong(format!("the branch name {name:.80}"));
            }
            if !names.insert(name.as_str()) {
                return wrong(format!("two branches {name}"));
            }
            if branch.column.len() != entries {
                return wrong(format!(
                    "branch {name} has {} entries, not {entries}",
                    branch.column.len()
                ));
            }
            if !is_writable(&branch.column) {
                return wrong(format!("branch {name}: this type in a tree"));
            }
        }
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let directory = self.container.directory(above)?;
        let position = self.container.position(directory);
        let mut placed = Vec::new();
        for branch in &branches {
            let names = (branch.name.as_str(), name);
            let written = basket::write(&mut self.container, position, names, &branch.column);
            placed.push(Placed {
                branch,
                written: written.map_err(|e| e.in_tree(path).in_branch(&branch.name))?,
            });
        }
        let key = NewKey {
            class: "TTree",
            name,
            title,
            extra: &[],
        };
        let compress = self.container.codec.settings();
        let raw = tree::record(key.len(), name, title, entries as u64, &placed, compress);
        if raw.len() >= 1 << 30 {
            return wrong(
                "more branches and baskets than a tree's description has room for".into(),
            );
        }
        let stored = self.container.codec.compress(&raw)?;
        let (_, header) = self.container.put(&key, position, raw.len(), &stored)?;
        self.container.list(directory, header);
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// Of writing.
    pub fn finish(self) -> Result<()> {
        self.container.finish()
    }
}

/// The same with a counter for each list, all counters first.
fn with_counters(branches: Vec<NewBranch>) -> Result<Vec<NewBranch>> {
    let mut needed: HashMap<String, Vec<i32>> = HashMap::new();
    let mut order: Vec<String> = Vec::new();
    let mut branches = branches;
    for branch in &mut branches {
        let Column::List { offsets, .. } = &branch.column else {
            branch.counter = None;
            continue;
        };
        let name = branch
            .counter
            .get_or_insert_with(|| format!("n{}", branch.name))
            .clone();
        let counts = counts(offsets)?;
        match needed.get(&name) {
            Some(there) if *there != counts => {
                let why = format!("branch {} is not counted by {name}", branch.name);
                return Err(ErrorKind::Unsupported(why).into());
            }
            Some(_) => {}
            None => {
                order.push(name.clone());
                needed.insert(name, counts);
            }
        }
    }
    let mut counters = Vec::new();
    for name in order {
        let counts = needed.remove(&name).unwrap_or_default();
        match branches.iter().position(|b| b.name == name) {
            Some(at) => {
                let mut there = branches.remove(at);
                if !matches!(&there.column, Column::Values(values) if equal(values, &counts)) {
                    let why = format!("{name} is no counter");
                    return Err(ErrorKind::Unsupported(why).into());
                }
                there.counts = true;
                counters.push(there);
            }
            None => {
                let mut made = NewBranch::new(name, Column::Values(Values::I32(counts)));
                made.counts = true;
                counters.push(made);
            }
        }
    }
    counters.extend(branches);
    Ok(counters)
}

/// Lengths of lists.
pub(crate) fn counts(offsets: &[i64]) -> Result<Vec<i32>> {
    let lengths = offsets.windows(2).map(|w| match w {
        &[a, b] => i32::try_from(b.checked_sub(a)?).ok().filter(|n| *n >= 0),
        _ => None,
    });
    let lengths: Option<Vec<i32>> = lengths.collect();
    lengths.ok_or_else(|| ErrorKind::Corrupt("offsets that go back".into()).into())
}

/// Whether whole numbers that readers take as counters are these.
pub(crate) fn equal(values: &Values, counts: &[i32]) -> bool {
    match values {
        Values::I32(v) => v == counts,
        Values::U32(v) => v
            .iter()
            .map(|&n| i64::from(n))
            .eq(counts.iter().map(|&n| i64::from(n))),
        _ => false,
    }
}
