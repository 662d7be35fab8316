//! Promise: what a chain has learned is handed on, through frames of every kind, and it pays.

use std::io::{Cursor, Write};

use crate::common;
use catena_filter::{
    Archive, CompressOptions, DecompressOptions, FrameKind, Layout, Level, compress, decompress,
};

fn jets() -> (Vec<u8>, Layout) {
    // The fields of the sample; their names do not matter here.
    let layout = Layout::parse("<u8,3<f4,<i4,11<f4,3<i4,2<f4,<i4,<f4,2<i4,4<f4,<i4,4<f4").unwrap();
    let raw = include_bytes!("../../../samples/jets.bin").to_vec();
    assert_eq!(raw.len() % layout.record_size() as usize, 0);
    (raw, layout)
}

#[test]
fn a_chain_is_smaller_than_key_frames() {
    let (raw, layout) = jets();
    for level in [3, 7] {
        let options = CompressOptions::default()
            .with_level(common::level(level))
            .with_layout(layout.clone())
            .with_frame_size(64 << 10);
        let chained = compress(&raw, &options).unwrap();
        let keys = compress(&raw, &options.with_key_every(1)).unwrap();
        assert!(
            chained.len() * 100 <= keys.len() * 95,
            "level {level}: {} chained, {} with key frames only",
            chained.len(),
            keys.len()
        );
        for packed in [chained, keys] {
            assert!(decompress(&packed, &DecompressOptions::default()).unwrap() == raw);
        }
    }
}

/// Kinds of a stream's frames.
fn kinds(packed: &[u8]) -> Vec<FrameKind> {
    let archive = Archive::open(Cursor::new(packed)).unwrap();
    archive.frames().iter().map(|f| f.kind).collect()
}

fn noise(n: usize) -> impl Iterator<Item = u8> {
    let mut noise = common::Noise::new(77);
    (0..n).map(move |_| (noise.next() >> 32) as u8)
}

/// Frames that the model cannot code, between frames that it can: the decoder learns them by coding
/// them anew.
#[test]
fn frames_of_other_kinds_are_learned() {
    let (jets, layout) = jets();
    let rows =
        |dtype: &str, shape: &[u64]| Layout::parse(dtype).unwrap().with_shape(shape).unwrap();
    let floats = include_bytes!("../../../samples/zee.bin");
    for (raw, layout, frame_size) in [
        (&jets[..140 * 800], layout, 140 * 100),
        (&floats[..48_000], rows("<f4", &[0, 20]), 8000),
        (&floats[..48_000], rows("<f4", &[0, 4, 5]), 8000),
        (&floats[..48_000], rows("<f4", &[]), 8000),
        (&common::walk().raw, rows("<i2", &[]), 1000),
        (&common::text().raw, rows("u1", &[]), 2500),
    ] {
        let mut mixed = Vec::new();
        for (at, frame) in raw.chunks(frame_size).enumerate() {
            mixed.extend_from_slice(frame);
            // Noise, then one byte over and over, each a frame of its own.
            match at % 4 {
                1 => mixed.extend(noise(frame_size)),
                2 => mixed.extend(std::iter::repeat_n(0xA5, frame_size)),
                _ => {}
            }
        }
        for (level, kind) in [(3, FrameKind::Tokens), (7, FrameKind::Modelled)] {
            for chains in 1..=2 {
                let options = CompressOptions::default()
                    .with_level(common::level(level))
                    .with_layout(layout.clone())
                    .with_frame_size(frame_size)
                    .with_chains(chains);
                let packed = compress(&mixed, &options).unwrap();
                let kinds = kinds(&packed);
                let other = kinds.iter().position(|&k| k != kind);
                let last = kinds.iter().rposition(|&k| k == kind);
                // Frames this short seldom pay for what a chain of tokens begins with.
                assert!(
                    level == 3 || (other.is_some() && other < last),
                    "{layout} level {level}: {kinds:?}"
                );
                assert!(
                    decompress(&packed, &DecompressOptions::default()).unwrap() == mixed,
                    "{layout} level {level}, {chains} chains"
                );
            }
        }
    }
}

/// The chain's first frame is the one that the model cannot code: the decoder then plans the chain
/// by itself.
#[test]
fn a_chain_may_begin_with_noise() {
    let (jets, layout) = jets();
    let frame_size = 140 * 200;
    let mut raw: Vec<u8> = noise(frame_size).collect();
    raw.extend_from_slice(&jets[..140 * 1200]);
    for (level, kind) in [(3, FrameKind::Tokens), (7, FrameKind::Modelled)] {
        let options = CompressOptions::default()
            .with_level(common::level(level))
            .with_layout(layout.clone())
            .with_frame_size(frame_size);
        let packed = compress(&raw, &options).unwrap();
        let kinds = kinds(&packed);
        assert!(kinds[0] != kind, "level {level}: {kinds:?}");
        assert!(kinds.contains(&kind), "level {level}: {kinds:?}");
        assert!(decompress(&packed, &DecompressOptions::default()).unwrap() == raw);
    }
}

/// What a chain finds out about its columns it finds out in its first frame: a flush after a few
/// records must not spoil it.
#[test]
fn an_early_flush_costs_little() {
    let (sample, layout) = jets();
    let options = CompressOptions::default()
        .with_level(Level::new(7).unwrap())
        .with_layout(layout);
    let whole = compress(&sample, &options).unwrap().len();
    for first in [3, 140, 1403] {
        let mut encoder =
            catena_filter::io::write::Encoder::new(Vec::new(), options.clone()).unwrap();
        encoder.write_all(&sample[..first]).unwrap();
        encoder.flush().unwrap();
        encoder.write_all(&sample[first..]).unwrap();
        let coded = encoder.finish().unwrap();
        assert!(
            coded.len() < whole + whole / 40,
            "flush after {first}: {} and not {whole}",
            coded.len()
        );
        assert_eq!(
            decompress(&coded, &DecompressOptions::default()).unwrap(),
            sample
        );
    }
}
