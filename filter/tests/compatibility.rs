//! Promise: what an earlier version has written, this one reads.
//!
//! `tests/golden/*.cat` were written once and are never written again; their inputs are made by `common`. With
//! `CATENA_GOLDEN=1` in the environment, the files that are missing are added (`just golden`).

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use catena_filter::{CompressOptions, DecompressOptions, compress, decompress};
use common::Sample;

/// Levels whose streams are kept: each of the modelled ones has sizes of its own, and 7 to 9 behave as 6.
const LEVELS: [u8; 6] = [1, 2, 3, 4, 5, 6];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Name, input and options of every golden file.
fn cases() -> Vec<(String, Sample, CompressOptions)> {
    let mut cases = Vec::new();
    for level in LEVELS {
        for mut sample in [
            common::records(200),
            common::grid(),
            common::odd_floats(),
            common::text(),
            common::noise(),
            common::constant(),
        ] {
            sample.raw.truncate(4000);
            let name = format!("v1-level{level}-{}.cat", sample.name);
            let options = common::options(&sample, level).with_frame_size(1500);
            cases.push((name, sample, options));
        }
    }
    cases
}

#[test]
fn golden_files_are_read() {
    let adding = std::env::var_os("CATENA_GOLDEN").is_some();
    let mut names = BTreeSet::new();
    for (name, sample, options) in cases() {
        let path = folder().join(&name);
        if adding && !path.exists() {
            fs::create_dir_all(folder()).unwrap();
            fs::write(&path, compress(&sample.raw, &options).unwrap()).unwrap();
        }
        let packed = fs::read(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
        let raw = decompress(&packed, &DecompressOptions::default()).unwrap();
        assert!(raw == sample.raw, "{name}");
        names.insert(name);
    }
    let found = fs::read_dir(folder()).unwrap();
    let found = found.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(found.collect::<BTreeSet<_>>(), names);
}
