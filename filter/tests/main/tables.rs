//! Promise: a model of tables comes back as it was or not at all, and makes pieces that stand alone
//! smaller, never larger than they are without it.

use std::io::Cursor;
use std::sync::Arc;

use crate::common::{self, Noise};
use catena_filter::block::{self, BlockOptions, decode, encode, info};
use catena_filter::model::{ModelKind, ModelSummary};
use catena_filter::{
    Archive, CompressOptions, DecompressOptions, ErrorKind, Layout, Level, Model, Result, compress,
    decompress,
};

fn layout() -> Layout {
    Layout::parse(common::events(1).dtype).unwrap()
}

/// Bytes of a record.
const SIZE: usize = 45;

fn records(n: u32) -> Vec<u8> {
    common::events(n).raw
}

fn tables(level: u8, raw: &[u8]) -> Arc<Model> {
    let level = Level::new(level).unwrap();
    let found = Model::of_sample(&layout(), level, raw, "sample\nof tests", 1).unwrap();
    Arc::new(found.expect("tokens gain"))
}

fn options(level: u8, model: Option<&Arc<Model>>) -> BlockOptions {
    BlockOptions::new()
        .with_level(Level::new(level).unwrap())
        .with_model(model.cloned())
        .with_model_search(false)
}

/// The file with another content, under the hash of that.
fn renamed(mut file: Vec<u8>) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    let end = file.len() - 32;
    let hash = Sha256::digest(&file[..end]);
    file[end..].copy_from_slice(&hash);
    file
}

fn refused<T>(result: Result<T>) -> String {
    let error = result.err().expect("an error");
    assert!(matches!(error.kind(), ErrorKind::Model(_)), "{error}");
    error.to_string()
}

#[test]
fn a_file_comes_back() {
    let model = tables(3, &records(4000));
    let back = Model::read(model.file()).unwrap();
    assert_eq!((back.id(), back.kind()), (model.id(), ModelKind::Tables));
    assert_eq!(
        (back.layout(), back.notes()),
        (&layout(), "sample\nof tests")
    );
    assert_eq!(back.weight_n(), model.weight_n());
    assert_eq!(tables(3, &records(4000)).file(), model.file());
    let summary = ModelSummary::read(model.file()).unwrap();
    assert_eq!((summary.kind, summary.dims), (ModelKind::Tables, None));
    assert!(summary.weight_n >= model.weight_n());
    // What was read codes as what was found.
    let raw = records(500);
    let by = |model: Model| encode(&raw, &layout(), &options(3, Some(&Arc::new(model)))).unwrap();
    let found = Model::read(model.file()).unwrap();
    assert_eq!(by(back), by(found));
    refused(model.network());
    refused(model.starts());
}

#[test]
fn blocks_by_tables_are_smaller_and_say_whose_they_are() {
    let all = records(6000);
    for level in 1..=6 {
        let model = tables(level, &all);
        let piece = &all[SIZE * 1000..SIZE * 1300];
        let alone = encode(piece, &layout(), &options(level, None)).unwrap();
        let stored = encode(piece, &layout(), &options(level, Some(&model))).unwrap();
        assert!(
            stored.len() + 100 < alone.len(),
            "{level}: {} {}",
            stored.len(),
            alone.len()
        );
        let named = info(&stored).unwrap().model.unwrap();
        assert_eq!(named, model.id().as_bytes()[..8]);
        // Decoding needs no level, and any level's tables do.
        let back = decode(&stored, &layout(), &options(9, Some(&model))).unwrap();
        assert!(back == piece);
        let other = tables(1, &all[..SIZE * 5000]);
        for without in [None, Some(&other)] {
            let error = decode(&stored, &layout(), &options(level, without)).unwrap_err();
            let ErrorKind::MissingModelPrefix { prefix, looked_in } = error.kind() else {
                panic!("{error}");
            };
            assert!(model.id().begins_with(prefix) && !looked_in.is_empty());
        }
    }
}

#[test]
fn any_piece_comes_back_and_none_is_larger_than_without() {
    let all = records(6000);
    let model = tables(2, &all);
    let mut noise = Noise::new(5);
    let odd: Vec<u8> = (0..SIZE * 400).map(|_| noise.next() as u8).collect();
    let cut = SIZE * 900;
    let pieces = [
        &[][..],
        &all[..1],
        &all[..SIZE - 1],
        &all[..SIZE],
        &all[3..700],
        &all[..cut],
        &odd,
        &vec![0; cut],
        &vec![255; cut],
        &[&all[..cut], &odd].concat(),
    ];
    for (at, piece) in pieces.iter().enumerate() {
        let stored = encode(piece, &layout(), &options(2, Some(&model))).unwrap();
        assert!(decode(&stored, &layout(), &options(2, Some(&model))).unwrap() == *piece);
        let alone = encode(piece, &layout(), &options(2, None)).unwrap();
        assert!(
            stored.len() <= alone.len() + 8,
            "{at}: {} {}",
            stored.len(),
            alone.len()
        );
    }
}

#[test]
fn a_piece_unlike_the_sample_brings_its_own_tables() {
    let model = tables(3, &records(4000));
    let raw: Vec<u8> = (0..45_000u32)
        .flat_map(|i| (i * i / 97 + i % 3).to_le_bytes())
        .collect();
    let stored = encode(&raw, &layout(), &options(3, Some(&model))).unwrap();
    let alone = encode(&raw, &layout(), &options(3, None)).unwrap();
    assert!(stored.len() <= alone.len());
    assert_eq!(info(&stored).unwrap().model, None);
    assert!(decode(&stored, &layout(), &options(3, None)).unwrap() == raw);
}

#[test]
fn streams_begin_with_tables_too() {
    let all = records(8000);
    let model = tables(4, &all);
    let packed = |embed: bool, chains: u32| {
        let options = CompressOptions::default()
            .with_level(Level::new(4).unwrap())
            .with_frame_size(SIZE * 300)
            .with_chains(chains)
            .with_key_every(7)
            .with_model(Arc::clone(&model))
            .with_embed_model(embed);
        compress(&all, &options).unwrap()
    };
    let alone = || DecompressOptions::default().with_model_search(false);
    for chains in [1, 3] {
        let (named, embedded) = (packed(false, chains), packed(true, chains));
        assert_eq!(named.len() + model.file().len(), embedded.len() - 2);
        assert!(decompress(&embedded, &alone()).unwrap() == all);
        let with = alone().with_model(Arc::clone(&model));
        assert!(decompress(&named, &with).unwrap() == all);
        let error = decompress(&named, &alone()).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::MissingModel { .. }),
            "{error}"
        );
        let mut archive = Archive::open_with(Cursor::new(&embedded), alone()).unwrap();
        for at in [7000, 20, 3333, 3334] {
            let range = (SIZE * at) as u64..(SIZE * (at + 40)) as u64;
            let mut part = vec![0; SIZE * 40];
            archive.read_at(range.start, &mut part).unwrap();
            assert!(part == all[range.start as usize..range.end as usize]);
        }
    }
}

#[test]
fn levels_and_layouts_that_do_not_go_with_it_are_refused() {
    let model = tables(3, &records(2000));
    for level in 7..=9 {
        let level = Level::new(level).unwrap();
        refused(model.suits(level));
        refused(Model::of_sample(&layout(), level, &records(100), "", 1));
        let options = CompressOptions::default()
            .with_level(level)
            .with_model(Arc::clone(&model));
        let error = compress(&[0; SIZE], &options).unwrap_err();
        assert!(error.to_string().contains("levels 1 to 6"), "{error}");
        // A block passes over it.
        let stored = encode(
            &records(50),
            &layout(),
            &self::options(level.get(), Some(&model)),
        );
        assert_eq!(info(&stored.unwrap()).unwrap().model, None);
    }
    refused(Model::of_sample(
        &layout(),
        Level::MIN,
        &records(100),
        "x".repeat(5000),
        1,
    ));
    refused(model.fits(&Layout::parse("<f4").unwrap()));
    assert!(
        Model::of_sample(&layout(), Level::MIN, &[0; 10], "", 1)
            .unwrap()
            .is_none()
    );
    assert!(
        Model::of_sample(&Layout::bytes(), Level::MIN, &[0; 9999], "", 2)
            .unwrap()
            .is_none()
    );
}

#[test]
fn a_flip_in_any_byte_and_every_cut_are_found() {
    let file = tables(1, &records(600)).write();
    let mut spoiled = file.clone();
    for at in 0..file.len() {
        let bit = 1 << (at % 8);
        spoiled[at] ^= bit;
        refused(Model::read(&spoiled));
        spoiled[at] ^= bit;
        refused(Model::read(&file[..at]));
    }
}

/// What can be read codes as well as any other: nobody panics, every bit comes back.
#[test]
fn a_hostile_file_with_the_right_hash_does_no_harm() {
    let raw = records(700);
    let files = [1, 3].map(|level| tables(level, &raw).write());
    let mut noise = Noise::new(11);
    let mut taken = 0;
    for case in 0..400 {
        let mut spoiled = files[case % 2].clone();
        let end = spoiled.len() - 32;
        for _ in 0..=case % 3 {
            let at = 5 + noise.next() as usize % (end - 5);
            spoiled[at] ^= 1 << (noise.next() % 8);
        }
        if case % 7 == 0 {
            spoiled.truncate(40 + noise.next() as usize % (end - 40));
        }
        let Ok(model) = Model::read(&renamed(spoiled)) else {
            continue;
        };
        if model.fits(&layout()).is_err() {
            continue;
        }
        taken += 1;
        let model = Arc::new(model);
        for level in [1, 3] {
            let options = options(level, Some(&model)).with_threads(1);
            for piece in [&raw[..SIZE * 300], &raw[..]] {
                let stored = encode(piece, &layout(), &options).unwrap();
                assert!(block::decode(&stored, &layout(), &options).unwrap() == *piece);
            }
        }
    }
    assert!(taken > 5, "{taken}");
}
