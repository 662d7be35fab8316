//! Promise: values that come again at a few distances, as the corners of cells do, cost little
//! more than once, in rows and in grids, at every level that has tokens.

use catena_filter::{DecompressOptions, compress, decompress};

use crate::common;

#[test]
fn corners_of_cells_cost_little_more_than_once() {
    let shapes: [&'static [u64]; 3] = [&[], &[2000, 4], &[40, 50, 4]];
    for dtype in ["<f4", "<f8"] {
        for shape in shapes {
            let sample = common::Sample {
                shape,
                ..common::corners(dtype)
            };
            for level in 2..=6 {
                let options = common::options(&sample, level).with_frame_size(1 << 20);
                let packed = compress(&sample.raw, &options).unwrap();
                let raw = decompress(&packed, &DecompressOptions::default()).unwrap();
                assert!(raw == sample.raw, "{dtype} {shape:?} level {level}");
                // One value in four is new, and those are near one another.
                let (len, most) = (packed.len(), sample.raw.len() * 3 / 10);
                assert!(len < most, "{dtype} {shape:?} level {level}: {len}, {most}");
            }
            let options = common::options(&sample, 5).with_frame_size(20_001);
            let packed = compress(&sample.raw, &options).unwrap();
            let raw = decompress(&packed, &DecompressOptions::default()).unwrap();
            assert!(raw == sample.raw, "{dtype} {shape:?} in frames");
        }
    }
}
