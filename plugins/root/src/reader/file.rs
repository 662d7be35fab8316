//! A ROOT file: opening it, and finding the trees in it.

use std::io::{Read, Seek};
use std::path::Path;
use std::sync::Arc;

use super::tree::Tree;
use crate::container::directory::{FileHeader, Found, walk};
use crate::container::key::Key;
use crate::container::source::Source;
use crate::error::{Error, Result};
use crate::ntuple;
use crate::streamer::classes::Classes;

/// What a caller may ask for when opening a file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OpenOptions {
    /// The most bytes that one object (a basket, a page, a tree's description) may take in memory.
    /// 1 GiB unless asked otherwise.
    pub memory_limit: u64,
}

impl Default for OpenOptions {
    fn default() -> Self {
        OpenOptions {
            memory_limit: 1 << 30,
        }
    }
}

impl OpenOptions {
    /// The same options with another limit.
    pub fn with_memory_limit(mut self, bytes: u64) -> Self {
        self.memory_limit = bytes;
        self
    }
}

/// How a tree is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub enum Storage {
    /// A TTree or TNtuple.
    #[serde(rename = "TTree")]
    Tree,
    /// An RNTuple.
    #[serde(rename = "RNTuple")]
    NTuple,
}

/// A tree in the file, not read yet.
#[derive(Clone, Debug)]
pub struct TreeKey {
    key: Key,
    path: String,
    storage: Storage,
}

impl TreeKey {
    /// Names of the directories and of the tree, joined by `/`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// How often the name was written: the highest number is the last state of the tree.
    pub fn cycle(&self) -> u16 {
        self.key.cycle
    }

    /// Where its record begins in the file.
    pub(crate) fn position(&self) -> u64 {
        self.key.position
    }

    /// How it is stored.
    pub fn storage(&self) -> Storage {
        self.storage
    }
}

/// A file that is open for reading.
///
/// Trees that were opened stay readable after the `File` is gone.
pub struct File {
    source: Arc<Source>,
    header: FileHeader,
    classes: Arc<Classes>,
    damage: Vec<Error>,
    keys: Vec<Found>,
}

impl File {
    /// Opens a file by name.
    ///
    /// # Errors
    /// It cannot be read, is no ROOT file, or its directories are damaged.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::from_reader(std::fs::File::open(path)?)
    }

    /// Reads a file from anything that can be read and sought.
    ///
    /// # Errors
    /// As [`File::open`].
    pub fn from_reader(reader: impl Read + Seek + Send + 'static) -> Result<Self> {
        Self::with_options(reader, &OpenOptions::default())
    }

    /// The same, with options.
    ///
    /// # Errors
    /// As [`File::open`].
    pub fn with_options(
        reader: impl Read + Seek + Send + 'static,
        options: &OpenOptions,
    ) -> Result<Self> {
        Self::from_source(Arc::new(Source::new(reader, options.memory_limit)?))
    }

    /// The same, of a source that others may read as well.
    pub(crate) fn from_source(source: Arc<Source>) -> Result<Self> {
        let mut header = FileHeader::read(&source)?;
        let (keys, mut damage) = walk(&source, &mut header)?;
        // A file with a damaged description of its classes still has all that needs none.
        let classes = classes(&source, &header).unwrap_or_else(|e| {
            damage.push(e);
            Classes::default()
        });
        Ok(File {
            source,
            header,
            classes: Arc::new(classes),
            damage,
            keys,
        })
    }

    /// Version of ROOT that wrote the file, such as 63206 for 6.32/06.
    pub fn version(&self) -> i32 {
        self.header.version
    }

    /// Bytes of the file.
    pub fn size(&self) -> u64 {
        self.source.size()
    }

    /// What is damaged beside the trees themselves: directories, whose trees are missing then, and
    /// the description of classes, without which some branches cannot be read.
    pub fn damage(&self) -> &[Error] {
        &self.damage
    }

    /// Number of classes that the file describes.
    pub fn classes(&self) -> usize {
        self.classes.len()
    }

    /// All keys but those of directories, and that of the description of classes.
    pub(crate) fn keys(&self) -> impl Iterator<Item = Key> {
        let info = Key::read_at(&self.source, self.header.info_position);
        let keys = self.keys.iter().map(|found| found.key.clone());
        keys.chain(info.ok())
    }

    /// All trees and RNTuples in all directories, in the order of the file; of each name the last
    /// cycle only.
    pub fn trees(&self) -> Vec<TreeKey> {
        let all: Vec<TreeKey> = self.keys.iter().filter_map(tree_key).collect();
        let mut newest = std::collections::HashMap::new();
        for tree in &all {
            let cycle: &mut u16 = newest.entry(tree.path.clone()).or_default();
            *cycle = tree.cycle().max(*cycle);
        }
        let mut trees = all;
        trees.retain(|tree| newest.get(&tree.path) == Some(&tree.cycle()));
        trees
    }

    /// Finds a tree by its path; `path;2` asks for an earlier cycle.
    ///
    /// # Errors
    /// There is none of that name; those that there are are listed.
    pub fn find(&self, path: &str) -> Result<TreeKey> {
        let keys = || self.keys.iter().filter_map(tree_key);
        // The newest of what has this very name, which may have a semicolon itself.
        let whole = keys().filter(|key| key.path == path);
        if let Some(key) = whole.max_by_key(TreeKey::cycle) {
            return Ok(key);
        }
        let cycle = path.rsplit_once(';');
        let cycle = cycle.and_then(|(name, cycle)| Some((name, cycle.parse::<u16>().ok()?)));
        let of_cycle = |key: &TreeKey| Some((key.path.as_str(), key.cycle())) == cycle;
        if let Some(key) = keys().find(of_cycle) {
            return Ok(key);
        }
        let newest = self.trees();
        let name = |key: &TreeKey| match newest.iter().any(|it| it.position() == key.position()) {
            true => key.path.clone(),
            false => format!("{};{}", key.path, key.cycle()),
        };
        let names: Vec<String> = keys().map(|key| name(&key)).collect();
        let there = listed(names.iter().map(String::as_str));
        Err(Error::missing(format!(
            "no tree {path} in the file; {there}"
        )))
    }

    /// Opens a tree by its path; `path;2` asks for an earlier cycle.
    ///
    /// # Errors
    /// As [`File::find`], or its description is damaged.
    pub fn tree(&self, path: &str) -> Result<Tree> {
        self.open_tree(&self.find(path)?)
    }

    /// Opens one of [`File::trees`].
    ///
    /// # Errors
    /// Its description is damaged, or of a kind that is not known here.
    pub fn open_tree(&self, tree: &TreeKey) -> Result<Tree> {
        let opened = match tree.storage {
            Storage::Tree => Tree::open_ttree(
                self.source.clone(),
                &tree.path,
                &tree.key,
                &self.classes,
                self.header.compress,
            ),
            Storage::NTuple => ntuple::Ntuple::open(&self.source, &tree.key)
                .and_then(|ntuple| Tree::from_ntuple(self.source.clone(), &tree.path, ntuple)),
        };
        opened.map_err(|e| e.in_tree(&tree.path))
    }
}

/// What there is, for an error that says what there is not.
pub(crate) fn listed<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    const MOST: usize = 30;
    let more = names.len().saturating_sub(MOST);
    let names: Vec<&str> = names.take(MOST).collect();
    match (names.as_slice(), more) {
        ([], _) => "there is none at all".into(),
        (names, 0) => format!("there are: {}", names.join(", ")),
        (names, more) => format!("there are: {}, and {more} more", names.join(", ")),
    }
}

fn tree_key(found: &Found) -> Option<TreeKey> {
    let storage = match found.key.class.as_str() {
        "TTree" | "TNtuple" | "TNtupleD" => Storage::Tree,
        "ROOT::RNTuple" => Storage::NTuple,
        _ => return None,
    };
    Some(TreeKey {
        key: found.key.clone(),
        path: found.path.clone(),
        storage,
    })
}

fn classes(source: &Source, header: &FileHeader) -> Result<Classes> {
    if header.info_position == 0 || header.info_bytes == 0 {
        return Ok(Classes::default());
    }
    let key = Key::read_at(source, header.info_position)?;
    let data = key.object(source)?;
    Classes::parse(&data, key.key_len).map_err(|e| e.at(header.info_position))
}
