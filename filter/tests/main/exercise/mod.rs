//! What the fuzz targets and their twins among the tests do with arbitrary bytes: decode them,
//! compress them, read them as a model. Errors are fine; panics are not, nor another result by
//! another way, nor more memory than the limit.

// Each user needs a part of it.
#![allow(dead_code, unused_imports)]

mod encode;
mod request;
pub mod seal;
mod text;
mod tokens;

use std::io::{BufRead, Cursor, Read, Write};
use std::sync::{Arc, LazyLock};

use catena_filter::block::{self, BlockOptions};
use catena_filter::io::{read, write};
use catena_filter::{
    Archive, CompressOptions, DecompressOptions, Level, Model, Remains, compress, decompress,
};

use peak_alloc::PeakAlloc;

pub use encode::{chunked, round_trip};
use request::Request;
pub use text::text;
pub use tokens::{token_seeds, tokens};

/// Bytes that decoding may take.
const MEMORY_LIMIT: u64 = 24 << 20;
/// Bytes that these functions take beside that, at most: the raw bytes, a few times.
const OWN_MEMORY: u64 = 12 << 20;
/// Most raw bytes that are looked at.
const RAW_MAX: usize = 64 << 10;
/// Most frames of an archive that are read one by one.
const FRAME_MAX: usize = 50;
/// Columns from which on a model is not tried: each takes a megabyte.
const COLUMN_MAX: usize = 12;
/// Numbers from which on it is not, because it takes long.
const WEIGHT_MAX: u64 = 400_000;

/// The model that the golden streams name.
pub static MODEL: LazyLock<Arc<Model>> = LazyLock::new(|| {
    let file = include_bytes!("../../golden/sample.catmodel");
    Arc::new(Model::read(file).expect("the golden model"))
});

/// The tables that they name.
pub static TABLES: LazyLock<Arc<Model>> = LazyLock::new(|| {
    let file = include_bytes!("../../golden/tables.catmodel");
    Arc::new(Model::read(file).expect("the golden tables"))
});

fn options() -> DecompressOptions {
    DecompressOptions::default()
        .with_threads(1)
        .with_memory_limit(MEMORY_LIMIT)
        .with_model_search(false)
        .with_model(Arc::clone(&MODEL))
        .with_model(Arc::clone(&TABLES))
}

/// Decodes the bytes in all ways, as they are and with their checksums made right, within the limit
/// on memory; what they hold as they are.
pub fn decode_within(memory: &PeakAlloc, bytes: &[u8]) -> Option<Vec<u8>> {
    let before = memory.current_usage();
    memory.reset_peak_usage();
    let raw = decode(bytes);
    let taken = memory.peak_usage().saturating_sub(before) as u64;
    assert!(taken <= MEMORY_LIMIT + OWN_MEMORY, "{taken} bytes taken");
    raw
}

fn decode(bytes: &[u8]) -> Option<Vec<u8>> {
    let sealed = seal::streams(bytes);
    decode_all_ways(&sealed);
    let streamed = stream(bytes);
    repaired(bytes);
    streamed.whole.then_some(streamed.raw)
}

/// The raw bytes before the first fault, and how it went.
struct Streamed {
    raw: Vec<u8>,
    whole: bool,
    /// There may be more.
    cut: bool,
}

fn decode_all_ways(bytes: &[u8]) {
    let streamed = stream(bytes);
    if !streamed.cut {
        let at_once = decompress(bytes, &options());
        assert_eq!(at_once.is_ok(), streamed.whole);
        assert!(at_once.is_ok_and(|raw| raw == streamed.raw) == streamed.whole);
        let (raw, whole) = pushed(bytes);
        assert!(raw == streamed.raw && whole == streamed.whole);
    }
    ranges(bytes, &streamed);
    frames(bytes, &streamed);
    repaired(bytes);
}

/// By the reader, fed in pieces whose lengths come from the bytes.
fn stream(bytes: &[u8]) -> Streamed {
    let input = Pieces {
        rest: bytes,
        lens: Lengths::of(bytes),
        len: 0,
    };
    let mut raw = Vec::new();
    let mut whole = false;
    if let Ok(reader) = read::Decoder::new(input, options()) {
        let mut reader = reader.take(RAW_MAX as u64);
        whole = reader.read_to_end(&mut raw).is_ok();
    }
    let cut = raw.len() == RAW_MAX;
    whole &= !cut;
    Streamed { raw, whole, cut }
}

/// By the writer.
fn pushed(bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut raw = Vec::new();
    let Ok(mut writer) = write::Decoder::new(&mut raw, options()) else {
        return (raw, false);
    };
    let mut lens = Lengths::of(bytes);
    let mut rest = bytes;
    let mut whole = true;
    while !rest.is_empty() && whole {
        let (piece, later) = rest.split_at(lens.next().min(rest.len()));
        whole = writer.write_all(piece).is_ok();
        rest = later;
    }
    whole = whole && writer.finish().is_ok();
    (raw, whole)
}

/// By an archive: all, and some ranges.
fn ranges(bytes: &[u8], streamed: &Streamed) {
    let mut archive = match Archive::open_with(Cursor::new(bytes), options()) {
        Ok(archive) => archive,
        Err(error) => return assert!(!streamed.whole, "{error}"),
    };
    let len = archive.len().min(RAW_MAX as u64);
    let mut lens = Lengths::of(bytes);
    for (from, to) in [(0, len), (len / 3, len / 3 + 10)] {
        let to = to.min(len);
        let mut raw = vec![0; (to - from) as usize];
        match archive.read_at(from, &mut raw) {
            Ok(()) => agree(streamed, from, &raw),
            Err(error) => assert!(!streamed.whole, "{error}"),
        }
    }
    // Beyond the end, by any distance.
    let beyond = archive.len().saturating_add(lens.next() as u64);
    assert!(archive.read_at(beyond, &mut [0]).is_err());
}

/// Frame by frame, as far as they are found.
fn frames(bytes: &[u8], streamed: &Streamed) {
    let Ok(mut archive) = Archive::recover(Cursor::new(bytes), options()) else {
        return assert!(!streamed.whole);
    };
    assert!(archive.damage().is_none() || !streamed.whole);
    let frames = archive.frames().to_vec();
    // Where the end of a stream is damaged, those before it are not found, and offsets count from
    // another place. The seeds' headers are short.
    let found = frames.first().is_none_or(|frame| frame.position < 512);
    let mut held = 0;
    for (number, frame) in frames.iter().enumerate().take(FRAME_MAX) {
        held += frame.raw_len;
        if held > RAW_MAX {
            break;
        }
        if let Ok(raw) = archive.read_frame(number)
            && found
        {
            agree(streamed, frame.offset, &raw);
        }
        let _ = archive.raw_plane_bytes(number);
    }
}

/// What both ways have come to must be the same.
fn agree(streamed: &Streamed, offset: u64, raw: &[u8]) {
    let known = streamed.raw.get(offset as usize..).unwrap_or(&[]);
    let both = known.len().min(raw.len());
    assert!(known[..both] == raw[..both], "from byte {offset} on");
}

/// What repair makes of it is whole, and stays so.
fn repaired(bytes: &[u8]) {
    let Ok(remains) = Remains::examine(bytes) else {
        return;
    };
    let kept = &bytes[..remains.kept_len() as usize];
    let mended = [kept, remains.ending()].concat();
    let again = Remains::examine(&mended[..]).expect("what was repaired");
    assert!(
        again.is_whole() && again.ending().is_empty() || again.kept_len() == mended.len() as u64
    );
    assert_eq!(again.frames(), remains.frames());
    assert!(Archive::open_with(Cursor::new(mended), options()).is_ok());
}

/// Decodes the bytes as a block of the layout that they begin with; what it holds.
pub fn decode_block(bytes: &[u8]) -> Option<Vec<u8>> {
    let request = Request::read(bytes, &MODEL);
    let options = BlockOptions::default()
        .with_threads(1)
        .with_model(Arc::clone(&MODEL))
        .with_model_search(false)
        .with_raw_limit(RAW_MAX as u64);
    let sealed = seal::block(request.raw);
    let _ = block::info(&sealed);
    let _ = block::decode(&sealed, &request.layout, &options);
    block::decode(request.raw, &request.layout, &options).ok()
}

/// Reads the bytes as a model's file, and compresses a little with what they are.
pub fn model(bytes: &[u8]) -> Option<Model> {
    let sealed = seal::model(bytes);
    if sealed != bytes {
        try_model(&sealed);
    }
    try_model(bytes)
}

fn try_model(bytes: &[u8]) -> Option<Model> {
    let model = Arc::new(Model::read(bytes).ok()?);
    assert!(model.file() == bytes);
    let layout = model.layout();
    if layout.columns().columns.len() <= COLUMN_MAX && model.weight_n() <= WEIGHT_MAX {
        let record = layout.record_size() as usize;
        let len = (record * 20).clamp(1, 300);
        let raw: Vec<u8> = bytes.iter().rev().copied().cycle().take(len).collect();
        for level in [8, 9] {
            let wanted = CompressOptions::default()
                .with_level(Level::new(level).unwrap_or_default())
                .with_threads(1)
                .with_frame_size(len.div_ceil(2))
                .with_model(Arc::clone(&model));
            let packed = compress(&raw, &wanted).expect("a model that fits its own layout");
            let with = options()
                .with_memory_limit(1 << 30)
                .with_model(Arc::clone(&model));
            let back = decompress(&packed, &with).expect("its own stream");
            assert!(back == raw);
        }
    }
    Arc::into_inner(model)
}

/// Lengths of pieces, from 1 to some thousand, most of them short.
struct Lengths(u64);

impl Lengths {
    fn of(bytes: &[u8]) -> Self {
        Lengths(u64::from(crc32fast::hash(bytes)) << 1 | 1)
    }

    fn next(&mut self) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        1 + (self.0 >> 20) as usize % (1 << (self.0 >> 60))
    }
}

/// A reader that has a few bytes at a time.
struct Pieces<'a> {
    rest: &'a [u8],
    lens: Lengths,
    len: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let len = self.fill_buf()?.read(into)?;
        self.consume(len);
        Ok(len)
    }
}

impl BufRead for Pieces<'_> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if self.len == 0 {
            self.len = self.lens.next().min(self.rest.len());
        }
        Ok(&self.rest[..self.len])
    }

    fn consume(&mut self, len: usize) {
        self.rest = &self.rest[len..];
        self.len -= len;
    }
}
