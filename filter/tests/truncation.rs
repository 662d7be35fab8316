//! Promise: a stream that ends too early says so, after all its whole frames.

mod common;

use std::io::{Cursor, Read};

use catena_filter::io::read;
use catena_filter::{Archive, DecompressOptions, ErrorKind, compress, decompress};

#[test]
fn at_every_byte() {
    let sample = common::records(60);
    for level in [1, 2, 5] {
        let options = common::options(&sample, level).with_frame_size(500);
        let packed = compress(&sample.raw, &options).unwrap();
        let frames = Archive::open(Cursor::new(&packed))
            .unwrap()
            .frames()
            .to_vec();
        for cut in 0..packed.len() {
            let left = &packed[..cut];
            let options = DecompressOptions::default().with_threads(1);
            let error = decompress(left, &options).unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::Truncated),
                "{cut}: {error}"
            );
            assert!(Archive::open(Cursor::new(left)).is_err());

            let whole = frames
                .iter()
                .take_while(|f| f.position as usize + 23 + f.coded_len <= cut)
                .map(|f| f.raw_len)
                .sum::<usize>();
            let mut raw = Vec::new();
            let mut reader = read::Decoder::new(left, options).unwrap();
            let error = reader.read_to_end(&mut raw).unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
            assert!(
                raw.len() >= whole && raw == sample.raw[..raw.len()],
                "{cut}"
            );
        }
    }
}

#[test]
fn the_place_is_named() {
    let sample = common::records(200);
    let options = common::options(&sample, 1).with_frame_size(1300);
    let packed = compress(&sample.raw, &options).unwrap();
    let frames = Archive::open(Cursor::new(&packed))
        .unwrap()
        .frames()
        .to_vec();
    let cut = frames[2].position as usize + 40;
    let error = decompress(&packed[..cut], &DecompressOptions::default()).unwrap_err();
    assert_eq!(
        (error.frame(), error.offset()),
        (Some(2), Some(frames[2].position))
    );
}

#[test]
fn between_streams_is_no_truncation() {
    let sample = common::text();
    let packed = compress(&sample.raw, &common::options(&sample, 1)).unwrap();
    let two = packed.repeat(2);
    let options = DecompressOptions::default();
    for cut in 0..=two.len() {
        let whole = cut == packed.len() || cut == two.len();
        assert_eq!(decompress(&two[..cut], &options).is_ok(), whole, "{cut}");
    }
}
