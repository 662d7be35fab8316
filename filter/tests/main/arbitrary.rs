//! Promise: what the fuzz targets hold of arbitrary bytes, held in every test run from the seeds
//! and the golden files on: nothing panics, every way gives the same. The twin of the target
//! `decode`, which counts memory, is in `tests/allocation`.
//!
//! The seeds in `fuzz/seeds` were made here: with `CATENA_SEEDS=1` in the environment, those that
//! are missing are added.

use std::fs;

use crate::common::models;
use crate::common::mutations::{golden, seed_folder, seeds, with_mutations};
use crate::common::{self, Sample};
use crate::exercise;
use catena_filter::block::{self, BlockOptions};
use catena_filter::{CompressOptions, Layout, compress};

#[test]
fn sealing_leaves_what_is_right_and_mends_the_rest() {
    for (name, stream) in [golden(), seeds("decode")].concat() {
        assert!(exercise::seal::streams(&stream) == stream, "{name}");
        // The level, which the header's checksum covers, or that of all.
        let mut spoiled = stream.clone();
        let level_at = if stream[5] & 4 != 0 { 6 } else { 7 };
        spoiled[level_at] ^= 1;
        let sealed = exercise::seal::streams(&spoiled);
        let changed = stream.iter().zip(&sealed).filter(|(a, b)| a != b).count();
        assert!((2..=5).contains(&changed), "{name}: {changed}");
    }
}

#[test]
fn blocks_are_decoded_or_refused() {
    for (name, block) in seeds("block") {
        assert!(exercise::decode_block(&block).is_some(), "{name}");
    }
    with_mutations(seeds("block"), 100, exercise::decode_block);
}

#[test]
fn what_is_compressed_comes_back_however_it_was_written() {
    for (_, seed) in seeds("encode") {
        exercise::round_trip(&seed);
        exercise::chunked(&seed);
    }
    with_mutations(seeds("encode"), 8, exercise::round_trip);
    with_mutations(seeds("encode"), 4, exercise::chunked);
    exercise::round_trip(&[]);
    exercise::chunked(&[]);
}

#[test]
fn models_are_read_or_refused() {
    for (name, file) in seeds("model") {
        assert!(exercise::model(&file).is_some(), "{name}");
    }
    with_mutations(seeds("model"), 40, exercise::model);
}

#[test]
fn payloads_of_tokens_are_decoded_or_refused() {
    for (name, payload) in seeds("tokens") {
        assert!(exercise::tokens(&payload).is_some(), "{name}");
    }
    with_mutations(seeds("tokens"), 200, exercise::tokens);
}

#[test]
fn texts_come_back_whatever_they_are() {
    for (_, text) in seeds("text") {
        exercise::text(&text);
    }
    with_mutations(seeds("text"), 60, exercise::text);
    exercise::text(&[]);
}

// --- seeds ---------------------------------------------------------------------------------------

/// What a request of the encoding targets begins with: level, flags (1 no index, 2 the model, 4
/// embedded, 8 detect), then fields and axes, each counted.
fn request(level: u8, flags: u8, fields: &[u8], axes: &[u8], rest: &[u8]) -> Vec<u8> {
    let mut out = vec![level - 1, flags, fields.len() as u8 - 1];
    out.extend(fields);
    out.push(axes.len() as u8);
    out.extend(axes);
    out.extend(rest);
    out
}

/// Frame size 2^(x/32) * (1 + x mod 32), chains, key frames, pieces.
fn cuts(frame: u8, chains: u8, every: u8, pieces: &[u8]) -> Vec<u8> {
    let mut out = vec![frame, chains - 1, every, pieces.len() as u8 - 1];
    out.extend(pieces);
    out
}

fn head(sample: &Sample, len: usize) -> &[u8] {
    &sample.raw[..len.min(sample.raw.len())]
}

fn add(target: &str, name: &str, bytes: &[u8]) {
    let path = seed_folder(target).join(name);
    if !path.exists() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

#[test]
fn seeds_are_made() {
    if std::env::var_os("CATENA_SEEDS").is_none() {
        return;
    }
    let floats = Layout::parse("<f4").unwrap();
    let model = models::model(&Layout::parse("2u1").unwrap(), 4);
    add("model", "two_bytes", model.file());

    let (grid, records, walk) = (common::grid(), common::records(80), common::walk());
    let seeds: [(&str, u8, &Sample); 5] = [
        ("walk", 0, &walk),
        ("wide", 1, &walk),
        ("records", 2, &records),
        ("groups", 3, &records),
        ("grid", 4, &grid),
    ];
    for (name, at, sample) in seeds {
        let both = exercise::token_seeds(at, head(sample, 6000));
        add("tokens", name, &both[0]);
        add("tokens", &format!("{name}-adaptive"), &both[1]);
    }
    let listing = common::listing(45);
    let texts: [(&str, &[u8]); 4] = [
        ("listing", &listing.raw),
        ("rows", b"1.5,2,-0.25\n2.25,3,nan\n"),
        ("width", b"   1.50 x1  -3\n  -2.25 y22  4\r\n"),
        ("powers", b"[1e-05,2E+10],[-0.5e3,7]\n"),
    ];
    for (number, (name, text)) in (1u8..).zip(texts) {
        add("text", name, &[&[number], text].concat());
    }
    let level = |number| CompressOptions::default().with_level(common::level(number));
    let chains = level(4)
        .with_layout(records.layout())
        .with_frame_size(300)
        .with_chains(3)
        .with_key_every(2);
    let chains = compress(&records.raw, &chains).unwrap();
    add("decode", "chains", &chains);
    let fast = level(1).with_layout(walk.layout()).with_frame_size(1500);
    let fast = compress(head(&walk, 4000), &fast).unwrap();
    add("decode", "two_streams", &[&fast[..], &chains].concat());
    let single = |sample: &Sample, options: CompressOptions| {
        compress(head(sample, 1500), &options.with_layout(sample.layout())).unwrap()
    };
    let short = [
        single(&records, level(2)),
        single(&common::twins(90), level(3)),
        compress(b"", &level(1)).unwrap(),
        fast,
        single(&grid, level(7)),
        single(&common::text(), level(1)),
    ];
    add("decode", "short_streams", &short.concat());
    let slabs = Layout::parse("u1 [2,32768]").unwrap();
    let raw: Vec<u8> = (0..60_000u32).map(|i| (i / 300) as u8).collect();
    let slabs = level(1).with_layout(slabs).with_frame_size(1 << 16);
    add("decode", "slabs", &compress(&raw, &slabs).unwrap());

    // The fields of `records`, as the request's letters name them.
    let event = [10, 0, 0, 0x81, 0x27];
    let inputs: [(&str, &[u8], &[u8], &Sample); 5] = [
        ("records", &event, &[], &records),
        ("grid", &[0], &[12, 24, 39], &grid),
        ("walk", &[4], &[], &walk),
        ("text", &[7], &[], &common::text()),
        ("wide", &[0x70], &[0], &grid),
    ];
    for (name, fields, axes, sample) in inputs {
        for (number, flags, cuts) in [
            (1, 0, cuts(0xB4, 1, 0, &[100, 0, 250])),
            (5, 1, cuts(0xB4, 2, 2, &[26, 1, 0, 201])),
            (3, 8, cuts(0xCF, 1, 0, &[7])),
        ] {
            let mut seed = request(number, flags, fields, axes, &cuts);
            seed.extend(head(sample, 900));
            add("encode", &format!("{name}_{number}"), &seed);
        }
    }
    for number in [7, 9] {
        let cuts = cuts(0xB4, 2, 3, &[33, 0, 202]);
        let mut seed = request(number, 2, &event, &[], &cuts);
        seed.extend(head(&records, 700));
        add("encode", &format!("model_{number}"), &seed);
    }
    for number in [1, 3, 5] {
        for (name, layout, fields, sample) in [
            ("records", records.layout(), &event[..], &records),
            ("floats", floats.clone(), &[0], &grid),
        ] {
            let options = BlockOptions::default().with_level(common::level(number));
            let stored = block::encode(head(sample, 1200), &layout, &options).unwrap();
            let mut seed = request(1, 0, fields, &[], &cuts(0, 1, 0, &[1]));
            seed.extend(stored);
            add("block", &format!("{name}_{number}"), &seed);
        }
    }
}
