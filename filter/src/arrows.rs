//! Promise: each module needs only modules that stand before it in `lib.rs`, so no two need one
//! another.

use std::fs;
use std::path::{Path, PathBuf};

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src");

fn is_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The names that follow `before` in a text; those of a group in braces are one each.
fn names_after(text: &str, before: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in text.match_indices(before) {
        let rest = &text[at + before.len()..];
        let group = match rest.strip_prefix('{') {
            Some(inside) => inside.split('}').next().unwrap_or(""),
            None => &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())],
        };
        let each = group.split(',').map(|item| item.trim().split("::").next());
        names.extend(
            each.flatten()
                .filter(|name| !name.is_empty())
                .map(String::from),
        );
    }
    names
}

/// A file without comments and tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or("");
    let lines = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or(""));
    lines.collect::<Vec<_>>().join("\n")
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|suffix| suffix == "rs") {
            found.push(path);
        }
    }
}

/// The module that a re-export at the crate's root comes from.
fn origin<'a>(lib: &'a str, name: &str) -> Option<&'a str> {
    let exports = lib.lines().filter_map(|line| line.strip_prefix("pub use "));
    let mut pairs = exports.filter_map(|export| export.split_once("::"));
    let named = |names: &str| names.split(|c| !is_part(c)).any(|word| word == name);
    pairs.find(|(_, names)| named(names)).map(|(from, _)| from)
}

#[test]
fn arrows_point_one_way() {
    let lib = code(&Path::new(SOURCES).join("lib.rs"));
    let modules = names_after(&lib, "mod ");
    assert!(modules.len() > 15, "{modules:?}");
    let place = |name: &str| modules.iter().position(|module| *module == name);
    let mut found = Vec::new();
    files(Path::new(SOURCES), &mut found);
    let mut wrong = Vec::new();
    for path in found {
        let inside = path.strip_prefix(SOURCES).unwrap();
        let first = inside.iter().next().unwrap().to_str().unwrap();
        let module = first.trim_end_matches(".rs");
        // The root names all, and this file is not part of the codec.
        let (Some(own), false) = (place(module), module == "arrows") else {
            continue;
        };
        let text = code(&path);
        for name in names_after(&text, "crate::") {
            let other = place(&name).or_else(|| place(origin(&lib, &name)?));
            if other.is_some_and(|other| other > own) {
                wrong.push(format!("{} needs {name}", inside.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
