//! Promise: the bytes depend on the input, the options and the flushes; not on how the input was
//! cut into writes, nor on the number of threads.

use std::io::{BufReader, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::common::{self, Noise, Sample};
use catena_filter::io::{read, write};
use catena_filter::{
    Archive, CompressOptions, Decoder, DecompressOptions, Encoder, Pull, compress, decompress,
};

const LEVELS: [u8; 3] = [1, 3, 7];

fn options(sample: &Sample, level: u8) -> CompressOptions {
    common::options(sample, level)
        .with_frame_size(4000)
        .with_chains(2)
        .with_key_every(4)
}

#[test]
fn splits_do_not_matter() {
    for sample in [common::records(700), common::grid()] {
        for level in LEVELS {
            let whole = compress(&sample.raw, &options(&sample, level)).unwrap();
            for pieces in [&[1][..], &[7, 4000, 3999], &[100_000], &[4000], &[26, 1]] {
                let packed = common::in_pieces(&sample.raw, options(&sample, level), pieces);
                assert!(packed == whole, "{} level {level} {pieces:?}", sample.name);
            }
        }
    }
}

#[test]
fn detection_does_not_depend_on_splits() {
    let sample = common::records(900);
    for level in LEVELS {
        let options = options(&sample, level).with_layout(None);
        let whole = compress(&sample.raw, &options).unwrap();
        for pieces in [&[1][..], &[5000, 33]] {
            assert!(common::in_pieces(&sample.raw, options.clone(), pieces) == whole);
        }
    }
}

#[test]
fn threads_do_not_matter() {
    for sample in [common::records(2500), common::grid(), common::text()] {
        for level in LEVELS {
            let one = compress(&sample.raw, &options(&sample, level).with_threads(1)).unwrap();
            for threads in [0, 2, 3, 8] {
                let options = options(&sample, level).with_threads(threads);
                assert!(common::in_pieces(&sample.raw, options, &[3000]) == one);
                let options = DecompressOptions::default().with_threads(threads);
                let mut reader = read::Decoder::new(one.as_slice(), options).unwrap();
                let mut raw = Vec::new();
                reader.read_to_end(&mut raw).unwrap();
                assert!(raw == sample.raw, "{} {threads}", sample.name);
            }
        }
    }
}

/// Frames large enough for several lanes.
#[test]
fn lanes_do_not_wait_wrongly() {
    let sample = common::records(16_000);
    for (level, chains) in [(3, 1), (3, 2), (7, 1)] {
        let options = common::options(&sample, level)
            .with_frame_size(140_000)
            .with_chains(chains);
        let one = compress(&sample.raw, &options.clone().with_threads(1)).unwrap();
        assert!(compress(&sample.raw, &options.with_threads(4)).unwrap() == one);
        for threads in [1, 2, 4] {
            let options = DecompressOptions::default().with_threads(threads);
            assert!(decompress(&one, &options).unwrap() == sample.raw);
        }
        let mut archive = Archive::open(std::io::Cursor::new(one)).unwrap();
        let mut some = vec![0; 1000];
        archive.read_at(300_000, &mut some).unwrap();
        assert!(some == sample.raw[300_000..301_000]);
    }
}

#[test]
fn all_before_a_flush_can_be_decoded() {
    let sample = common::records(300);
    for level in LEVELS {
        let mut writer = write::Encoder::new(Vec::new(), options(&sample, level)).unwrap();
        let mut written = 0;
        // Flushes fall inside records too, and twice in a row.
        for len in [1, 25, 26, 0, 100, 5000, 40] {
            writer
                .write_all(&sample.raw[written..written + len])
                .unwrap();
            written += len;
            writer.flush().unwrap();
            let mut decoder = Decoder::new(DecompressOptions::default()).unwrap();
            let packed = writer.get_ref();
            let raw = pull_until_starved(&mut decoder, packed);
            assert!(raw == sample.raw[..written], "level {level} {written}");
        }
        writer.write_all(&sample.raw[written..]).unwrap();
        let packed = writer.finish().unwrap();
        let raw = decompress(&packed, &DecompressOptions::default()).unwrap();
        assert!(raw == sample.raw);
        let same = [1, 0, 25, 0, 26, 0, 0, 100, 0, 5000, 0, 40, 0, 100_000];
        assert!(common::in_pieces(&sample.raw, options(&sample, level), &same) == packed);
        let mut archive = Archive::open(std::io::Cursor::new(packed)).unwrap();
        let mut some = vec![0; 6000];
        archive.read_at(20, &mut some).unwrap();
        assert!(some == sample.raw[20..6020]);
    }
}

fn pull_until_starved(decoder: &mut Decoder, mut packed: &[u8]) -> Vec<u8> {
    let mut raw = Vec::new();
    loop {
        packed = &packed[decoder.push(packed).unwrap()..];
        match decoder.pull().unwrap() {
            Pull::Data(data) => raw.extend(data),
            Pull::Pending => decoder.wait(),
            Pull::Starved if packed.is_empty() => return raw,
            Pull::Starved => {}
            Pull::End => panic!("the stream has not ended"),
        }
    }
}

#[test]
fn decoding_in_bytes() {
    let sample = common::records(500);
    for level in LEVELS {
        let packed = compress(&sample.raw, &options(&sample, level)).unwrap();
        let slow = BufReader::with_capacity(1, packed.as_slice());
        let mut reader = read::Decoder::new(slow, DecompressOptions::default()).unwrap();
        let mut raw = Vec::new();
        let mut byte = [0];
        while reader.read(&mut byte).unwrap() == 1 {
            raw.push(byte[0]);
        }
        assert!(raw == sample.raw);
    }
}

#[test]
fn a_session_is_bounded_and_says_when_it_is_full() {
    let sample = common::records(20_000);
    let options = options(&sample, 7).with_threads(2).with_chains(1);
    let mut encoder = Encoder::new(options).unwrap();
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = calls.clone();
    encoder.set_notify(Arc::new(move || {
        counter.fetch_add(1, Ordering::Relaxed);
    }));
    let mut taken = 0;
    loop {
        let n = encoder.push(&sample.raw[taken..]).unwrap();
        taken += n;
        if n == 0 {
            break;
        }
    }
    // Four frames under way and one in the buffer.
    assert!(taken <= 5 * 4000, "{taken}");
    assert_eq!(encoder.in_flight(), 4);
    let mut packed = Vec::new();
    while taken < sample.raw.len() {
        match encoder.pull().unwrap() {
            Pull::Data(data) => packed.extend(data),
            Pull::Pending => encoder.wait(),
            other => panic!("{other:?}"),
        }
        taken += encoder.push(&sample.raw[taken..]).unwrap();
    }
    encoder.finish().unwrap();
    loop {
        match encoder.pull().unwrap() {
            Pull::Data(data) => packed.extend(data),
            Pull::Pending => encoder.wait(),
            Pull::Starved => panic!("finished, not starved"),
            Pull::End => break,
        }
    }
    assert_eq!(encoder.stats().bytes_in, sample.raw.len() as u64);
    assert_eq!(encoder.stats().bytes_out, packed.len() as u64);
    assert!(calls.load(Ordering::Relaxed) >= encoder.stats().frames as usize);
    let raw = decompress(&packed, &DecompressOptions::default()).unwrap();
    assert!(raw == sample.raw);
}

#[test]
fn dropping_a_session_in_the_middle() {
    let sample = common::records(20_000);
    let mut noise = Noise::new(1);
    for _ in 0..20 {
        let mut encoder = Encoder::new(options(&sample, 5).with_threads(2)).unwrap();
        encoder.push(&sample.raw).unwrap();
        for _ in 0..noise.next() % 8 {
            encoder.pull().unwrap();
        }
    }
}
