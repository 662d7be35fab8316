//! The crate's rooms, and that their arrows point one way: each needs only those before it.

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms in their order, with what each may need.
const ROOMS: [(&str, &[&str]); 12] = [
    ("error", &[]),
    ("column", &[]),
    ("container", &["error"]),
    ("streamer", &["error", "column", "container"]),
    ("entry", &["error", "column", "container", "streamer"]),
    ("ntuple", &["error", "column", "container"]),
    (
        "tree",
        &["error", "column", "container", "streamer", "entry"],
    ),
    (
        "reader",
        &["error", "column", "container", "streamer", "ntuple", "tree"],
    ),
    ("write", &["error", "column"]),
    (
        "archive",
        &[
            "error",
            "column",
            "container",
            "entry",
            "ntuple",
            "tree",
            "reader",
        ],
    ),
    ("convert", &["error", "column", "reader"]),
    ("export", &["error", "column", "write"]),
];

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, out),
            false => out.push(path),
        }
    }
}

#[test]
fn arrows_point_one_way() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    files(&src, &mut paths);
    let mut seen = 0;
    for path in paths {
        let inside = path.strip_prefix(&src).unwrap();
        let room = inside.iter().next().unwrap().to_str().unwrap();
        let room = room.trim_end_matches(".rs");
        if room == "lib" {
            continue;
        }
        let (_, needs) = ROOMS
            .iter()
            .find(|(name, _)| *name == room)
            .unwrap_or_else(|| panic!("{room} is in no order of rooms"));
        let text = fs::read_to_string(&path).unwrap();
        for (at, _) in text.match_indices("crate::") {
            let name: String = text[at + 7..]
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            // The crate's own error and result, by their short names.
            let known = name == room || needs.contains(&name.as_str()) || name == "Result";
            assert!(known, "{} needs {name}", inside.display());
            seen += 1;
        }
    }
    assert!(seen > 50);
}
