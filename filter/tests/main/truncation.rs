//! Promise: a stream that ends too early says so, after all its whole frames.

use std::io::{Cursor, Read};

use crate::common;
use catena_filter::io::read;
use catena_filter::{
    Archive, DecompressOptions, ErrorKind, FrameInfo, Remains, compress, decompress, repair,
};

/// A stream of frames of this size, and where they are.
fn packed(sample: &common::Sample, level: u8, frame_size: usize) -> (Vec<u8>, Vec<FrameInfo>) {
    let options = common::options(sample, level).with_frame_size(frame_size);
    let packed = compress(&sample.raw, &options).unwrap();
    let frames = Archive::open(Cursor::new(&packed))
        .unwrap()
        .frames()
        .to_vec();
    (packed, frames)
}

#[test]
fn at_every_byte() {
    let sample = common::records(60);
    for level in [1, 2, 5] {
        let (packed, frames) = packed(&sample, level, 500);
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
    let (packed, frames) = packed(&sample, 1, 1300);
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

#[test]
fn what_a_crash_left_can_be_ended() {
    let sample = common::records(60);
    for level in [1, 5] {
        let (packed, frames) = packed(&sample, level, 500);
        let first = frames[0].position as usize;
        for cut in 0..packed.len() {
            // A crash leaves a cut, or a hole of zeros where data never reached the disk.
            for hole in [0, 700] {
                let mut left = packed[..cut].to_vec();
                left.resize(cut + hole, 0);
                let Ok(remains) = Remains::examine(Cursor::new(&left)) else {
                    assert!(cut < first, "{cut}: a whole header is enough");
                    continue;
                };
                assert!(cut >= first && !remains.is_whole(), "{cut}");
                let whole: Vec<_> = frames
                    .iter()
                    .zip(frames.iter().skip(1).map(|f| f.position as usize))
                    .take_while(|(_, end)| *end <= cut)
                    .collect();
                // The last frame has none behind it.
                assert!(remains.frames() >= whole.len() as u64, "{cut}");
                assert_eq!(remains.kept_len() + remains.lost_len(), left.len() as u64);
                let mut mended = left[..remains.kept_len() as usize].to_vec();
                mended.extend_from_slice(remains.ending());
                let raw =
                    decompress(&mended, &DecompressOptions::default().with_threads(1)).unwrap();
                assert_eq!(raw.len() as u64, remains.raw_len());
                assert!(raw == sample.raw[..raw.len()], "{cut}");
                assert!(Archive::open(Cursor::new(&mended)).is_ok(), "{cut}");
                let again = Remains::examine(Cursor::new(&mended)).unwrap();
                assert!(again.is_whole() && again.lost_len() == 0 && again.ending().is_empty());
            }
        }
        let whole = Remains::examine(Cursor::new(&packed)).unwrap();
        assert!(whole.is_whole() && whole.raw_len() == sample.raw.len() as u64);
    }
}

#[test]
fn of_several_streams_the_last_is_ended() {
    let sample = common::records(200);
    let options = common::options(&sample, 2).with_frame_size(900);
    let packed = compress(&sample.raw, &options).unwrap();
    let twice = [&packed[..], &packed[..packed.len() - 30]].concat();
    let remains = Remains::examine(Cursor::new(&twice)).unwrap();
    assert_eq!(remains.streams(), 2);
    let mut file = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut file, &twice).unwrap();
    let done = repair(&mut file).unwrap();
    assert_eq!(done.raw_len(), remains.raw_len());
    std::io::Seek::rewind(&mut file).unwrap();
    let mut mended = Vec::new();
    file.read_to_end(&mut mended).unwrap();
    let raw = decompress(&mended, &DecompressOptions::default()).unwrap();
    assert!(raw == [&sample.raw[..], &sample.raw[..raw.len() - sample.raw.len()]].concat());
    assert!(repair(&mut file).unwrap().is_whole());
    // A second stream whose header is cut is left out.
    let begun = [&packed[..], &packed[..9]].concat();
    let remains = Remains::examine(Cursor::new(&begun)).unwrap();
    assert_eq!((remains.lost_len(), remains.ending().len()), (9, 0));
    assert!(Remains::examine(&b"not ours"[..]).is_err() && Remains::examine(&b""[..]).is_err());
}
