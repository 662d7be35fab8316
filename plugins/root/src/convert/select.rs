//! Which trees and branches are converted, and into which groups they go.
//!
//! Small trees of one name and of the same branches in different directories (ALICE's `DF_*`)
//! become one group, one after another: each alone would be smaller than what HDF5 needs to
//! describe it.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use glob::Pattern;

use super::buffers::Shape;
use super::{ConvertOptions, Left};
use crate::column::Content;
use crate::column::Type;
use crate::error::{Error, Result};
use crate::reader::{File, Tree, TreeKey, listed};

/// Raw bytes from which a tree is worth a group of its own.
const LARGE: u64 = 1 << 20;

/// A branch that becomes columns.
pub(super) struct Chosen {
    /// Its path, different from those of the others.
    pub(super) name: String,
    pub(super) title: String,
    pub(super) ty: Type,
    pub(super) shape: Shape,
}

/// A tree, and its branches that are converted, by their numbers.
pub(super) struct Source {
    pub(super) tree: Tree,
    pub(super) branches: Vec<usize>,
    pub(super) entries: Range<u64>,
}

/// Trees that become one group.
pub(super) struct Group {
    /// Its path in the HDF5 file.
    pub(super) path: String,
    pub(super) title: String,
    pub(super) sources: Vec<Source>,
    pub(super) columns: Vec<Chosen>,
}

impl Group {
    /// Entries of all its trees.
    pub(super) fn entries(&self) -> u64 {
        let each = self.sources.iter().map(|s| s.entries.end - s.entries.start);
        each.sum()
    }

    /// Leaves out the columns that `keep` says no to.
    pub(super) fn retain(&mut self, keep: &[bool]) {
        let kept = |i: &usize| keep.get(*i).copied().unwrap_or(false);
        for source in &mut self.sources {
            let mut at = 0..;
            (source.branches).retain(|_| at.next().as_ref().is_some_and(kept));
        }
        let mut at = 0..;
        self.columns
            .retain(|_| at.next().as_ref().is_some_and(kept));
    }
}

/// The groups that a file becomes, and what is left out of them.
///
/// # Errors
/// A tree that does not exist, or a pattern that no branch of any tree matches.
pub(super) fn select(file: &File, options: &ConvertOptions) -> Result<(Vec<Group>, Vec<Left>)> {
    // Trees by the names that they were asked for, cycles included.
    let mut keys: Vec<(String, TreeKey)> = Vec::new();
    for key in file.trees() {
        keys.push((key.path().to_owned(), key));
    }
    if !options.trees.is_empty() {
        keys.clear();
        for wanted in &options.trees {
            if !keys.iter().any(|(path, _)| path == wanted) {
                keys.push((wanted.clone(), file.find(wanted)?));
            }
        }
    }
    let mut matched = vec![false; options.keep.len()];
    let mut names: Vec<String> = Vec::new();
    let mut left: Vec<Left> = (file.damage().iter())
        .map(|e| Left::damaged(e.to_string()))
        .collect();
    let mut groups: Vec<Group> = Vec::new();
    let mut alike: HashMap<(String, Vec<(String, String)>), usize> = HashMap::new();
    for (path, key) in keys {
        let tree = match file.open_tree(&key) {
            Ok(tree) => tree,
            Err(e) => {
                left.push(Left::damaged(e.to_string()));
                continue;
            }
        };
        for branch in tree.branches() {
            for (seen, pattern) in matched.iter_mut().zip(&options.keep) {
                *seen |= matches(pattern, branch.path());
            }
            names.push(branch.path().to_owned());
        }
        let (branches, columns) = choose(&tree, options, &mut left);
        let entries = options.entries.end.min(tree.entries());
        let source = Source {
            entries: options.entries.start.min(entries)..entries,
            branches,
            tree,
        };
        let raw = (source.branches.iter())
            .filter_map(|&b| source.tree.branches().get(b))
            .map(|b| b.raw_bytes())
            .fold(0, u64::saturating_add);
        let types = columns.iter().map(|c| (c.name.clone(), c.ty.to_string()));
        let same = (last(&path).to_owned(), types.collect());
        let stacked = raw < LARGE && path.contains('/');
        if stacked && let Some(group) = alike.get(&same).and_then(|&at| groups.get_mut(at)) {
            group.sources.push(source);
            continue;
        }
        if stacked {
            alike.insert(same, groups.len());
        }
        groups.push(Group {
            path,
            title: source.tree.title().to_owned(),
            sources: vec![source],
            columns,
        });
    }
    if let Some((pattern, _)) = options.keep.iter().zip(&matched).find(|(_, seen)| !**seen) {
        let mut seen = HashSet::new();
        names.retain(|name| seen.insert(name.clone()));
        let there = listed(names.iter().map(String::as_str));
        return Err(Error::missing(format!("no branch {pattern}; {there}")));
    }
    name_groups(&mut groups);
    Ok((groups, left))
}

/// Whether a pattern says the path or the name of a branch, or of one above it.
fn matches(pattern: &Pattern, path: &str) -> bool {
    let ends = path.match_indices('/').map(|(at, _)| at);
    let mut above = ends.chain([path.len()]).filter_map(|at| path.get(..at));
    above.any(|path| pattern.matches(path) || pattern.matches(last(path)))
}

/// A group of several trees has their common name alone.
fn name_groups(groups: &mut [Group]) {
    let mut taken: HashSet<String> = HashSet::new();
    for group in groups.iter_mut() {
        if group.sources.len() > 1 {
            group.path = last(&group.path).to_owned();
        }
    }
    // A group that is in the path of another would have that one among its own datasets.
    let paths: Vec<String> = groups.iter().map(|group| group.path.clone()).collect();
    for path in &paths {
        let above = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
        taken.extend(above.map(str::to_owned));
    }
    for group in groups {
        // Names that HDF5 has no room for: empty ones, and those that are paths of their own.
        let parts = group.path.split('/').map(|part| match part {
            "" | "." | ".." => "_",
            other => other,
        });
        let path = parts.collect::<Vec<_>>().join("/");
        group.path = unique(path, &mut taken);
    }
}

/// The name, with a number behind it if it is taken.
pub(super) fn unique(name: String, taken: &mut HashSet<String>) -> String {
    if taken.insert(name.clone()) {
        return name;
    }
    for n in 2u64.. {
        let numbered = format!("{name}_{n}");
        if taken.insert(numbered.clone()) {
            return numbered;
        }
    }
    name
}

pub(super) fn last(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

fn choose(
    tree: &Tree,
    options: &ConvertOptions,
    left: &mut Vec<Left>,
) -> (Vec<usize>, Vec<Chosen>) {
    let (mut branches, mut columns) = (Vec::new(), Vec::new());
    let mut taken = HashSet::new();
    for (number, branch) in tree.branches().iter().enumerate() {
        if !options.wants(branch.path()) {
            continue;
        }
        match branch.content() {
            Content::Group => {}
            Content::Unreadable(why) => left.push(Left {
                tree: tree.path().into(),
                branch: branch.path().into(),
                why: why.clone(),
                fatal: true,
                renamed: false,
            }),
            Content::Values(ty) => {
                branches.push(number);
                let name = unique(branch.path().to_owned(), &mut taken);
                if name != branch.path() {
                    left.push(Left {
                        tree: tree.path().into(),
                        branch: branch.path().into(),
                        why: format!("another branch has this name; it is written as {name}"),
                        fatal: false,
                        renamed: true,
                    });
                }
                columns.push(Chosen {
                    name,
                    title: title(branch.path(), branch.title()),
                    shape: Shape::of(ty),
                    ty: ty.clone(),
                });
            }
        }
    }
    (branches, columns)
}

impl ConvertOptions {
    fn wants(&self, path: &str) -> bool {
        let any = |patterns: &[Pattern]| patterns.iter().any(|it| matches(it, path));
        (self.keep.is_empty() || any(&self.keep)) && !any(&self.drop)
    }
}

/// A title, unless it only says what the name and the type say: `Jet_pt[nJet]/F`.
fn title(path: &str, title: &str) -> String {
    let rest = title.strip_prefix(last(path)).unwrap_or(title);
    let leaves = rest.is_empty() || rest.starts_with(['[', '/']) || leaf_list(title);
    match leaves {
        true => String::new(),
        false => title.to_owned(),
    }
}

/// Whether it is one leaf's name and type letter.
fn leaf_list(title: &str) -> bool {
    let kind = title.rsplit_once('/').map(|(_, kind)| kind.len());
    kind == Some(1) && !title.contains(' ')
}

/// Units that titles end in, in brackets.
const UNITS: [&str; 22] = [
    "eV", "keV", "MeV", "GeV", "TeV", "GeV/c", "GeV/c2", "GeV^2", "GeV/c^2", "MeV/c", "um", "mm",
    "cm", "m", "ps", "ns", "us", "s", "rad", "mrad", "T", "1/cm",
];

/// The unit that a title names.
pub(super) fn unit(title: &str) -> Option<&str> {
    let from = title.rfind(['[', '('])?;
    let inside = title.get(from + 1..)?;
    let inside = inside.split([']', ')']).next()?.trim();
    UNITS.contains(&inside).then_some(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_that_say_nothing_are_left_out() {
        assert_eq!(title("Jet_pt", "Jet_pt[nJet]/F"), "");
        assert_eq!(title("a/x", "x"), "");
        assert_eq!(title("Jet_pt", "pt of jets [GeV]"), "pt of jets [GeV]");
        assert_eq!(title("x", "é/F"), "");
        assert_eq!(unit("pt of jets [GeV]"), Some("GeV"));
        assert_eq!(unit("number of [jets]"), None);
    }

    #[test]
    fn names_are_taken_once() {
        let mut taken = HashSet::new();
        let names = ["a", "a", "a_2", "a"].map(|n| unique(n.into(), &mut taken));
        assert_eq!(names, ["a", "a_2", "a_2_2", "a_3"]);
    }
}
