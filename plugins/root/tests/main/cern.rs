//! Files that ROOT 6.40 wrote (`data/cern/make.C`) hold the values that ROOT reads in them
//! (`data/cern/values.json`), bit for bit.

use std::path::PathBuf;

use crate::entries::entries;
use catena_root::{Content, ErrorKind, File, Tree};
use serde_json::{Value, json};

fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/cern")
        .join(name)
}

fn tree(file: &str, name: &str) -> Tree {
    File::open(data(file)).unwrap().tree(name).unwrap()
}

/// The branch of the path that ends so, as JSON.
fn branch(tree: &Tree, name: &str) -> Value {
    let found = tree.branches().iter().find(|b| b.path().ends_with(name));
    let path = found.unwrap_or_else(|| panic!("no {name}")).path();
    Value::Array(entries(
        &tree.column(path).unwrap_or_else(|e| panic!("{e}")),
    ))
}

#[test]
fn every_branch_is_as_root_reads_it() {
    let expected: Value =
        serde_json::from_slice(&std::fs::read(data("values.json")).unwrap()).unwrap();
    let mut compared = 0;
    for (file, trees) in expected.as_object().unwrap() {
        for (name, branches) in trees.as_object().unwrap() {
            let tree = tree(file, name);
            for (path, theirs) in branches.as_object().unwrap() {
                let ours = Value::Array(entries(
                    &tree.column(path).unwrap_or_else(|e| panic!("{e}")),
                ));
                assert_eq!(&ours, theirs, "{file} {name} {path}");
                compared += 1;
            }
        }
    }
    assert!(compared >= 80, "{compared}");
}

#[test]
fn what_cannot_be_read_names_its_class() {
    let tree = tree("objects.root", "objects");
    for (path, class) in [("pointing", "Hit*"), ("whole", "TClonesArray")] {
        let found = tree.branches().iter().find(|b| b.path() == path).unwrap();
        match found.content() {
            Content::Unreadable(why) => assert!(why.contains(class), "{why}"),
            other => panic!("{path}: {other:?}"),
        }
    }
    // All else is read.
    for branch in tree.branches().iter().filter(|b| b.ty().is_some()) {
        tree.column(branch.path()).unwrap_or_else(|e| panic!("{e}"));
    }
}

#[test]
fn references_and_what_is_referred_to() {
    let tree = tree("objects.root", "objects");
    let refs = branch(&tree, "refs");
    assert_eq!(
        refs[3],
        json!({"fName": "", "fLowerBound": 0, "fPID": 0, "fUIDs": [1, 2, 4]})
    );
    let unique = branch(&tree, "split.TObject.fUniqueID");
    assert_eq!(
        branch(&tree, "referring_split.fRef")[4]["fUniqueID"],
        unique[4]
    );
    // The bits of a referenced object have a process number behind them.
    let bits = branch(&tree, "split.TObject.fBits");
    assert_eq!((bits[1].as_u64(), bits[2].as_u64()), (Some(0), Some(0x18)));
    assert_eq!(branch(&tree, "clones.fBits")[3], json!([0, 0x18, 0]));
    assert_eq!(
        branch(&tree, "counted")[2],
        json!({"fN": 2, "fValues": [2.0, 2.5], "fAfter": 102})
    );
}

#[test]
fn a_file_that_was_not_closed_is_read_and_told_of() {
    let mut bytes = std::fs::read(data("objects.root")).unwrap();
    // Closing writes where the classes are described (behind the header's compression), and where
    // the directory's keys are.
    bytes[37..45].fill(0);
    let begin = u32::from_be_bytes(bytes[8..12].try_into().unwrap()) as usize;
    let name = u32::from_be_bytes(bytes[28..32].try_into().unwrap()) as usize;
    bytes[begin + name + 26..][..4].fill(0);
    let file = File::from_reader(std::io::Cursor::new(bytes)).unwrap();
    assert!(
        file.damage()[0].to_string().contains("not closed"),
        "{:?}",
        file.damage()
    );
    let whole = tree("objects.root", "objects");
    let tree = file.tree("objects").unwrap();
    for branch in whole.branches().iter().filter(|b| b.ty().is_some()) {
        let (a, b) = (tree.column(branch.path()), whole.column(branch.path()));
        assert_eq!(a.unwrap(), b.unwrap(), "{}", branch.path());
    }
}

#[test]
fn counters_count() {
    let tree = tree("objects.root", "objects");
    assert_eq!(branch(&tree, "clones"), json!([0, 1, 2, 3, 0, 1]));
    assert!(tree.readable().contains(&tree.find("vector").unwrap()));
}

#[test]
fn columns_that_came_late_have_defaults_before() {
    let tree = tree("ntuples.root", "ntuple");
    let late = |name: &str, before: Value, first: Value| {
        let all = branch(&tree, name);
        for entry in 0..5 {
            assert_eq!(all[entry], before, "{name}");
        }
        assert_eq!(all[5], first, "{name}");
    };
    late("late", json!(0.0), json!(12.5));
    late("texts", json!([]), json!(["late", "late"]));
    late("lists", json!([]), json!([-5]));
    late("maybe", Value::Null, json!(5.0));
    late("fixed", json!([0.0, 0.0]), json!([5.0, 10.0]));
    late(
        "bare",
        json!({"fA": 0, "fB": [], "fC": ""}),
        json!({"fA": 5, "fB": [0.5], "fC": "late"}),
    );
    // A variant without a value is null.
    late("choice", Value::Null, json!(5));
}

#[test]
fn members_of_a_base_class_are_the_classs_own() {
    let tree = tree("ntuples.root", "ntuple");
    let ty = tree.branches()[tree.find("derived").unwrap()]
        .ty()
        .unwrap()
        .to_string();
    assert!(
        ty.starts_with("{fBase: int32, fShared: float32, fOwn: float64"),
        "{ty}"
    );
}

#[test]
fn trees_without_entries_have_empty_columns() {
    for tree in [
        tree("leaves.root", "empty"),
        tree("ntuples.root", "nothing"),
    ] {
        assert_eq!(tree.entries(), 0);
        for branch in tree.branches().iter().filter(|b| b.ty().is_some()) {
            assert_eq!(
                tree.column(branch.path()).unwrap().len(),
                0,
                "{}",
                branch.path()
            );
        }
    }
}

#[test]
fn cycles_are_addressed_and_missing_trees_told_with_what_there_is() {
    let file = File::open(data("leaves.root")).unwrap();
    assert_eq!(file.tree("cycles").unwrap().entries(), 5);
    assert_eq!(file.tree("cycles;1").unwrap().entries(), 3);
    assert_eq!(file.tree("cycles;2").unwrap().entries(), 5);
    for missing in ["cycles;3", "none"] {
        let error = file.find(missing).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Missing(_)));
        let text = error.to_string();
        assert!(
            text.contains("cycles;1") && text.contains("leaves"),
            "{text}"
        );
    }
    let error = file.tree("names").unwrap().column("none").unwrap_err();
    assert!(error.to_string().contains("a/b, index, twice"), "{error}");
}
