//! Promise: any bytes can be read without the rest, with the index or without.

use std::io::Cursor;

use crate::common::{self, Noise, Sample};
use catena_filter::{Archive, DecompressOptions, ErrorKind, compress};

fn packed(sample: &Sample, level: u8, key_every: Option<u32>, index: bool) -> Vec<u8> {
    let options = common::options(sample, level)
        .with_frame_size(3000)
        .with_chains(2)
        .with_key_every(key_every)
        .with_index(index);
    compress(&sample.raw, &options).unwrap()
}

#[test]
fn any_range() {
    let sample = common::records(2000);
    let mut noise = Noise::new(5);
    for (level, key_every, index) in [
        (1, None, true),
        (5, None, true),
        (5, Some(3), true),
        (5, Some(2), false),
    ] {
        let bytes = packed(&sample, level, key_every, index);
        let mut archive = Archive::open(Cursor::new(bytes)).unwrap();
        assert_eq!(archive.len(), sample.raw.len() as u64);
        assert_eq!(archive.layout(), &sample.layout());
        for _ in 0..60 {
            let start = (noise.next() >> 20) as usize % sample.raw.len();
            let len = (noise.next() >> 20) as usize % (sample.raw.len() - start).min(12_000);
            let mut some = vec![0; len];
            archive.read_at(start as u64, &mut some).unwrap();
            assert!(some == sample.raw[start..start + len], "{start} {len}");
        }
        let mut whole = vec![0; sample.raw.len()];
        archive.read_at(0, &mut whole).unwrap();
        assert!(whole == sample.raw);
        assert!(archive.read_at(1, &mut whole).is_err());
        assert!(archive.read_at(u64::MAX, &mut [0]).is_err());
        archive.read_at(archive.len(), &mut []).unwrap();
    }
}

#[test]
fn streams_that_follow_one_another() {
    let (a, b) = (common::records(600), common::text());
    for index in [true, false] {
        let empty = compress(b"", &common::options(&a, 5)).unwrap();
        let parts = [
            packed(&a, 5, None, index),
            empty,
            packed(&b, 1, None, index),
        ];
        let raw = [a.raw.as_slice(), &b.raw].concat();
        let mut archive = Archive::open(Cursor::new(parts.concat())).unwrap();
        assert_eq!(archive.streams().len(), 3);
        let mut all = vec![0; raw.len()];
        archive.read_at(0, &mut all).unwrap();
        assert!(all == raw);
        let mut some = vec![0; 5000];
        archive
            .read_at(a.raw.len() as u64 - 2500, &mut some)
            .unwrap();
        assert!(some == raw[a.raw.len() - 2500..][..5000]);
    }
}

#[test]
fn a_damaged_frame_leaves_the_others() {
    let sample = common::records(2000);
    for (level, spoiled) in [(1, 1), (5, 3)] {
        let mut bytes = packed(&sample, level, Some(3), true);
        let clean = Archive::open(Cursor::new(bytes.clone())).unwrap();
        let frames = clean.frames().to_vec();
        let hit = frames[2];
        bytes[hit.position as usize + 40] ^= 1;
        let mut archive = Archive::open(Cursor::new(bytes)).unwrap();
        let mut lost = 0;
        for (number, frame) in frames.iter().enumerate() {
            match archive.read_frame(number) {
                Ok(raw) => assert!(raw == sample.raw[frame.offset as usize..][..frame.raw_len]),
                Err(error) => {
                    assert!(matches!(error.kind(), ErrorKind::Corrupt(_)));
                    assert_eq!(
                        (error.frame(), error.offset()),
                        (Some(2), Some(hit.position))
                    );
                    lost += 1;
                }
            }
        }
        // With models, frames 2 and 4 of the chain are lost; the next one of it is a key frame.
        assert!((1..=spoiled).contains(&lost), "{lost}");
    }
}

#[test]
fn what_is_left_of_a_cut_stream() {
    let sample = common::records(2000);
    let bytes = packed(&sample, 5, None, true);
    let frames = Archive::open(Cursor::new(bytes.clone()))
        .unwrap()
        .frames()
        .to_vec();
    for cut in [
        frames[3].position,
        frames[3].position + 5,
        frames[4].position - 1,
    ] {
        let left = &bytes[..cut as usize];
        assert!(Archive::open(Cursor::new(left)).is_err());
        let options = DecompressOptions::default();
        let mut archive = Archive::recover(Cursor::new(left), options).unwrap();
        assert_eq!(archive.frames(), &frames[..3]);
        assert!(matches!(
            archive.damage().unwrap().kind(),
            ErrorKind::Truncated
        ));
        let mut raw = vec![0; archive.len() as usize];
        archive.read_at(0, &mut raw).unwrap();
        assert!(raw == sample.raw[..raw.len()]);
    }
}
