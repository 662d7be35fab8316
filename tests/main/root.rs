//! `catena root` as users run it.

use crate::common::Folder;

/// A small file with two trees, from the tests of `catena-root`.
const TREES: &[u8] = include_bytes!("../../plugins/root/tests/data/tree_zlib.root");
const NTUPLE: &[u8] = include_bytes!("../../plugins/root/tests/data/ntuple_zstd.root");

#[test]
fn info_lists_trees_branches_types_and_sizes() {
    let place = Folder::new();
    place.put("a.root", TREES);
    place.put("b.root", NTUPLE);
    let said = place.run(["root", "info", "a.root", "b.root"]).ok();
    let text = String::from_utf8(said.stdout).unwrap();
    for word in [
        "a.root: ROOT 6.24/00",
        "events;1  TTree  34 entries, 10 branches",
        "inner/deep/events;1",
        "jet_pt",
        "var * float32",
        "b.root: ROOT",
        "events;1  RNTuple  60 entries, 14 branches",
        "var * var * float64",
    ] {
        assert!(text.contains(word), "'{word}' is not in: {text}");
    }
    let said = place.run(["root", "info", "--trees", "a.root"]).ok();
    assert!(!String::from_utf8(said.stdout).unwrap().contains("jet_pt"));
}

#[test]
fn info_for_programs() {
    let place = Folder::new();
    place.put("a.root", TREES);
    let said = place.run(["root", "info", "--json", "a.root"]).ok();
    let value: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!(value[0]["file"], "a.root");
    let tree = &value[0]["trees"][0];
    assert_eq!(
        (&tree["path"], &tree["entries"]),
        (&"events".into(), &34.into())
    );
    assert_eq!(tree["branches"][5]["type"], "2 * 3 * float32");
    assert_eq!(tree["branches"][5]["cpp_type"], "Float_t[2][3]");
}

#[test]
fn what_is_no_root_file_is_an_error() {
    let place = Folder::new();
    place.put("a.root", b"not really");
    place
        .run(["root", "info", "a.root"])
        .failed(1, "a.root: not a ROOT file");
    place.put("b.root", &TREES[..5000]);
    place.run(["root", "info", "b.root"]).failed(1, "damaged");
    place.run(["root", "info"]).failed(2, "FILE");
}

#[test]
fn info_tells_of_the_good_files_beside_a_bad_one() {
    let place = Folder::new();
    place.put("good.root", TREES);
    place.put("bad.root", b"not really");
    place.put("worse.root", b"");
    for files in [
        ["good.root", "bad.root", "worse.root"],
        ["worse.root", "bad.root", "good.root"],
    ] {
        let said = place.run(["root", "info"].into_iter().chain(files));
        let text = String::from_utf8(said.stdout.clone()).unwrap();
        assert!(text.contains("events;1  TTree  34 entries"), "{text}");
        let said = said.failed(1, "bad.root: not a ROOT file");
        assert!(said.stderr.contains("worse.root: not a ROOT file"));
    }
    let said = place.run(["root", "info", "--json", "bad.root", "good.root"]);
    let value: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!(value[0]["file"], "good.root");
}

#[cfg(feature = "h5")]
#[test]
fn convert_says_what_there_is() {
    let place = Folder::new();
    place.put("a.root", TREES);
    let convert = |more: [&str; 2]| {
        place.run(
            ["root", "convert", "a.root", "a.h5"]
                .into_iter()
                .chain(more),
        )
    };
    convert(["--tree", "evens"]).failed(1, "no tree evens in the file; there are: events");
    convert(["--branch", "Jet_*"]).failed(1, "no branch Jet_*; there are: run");
    convert(["--entries", "10:5"]).failed(2, "ends before it begins");
    assert!(!place.join("a.h5").exists());
    convert(["--tree", "events;1"]).ok();
}
