//! Bad input: errors that name the place, never a panic.

use std::fs;

use crate::files::{Made, Outcome, bytes, everything, floats};
use catena_filter::Level;
use catena_h5::{PackOptions, UnpackOptions, info, pack, unpack, verify};
use catena_hdf5_calls::*;

fn message<T>(result: catena_h5::Result<T>) -> String {
    match result {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn not_hdf5_and_truncated() -> Outcome {
    let _alone = crate::files::alone();
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    fs::write(
        path("text"),
        "no HDF5 file, but some text that is long enough to be one",
    )?;
    assert!(message(info(&path("text"))).contains("not an HDF5 file"));
    assert!(message(info(&path("nowhere"))).contains("No such file"));
    everything(&path("in.h5"))?;
    let all = fs::read(path("in.h5"))?;
    for len in [0, 5, 100, 1000, all.len() / 2, all.len() - 1] {
        fs::write(path("cut"), &all[..len])?;
        let mut options = PackOptions {
            level: Level::new(1).unwrap(),
            ..PackOptions::default()
        };
        assert_ne!(
            message(pack(&path("cut"), &path("out"), &mut options, &|_| ())),
            "",
            "{len}"
        );
    }
    Ok(())
}

#[test]
fn every_flipped_byte_of_a_chunk_is_found() -> Outcome {
    let _alone = crate::files::alone();
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    let file = create_file(&path("in.h5"), None, 0)?;
    let mut made = Made::new(&file, c"jets", standard(Standard::F32)?, &[600]);
    made.chunk = Some(&[300]);
    made.with(&floats(600))?;
    close(file)?;
    let mut options = PackOptions {
        level: Level::new(3).unwrap(),
        ..PackOptions::default()
    };
    pack(&path("in.h5"), &path("packed.h5"), &mut options, &|_| ())?;
    let stored = {
        let file = open_file(&path("packed.h5"))?;
        read_chunk(&open_object(&file, c"/jets")?, &[300])?
            .unwrap()
            .1
    };
    let good = fs::read(path("packed.h5"))?;
    let at = good
        .windows(stored.len())
        .position(|w| w == stored)
        .unwrap();
    for i in (0..stored.len()).step_by(7) {
        let mut bad = good.clone();
        bad[at + i] ^= 0x10;
        fs::write(path("bad.h5"), &bad)?;
        let text = message(unpack(
            &path("bad.h5"),
            &path("out.h5"),
            &UnpackOptions::default(),
            &|_| (),
        ));
        assert!(
            text.contains("/jets") && text.contains("[300]"),
            "{i}: {text}"
        );
        let text = message(verify(&path("in.h5"), &path("bad.h5"), 2, &|_| ()));
        assert!(text.contains("/jets"), "{i}: {text}");
    }
    Ok(())
}

#[test]
fn a_missing_filter_is_named() -> Outcome {
    let _alone = crate::files::alone();
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    let file = create_file(&path("in.h5"), None, 0)?;
    let dcpl = dataset_create_plist()?;
    set_chunk_shape(&dcpl, &[1000])?;
    // Optional filters that nobody has may be named.
    set_filter(&dcpl, 40_000, true, &[1])?;
    let space = simple_space(&[1000], None)?;
    let made = create_dataset(&file, &standard(Standard::U8)?, &space, &dcpl)?;
    write_chunk(&made, &[0], 0, &bytes(500))?;
    link_object(&made, &open_object(&file, c"/")?, c"foreign", false)?;
    drop(made);
    close(file)?;
    let mut options = PackOptions::default();
    let text = message(pack(&path("in.h5"), &path("out.h5"), &mut options, &|_| ()));
    assert!(
        text.contains("/foreign") && text.contains("40000"),
        "{text}"
    );
    // As it is, it can be copied all the same.
    options.keep_filters = true;
    pack(&path("in.h5"), &path("out.h5"), &mut options, &|_| ())?;
    let told = info(&path("out.h5"))?;
    assert_eq!(
        (told.datasets[0].stored, &told.datasets[0].missing[..]),
        (500, &[40_000][..])
    );
    Ok(())
}
