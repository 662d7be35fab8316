//! Packed and unpacked, a file is the same but for how it is stored.

use std::path::Path;

use crate::files::{Made, Outcome, bytes, everything, floats};
use catena_filter::Level;
use catena_h5::{Chunking, PackOptions, UnpackOptions, info, pack, unpack, verify};
use catena_hdf5_calls::{
    Standard, close, create_file, make_compound, open_file_to_change, standard, write_chunk,
};

fn options(level: u8) -> PackOptions<'static> {
    PackOptions {
        level: Level::new(level).unwrap(),
        threads: 2,
        ..PackOptions::default()
    }
}

#[track_caller]
fn same(a: &Path, b: &Path) {
    let found = verify(a, b, 2, &|_| ()).unwrap();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn everything_there_and_back() -> Outcome {
    let _alone = crate::files::alone();
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    everything(&path("in.h5"))?;
    same(&path("in.h5"), &path("in.h5"));
    let summary = pack(&path("in.h5"), &path("packed.h5"), &mut options(4), &|_| ())?;
    assert!(summary.recoded > 12, "{summary:?}");
    assert!(
        summary.not_smaller > 0,
        "noise does not shrink: {summary:?}"
    );
    assert!(summary.stored_after < summary.stored_before);
    same(&path("in.h5"), &path("packed.h5"));
    same(&path("packed.h5"), &path("in.h5"));
    let told = info(&path("packed.h5"))?;
    let of = |name: &str| told.datasets.iter().find(|d| d.path == name).unwrap();
    assert_eq!(of("/records").catena.as_ref().unwrap().level, 4);
    assert_eq!(of("/records").chunk, Some(vec![128]));
    assert_eq!(of("/grid").chunk, Some(vec![20, 30, 11]));
    assert_eq!(
        of("/sparse").chunks,
        Some(1),
        "what was not there is not there"
    );
    assert!(of("/noise").catena.is_none() && of("/strings").catena.is_none());

    unpack(
        &path("packed.h5"),
        &path("plain.h5"),
        &UnpackOptions::default(),
        &|_| (),
    )?;
    same(&path("in.h5"), &path("plain.h5"));
    let gzip = UnpackOptions {
        gzip: Some(4),
        threads: 1,
    };
    unpack(&path("packed.h5"), &path("gzip.h5"), &gzip, &|_| ())?;
    same(&path("in.h5"), &path("gzip.h5"));
    for name in ["plain.h5", "gzip.h5"] {
        assert!(
            info(&path(name))?
                .datasets
                .iter()
                .all(|d| d.catena.is_none())
        );
    }
    Ok(())
}

#[test]
fn threads_and_clocks_do_not_change_the_output() -> Outcome {
    let _alone = crate::files::alone();
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    let file = create_file(&path("in.h5"), None, 0)?;
    for (name, chunk, gzip) in [(c"a", 700, true), (c"b", 64, false), (c"c", 3000, true)] {
        let mut made = Made::new(&file, name, standard(Standard::F32)?, &[3000]);
        (made.chunk, made.gzip) = (Some(std::slice::from_ref(&chunk)), gzip);
        made.with(&floats(3000))?;
    }
    Made::new(&file, c"contiguous", standard(Standard::U8)?, &[5000]).with(&bytes(5000))?;
    close(file)?;
    for (name, threads) in [("1.h5", 1), ("2.h5", 2), ("3.h5", 3)] {
        let mut options = PackOptions {
            threads,
            ..options(3)
        };
        pack(&path("in.h5"), &path(name), &mut options, &|_| ())?;
        // The clock of files counts seconds.
        std::thread::sleep(std::time::Duration::from_millis(600));
    }
    same(&path("in.h5"), &path("3.h5"));
    let first = std::fs::read(path("1.h5"))?;
    for name in ["2.h5", "3.h5"] {
        assert!(std::fs::read(path(name))? == first, "{name} differs");
    }
    Ok(())
}

#[test]
fn chosen_datasets_and_chunks() -> Outcome {
    let _alone = crate::files::alone();
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    everything(&path("in.h5"))?;
    let mut wanted = options(3);
    wanted.datasets = vec![glob::Pattern::new("/f32*")?, glob::Pattern::new("edges")?];
    wanted.chunk = Chunking::Shape(vec![1000]);
    pack(&path("in.h5"), &path("out.h5"), &mut wanted, &|_| ())?;
    same(&path("in.h5"), &path("out.h5"));
    let told = info(&path("out.h5"))?;
    let coded: Vec<_> = told
        .datasets
        .iter()
        .filter(|d| d.catena.is_some())
        .collect();
    let mut names: Vec<_> = coded
        .iter()
        .map(|d| (&d.path[..], d.chunk.clone().unwrap()))
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            ("/edges", vec![16, 16]),
            ("/f32", vec![1000]),
            ("/f32big", vec![1000])
        ]
    );

    let mut kept = options(3);
    kept.keep_filters = true;
    pack(&path("in.h5"), &path("kept.h5"), &mut kept, &|_| ())?;
    let told = info(&path("kept.h5"))?;
    let of = |name: &str| told.datasets.iter().find(|d| d.path == name).unwrap();
    assert_eq!(of("/f64").filters, [2, 1]);
    assert!(of("/u16").catena.is_some());

    let mut none = options(3);
    none.datasets = vec![glob::Pattern::new("nothing")?];
    assert!(pack(&path("in.h5"), &path("none.h5"), &mut none, &|_| ()).is_err());
    Ok(())
}

/// A file whose datasets name the filter by its number alone. The library's copy of such a dataset
/// cannot be opened where the filter has a name.
#[test]
fn datasets_whose_filter_has_no_name_are_copied_whole() -> Outcome {
    let _alone = crate::files::alone();
    let folder = tempfile::tempdir()?;
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/unnamed_filter.h5");
    for level in [1, 5] {
        let to = folder.path().join(format!("{level}.h5"));
        let summary = pack(&from, &to, &mut options(level), &|_| ())?;
        assert!(summary.not_smaller > 0 || level > 1, "{summary:?}");
        same(&from, &to);
        same(&to, &from);
    }
    Ok(())
}

/// Values of the filter for plain `<f4` at level 4, and the same behind a shuffle of four bytes.
const PLAIN: &[u32] = &[4, 0, 0, 0, 0xCA7E_0001, 10];
const SHUFFLED: &[u32] = &[4, 0, 0, 0, 0xCA7E_0002, 4, 10];

#[test]
fn edge_chunks_without_filters_are_read_as_they_are() -> Outcome {
    let _alone = crate::files::alone();
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    catena_h5::register_filter()?;
    let file = create_file(&path("in.h5"), None, 3)?;
    for (name, catena, gzip) in [
        (c"catena", Some(PLAIN), false),
        (c"gzip", None, true),
        (c"none", None, false),
    ] {
        let mut made = Made::new(&file, name, standard(Standard::F32)?, &[37, 41]);
        made.chunk = Some(&[16, 16]);
        made.most = Some(&[None, Some(64)]);
        (made.catena, made.gzip, made.bare_edges) = (catena, gzip, true);
        made.with(&floats(37 * 41))?;
    }
    close(file)?;
    same(&path("in.h5"), &path("in.h5"));
    let told = info(&path("in.h5"))?;
    let ours = told.datasets.iter().find(|d| d.path == "/catena").unwrap();
    assert_eq!(ours.catena.as_ref().unwrap().raw_chunks, 5);
    pack(&path("in.h5"), &path("packed.h5"), &mut options(5), &|_| ())?;
    same(&path("in.h5"), &path("packed.h5"));
    for from in ["in.h5", "packed.h5"] {
        unpack(
            &path(from),
            &path("plain.h5"),
            &UnpackOptions::default(),
            &|_| (),
        )?;
        same(&path("in.h5"), &path("plain.h5"));
        std::fs::remove_file(path("plain.h5"))?;
    }
    Ok(())
}

#[test]
fn chunks_behind_a_shuffle_and_chunks_without_filters() -> Outcome {
    let _alone = crate::files::alone();
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    catena_h5::register_filter()?;
    let raw = floats(3000);
    let file = create_file(&path("in.h5"), None, 3)?;
    for (name, catena, shuffled) in [(c"plain", PLAIN, false), (c"shuffled", SHUFFLED, true)] {
        let mut made = Made::new(&file, name, standard(Standard::F32)?, &[3000]);
        made.chunk = Some(&[1000]);
        (made.catena, made.shuffle_alone) = (Some(catena), shuffled);
        let made = made.with(&raw)?;
        // The second chunk without any filter.
        write_chunk(&made, &[1000], u32::MAX >> 30, &raw[4000..8000])?;
    }
    close(file)?;
    let told = info(&path("in.h5"))?;
    let stored = |name: &str| {
        let found = told.datasets.iter().find(|d| d.path == name);
        (
            found.unwrap().stored,
            found.unwrap().catena.as_ref().unwrap().raw_chunks,
        )
    };
    assert_eq!(stored("/plain"), stored("/shuffled"));
    assert_eq!(stored("/plain").1, 1);
    pack(&path("in.h5"), &path("packed.h5"), &mut options(5), &|_| ())?;
    same(&path("in.h5"), &path("packed.h5"));
    unpack(
        &path("in.h5"),
        &path("out.h5"),
        &UnpackOptions::default(),
        &|_| (),
    )?;
    same(&path("in.h5"), &path("out.h5"));
    Ok(())
}

#[test]
fn a_file_of_a_newer_release_is_named_as_such() {
    let _alone = crate::files::alone();
    let newer = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/newer_release.h5");
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("out.h5");
    let packed = pack(&newer, &to, &mut options(5), &|_| ()).unwrap_err();
    let told = info(&newer).unwrap_err();
    for error in [packed.to_string(), told.to_string()] {
        for part in [
            "/e",
            "newer HDF5 than the 1.14",
            "libver=('earliest', 'v114')",
            "catena_hdf5.repack",
        ] {
            assert!(error.contains(part), "{error}");
        }
    }
}

/// Records of three columns, one of which the others give, in this many chunks of 500.
fn many_chunks(path: &Path, chunks: u64) -> Outcome {
    let file = create_file(path, None, 0)?;
    let f32s = standard(Standard::F32)?;
    let record = make_compound(
        12,
        &[(c"pt", 0, &f32s), (c"eta", 4, &f32s), (c"pz", 8, &f32s)],
    )?;
    let mut raw = Vec::new();
    let mut state = 12345u32;
    for _ in 0..500 * chunks {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let unit = f64::from(state >> 8) / f64::from(1 << 24);
        let pt = (20.0 + 80.0 * unit * unit) as f32;
        let eta = ((state >> 3 & 0x1FF) as f32 / 100.0).round() - 2.5;
        for value in [pt, eta, pt * eta.sinh()] {
            raw.extend(value.to_le_bytes());
        }
    }
    let dims = [500 * chunks];
    let made = Made {
        chunk: Some(&[500]),
        ..Made::new(&file, c"jets", record, &dims)
    };
    made.with(&raw)?;
    Ok(close(file)?)
}

#[test]
fn many_small_chunks_share_tables() -> Outcome {
    let _alone = crate::files::alone();
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    many_chunks(&path("in.h5"), 40)?;
    let summary = pack(&path("in.h5"), &path("packed.h5"), &mut options(2), &|_| ())?;
    assert_eq!(summary.models, 1);
    same(&path("in.h5"), &path("packed.h5"));
    let told = info(&path("packed.h5"))?;
    let jets = told.datasets.iter().find(|d| d.path == "/jets").unwrap();
    let catena = jets.catena.as_ref().unwrap();
    assert_eq!(
        (catena.level, catena.model.as_ref()),
        (2, told.models.first())
    );
    let out = path("plain.h5");
    unpack(&path("packed.h5"), &out, &UnpackOptions::default(), &|_| ())?;
    same(&path("in.h5"), &out);
    // Packed again it has its models anew, and no old ones.
    let summary = pack(
        &path("packed.h5"),
        &path("again.h5"),
        &mut options(1),
        &|_| (),
    )?;
    assert_eq!(
        (summary.models, info(&path("again.h5"))?.models.len()),
        (1, 1)
    );
    same(&path("in.h5"), &path("again.h5"));

    // A dataset that stays as it is keeps its own.
    let mut other = options(1);
    other.datasets = vec![glob::Pattern::new("/more")?];
    let file = open_file_to_change(&path("packed.h5"))?;
    Made::new(&file, c"more", standard(Standard::F32)?, &[5000]).with(&floats(5000))?;
    close(file)?;
    pack(&path("packed.h5"), &path("other.h5"), &mut other, &|_| ())?;
    assert_eq!(info(&path("other.h5"))?.models, told.models);
    same(&path("packed.h5"), &path("other.h5"));

    // A chunk or two are not worth any.
    many_chunks(&path("few.h5"), 2)?;
    let summary = pack(&path("few.h5"), &path("small.h5"), &mut options(2), &|_| ())?;
    assert_eq!(summary.models, 0);
    Ok(())
}
