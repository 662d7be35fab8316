//! A tree as the reader offers it, whether TTree or RNTuple: branches, and columns in batches.

use std::ops::Range;
use std::sync::Arc;

use super::batch::Batches;
use super::file::{Storage, listed};
use crate::column::Column;
use crate::column::{Branch, Compression, Content};
use crate::container::key::Key;
use crate::container::source::Source;
use crate::error::{Error, Result};
use crate::ntuple::{FieldReader, Ntuple};
use crate::streamer::classes::Classes;
use crate::tree::describe::{Described, describe, is_counter, type_name};
use crate::tree::meta::{BasketLocation, TreeMeta};
use crate::tree::read::BranchReader;

/// A tree that is open for reading. Cheap to clone.
#[derive(Clone)]
pub struct Tree {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    source: Arc<Source>,
    path: String,
    title: String,
    entries: u64,
    branches: Vec<Branch>,
    backend: Backend,
}

enum Backend {
    Tree {
        meta: TreeMeta,
        described: Vec<Described>,
    },
    Ntuple(Ntuple),
}

/// What remembers where reading of a branch is.
pub(crate) enum Reader {
    Branch(BranchReader),
    Field(FieldReader),
}

impl Tree {
    pub(crate) fn open_ttree(
        source: Arc<Source>,
        path: &str,
        key: &Key,
        classes: &Classes,
        file_compress: i32,
    ) -> Result<Self> {
        let data = key.object(&source)?;
        let meta = TreeMeta::parse(&key.class, &data, key.key_len, classes)
            .map_err(|e| e.at(key.position))?;
        let mut described = Vec::with_capacity(meta.branches.len());
        let mut branches = Vec::with_capacity(meta.branches.len());
        for branch in &meta.branches {
            let mut it = describe(branch, classes);
            if matches!(it, Described::Readable(_)) && branch.entries != meta.entries {
                let (has, all) = (branch.entries, meta.entries);
                it = Described::Unreadable(format!("it has {has} entries, the tree {all}"));
            }
            let on_disk = branch.baskets.iter().map(|b| match b.location {
                BasketLocation::File(_, bytes) => bytes,
                BasketLocation::Embedded(_) => 0,
            });
            let disk_bytes = on_disk.fold(0, u64::saturating_add);
            // Some writers set the file's number alone, and the branch's to 0.
            let compress = match branch.compress {
                0 if disk_bytes < branch.raw_bytes => i64::from(file_compress),
                -1 => i64::from(file_compress),
                own => own,
            };
            branches.push(Branch {
                path: branch.path.clone(),
                title: branch.title.clone(),
                type_name: type_name(branch, classes),
                content: match &it {
                    Described::Readable(readable) => Content::Values(readable.ty.clone()),
                    Described::Group => Content::Group,
                    Described::Unreadable(reason) => Content::Unreadable(reason.clone()),
                },
                is_counter: is_counter(branch),
                disk_bytes,
                raw_bytes: branch.raw_bytes,
                baskets: branch.baskets.len() as u64,
                compression: Compression::from_settings(compress),
            });
            described.push(it);
        }
        Ok(Tree {
            shared: Arc::new(Shared {
                source,
                path: path.to_owned(),
                title: meta.title.clone(),
                entries: meta.entries,
                branches,
                backend: Backend::Tree { meta, described },
            }),
        })
    }

    pub(crate) fn from_ntuple(source: Arc<Source>, path: &str, ntuple: Ntuple) -> Result<Self> {
        Ok(Tree {
            shared: Arc::new(Shared {
                source,
                path: path.to_owned(),
                title: ntuple.description().to_owned(),
                entries: ntuple.entries(),
                branches: ntuple.branches(),
                backend: Backend::Ntuple(ntuple),
            }),
        })
    }

    /// Names of the directories and of the tree, joined by `/`.
    pub fn path(&self) -> &str {
        &self.shared.path
    }

    /// What its author says of it.
    pub fn title(&self) -> &str {
        &self.shared.title
    }

    /// How it is stored.
    pub fn storage(&self) -> Storage {
        match &self.shared.backend {
            Backend::Tree { .. } => Storage::Tree,
            Backend::Ntuple(_) => Storage::NTuple,
        }
    }

    /// Number of entries: of values that each readable branch has.
    pub fn entries(&self) -> u64 {
        self.shared.entries
    }

    /// All branches, in the order of the file, each before those below it. Those that cannot be
    /// read say so here.
    pub fn branches(&self) -> &[Branch] {
        &self.shared.branches
    }

    /// The number of the branch with this path in [`Tree::branches`]. Where several have it, the
    /// first.
    pub fn find(&self, path: &str) -> Option<usize> {
        self.branches().iter().position(|b| b.path() == path)
    }

    /// The numbers of these branches.
    ///
    /// # Errors
    /// There is no branch of one of the paths.
    pub fn select<S: AsRef<str>>(&self, paths: &[S]) -> Result<Vec<usize>> {
        let find = |path: &S| {
            let path = path.as_ref();
            let missing = || {
                let there = listed(self.branches().iter().map(Branch::path));
                Error::missing(format!("no branch {path}; {there}")).in_tree(self.path())
            };
            self.find(path).ok_or_else(missing)
        };
        paths.iter().map(find).collect()
    }

    /// The numbers of all branches that can be read, counters of split collections included.
    pub fn readable(&self) -> Vec<usize> {
        let branches = self.branches().iter().enumerate();
        let columns = branches.filter(|(_, b)| b.ty().is_some());
        columns.map(|(i, _)| i).collect()
    }

    /// A TTree as its record describes it, and what its branches are.
    pub(crate) fn as_ttree(&self) -> Option<(&TreeMeta, &[Described])> {
        match &self.shared.backend {
            Backend::Tree { meta, described } => Some((meta, described)),
            Backend::Ntuple(_) => None,
        }
    }

    /// An RNTuple.
    pub(crate) fn as_ntuple(&self) -> Option<&Ntuple> {
        match &self.shared.backend {
            Backend::Tree { .. } => None,
            Backend::Ntuple(ntuple) => Some(ntuple),
        }
    }

    /// Columns of some branches (numbers in [`Tree::branches`]) for a range of entries, batch by
    /// batch: each as many whole clusters as fit in some ten MiB, so memory stays bounded. The
    /// range is cut to the entries that there are.
    ///
    /// # Errors
    /// One of the branches does not exist or cannot be read.
    pub fn read(&self, branches: &[usize], entries: Range<u64>) -> Result<Batches> {
        Batches::new(self.clone(), branches, entries)
    }

    /// One whole branch, by path.
    ///
    /// # Errors
    /// It does not exist, cannot be read, or is damaged.
    pub fn column(&self, path: &str) -> Result<Column> {
        let branches = self.select(&[path])?;
        let entries = 0..self.entries();
        let (Some(&branch), Some(mut reader)) = (branches.first(), self.readers(&branches)?.pop())
        else {
            return Err(Error::missing(format!("no branch {path}")));
        };
        self.read_branch(branch, &mut reader, entries)
    }

    /// What reading these branches needs to remember.
    pub(crate) fn readers(&self, branches: &[usize]) -> Result<Vec<Reader>> {
        let reader = |&number: &usize| {
            let branch = self.branches().get(number);
            let branch = branch.ok_or_else(|| Error::missing(format!("no branch {number}")))?;
            match branch.content() {
                Content::Values(_) => Ok(match &self.shared.backend {
                    Backend::Tree { .. } => Reader::Branch(BranchReader::default()),
                    Backend::Ntuple(_) => Reader::Field(FieldReader::default()),
                }),
                Content::Group => Err(Error::unsupported("it only groups the branches below it")
                    .in_branch(branch.path())),
                Content::Unreadable(reason) => {
                    Err(Error::unsupported(reason.clone()).in_branch(branch.path()))
                }
            }
            .map_err(|e: Error| e.in_tree(self.path()))
        };
        branches.iter().map(reader).collect()
    }

    /// The last border of a cluster after `start` and not after `end`, if there is one.
    pub(crate) fn cluster_border(&self, start: u64, end: u64) -> Option<u64> {
        let border = match &self.shared.backend {
            Backend::Tree { meta, .. } => meta.cluster.map(|n| end - end % n),
            Backend::Ntuple(ntuple) => ntuple.cluster_border(end),
        };
        border.filter(|&border| border > start)
    }

    pub(crate) fn read_branch(
        &self,
        number: usize,
        reader: &mut Reader,
        entries: Range<u64>,
    ) -> Result<Column> {
        let shared = &self.shared;
        let read = match (&shared.backend, reader) {
            (Backend::Tree { meta, described }, Reader::Branch(reader)) => {
                match (meta.branches.get(number), described.get(number)) {
                    (Some(branch), Some(Described::Readable(readable))) => {
                        reader.read(&shared.source, branch, readable, entries)
                    }
                    _ => Err(Error::missing(format!("no branch {number}"))),
                }
            }
            (Backend::Ntuple(ntuple), Reader::Field(reader)) => {
                reader.read(&shared.source, ntuple, number, entries)
            }
            _ => Err(Error::missing(format!("no branch {number}"))),
        };
        let path = shared.branches.get(number).map_or("", Branch::path);
        read.map_err(|e| e.in_branch(path).in_tree(&shared.path))
    }
}
