//! Archives give back the same file, whatever the file is; damaged archives give errors, never
//! other bytes.

use std::io::Cursor;
use std::path::PathBuf;

use crate::exercise;
use crate::random::{mutated, random};
use catena_filter::Level;
use catena_root::ErrorKind;
use catena_root::archive::{PackOptions, Summary, UnpackOptions, info, pack, unpack};

const FIXTURES: [&str; 7] = [
    "ntuple_none.root",
    "ntuple_zstd.root",
    "tree_lz4.root",
    "tree_none.root",
    "tree_xz.root",
    "tree_zlib.root",
    "tree_zstd.root",
];
/// More than an archive may be longer than its file.
const OVERHEAD_MAX: usize = 64;

fn data(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    std::fs::read(folder.join(name)).unwrap()
}

fn packed_with(file: &[u8], options: &PackOptions) -> (Vec<u8>, Summary) {
    let mut archive = Vec::new();
    let summary = pack(Cursor::new(file.to_vec()), &mut archive, options, &|_| {}).unwrap();
    assert_eq!(summary.archive_bytes, archive.len() as u64);
    (archive, summary)
}

fn packed(file: &[u8]) -> (Vec<u8>, Summary) {
    packed_with(file, &PackOptions::default().with_threads(1))
}

fn unpacked(archive: &[u8]) -> catena_root::Result<Vec<u8>> {
    let mut file = Vec::new();
    let n = unpack(archive, &mut file, &UnpackOptions::default(), &|_| {})?;
    assert_eq!(n, file.len() as u64);
    Ok(file)
}

fn round_trip(file: &[u8]) -> Summary {
    let (archive, summary) = packed(file);
    assert!(archive.len() <= file.len() + OVERHEAD_MAX);
    assert!(unpacked(&archive).unwrap() == file);
    summary
}

#[test]
fn files_of_all_codecs_come_back_and_are_taken_apart() {
    for name in FIXTURES {
        let file = data(name);
        let (archive, summary) = packed(&file);
        assert!(unpacked(&archive).unwrap() == file, "{name}");
        assert_eq!(summary.plain, None, "{name}");
        assert!(
            archive.len() * 10 < file.len() * 9,
            "{name}: {} of {}",
            archive.len(),
            file.len()
        );
        if name.starts_with("tree") {
            // What is not modelled is keys and directories.
            let modelled = summary.modelled_bytes as f64 / file.len() as f64;
            assert!(
                modelled > 0.4 && summary.kept_bytes == 0,
                "{name}: {summary:?}"
            );
        }
    }
}

#[test]
fn every_level_and_every_number_of_threads() {
    let file = data("tree_zlib.root");
    for level in [1, 2, 3, 6, 9] {
        let options = PackOptions::default().with_level(Level::new(level).unwrap());
        let (one, _) = packed_with(&file, &options.clone().with_threads(1));
        let (three, _) = packed_with(&file, &options.with_threads(3));
        assert!(one == three, "level {level} depends on the threads");
        assert!(unpacked(&one).unwrap() == file);
    }
}

#[test]
fn bytes_of_any_kind_come_back() {
    let mut next = random(7);
    for len in [0, 1, 2, 3, 5, 40, 300, 5000, 70_000] {
        let noise: Vec<u8> = (0..len).map(|_| next() as u8).collect();
        assert!(round_trip(&noise).plain.is_some());
        let mut like_root = b"root".to_vec();
        like_root.extend(&noise);
        round_trip(&like_root);
        round_trip(&vec![0; len]);
    }
}

#[test]
fn truncated_and_damaged_files_come_back() {
    let mut next = random(11);
    for name in ["tree_zlib.root", "tree_none.root", "ntuple_zstd.root"] {
        let file = data(name);
        for _ in 0..5 {
            let len = next() as usize % file.len();
            round_trip(&file[..len]);
            let mut damaged = file.clone();
            for _ in 0..4 {
                let at = next() as usize % file.len();
                damaged[at] ^= 1 << (next() % 8);
            }
            round_trip(&damaged);
        }
    }
}

#[test]
fn an_archive_cut_anywhere_is_an_error() {
    let (archive, _) = packed(&data("tree_zstd.root"));
    for len in 0..archive.len() {
        assert!(unpacked(&archive[..len]).is_err(), "cut at {len}");
    }
    let mut longer = archive.clone();
    longer.push(0);
    assert!(unpacked(&longer).is_err());
}

#[test]
fn every_flipped_bit_is_an_error() {
    let file = data("tree_xz.root");
    let (archive, _) = packed(&file);
    for at in 0..archive.len() {
        let mut damaged = archive.clone();
        damaged[at] ^= 1 << (at % 8);
        assert!(unpacked(&damaged).is_err(), "flipped at {at}");
    }
}

#[test]
fn errors_say_what_is_wrong() {
    let kind = |bytes: &[u8]| unpacked(bytes).unwrap_err();
    assert!(matches!(kind(b"").kind(), ErrorKind::NotArchive));
    assert!(matches!(kind(b"root....").kind(), ErrorKind::NotArchive));
    let (mut archive, _) = packed(&data("tree_zlib.root"));
    let small = UnpackOptions::default().with_memory_limit(1000);
    let error = unpack(archive.as_slice(), &mut Vec::new(), &small, &|_| {}).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::MemoryLimit { .. }),
        "{error}"
    );
    archive[4] = 99;
    assert!(matches!(kind(&archive).kind(), ErrorKind::Version(99)));
}

#[test]
fn no_more_comes_out_than_is_allowed() {
    let file = data("tree_zstd.root");
    for bytes in [packed(&file).0, packed(b"no ROOT file").0] {
        let len = unpacked(&bytes).unwrap().len() as u64;
        let limited = |limit| {
            let mut out = Vec::new();
            let options = UnpackOptions::default().with_output_limit(limit);
            (unpack(bytes.as_slice(), &mut out, &options, &|_| {}), out)
        };
        assert_eq!(limited(len).0.unwrap(), len);
        for limit in [0, 1, len - 1] {
            let (refused, out) = limited(limit);
            let error = refused.unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::OutputLimit { limit: said } if *said == limit),
                "{error}"
            );
            assert!(out.len() as u64 <= limit);
        }
    }
}

/// Archives of every version that was ever written are unpacked for ever. The files are never made
/// anew.
#[test]
fn golden_archives() {
    for (golden, name) in [
        ("golden_1_zlib.croot", "tree_zlib.root"),
        ("golden_1_xz.croot", "tree_xz.root"),
    ] {
        assert!(unpacked(&data(golden)).unwrap() == data(name), "{golden}");
        let info = info(data(golden).as_slice(), &UnpackOptions::default()).unwrap();
        assert_eq!(info.file_bytes, data(name).len() as u64);
        assert!(info.objects[0] > 10, "{info:?}");
    }
}

/// What the fuzz targets do, from the fixtures on.
#[test]
fn mutations() {
    let mut next = random(3);
    for name in FIXTURES {
        let file = data(name);
        assert!(exercise::root_read(&file) > 0);
        for _ in 0..500 {
            exercise::root_read(&mutated(&file, &mut next));
        }
        let (archive, _) = packed(&file);
        assert!(exercise::croot_unpack(&archive).unwrap() == file);
        for _ in 0..500 {
            exercise::croot_unpack(&mutated(&archive, &mut next));
        }
    }
}
