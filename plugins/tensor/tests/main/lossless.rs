//! Archives give back the same file, byte for byte.

use catena_filter::Level;
use catena_tensor::ErrorKind;
use catena_tensor::archive::{OVERHEAD_MAX, PackOptions, UnpackOptions, info, unpack};

use crate::made::*;

#[test]
fn files_of_every_kind_come_back() {
    for (name, file) in files() {
        let (archive, summary) = packed(&file);
        let (back, restored) = unpacked(&archive).unwrap();
        assert!(back == file && !restored.lossy, "{name}");
        assert!(
            archive.len() as u64 <= file.len() as u64 + OVERHEAD_MAX,
            "{name}: {} of {}",
            archive.len(),
            file.len()
        );
        assert!(summary.tensors.iter().all(|it| it.loss.is_none()));
        let told = info(archive.as_slice(), &UnpackOptions::default()).unwrap();
        assert_eq!(
            (told.file_bytes, told.archive_bytes),
            (file.len() as u64, archive.len() as u64)
        );
        if !told.format.is_empty() {
            assert_eq!(told.tensors, summary.tensors, "{name}");
        }
    }
}

#[test]
fn the_tensors_of_a_checkpoint_are_found() {
    let file = checkpoint();
    let (archive, summary) = packed(&file);
    let names: Vec<&str> = summary.tensors.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "l0.weight",
            "l0.bias",
            "l1.weight",
            "l1.bias",
            "l2.weight",
            "l2.bias",
            "half",
            "int8",
            "mask",
            "none",
            "one"
        ]
    );
    assert_eq!(summary.tensors[6].shape, [30, 10, 10]);
    assert_eq!(summary.tensors[9].bytes, 0);
    assert!(
        archive.len() * 10 < file.len() * 9,
        "{} of {}",
        archive.len(),
        file.len()
    );
    let coded: u64 = summary.tensors.iter().map(|it| it.archive_bytes).sum();
    assert!(coded > 0 && coded < archive.len() as u64);
}

#[test]
fn members_are_modelled_where_zlib_gives_the_same_bytes() {
    let (archive, summary) = packed(&npz());
    let names: Vec<&str> = summary.tensors.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(summary.notes.len(), 2, "{:?}", summary.notes);
    assert!(summary.notes[0].contains("object array") && summary.notes[1].starts_with("d:"));
    assert!(archive.len() < npz().len());
}

#[test]
fn every_level_and_any_number_of_threads() {
    let file = checkpoint();
    for level in [1, 2, 3, 6, 9] {
        let options = PackOptions::default().with_level(Level::new(level).unwrap());
        let (one, _) = try_pack(&file, &options.clone().with_threads(1)).unwrap();
        let (three, _) = try_pack(&file, &options.with_threads(3)).unwrap();
        assert!(one == three, "level {level} depends on the threads");
        assert!(unpacked(&one).unwrap().0 == file);
    }
}

#[test]
fn long_tensors_are_cut_and_come_back() {
    // Three streams and more than a part.
    let row = le(&[1.5; 1000]);
    let data = row.repeat(9000);
    let header = format!(
        "{{\"w\":{{\"dtype\":\"F32\",\"shape\":[9000,1000],\"data_offsets\":[0,{}]}}}}",
        data.len()
    );
    let file = safetensors(&header, &data);
    let options = PackOptions::default().with_level(Level::MIN);
    let (archive, _) = try_pack(&file, &options).unwrap();
    assert!(archive.len() < 10_000);
    assert!(unpacked(&archive).unwrap().0 == file);
}

#[test]
fn noise_is_not_longer_than_it_was() {
    let mut next = random(4);
    for n in [0, 1, 5, 300, 70_000] {
        let noise: Vec<u8> = (0..n).map(|_| next() as u8).collect();
        let header = format!(
            "{{\"{}\":{{\"dtype\":\"U8\",\"shape\":[{n}],\"data_offsets\":[0,{n}]}}}}",
            next()
        );
        let file = safetensors(&header, &noise);
        let (archive, _) = packed(&file);
        assert!(
            archive.len() as u64 <= file.len() as u64 + OVERHEAD_MAX,
            "{} of {}",
            archive.len(),
            file.len()
        );
        assert!(unpacked(&archive).unwrap().0 == file);
    }
}

/// Archives of every version that was ever written are unpacked for ever. The files are never made
/// anew; CATENA_GOLDEN makes those that are missing.
#[test]
fn golden_archives() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    for (name, file) in files() {
        let path = folder.join(format!("1_{name}.ctensor"));
        if std::env::var_os("CATENA_GOLDEN").is_some() && !path.exists() {
            std::fs::write(&path, packed(&file).0).unwrap();
        }
        assert!(
            unpacked(&std::fs::read(&path).unwrap()).unwrap().0 == file,
            "{name}"
        );
    }
}

#[test]
fn errors_of_archives_say_what_is_wrong() {
    let error = |bytes: &[u8]| unpacked(bytes).unwrap_err();
    assert!(matches!(error(b"").kind(), ErrorKind::NotArchive));
    assert!(matches!(error(b"not it").kind(), ErrorKind::NotArchive));
    let (mut archive, _) = packed(&checkpoint());
    let small = UnpackOptions::default().with_memory_limit(1000);
    let refused = unpack(archive.as_slice(), Vec::new(), &small, &|_| {}).unwrap_err();
    assert!(
        matches!(refused.kind(), ErrorKind::MemoryLimit { .. }),
        "{refused}"
    );
    archive[4] = 99;
    assert!(matches!(error(&archive).kind(), ErrorKind::Version(99)));
}

#[test]
fn no_more_comes_out_than_is_allowed() {
    for (name, file) in files() {
        let archive = packed(&file).0;
        let len = file.len() as u64;
        let limited = |limit| {
            let mut out = Vec::new();
            let options = UnpackOptions::default().with_output_limit(limit);
            (unpack(archive.as_slice(), &mut out, &options, &|_| {}), out)
        };
        assert_eq!(limited(len).0.unwrap().bytes, len, "{name}");
        for limit in [0, 1, len - 1] {
            let (refused, out) = limited(limit);
            let error = refused.unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::OutputLimit { limit: said } if *said == limit),
                "{name}: {error}"
            );
            assert!(out.len() as u64 <= limit, "{name}");
        }
    }
}

#[test]
fn an_archive_cut_or_flipped_anywhere_is_an_error() {
    let (archive, _) = packed(&npy("'<f4'", false, "(300,)", &le(&weights(300, 2))));
    for at in 0..archive.len() {
        assert!(unpacked(&archive[..at]).is_err(), "cut at {at}");
        let mut damaged = archive.clone();
        damaged[at] ^= 1 << (at % 8);
        assert!(unpacked(&damaged).is_err(), "flipped at {at}");
    }
    let longer = [archive.as_slice(), &[0]].concat();
    assert!(unpacked(&longer).is_err());
}
