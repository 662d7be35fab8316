//! The corpus: which files there are, what their bytes mean, and which of them the goals speak of.
//!
//! `layouts.toml` beside the crate is the list; a folder with other files brings its own with
//! `--layouts`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use catena_filter::{ByteOrder, Kind, Layout};
use serde::{Deserialize, Serialize};

/// The list as it stands in the file.
#[derive(Debug, Deserialize)]
pub struct List {
    /// The files.
    #[serde(default, rename = "file")]
    pub files: Vec<Entry>,
    /// What the project wants to reach, by level.
    #[serde(default, rename = "goal")]
    pub goals: Vec<Goal>,
}

/// One file of the corpus.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Name inside the corpus folder.
    pub file: String,
    /// The record in NumPy's comma form; plain bytes if none.
    pub dtype: Option<String>,
    /// The grid of records, slowest axis first.
    #[serde(default)]
    pub shape: Vec<u64>,
    /// The slowest axis counts columns that stand one after another.
    #[serde(default)]
    pub columns: bool,
    /// Bytes before the first record.
    #[serde(default)]
    pub header: usize,
    /// What kind of file it is.
    pub source: Source,
    /// Whether the goals speak of it.
    #[serde(default)]
    pub counts: bool,
}

/// What kind of file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Numbers and nothing else.
    Raw,
    /// A file format around numbers.
    Container,
    /// Text.
    Text,
    /// Anything else.
    Bytes,
}

/// What a level shall reach.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Goal {
    /// Catena's level.
    pub level: u8,
    /// About the first so many bytes of each file; about whole files if none.
    pub head: Option<u64>,
    /// Geometric mean of Catena's size over the smallest peer's.
    pub geomean: f64,
    /// No file above.
    pub worst: Option<f64>,
    /// Bits a byte by file.
    #[serde(default)]
    pub bpd: BTreeMap<String, f64>,
}

/// What a measuring process is told about the bytes: enough for every peer, with no parser of its
/// own.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Shape {
    /// NumPy's comma form, as Catena gets it.
    pub dtype: String,
    /// The grid of records, slowest axis first.
    pub shape: Vec<u64>,
    /// The slowest axis counts columns.
    pub columns: bool,
    /// Bytes before the first record.
    pub header: usize,
    /// Bytes a record.
    pub record: usize,
    /// Every element of the record: its kind (`f`, `i`, `u`, `S`), width, whether big-endian, and
    /// place.
    pub elements: Vec<Element>,
}

/// One element of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Element {
    /// NumPy's letter: f, i, u or S.
    pub kind: char,
    /// Bytes.
    pub width: usize,
    /// Most significant byte first.
    pub big: bool,
    /// First byte's place in the record.
    pub offset: usize,
}

impl List {
    /// Reads a list from a file.
    pub fn read(path: &Path) -> Result<List> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        let list: List =
            toml::from_str(&text).with_context(|| format!("parsing {}", path.display()))?;
        for entry in &list.files {
            entry
                .shape()
                .with_context(|| format!("layout of {}", entry.file))?;
        }
        Ok(list)
    }

    /// The files to measure: those in `folder` that match a pattern or are of a source, else those
    /// that count.
    pub fn select(
        &self,
        folder: &Path,
        patterns: &[String],
        sources: &[Source],
    ) -> Result<Vec<Entry>> {
        let wanted = |e: &&Entry| {
            let named = patterns
                .iter()
                .any(|p| glob(p.as_bytes(), e.file.as_bytes()));
            let any = patterns.is_empty() && sources.is_empty();
            named || sources.contains(&e.source) || (any && e.counts)
        };
        let (here, gone): (Vec<_>, Vec<_>) = self
            .files
            .iter()
            .filter(wanted)
            .cloned()
            .partition(|e| folder.join(&e.file).is_file());
        for entry in &gone {
            eprintln!("not in {}: {}", folder.display(), entry.file);
        }
        if here.is_empty() {
            bail!("no file to measure in {}", folder.display());
        }
        Ok(here)
    }

    /// The goals about whole files or about heads of a size.
    pub fn goals(&self, head: Option<u64>) -> Vec<Goal> {
        self.goals
            .iter()
            .filter(|g| g.head == head)
            .cloned()
            .collect()
    }
}

impl Entry {
    /// The layout in the form that measuring processes take.
    pub fn shape(&self) -> Result<Shape> {
        let dtype = self.dtype.clone().unwrap_or_else(|| "u1".to_owned());
        let layout = Layout::parse(&dtype)?;
        let mut elements = Vec::new();
        for field in layout.fields() {
            let kind = match field.kind {
                Kind::Float => 'f',
                Kind::Int => 'i',
                Kind::Uint => 'u',
                Kind::Bytes => 'S',
            };
            for i in 0..field.count {
                elements.push(Element {
                    kind,
                    width: field.width as usize,
                    big: field.order == ByteOrder::Big,
                    offset: (field.offset + i * field.width) as usize,
                });
            }
        }
        Ok(Shape {
            dtype,
            shape: self.shape.clone(),
            columns: self.columns,
            header: self.header,
            record: layout.record_size() as usize,
            elements,
        })
    }
}

impl Shape {
    /// The width of the words the records are made of: the common element width, 1 if they differ.
    pub fn word(&self) -> usize {
        let mut widths = self
            .elements
            .iter()
            .map(|e| if e.kind == 'S' { 1 } else { e.width });
        let first = widths.next().unwrap_or(1);
        // Records of mixed widths still shuffle well by the narrowest one if all others are its
        // multiples.
        widths.fold(first, gcd)
    }
}

/// The place of the list that ships with the crate.
pub fn default_list() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("layouts.toml")
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Shell-like matching with `*` and `?`.
fn glob(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', p)), n) => glob(p, name) || n.is_some_and(|(_, n)| glob(pattern, n)),
        (Some((b'?', p)), Some((_, n))) => glob(p, n),
        (Some((a, p)), Some((b, n))) => a == b && glob(p, n),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_list_parses_and_its_layouts_hold() -> Result<()> {
        let list = List::read(&default_list())?;
        assert_eq!(list.files.iter().filter(|e| e.counts).count(), 20);
        let of = |name: &str| list.files.iter().find(|e| e.file == name).map(Entry::shape);
        let Some(Ok(jets)) = of("ftag_jets_ttbar.bin") else {
            bail!("no jets")
        };
        assert_eq!(
            (jets.record, jets.elements.len(), jets.word()),
            (140, 34, 4)
        );
        let Some(Ok(tracks)) = of("ftag_tracks_ttbar.bin") else {
            bail!("no tracks")
        };
        assert_eq!(
            (tracks.record, tracks.elements.len(), tracks.word()),
            (60, 24, 1)
        );
        assert_eq!(list.goals(None).len(), 2);
        Ok(())
    }

    #[test]
    fn globs() {
        assert!(glob(b"ftag_*.bin", b"ftag_jets.bin"));
        assert!(glob(b"*", b""));
        assert!(!glob(b"ftag_?.bin", b"ftag_jets.bin"));
    }
}
