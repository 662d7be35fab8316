//! Arbitrary bytes compressed as their first ones ask: they come back, by every way, and how they
//! were written does not show.

use std::io::{Cursor, Read, Write};
use std::sync::Arc;

use catena_filter::block::{self, BlockOptions};
use catena_filter::io::{read, write};
use catena_filter::{Archive, CompressOptions, DecompressOptions, compress, decompress};

use super::request::Request;
use super::{Lengths, MODEL, Pieces};

fn options() -> DecompressOptions {
    DecompressOptions::default()
        .with_threads(1)
        .with_model_search(false)
        .with_model(Arc::clone(&MODEL))
}

/// Compresses in pieces with flushes and decompresses: the stream, a range of it, and a block.
pub fn round_trip(bytes: &[u8]) {
    let request = Request::read(bytes, &MODEL);
    let raw = request.raw;
    let packed = written(raw, &request.options, &request.pieces);
    let back = decompress(&packed, &options()).expect("what was compressed");
    assert!(back == raw);

    let mut slow = Vec::new();
    let input = Pieces {
        rest: &packed,
        lens: Lengths::of(bytes),
        len: 0,
    };
    read::Decoder::new(input, options())
        .and_then(|mut reader| Ok(reader.read_to_end(&mut slow)?))
        .expect("what was compressed, in pieces");
    assert!(slow == raw);

    let mut archive = Archive::open_with(Cursor::new(&packed), options()).expect("an archive");
    assert_eq!(archive.len(), raw.len() as u64);
    let range = raw.len() / 3..raw.len() - raw.len() / 4;
    let mut some = vec![0; range.len()];
    archive
        .read_at(range.start as u64, &mut some)
        .expect("a range");
    assert!(some == raw[range]);

    let asked = BlockOptions::default()
        .with_level(request.options.level)
        .with_model(request.options.model.clone())
        .with_model_search(false)
        .with_threads(1);
    let stored = block::encode(raw, &request.layout, &asked).expect("a block");
    assert!(stored.len() <= raw.len() + 20);
    assert!(block::decode(&stored, &request.layout, &asked).expect("the block") == raw);
}

/// Compresses in one piece, in pieces, by a reader and on two threads: the same bytes, and so they
/// are with the same flushes.
pub fn chunked(bytes: &[u8]) {
    let request = Request::read(bytes, &MODEL);
    let (raw, options) = (request.raw, &request.options);
    let whole = compress(raw, options).expect("a stream");
    let writes: Vec<usize> = request.pieces.iter().map(|&len| len.max(1)).collect();
    assert!(written(raw, options, &writes) == whole, "{writes:?}");

    let input = Pieces {
        rest: raw,
        lens: Lengths::of(bytes),
        len: 0,
    };
    let mut by_reader = Vec::new();
    read::Encoder::new(input, options.clone())
        .and_then(|mut reader| Ok(reader.read_to_end(&mut by_reader)?))
        .expect("a stream");
    assert!(by_reader == whole, "by a reader");

    let threads = options.clone().with_threads(2);
    assert!(written(raw, &threads, &writes) == whole, "two threads");

    if request.pieces.contains(&0) && request.pieces.iter().any(|&len| len > 0) {
        let flushed = written(raw, options, &request.pieces);
        // The same flushes, each write in two.
        let halves: Vec<usize> = (request.pieces.iter())
            .flat_map(|&len| match len {
                0 | 1 => vec![len],
                _ => vec![len / 2, len - len / 2],
            })
            .collect();
        assert!(written(raw, options, &halves) == flushed, "with flushes");
        assert!(decompress(&flushed, &super::encode::options()).expect("a stream") == raw);
    }
}

/// Writes in pieces of these lengths, over and over; 0 is a flush.
fn written(raw: &[u8], options: &CompressOptions, pieces: &[usize]) -> Vec<u8> {
    let mut writer = write::Encoder::new(Vec::new(), options.clone()).expect("options");
    let mut rest = raw;
    if pieces.iter().all(|&len| len == 0) {
        writer.flush().expect("a flush");
        writer.write_all(rest).expect("a write");
        rest = &[];
    }
    for &len in pieces.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, later) = rest.split_at(len.min(rest.len()));
        match len {
            0 => writer.flush().expect("a flush"),
            _ => writer.write_all(piece).expect("a write"),
        }
        rest = later;
    }
    writer.finish().expect("a stream")
}
