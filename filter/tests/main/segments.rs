//! Promise: columns that stand one after another are coded each by what suits it, at no level
//! larger than below, and come back by every way.

use std::io::Cursor;

use catena_filter::block::{self, BlockOptions};
use catena_filter::{Archive, CompressOptions, DecompressOptions, FrameKind, compress, decompress};

use crate::common::{self, Sample};

fn options(sample: &Sample, level: u8) -> CompressOptions {
    common::options(sample, level)
}

fn kinds(packed: &[u8]) -> Vec<FrameKind> {
    let archive = Archive::open(Cursor::new(packed)).unwrap();
    archive.frames().iter().map(|frame| frame.kind).collect()
}

#[test]
fn columns_one_after_another_become_segments() {
    let sample = common::segments();
    let mut least = usize::MAX;
    for level in 1..=7 {
        let packed = compress(&sample.raw, &options(&sample, level)).unwrap();
        assert!(packed.len() <= least.saturating_add(16), "level {level}");
        least = least.min(packed.len());
        if (3..=6).contains(&level) {
            assert_eq!(kinds(&packed), [FrameKind::Segments], "level {level}");
        }
        let raw = decompress(&packed, &DecompressOptions::default()).unwrap();
        assert!(raw == sample.raw, "level {level}");
    }
}

#[test]
fn threads_offsets_and_byte_orders_do_not_matter() {
    let mut sample = common::segments();
    // Frames that begin inside of a word.
    sample.raw.splice(0..0, [1, 2, 3]);
    let packed = compress(&sample.raw, &options(&sample, 4)).unwrap();
    let on_three = options(&sample, 4).with_threads(3);
    assert!(packed == compress(&sample.raw, &on_three).unwrap());
    for dtype in ["<f4", ">f4", "<i4", ">u4", "<f8", "<i8", "<u2", "<f2"] {
        let sample = Sample {
            dtype,
            ..common::segments()
        };
        let options = options(&sample, 3).with_frame_size(9000);
        let packed = compress(&sample.raw, &options).unwrap();
        let mut archive = Archive::open(Cursor::new(&packed)).unwrap();
        let mut part = vec![0; 5000];
        archive.read_at(7001, &mut part).unwrap();
        assert!(part == sample.raw[7001..12_001], "{dtype}");
    }
}

#[test]
fn blocks_have_them_too() {
    let sample = common::segments();
    let options = BlockOptions::new().with_level(common::level(3));
    let block = block::encode(&sample.raw, &sample.layout(), &options).unwrap();
    let stream = compress(&sample.raw, &self::options(&sample, 3)).unwrap();
    assert!(block.len() < stream.len());
    assert!(block::decode(&block, &sample.layout(), &options).unwrap() == sample.raw);
}
