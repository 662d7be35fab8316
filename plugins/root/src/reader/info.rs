//! What is in a file: trees, branches, types, sizes, codecs; as data for programs and as text for
//! people.

use std::fmt::{self, Write};

use serde::Serialize;

use super::file::{File, Storage};
use super::tree::Tree;
use crate::column::{Branch, Content};
use crate::error::Result;

/// Columns that a type or a name may take in the text; what is longer is cut.
const MAX_WIDTH: usize = 44;

/// A file and the trees in it.
#[derive(Clone, Debug, Serialize)]
pub struct Info {
    /// Version of ROOT that wrote the file, such as `6.32/06`.
    pub root_version: String,
    /// Bytes of the file.
    pub bytes: u64,
    /// Number of classes that the file describes.
    pub classes: usize,
    /// What is damaged, beside trees and branches, which say so themselves.
    pub damage: Vec<String>,
    /// All trees, in the order of the file.
    pub trees: Vec<TreeInfo>,
}

/// A tree, or why it cannot be opened.
#[derive(Clone, Debug, Serialize)]
pub struct TreeInfo {
    /// Names of directories and tree.
    pub path: String,
    /// How it is stored.
    pub storage: Storage,
    /// How often its name was written.
    pub cycle: u16,
    /// What its author says of it.
    pub title: String,
    /// Number of entries.
    pub entries: u64,
    /// Bytes of all baskets or pages on disk.
    pub disk_bytes: u64,
    /// The same before compression.
    pub raw_bytes: u64,
    /// All branches, each before those below it.
    pub branches: Vec<BranchInfo>,
    /// Why it cannot be opened, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A branch.
#[derive(Clone, Debug, Serialize)]
pub struct BranchInfo {
    /// Names of the branches above it and its own.
    pub path: String,
    /// What its author says of it.
    pub title: String,
    /// The type of its entries, as awkward-array writes it; nothing for groups and what cannot be
    /// read.
    #[serde(rename = "type")]
    pub ty: Option<String>,
    /// The type as the file names it.
    pub cpp_type: String,
    /// Whether it only groups the branches below it.
    pub group: bool,
    /// Why it cannot be read, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
    /// Bytes on disk.
    pub disk_bytes: u64,
    /// Bytes before compression.
    pub raw_bytes: u64,
    /// Number of baskets or pages.
    pub baskets: u64,
    /// Codec and level.
    pub codec: String,
}

impl Info {
    /// Looks at all trees of a file. Trees that cannot be opened are listed with the reason.
    pub fn of(file: &File) -> Self {
        let version = file.version();
        let (major, minor, patch) = (version / 10_000, version / 100 % 100, version % 100);
        Info {
            root_version: format!("{major}.{minor:02}/{patch:02}"),
            bytes: file.size(),
            classes: file.classes(),
            damage: file.damage().iter().map(ToString::to_string).collect(),
            trees: file
                .trees()
                .iter()
                .map(|key| {
                    let opened = file.open_tree(key);
                    TreeInfo::of(key.path(), key.storage(), key.cycle(), &opened)
                })
                .collect(),
        }
    }

    /// As text: a head line for the file, one for each tree, a table of its branches. `branches`
    /// false leaves the tables out.
    pub fn text(&self, branches: bool) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = self.write(&mut out, branches);
        out
    }

    fn write(&self, out: &mut String, branches: bool) -> fmt::Result {
        writeln!(
            out,
            "ROOT {}, {} bytes, {} trees",
            self.root_version,
            grouped(self.bytes),
            self.trees.len()
        )?;
        for damage in &self.damage {
            writeln!(out, "{damage}")?;
        }
        for tree in &self.trees {
            writeln!(out)?;
            tree.write(out, branches)?;
        }
        Ok(())
    }
}

impl TreeInfo {
    fn of(path: &str, storage: Storage, cycle: u16, opened: &Result<Tree>) -> Self {
        let mut info = TreeInfo {
            path: path.to_owned(),
            storage,
            cycle,
            title: String::new(),
            entries: 0,
            disk_bytes: 0,
            raw_bytes: 0,
            branches: Vec::new(),
            error: None,
        };
        match opened {
            Ok(tree) => {
                info.title = tree.title().to_owned();
                info.entries = tree.entries();
                info.branches = tree.branches().iter().map(BranchInfo::of).collect();
                let sum = |of: fn(&BranchInfo) -> u64| {
                    info.branches.iter().map(of).fold(0, u64::saturating_add)
                };
                (info.disk_bytes, info.raw_bytes) = (sum(|b| b.disk_bytes), sum(|b| b.raw_bytes));
            }
            Err(e) => info.error = Some(e.to_string()),
        }
        info
    }

    fn write(&self, out: &mut String, branches: bool) -> fmt::Result {
        let kind = match self.storage {
            Storage::Tree => "TTree",
            Storage::NTuple => "RNTuple",
        };
        write!(out, "{};{}  {kind}", self.path, self.cycle)?;
        if let Some(error) = &self.error {
            return writeln!(out, "  {error}");
        }
        writeln!(
            out,
            "  {} entries, {} branches, {} bytes raw, {} on disk{}",
            grouped(self.entries),
            self.branches.len(),
            grouped(self.raw_bytes),
            grouped(self.disk_bytes),
            ratio(self.raw_bytes, self.disk_bytes)
        )?;
        if !branches {
            return Ok(());
        }
        let head = ["branch", "type", "raw", "disk", "baskets", "codec"];
        let mut rows = vec![head.map(String::from)];
        rows.extend(self.branches.iter().map(BranchInfo::cells));
        let widths: Vec<usize> = (0..head.len())
            .map(|i| {
                let cells = rows.iter().filter_map(|row| row.get(i));
                cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
            })
            .collect();
        for row in rows {
            let mut line = String::from(" ");
            for (i, (cell, width)) in row.iter().zip(&widths).enumerate() {
                // Texts to the left, numbers to the right.
                if (2..5).contains(&i) {
                    write!(line, " {cell:>width$}")?;
                } else {
                    write!(line, " {cell:<width$}")?;
                }
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

impl BranchInfo {
    fn of(branch: &Branch) -> Self {
        BranchInfo {
            path: branch.path().to_owned(),
            title: branch.title().to_owned(),
            ty: branch.ty().map(ToString::to_string),
            cpp_type: branch.type_name().to_owned(),
            group: matches!(branch.content(), Content::Group),
            unreadable: match branch.content() {
                Content::Unreadable(reason) => Some(reason.clone()),
                _ => None,
            },
            disk_bytes: branch.disk_bytes(),
            raw_bytes: branch.raw_bytes(),
            baskets: branch.baskets(),
            codec: branch.compression().to_string(),
        }
    }

    fn cells(&self) -> [String; 6] {
        let what = match (&self.ty, &self.unreadable) {
            (Some(ty), _) => ty.clone(),
            (None, Some(reason)) => format!("cannot be read: {reason}"),
            (None, None) => format!("({})", self.cpp_type),
        };
        [
            cut(&self.path),
            cut(&what),
            grouped(self.raw_bytes),
            grouped(self.disk_bytes),
            self.baskets.to_string(),
            self.codec.clone(),
        ]
    }
}

fn cut(text: &str) -> String {
    if text.chars().count() <= MAX_WIDTH {
        return text.to_owned();
    }
    text.chars()
        .take(MAX_WIDTH - 3)
        .chain("...".chars())
        .collect()
}

fn ratio(raw: u64, disk: u64) -> String {
    if disk == 0 {
        return String::new();
    }
    format!(" ({:.2} times smaller)", raw as f64 / disk as f64)
}

/// Digits in groups of three.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_groups() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        assert_eq!(cut("pt"), "pt");
        assert_eq!(cut(&"ü".repeat(60)).chars().count(), MAX_WIDTH);
    }
}
