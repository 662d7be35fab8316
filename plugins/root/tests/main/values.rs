//! Files of all codecs hold the values that were put in: the files were written with uproot, the
//! values with json.

use std::path::PathBuf;

use catena_root::{Content, File, Tree};
use serde_json::Value;

use crate::entries::entries;

fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

fn expected(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(data(name)).unwrap()).unwrap()
}

/// All branches of a tree equal what is expected of the same name.
fn check(tree: &Tree, expected: &Value) {
    for branch in tree.branches() {
        let name = branch.path();
        let column = tree.column(name).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(column.len() as u64, tree.entries());
        let values = Value::Array(entries(&column));
        assert!(values == expected[name], "{} {name}", tree.path());
    }
}

#[test]
fn trees_in_all_codecs() {
    let expected = expected("tree.json");
    for (codec, branches) in [
        ("none", 6),
        ("zlib", 10),
        ("xz", 6),
        ("lz4", 6),
        ("zstd", 10),
    ] {
        let file = File::open(data(&format!("tree_{codec}.root"))).unwrap();
        assert!(file.damage().is_empty());
        let tree = file.tree("events").unwrap();
        assert_eq!((tree.entries(), tree.title()), (34, "made by make.py"));
        assert_eq!(tree.branches().len(), branches, "{codec}");
        let label = &tree.branches()[branches - 1];
        let named = label.compression().to_string();
        assert!(named.starts_with(codec), "{codec}: {named}");
        assert_eq!(tree.branches()[0].baskets(), 3);
        check(&tree, &expected);
    }
}

#[test]
fn types_are_known_before_reading() {
    let file = File::open(data("tree_zlib.root")).unwrap();
    let tree = file.tree("events").unwrap();
    let types: Vec<String> = (tree.branches().iter())
        .map(|b| match b.content() {
            Content::Values(ty) => format!("{}: {ty} ({})", b.name(), b.type_name()),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(
        types,
        [
            "run: uint32 (UInt_t)",
            "event: uint64 (ULong64_t)",
            "charge: int8 (Char_t)",
            "weight: float64 (Double_t)",
            "pass: bool (Bool_t)",
            "cov: 2 * 3 * float32 (Float_t[2][3])",
            "njet: int32 (Int_t)",
            "jet_pt: var * float32 (Float_t[])",
            "jet_id: var * int16 (Short_t[])",
            "label: string (char*)",
        ]
    );
}

#[test]
fn trees_in_directories_have_paths() {
    let file = File::open(data("tree_zlib.root")).unwrap();
    let paths: Vec<_> = file.trees().iter().map(|t| t.path().to_owned()).collect();
    assert_eq!(paths, ["events", "inner/deep/events"]);
    let inner = file.tree("inner/deep/events").unwrap();
    let outer = file.tree("events;1").unwrap();
    assert_eq!(
        inner.column("event").unwrap(),
        outer.column("event").unwrap()
    );
}

#[test]
fn ntuples_with_and_without_compression() {
    let expected = expected("ntuple.json");
    for name in ["ntuple_none.root", "ntuple_zstd.root"] {
        let file = File::open(data(name)).unwrap();
        let tree = file.tree("events").unwrap();
        assert_eq!((tree.entries(), tree.branches().len()), (60, 14));
        check(&tree, &expected);
    }
}

#[test]
fn batches_joined_are_the_column() {
    for (name, n) in [("tree_zstd.root", 34), ("ntuple_zstd.root", 60)] {
        let file = File::open(data(name)).unwrap();
        let tree = file.tree("events").unwrap();
        let all = tree.readable();
        for (range, step) in [
            (0..n, 1),
            (0..n, 7),
            (5..n - 3, 10),
            (20..21, 3),
            (n..n + 9, 5),
        ] {
            let mut joined: Vec<Vec<Value>> = vec![Vec::new(); all.len()];
            let batches = tree.read(&all, range.clone()).unwrap();
            let mut next = range.start;
            for batch in batches.with_batch_entries(step).with_threads(2) {
                let batch = batch.unwrap();
                assert_eq!(batch.entries.start, next);
                next = batch.entries.end;
                for (to, column) in joined.iter_mut().zip(&batch.columns) {
                    to.extend(entries(column));
                }
            }
            assert_eq!(next, range.end.min(n).max(range.start.min(n)));
            for (&number, joined) in all.iter().zip(joined) {
                let path = tree.branches()[number].path();
                let whole = entries(&tree.column(path).unwrap());
                let part = range.start.min(n) as usize..range.end.min(n) as usize;
                assert_eq!(joined, whole[part], "{name} {path} {range:?} by {step}");
            }
        }
    }
}

#[test]
fn what_is_not_there_is_named() {
    let file = File::open(data("tree_none.root")).unwrap();
    let missing = file.tree("nothing").err().unwrap();
    assert!(missing.to_string().contains("nothing"));
    let tree = file.tree("events").unwrap();
    let missing = tree.column("nothing").unwrap_err();
    assert!(missing.to_string().contains("nothing") && missing.tree() == Some("events"));
    assert!(file.tree("events;2").is_err());
    assert!(tree.read(&[99], 0..1).is_err());
}

#[test]
fn info_tells_sizes_and_types() {
    let file = File::open(data("tree_zlib.root")).unwrap();
    let info = catena_root::info::Info::of(&file);
    assert_eq!(info.trees.len(), 2);
    let tree = &info.trees[0];
    assert!(tree.disk_bytes > 0 && tree.raw_bytes > 0);
    let value = serde_json::to_value(&info).unwrap();
    assert_eq!(value["trees"][0]["branches"][7]["type"], "var * float32");
    assert_eq!(value["trees"][0]["storage"], "TTree");
    let text = info.text(true);
    assert!(
        text.contains("inner/deep/events;1  TTree  34 entries"),
        "{text}"
    );
    assert!(text.contains("2 * 3 * float32"), "{text}");
}
