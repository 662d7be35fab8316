//! Promise: what went in comes out, bit for bit.

use std::io::{Read, Write};

use crate::common;
use catena_filter::io::{read, write};
use catena_filter::{CompressOptions, DecompressOptions, ErrorKind, Layout, compress, decompress};
use proptest::prelude::*;

fn unpack(packed: &[u8]) -> Vec<u8> {
    decompress(packed, &DecompressOptions::default()).unwrap()
}

#[test]
fn every_sample_at_every_level() {
    for sample in common::all() {
        for level in 1..=9 {
            for frame_size in [3000, 1 << 20] {
                let options = common::options(&sample, level).with_frame_size(frame_size);
                let packed = compress(&sample.raw, &options).unwrap();
                assert!(
                    unpack(&packed) == sample.raw,
                    "{} level {level}",
                    sample.name
                );
            }
        }
    }
}

#[test]
fn layouts_are_detected_when_none_is_given() {
    for sample in common::all() {
        for level in [1, 5] {
            let options = CompressOptions::default().with_level(common::level(level));
            let packed = compress(&sample.raw, &options).unwrap();
            assert!(unpack(&packed) == sample.raw, "{}", sample.name);
        }
    }
}

#[test]
fn chains_and_key_frames() {
    let sample = common::records(3000);
    for level in [1, 3, 5] {
        for (chains, every) in [(1, Some(1)), (1, Some(3)), (3, None), (4, Some(2))] {
            let options = common::options(&sample, level)
                .with_frame_size(5000)
                .with_chains(chains)
                .with_key_every(every);
            let packed = compress(&sample.raw, &options).unwrap();
            assert!(unpack(&packed) == sample.raw, "{chains} {every:?}");
        }
    }
}

#[test]
fn small_inputs_cost_little() {
    for level in 1..=9 {
        let options = CompressOptions::default().with_level(common::level(level));
        let empty = compress(b"", &options).unwrap();
        assert!(empty.len() <= 48, "{}", empty.len());
        assert_eq!(unpack(&empty), b"");
        let noise = common::noise().raw;
        let packed = compress(&noise[..10_000], &options).unwrap();
        assert!(packed.len() < 10_080, "{}", packed.len());
    }
}

#[test]
fn concatenated_streams_are_one() {
    let samples = [common::records(300), common::text(), common::grid()];
    let mut packed = Vec::new();
    let mut raw = Vec::new();
    for (sample, level) in samples.iter().zip([1, 5, 2]) {
        packed.extend(compress(&sample.raw, &common::options(sample, level)).unwrap());
        packed.extend(compress(b"", &common::options(sample, level)).unwrap());
        raw.extend_from_slice(&sample.raw);
    }
    assert!(unpack(&packed) == raw);
}

#[test]
fn std_io_adapters() {
    let sample = common::records(2000);
    for level in [1, 5] {
        let options = common::options(&sample, level).with_frame_size(7000);
        let whole = compress(&sample.raw, &options).unwrap();

        let mut writer = write::Encoder::new(Vec::new(), options.clone()).unwrap();
        writer.write_all(&sample.raw).unwrap();
        assert!(writer.finish().unwrap() == whole);

        let mut packed = Vec::new();
        let mut reader = read::Encoder::new(sample.raw.as_slice(), options.clone()).unwrap();
        reader.read_to_end(&mut packed).unwrap();
        assert!(packed == whole);

        let mut writer = write::Decoder::new(Vec::new(), DecompressOptions::default()).unwrap();
        writer.write_all(&whole).unwrap();
        assert!(writer.finish().unwrap() == sample.raw);

        let mut raw = Vec::new();
        let mut reader =
            read::Decoder::new(whole.as_slice(), DecompressOptions::default()).unwrap();
        reader.read_to_end(&mut raw).unwrap();
        assert!(raw == sample.raw);
    }
}

#[test]
fn a_dropped_writer_leaves_its_stream_unfinished_unless_told_otherwise() {
    let sample = common::text();
    for level in [1, 3] {
        let mut packed = Vec::new();
        let mut writer = write::Encoder::new(&mut packed, common::options(&sample, level)).unwrap();
        writer.write_all(&sample.raw).unwrap();
        writer.flush().unwrap();
        drop(writer);
        let error = decompress(&packed, &DecompressOptions::default()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Truncated), "{error}");

        let mut packed = Vec::new();
        let options = common::options(&sample, level);
        let mut writer = write::Encoder::new(&mut packed, options)
            .unwrap()
            .auto_finish();
        writer.write_all(&sample.raw).unwrap();
        drop(writer);
        assert!(unpack(&packed) == sample.raw);
    }
}

#[test]
fn what_could_not_be_written_ends_no_stream() {
    /// Takes so many bytes, then fails once, then takes all.
    struct Flaky<'a>(&'a mut Vec<u8>, usize);
    impl Write for Flaky<'_> {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            if self.1 > 0 && self.0.len() + bytes.len() > self.1 {
                self.1 = 0;
                return Err(std::io::Error::other("full"));
            }
            self.0.extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let sample = common::records(2000);
    let mut packed = Vec::new();
    let options = common::options(&sample, 1).with_frame_size(7000);
    let mut writer = write::Encoder::new(Flaky(&mut packed, 9000), options)
        .unwrap()
        .auto_finish();
    let failed = writer.write_all(&sample.raw).and_then(|()| writer.flush());
    assert!(failed.is_err());
    drop(writer);
    assert!(decompress(&packed, &DecompressOptions::default()).is_err());
}

fn dtype() -> impl Strategy<Value = String> {
    let field = prop::sample::select(vec![
        "<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "u1", "i1", "<u2", ">i2", "<i4", ">u4", "<i8",
        ">u8", "S3", "V5", "3<f4",
    ]);
    prop::collection::vec(field, 1..6).prop_map(|fields| fields.join(","))
}

/// Bytes between noise and repetition: words drawn from a small set, with some bytes changed.
fn data() -> impl Strategy<Value = Vec<u8>> {
    let words = prop::collection::vec(prop::array::uniform8(any::<u8>()), 1..6);
    let picks = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..600);
    (words, picks, 0usize..8).prop_map(|(words, picks, cut)| {
        let mut out = Vec::new();
        for (pick, change) in picks {
            let mut word = *pick.get(&words);
            if change < 64 {
                word[usize::from(change) % 8] ^= change;
            }
            out.extend_from_slice(&word);
        }
        out.truncate(out.len().saturating_sub(cut));
        out
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn any_layout_any_bytes(
        dtype in dtype(), raw in data(), level in 1u8..=9, frame_size in 1usize..3000, chains in 1u32..4,
    ) {
        let options = CompressOptions::default()
            .with_level(common::level(level))
            .with_layout(Layout::parse(&dtype).unwrap())
            .with_frame_size(frame_size)
            .with_chains(chains);
        let packed = compress(&raw, &options).unwrap();
        prop_assert_eq!(unpack(&packed), raw);
    }
}
