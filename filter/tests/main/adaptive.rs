//! Promise: from level 5 on tokens are coded by probabilities that learn where that is smaller, the
//! same on every thread; frames still decode alone, in any order.

use std::io::Cursor;

use catena_filter::block::{self, BlockOptions};
use catena_filter::{Archive, DecompressOptions, FrameKind, compress, decompress};

use crate::common::{self, Sample};

fn samples() -> [Sample; 2] {
    [common::waves(), common::events(1500)]
}

/// Bytes of a frame: several to a stream.
const FRAME: usize = 20_000;

#[test]
fn grids_and_records_adapt_and_come_out_smaller() {
    for sample in samples() {
        let len = |level: u8| {
            let options = common::options(&sample, level).with_frame_size(FRAME);
            let packed = compress(&sample.raw, &options).unwrap();
            let raw = decompress(&packed, &DecompressOptions::default()).unwrap();
            assert!(raw == sample.raw, "{} level {level}", sample.name);
            let archive = Archive::open(Cursor::new(&packed)).unwrap();
            let kinds: Vec<_> = archive.frames().iter().map(|frame| frame.kind).collect();
            let adapts = kinds.iter().all(|&kind| kind == FrameKind::Adaptive);
            assert_eq!(adapts, level > 4, "{} level {level} {kinds:?}", sample.name);
            assert!(kinds.len() > 1);
            packed.len()
        };
        let (four, five, six) = (len(4), len(5), len(6));
        // Each level searches in its own way, and what learns takes time, which small frames feel.
        assert!(five < four + four / 400, "{} {five} {four}", sample.name);
        assert!(six <= five + five / 400, "{} {six} {five}", sample.name);
        assert!(six < four || sample.name == "events", "{six} {four}");
    }
}

#[test]
fn words_of_many_short_columns_are_spelt_out() {
    for dtype in ["<f4", "<u4", ">u2", "<f8"] {
        let sample = common::pieces(dtype);
        let len = |level: u8, frame: usize| {
            let options = common::options(&sample, level).with_frame_size(frame);
            let packed = compress(&sample.raw, &options).unwrap();
            let raw = decompress(&packed, &DecompressOptions::default()).unwrap();
            assert!(raw == sample.raw, "{dtype} level {level}");
            packed.len()
        };
        let (four, five, six) = (len(4, 1 << 20), len(5, 1 << 20), len(6, 1 << 20));
        assert!(five <= four && six <= five, "{dtype} {four} {five} {six}");
        // A tenth at least, where the words are the values.
        assert!(dtype != "<f4" || five + five / 10 < four, "{five} {four}");
        // Frames that go by the plan of their chain's first.
        len(6, 20_001);
    }
}

#[test]
fn threads_do_not_matter_and_frames_decode_alone() {
    for sample in samples().into_iter().chain([common::pieces("<f4")]) {
        let options = common::options(&sample, 6).with_frame_size(FRAME);
        let packed = compress(&sample.raw, &options).unwrap();
        let on_three = options.with_threads(3);
        assert!(packed == compress(&sample.raw, &on_three).unwrap());
        let mut archive = Archive::open(Cursor::new(&packed)).unwrap();
        for start in [FRAME + 777, 5, sample.raw.len() - 3000] {
            let mut part = vec![0; 3000];
            archive.read_at(start as u64, &mut part).unwrap();
            assert!(part == sample.raw[start..start + 3000], "{}", sample.name);
        }
    }
}

#[test]
fn blocks_adapt_too() {
    for sample in samples() {
        let len = |level: u8| {
            let options = BlockOptions::new().with_level(common::level(level));
            let block = block::encode(&sample.raw, &sample.layout(), &options).unwrap();
            let raw = block::decode(&block, &sample.layout(), &options).unwrap();
            assert!(raw == sample.raw, "{} level {level}", sample.name);
            block.len()
        };
        assert!(len(6) < len(4), "{}", sample.name);
    }
}

/// Values that no formula foresees: infinities, NaN of many kinds, zeros of both signs, subnormal
/// ones, huge ones; in a grid, in which they are neighbours of others.
#[test]
fn odd_values_are_neighbours_like_any() {
    let waves = common::waves();
    let odd = [
        f32::NAN,
        -f32::NAN,
        f32::from_bits(0x7F80_0001),
        f32::INFINITY,
        f32::NEG_INFINITY,
        -0.0,
        0.0,
        f32::MIN_POSITIVE / 8.0,
        f32::MAX,
        f32::MIN,
    ];
    for step in [3, 50, 700] {
        let mut sample = Sample {
            raw: waves.raw.clone(),
            ..common::waves()
        };
        for (at, value) in (0..sample.raw.len() / 4)
            .step_by(step)
            .zip(odd.iter().cycle())
        {
            sample.raw[at * 4..at * 4 + 4].copy_from_slice(&value.to_le_bytes());
        }
        for level in [5, 6] {
            let options = common::options(&sample, level).with_frame_size(FRAME);
            let packed = compress(&sample.raw, &options).unwrap();
            let raw = decompress(&packed, &DecompressOptions::default()).unwrap();
            assert!(raw == sample.raw, "every {step}, level {level}");
        }
    }
}
