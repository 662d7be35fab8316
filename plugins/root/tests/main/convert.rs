//! There and back: ROOT files become HDF5 files and ROOT files again, in all layouts, and nothing
//! is written where something is damaged.
use std::cell::RefCell;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use catena_filter::Level;
use catena_root::convert::{ConvertOptions, Event, Layout, convert};
use catena_root::export::{ExportOptions, export};
use catena_root::write::{Codec, NewBranch, Writer};
use catena_root::{Column, File};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

fn options(layout: Layout) -> ConvertOptions {
    let mut options = ConvertOptions::default();
    options.layout = layout;
    options.level = Level::new(3).unwrap();
    options.threads = 2;
    options
}

fn exported(h5: &Path) -> File {
    let mut bytes = Cursor::new(Vec::new());
    let mut going = ExportOptions::default();
    going.keep_going = true;
    export(h5, &mut bytes, &going, &mut |_| {}).unwrap();
    File::from_reader(Cursor::new(bytes.into_inner())).unwrap()
}

#[test]
fn there_and_back_in_all_layouts() {
    let folder = tempfile::tempdir().unwrap();
    for (layout, compared) in [
        (Layout::Awkward, 10),
        (Layout::Padded(None), 10),
        (Layout::Table, 8),
    ] {
        let h5 = folder.path().join("x.h5");
        let mut options = options(layout);
        options.trees = vec!["events".into()];
        let summary = convert(&data("tree_zlib.root"), &h5, &options, &|_| {}).unwrap();
        assert!(summary.is_complete());
        let before = File::open(data("tree_zlib.root"))
            .unwrap()
            .tree("events")
            .unwrap();
        let after = exported(&h5);
        let after = after.tree("events").unwrap();
        assert_eq!((after.entries(), after.title()), (34, "made by make.py"));
        let mut equal = 0;
        for branch in before.branches() {
            if after.find(branch.path()).is_some() {
                let (a, b) = (before.column(branch.path()), after.column(branch.path()));
                assert_eq!(a.unwrap(), b.unwrap(), "{layout:?} {}", branch.path());
                equal += 1;
            }
        }
        assert_eq!(equal, compared, "{layout:?}");
    }
}

#[test]
fn ntuples_become_trees_as_far_as_trees_go() {
    let folder = tempfile::tempdir().unwrap();
    let h5 = folder.path().join("x.h5");
    convert(
        &data("ntuple_zstd.root"),
        &h5,
        &options(Layout::Awkward),
        &|_| {},
    )
    .unwrap();
    let before = File::open(data("ntuple_zstd.root"))
        .unwrap()
        .tree("events")
        .unwrap();
    let after = exported(&h5).tree("events").unwrap();
    for name in [
        "number", "tiny", "big", "real", "double", "flag", "name", "hits", "matrix",
    ] {
        assert_eq!(
            before.column(name).unwrap(),
            after.column(name).unwrap(),
            "{name}"
        );
    }
    let Column::Record { fields, .. } = before.column("track").unwrap() else {
        panic!()
    };
    assert_eq!(fields[0].1, after.column("track.pt").unwrap());
    assert!(after.find("nested").is_none() && after.find("maybe").is_none());
    // Without leave to go on, nothing is written.
    let mut left = Vec::new();
    let refused = export(
        &h5,
        Cursor::new(Vec::new()),
        &ExportOptions::default(),
        &mut |why| left.push(why.to_owned()),
    );
    assert!(
        refused.is_err() && left.iter().any(|why| why.contains("nested")),
        "{left:?}"
    );
}

#[test]
fn entries_and_branches_are_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let h5 = folder.path().join("x.h5");
    let mut options = options(Layout::Awkward);
    options.trees = vec!["events".into()];
    options.entries = 5..17;
    options.keep = vec!["jet_*".parse().unwrap(), "event".parse().unwrap()];
    options.drop = vec!["*_id".parse().unwrap()];
    let summary = convert(&data("tree_zlib.root"), &h5, &options, &|_| {}).unwrap();
    assert_eq!((summary.trees, summary.branches), (1, 2));
    let after = exported(&h5).tree("events").unwrap();
    assert_eq!(after.entries(), 12);
    let whole = File::open(data("tree_zlib.root"))
        .unwrap()
        .tree("events")
        .unwrap();
    let (Column::Values(a), Column::Values(b)) = (
        whole.column("event").unwrap(),
        after.column("event").unwrap(),
    ) else {
        panic!()
    };
    assert_eq!(a.as_bytes()[40..136], *b.as_bytes());
    options.trees = vec!["nothing".into()];
    assert!(convert(&data("tree_zlib.root"), &h5, &options, &|_| {}).is_err());
}

#[test]
fn threads_do_not_change_the_output() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = [1, 3].map(|threads| {
        let h5 = folder.path().join("x.h5");
        let mut options = options(Layout::Awkward);
        options.threads = threads;
        convert(&data("tree_xz.root"), &h5, &options, &|_| {}).unwrap();
        std::fs::read(h5).unwrap()
    });
    assert!(bytes[0] == bytes[1]);
}

#[test]
fn damage_is_told_at_the_start_and_left_out_on_demand() {
    let folder = tempfile::tempdir().unwrap();
    let (root, h5) = (folder.path().join("x.root"), folder.path().join("x.h5"));
    let mut bytes = std::fs::read(data("tree_zstd.root")).unwrap();
    // The first zstd record belongs to a basket: its frame's magic number goes.
    let at = bytes
        .windows(4)
        .position(|w| w == [0x28, 0xB5, 0x2F, 0xFD])
        .unwrap();
    bytes[at] ^= 0xFF;
    std::fs::write(&root, bytes).unwrap();
    let told = RefCell::new(Vec::new());
    let see = |event: Event| {
        if let Event::Left(left) = event {
            told.borrow_mut().push(left.to_string());
        }
    };
    let mut options = options(Layout::Awkward);
    assert!(convert(&root, &h5, &options, &see).is_err());
    assert!(!h5.exists());
    let first = told.borrow()[0].clone();
    assert!(
        first.contains("events") && first.contains("basket"),
        "{first}"
    );
    options.keep_going = true;
    let summary = convert(&root, &h5, &options, &see).unwrap();
    assert!(
        !summary.is_complete() && summary.branches == 9,
        "{summary:?}"
    );
}

#[test]
fn nothing_becomes_empty_columns() {
    let folder = tempfile::tempdir().unwrap();
    let h5 = folder.path().join("x.h5");
    for (file, tree) in [
        ("cern/leaves.root", "empty"),
        ("cern/ntuples.root", "nothing"),
    ] {
        for layout in [Layout::Awkward, Layout::Padded(None), Layout::Table] {
            let mut options = options(layout);
            options.trees = vec![tree.into()];
            let summary = convert(&data(file), &h5, &options, &|_| {}).unwrap();
            assert!(summary.is_complete() && summary.branches > 0, "{layout:?}");
            if layout == Layout::Awkward && tree == "empty" {
                let after = exported(&h5).tree(tree).unwrap();
                assert_eq!(after.entries(), 0);
                assert_eq!(after.column("list").unwrap().len(), 0);
            }
        }
    }
}

#[test]
fn entries_outside_of_a_shorter_tree_are_none() {
    let folder = tempfile::tempdir().unwrap();
    let h5 = folder.path().join("x.h5");
    let mut options = options(Layout::Awkward);
    options.trees = vec!["leaves".into(), "cycles".into()];
    options.entries = 8..100;
    options.keep_going = true;
    convert(&data("cern/leaves.root"), &h5, &options, &|_| {}).unwrap();
    let after = exported(&h5);
    assert_eq!(after.tree("leaves").unwrap().entries(), 4);
    assert_eq!(after.tree("cycles").unwrap().entries(), 0);
}

#[test]
fn what_does_not_exist_is_told_with_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let h5 = folder.path().join("x.h5");
    let failed = |options: &ConvertOptions| {
        let failed = convert(&data("cern/leaves.root"), &h5, options, &|_| {});
        failed.unwrap_err().to_string()
    };
    let mut wrong = options(Layout::Awkward);
    wrong.trees = vec!["leavs".into()];
    let why = failed(&wrong);
    assert!(
        why.contains("no tree leavs") && why.contains("cycles;1"),
        "{why}"
    );
    let mut wrong = options(Layout::Awkward);
    wrong.trees = vec!["names".into()];
    wrong.keep = vec!["twice".parse().unwrap(), "thrice*".parse().unwrap()];
    let why = failed(&wrong);
    assert!(
        why.contains("no branch thrice*") && why.contains("a/b, index, twice"),
        "{why}"
    );
    assert!(!h5.exists());
}

#[test]
fn cycles_and_names_that_collide_are_kept_apart() {
    let folder = tempfile::tempdir().unwrap();
    let h5 = folder.path().join("x.h5");
    let mut options = options(Layout::Awkward);
    options.trees = vec!["cycles;1".into(), "cycles".into(), "names".into()];
    let told = RefCell::new(Vec::new());
    let summary = convert(&data("cern/leaves.root"), &h5, &options, &|event| {
        if let Event::Left(left) = event {
            told.borrow_mut().push(left);
        }
    })
    .unwrap();
    assert!(summary.is_complete());
    assert_eq!(summary.trees, 3);
    let told = told.into_inner();
    let [renamed] = &told[..] else {
        panic!("{told:?}")
    };
    assert!(renamed.renamed && !renamed.fatal && renamed.branch == "twice");
    assert!(renamed.why.contains("twice_2"), "{}", renamed.why);
    let after = exported(&h5);
    let entries = |tree: &str| {
        after
            .trees()
            .iter()
            .find(|key| key.path() == tree)
            .map(|key| after.open_tree(key).unwrap().entries())
    };
    assert_eq!(
        (entries("cycles;1"), entries("cycles"), entries("names")),
        (Some(3), Some(5), Some(4))
    );
    let names = after.tree("names").unwrap();
    assert!(names.find("twice_2").is_some() && names.find("index").is_some());
}

#[test]
fn a_tree_in_the_path_of_another_gets_another_name() {
    let folder = tempfile::tempdir().unwrap();
    let (root, h5) = (folder.path().join("x.root"), folder.path().join("x.h5"));
    let numbers = Column::Values(catena_root::Values::I32((0..40).collect()));
    let mut writer =
        Writer::new(std::fs::File::create(&root).unwrap(), "x.root", Codec::None).unwrap();
    for path in ["events", "events/entries", "events/index"] {
        let branch = NewBranch::new("x", numbers.clone());
        writer.tree(path, "", vec![branch]).unwrap();
    }
    writer.finish().unwrap();
    for layout in [Layout::Awkward, Layout::Table] {
        let summary = convert(&root, &h5, &options(layout), &|_| {}).unwrap();
        assert_eq!(summary.trees, 3);
        let after = exported(&h5);
        for tree in after.trees() {
            let tree = after.open_tree(&tree).unwrap();
            assert_eq!(tree.column("x").unwrap(), numbers, "{}", tree.path());
        }
        assert_eq!(after.trees().len(), 3);
    }
}

#[test]
fn wide_trees_are_cut_into_tables() {
    let folder = tempfile::tempdir().unwrap();
    let (root, h5) = (folder.path().join("x.root"), folder.path().join("x.h5"));
    let column = |i: i32| Column::Values(catena_root::Values::I32((i..i + 20).collect()));
    let branches =
        (0..1500).map(|i| NewBranch::new(format!("a_branch_of_a_wide_tree_{i}"), column(i)));
    let mut writer =
        Writer::new(std::fs::File::create(&root).unwrap(), "x.root", Codec::None).unwrap();
    writer.tree("wide", "", branches.collect()).unwrap();
    writer.finish().unwrap();
    for layout in [Layout::Table, Layout::Padded(None)] {
        let summary = convert(&root, &h5, &options(layout), &|_| {}).unwrap();
        assert_eq!(summary.branches, 1500);
        let after = exported(&h5);
        let tree = after.open_tree(&after.trees()[0]).unwrap();
        assert_eq!(
            tree.column("a_branch_of_a_wide_tree_1499").unwrap(),
            column(1499)
        );
    }
}
