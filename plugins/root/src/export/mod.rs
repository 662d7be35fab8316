//! HDF5 files become ROOT files with TTrees: `catena root export`.
//!
//! Groups that `convert` wrote are taken back as the trees that they were, in all three layouts; of
//! other files tables (compounds with one axis) become trees, and so do columns of numbers with one
//! length that lie in one group. One tree's columns are in memory at a time.

mod counters;
mod hdf5;
mod index;
mod table;

use std::collections::HashSet;
use std::io::{Seek, Write};
use std::path::Path;

use crate::column::Column;
use crate::error::{Error, ErrorKind, Result};
use crate::write::{Codec, NewBranch, Writer, is_writable};

/// How to export.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ExportOptions {
    /// How baskets are compressed.
    pub codec: Codec,
    /// Whether what has a place in trees is written though something has none.
    pub keep_going: bool,
}

impl Default for ExportOptions {
    fn default() -> Self {
        ExportOptions {
            codec: Codec::Zstd(5),
            keep_going: false,
        }
    }
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportSummary {
    /// Trees in the output.
    pub trees: usize,
    /// Branches in the output, counters that were made not counted.
    pub branches: usize,
    /// What is not in it, and why.
    pub left: Vec<String>,
}

/// A tree to be.
struct Exported {
    path: String,
    title: String,
    /// Names, titles and columns.
    branches: Vec<(String, String, Column)>,
}

/// A group or dataset that becomes trees.
#[derive(Clone, Debug)]
enum Found {
    /// A group with an index.
    Index(String),
    /// A group of tables that `convert` wrote without one.
    Tables(String),
    /// A table of another file.
    Table(String),
    /// Columns of one length in a group.
    Columns(String, Vec<String>),
}

/// Exports a file. `left` gets what has no place in trees, all before anything is written.
///
/// # Errors
/// No HDF5 file, damaged, a missing filter or model; something without a place in trees, unless
/// `keep_going`; of writing.
pub fn export(
    input: &Path,
    output: impl Write + Seek,
    options: &ExportOptions,
    left: &mut dyn FnMut(&str),
) -> Result<ExportSummary> {
    let file = catena_h5::open_file(input)?;
    let (found, mut out) = hdf5::find(&file)?;
    // What a tree has no place for shows in the types: the values are read later.
    for one in &found {
        let why = match one {
            Found::Index(path) => index::unfit(&file, path)?,
            Found::Tables(path) => table::unfit_group(&file, path)?,
            Found::Table(path) => table::unfit(&file, path)?,
            Found::Columns(..) => Vec::new(),
        };
        out.extend(why);
    }
    out.iter().for_each(|why| left(why));
    if !out.is_empty() && !options.keep_going {
        let why = format!(
            "{} columns, named above; --keep-going writes the others",
            out.len()
        );
        return Err(ErrorKind::Unsupported(why).into());
    }
    if found.is_empty() {
        return Err(Error::missing(
            "no tables and no columns of numbers in the file",
        ));
    }
    let name = input
        .file_stem()
        .map_or("hdf5".into(), |n| n.to_string_lossy());
    let mut writer = Writer::new(output, &format!("{name}.root"), options.codec)?;
    let mut summary = ExportSummary {
        left: out,
        ..ExportSummary::default()
    };
    let mut taken = HashSet::new();
    for one in &found {
        let trees = match one {
            Found::Index(path) => index::trees(&file, path)?,
            Found::Tables(path) => vec![table::of_group(&file, path)?],
            Found::Table(path) => vec![table::of_table(&file, path)?],
            Found::Columns(path, names) => vec![table::of_columns(&file, path, names)?],
        };
        for tree in trees {
            let mut path = match tree.path.trim_matches('/') {
                "" => "tree".to_owned(),
                path => path.to_owned(),
            };
            while !taken.insert(path.clone()) {
                path.push('_');
            }
            let branches: Vec<NewBranch> = counters::with_counters(flat(tree.branches));
            summary.trees += 1;
            summary.branches += branches.len();
            writer.tree(&path, &tree.title, branches)?;
        }
    }
    writer.finish()?;
    Ok(summary)
}

/// Records side by side become branches of their own; what has no place in a tree goes: it was told
/// of before.
fn flat(branches: Vec<(String, String, Column)>) -> Vec<(String, String, Column)> {
    let mut out = Vec::new();
    let mut taken = HashSet::new();
    for (name, title, column) in branches {
        for (inner, column) in fields(String::new(), column) {
            if !is_writable(&column) {
                continue;
            }
            let short = name.rsplit('/').next().unwrap_or(&name);
            let mut full = format!("{short}{inner}");
            if !taken.insert(full.clone()) {
                full = format!("{}{inner}", name.replace('/', "."));
                while !taken.insert(full.clone()) {
                    full.push('_');
                }
            }
            out.push((full, title.clone(), column));
        }
    }
    out
}

fn fields(name: String, column: Column) -> Vec<(String, Column)> {
    let deeper = |fields: Vec<(std::sync::Arc<str>, Column)>| {
        fields
            .into_iter()
            .map(|(field, column)| (format!("{name}.{field}"), column))
            .collect::<Vec<_>>()
    };
    match column {
        Column::Record { fields: inner, .. } => {
            let all = deeper(inner).into_iter();
            all.flat_map(|(name, column)| fields(name, column))
                .collect()
        }
        Column::List { offsets, item } => match *item {
            Column::Record { fields: inner, .. } => {
                let lists = deeper(inner).into_iter().map(|(name, column)| {
                    let list = Column::List {
                        offsets: offsets.clone(),
                        item: Box::new(column),
                    };
                    (name, list)
                });
                lists
                    .flat_map(|(name, column)| fields(name, column))
                    .collect()
            }
            item => vec![(
                name,
                Column::List {
                    offsets,
                    item: Box::new(item),
                },
            )],
        },
        other => vec![(name, other)],
    }
}
