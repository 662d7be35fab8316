//! Promise: behind the traits of compression-codecs stands the same codec.

use crate::common::*;
use catena_filter::DecompressOptions;
use catena_stream::codec::{CatenaDecoder, CatenaEncoder};
use compression_codecs::core::util::{PartialBuffer, WriteBuffer};
use compression_codecs::{DecodeV2, EncodeV2};

/// Calls `step` with an output buffer of `size` bytes until it says that it is done; collects the
/// output.
fn drain(
    size: usize,
    out: &mut Vec<u8>,
    mut step: impl FnMut(&mut WriteBuffer<'_>) -> std::io::Result<bool>,
) {
    loop {
        let mut space = vec![0; size];
        let mut buffer = WriteBuffer::new_initialized(&mut space);
        let done = step(&mut buffer).unwrap();
        out.extend(buffer.written());
        if done {
            return;
        }
    }
}

fn encode(raw: &[u8], chunk: usize, size: usize) -> Vec<u8> {
    let codec: &mut dyn EncodeV2 = &mut CatenaEncoder::new(small_frames()).unwrap();
    let mut out = Vec::new();
    for piece in raw.chunks(chunk) {
        let mut input = PartialBuffer::new(piece);
        drain(size, &mut out, |output| {
            codec.encode(&mut input, output)?;
            Ok(input.unwritten().is_empty())
        });
    }
    drain(size, &mut out, |output| codec.finish(output));
    out
}

#[test]
fn equals_the_one_shot_call() {
    let raw = records(20 * FRAME + 3);
    for (chunk, size) in [(1, 4096), (500, 1), (100_000, 100), (100_000, 100_000)] {
        assert!(
            encode(&raw, chunk, size) == one_shot(&raw),
            "{chunk} in, {size} out"
        );
    }
}

#[test]
fn decodes_member_by_member_and_leaves_the_rest() {
    let raw = records(5 * FRAME + 3);
    let mut coded = one_shot(&raw);
    let member = coded.len();
    coded.extend(one_shot(&raw[..10]));
    for (chunk, size) in [(1, 4096), (70, 1), (100_000, 100_000)] {
        let codec: &mut dyn DecodeV2 =
            &mut CatenaDecoder::new(DecompressOptions::default()).unwrap();
        let mut at = 0;
        for want in [&raw[..], &raw[..10]] {
            let mut out = Vec::new();
            drain(size, &mut out, |output| {
                let mut input = PartialBuffer::new(&coded[at..coded.len().min(at + chunk)]);
                let ended = codec.decode(&mut input, output)?;
                at += input.written_len();
                Ok(ended)
            });
            drain(size, &mut out, |output| codec.finish(output));
            assert!(out == want, "{chunk} in, {size} out");
            if want.len() > 10 {
                assert_eq!(at, member, "nothing of the next member was taken");
            }
            codec.reinit().unwrap();
        }
        assert_eq!(at, coded.len());
    }
}

#[test]
fn flush_shows_everything_so_far() {
    let raw = records(FRAME + 100);
    let mut encoder = CatenaEncoder::new(small_frames()).unwrap();
    let mut coded = Vec::new();
    let mut input = PartialBuffer::new(&raw[..]);
    drain(4096, &mut coded, |output| {
        EncodeV2::encode(&mut encoder, &mut input, output)?;
        Ok(input.unwritten().is_empty())
    });
    drain(50, &mut coded, |output| {
        EncodeV2::flush(&mut encoder, output)
    });

    let mut decoder = CatenaDecoder::new(DecompressOptions::default()).unwrap();
    let mut back = Vec::new();
    let mut input = PartialBuffer::new(&coded[..]);
    while back.len() < raw.len() {
        drain(64, &mut back, |output| {
            assert!(!DecodeV2::decode(&mut decoder, &mut input, output)?);
            Ok(true)
        });
    }
    assert!(back == raw);
}

#[test]
fn a_cut_stream_is_an_unexpected_end() {
    let coded = one_shot(&records(3 * FRAME));
    let mut decoder = CatenaDecoder::new(DecompressOptions::default()).unwrap();
    let mut space = vec![0; 8 * FRAME];
    let mut output = WriteBuffer::new_initialized(&mut space);
    let mut input = PartialBuffer::new(&coded[..coded.len() - 1]);
    assert!(!DecodeV2::decode(&mut decoder, &mut input, &mut output).unwrap());
    let error = DecodeV2::finish(&mut decoder, &mut output).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
}
