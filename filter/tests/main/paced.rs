//! Promise: a stream that is asked to keep a speed comes back whatever was chosen for its frames,
//! and where there is time it is as small as any.

use crate::common;
use catena_filter::{CompressOptions, DecompressOptions, Encoder, Pull, compress, decompress};

fn back(coded: &[u8]) -> Vec<u8> {
    decompress(coded, &DecompressOptions::default()).unwrap()
}

/// Encodes in pieces of 10,000 bytes, `pause` between them.
fn encode(options: CompressOptions, raw: &[u8], pause: std::time::Duration) -> (Vec<u8>, Encoder) {
    let mut encoder = Encoder::new(options).unwrap();
    let mut out = Vec::new();
    let mut pull = |encoder: &mut Encoder, until: Pull| loop {
        match encoder.pull().unwrap() {
            Pull::Data(data) => out.extend(data),
            Pull::Pending if until != Pull::Pending => encoder.wait(),
            found if found == until || until == Pull::Pending => return,
            found => panic!("{found:?}"),
        }
    };
    for mut piece in raw.chunks(10_000) {
        while !piece.is_empty() {
            let n = encoder.push(piece).unwrap();
            piece = &piece[n..];
            if n == 0 {
                encoder.wait();
            }
            pull(&mut encoder, Pull::Pending);
        }
        std::thread::sleep(pause);
    }
    encoder.finish().unwrap();
    pull(&mut encoder, Pull::End);
    (out, encoder)
}

#[test]
fn every_speed_comes_back() {
    for sample in common::all() {
        let raw = sample.raw.repeat(3);
        for level in [1, 3, 7] {
            for speed in [1, 1_000_000, 50_000_000, u64::MAX] {
                let options = common::options(&sample, level)
                    .with_frame_size(20_000)
                    .with_min_speed(speed);
                assert!(
                    back(&compress(&raw, &options).unwrap()) == raw,
                    "{level} {speed}"
                );
            }
        }
    }
}

#[test]
fn a_slow_source_gets_the_levels_effort() {
    let sample = common::records(20_000);
    let options = common::options(&sample, 3).with_frame_size(1 << 16);
    let whole = compress(&sample.raw, &options).unwrap();
    let (coded, encoder) = encode(
        options.with_min_speed(1000),
        &sample.raw,
        std::time::Duration::ZERO,
    );
    assert!(back(&coded) == sample.raw);
    assert!(
        coded == whole,
        "a kilobyte a second leaves all the time there is"
    );
    assert!(encoder.speed().unwrap() > 1000.0);
}

#[test]
fn what_cannot_be_kept_is_stored_and_told() {
    let sample = common::records(20_000);
    let options = common::options(&sample, 5)
        .with_frame_size(1 << 16)
        .with_min_speed(u64::MAX);
    let (coded, encoder) = encode(options, &sample.raw, std::time::Duration::from_micros(50));
    assert!(back(&coded) == sample.raw);
    // The first quarter of a second is free.
    assert!(encoder.speed().unwrap() < 1e15);
    assert!(
        Encoder::new(CompressOptions::default())
            .unwrap()
            .speed()
            .is_none()
    );
    assert!(
        CompressOptions::default()
            .with_min_speed(0)
            .check()
            .is_err()
    );
}
