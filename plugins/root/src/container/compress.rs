//! Records of compressed data: two letters and a byte that name the codec, the compressed and the
//! raw length in three little-endian bytes each, then the data. What is longer than 16 MiB raw is
//! several records.
//!
//! Source of the facts: ROOT's documentation of the file format, and the RNTuple specification,
//! which repeats them. The output grows record by record: a length is paid for by data that decodes
//! to it.

use std::cell::RefCell;

use flate2::{Decompress, FlushDecompress};
use liblzma::stream::{Action, Status, Stream};

use super::cursor::Cursor;
use crate::error::{Error, Result};

/// What xz may take for its dictionary, however small the record.
const XZ_MEMORY: u64 = 256 << 20;

thread_local! {
    /// A zstd context costs more than many a basket.
    static ZSTD: RefCell<Option<zstd::bulk::Decompressor<'static>>> = const { RefCell::new(None) };
}

/// The codec of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Tag {
    Zlib,
    /// Deflate without zlib's frame, as files of the nineties have it.
    OldDeflate,
    Xz,
    Lz4,
    Zstd,
}

impl Tag {
    /// From the two letters.
    pub fn parse(letters: &[u8]) -> Result<Self> {
        match letters {
            b"ZL" => Ok(Tag::Zlib),
            b"CS" => Ok(Tag::OldDeflate),
            b"XZ" => Ok(Tag::Xz),
            b"L4" => Ok(Tag::Lz4),
            b"ZS" => Ok(Tag::Zstd),
            _ => Err(Error::corrupt("a compressed record of no known codec")),
        }
    }

    fn letters(self) -> [u8; 2] {
        *match self {
            Tag::Zlib => b"ZL",
            Tag::OldDeflate => b"CS",
            Tag::Xz => b"XZ",
            Tag::Lz4 => b"L4",
            Tag::Zstd => b"ZS",
        }
    }

    /// The number that archives have for it, below 5.
    pub fn number(self) -> u8 {
        match self {
            Tag::Zlib => 0,
            Tag::OldDeflate => 1,
            Tag::Xz => 2,
            Tag::Lz4 => 3,
            Tag::Zstd => 4,
        }
    }

    /// The codec with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        [Tag::Zlib, Tag::OldDeflate, Tag::Xz, Tag::Lz4, Tag::Zstd]
            .into_iter()
            .find(|tag| tag.number() == number)
    }
}

/// The header of a record, if its lengths fit.
pub(crate) fn record_header(
    tag: Tag,
    method: u8,
    coded_len: usize,
    raw_len: usize,
) -> Option<[u8; 9]> {
    let [t0, t1] = tag.letters();
    let [c0, c1, c2, 0] = u32::try_from(coded_len).ok()?.to_le_bytes() else {
        return None;
    };
    let [r0, r1, r2, 0] = u32::try_from(raw_len).ok()?.to_le_bytes() else {
        return None;
    };
    Some([t0, t1, method, c0, c1, c2, r0, r1, r2])
}

/// The raw bytes, exactly `raw_len` of them.
pub(crate) fn decompress(data: &[u8], raw_len: usize) -> Result<Vec<u8>> {
    let mut cursor = Cursor::new(data);
    let mut out = Vec::new();
    while out.len() < raw_len {
        let tag = Tag::parse(cursor.bytes(2)?)?;
        cursor.skip(1)?;
        let coded_len = u24(&mut cursor)?;
        let record_len = u24(&mut cursor)?;
        let coded = cursor.bytes(coded_len)?;
        let start = out.len();
        if record_len == 0 || record_len > raw_len - start {
            return Err(Error::corrupt("a record whose length does not fit"));
        }
        out.resize(start + record_len, 0);
        let whole = out
            .get_mut(start..)
            .is_some_and(|part| decode(tag, coded, part));
        if !whole {
            return Err(Error::corrupt(format!("{tag:?} data that do not decode")));
        }
    }
    Ok(out)
}

fn u24(cursor: &mut Cursor<'_>) -> Result<usize> {
    let low = cursor.u16_le()?;
    Ok(usize::from(low) | usize::from(cursor.u8()?) << 16)
}

/// Fills `out`; false if the data are damaged or of another length.
fn decode(tag: Tag, coded: &[u8], out: &mut [u8]) -> bool {
    match tag {
        Tag::Zlib => inflate(coded, out, true),
        Tag::OldDeflate => inflate(coded, out, false),
        Tag::Xz => {
            let Ok(mut stream) = Stream::new_stream_decoder(XZ_MEMORY, 0) else {
                return false;
            };
            let status = stream.process(coded, out, Action::Finish);
            let ended = matches!(status, Ok(Status::StreamEnd | Status::Ok));
            ended && stream.total_out() == out.len() as u64
        }
        Tag::Lz4 => {
            let Some((sum, block)) = coded.split_first_chunk::<8>() else {
                return false;
            };
            u64::from_be_bytes(*sum) == xxhash_rust::xxh64::xxh64(block, 0)
                && lz4_flex::block::decompress_into(block, out).is_ok_and(|n| n == out.len())
        }
        Tag::Zstd => ZSTD.with_borrow_mut(|context| {
            if context.is_none() {
                *context = zstd::bulk::Decompressor::new().ok();
            }
            context.as_mut().is_some_and(|context| {
                let len = out.len();
                context
                    .decompress_to_buffer(coded, out)
                    .is_ok_and(|n| n == len)
            })
        }),
    }
}

fn inflate(coded: &[u8], out: &mut [u8], zlib: bool) -> bool {
    let mut context = Decompress::new(zlib);
    let done = context.decompress(coded, out, FlushDecompress::Finish);
    done.is_ok() && context.total_out() == out.len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn record(tag: &[u8; 2], coded: &[u8], raw_len: usize) -> Vec<u8> {
        let mut out = tag.to_vec();
        out.push(8);
        out.extend(&(coded.len() as u32).to_le_bytes()[..3]);
        out.extend(&(raw_len as u32).to_le_bytes()[..3]);
        out.extend(coded);
        out
    }

    fn all_codecs(raw: &[u8]) -> Vec<Vec<u8>> {
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), Default::default());
        zlib.write_all(raw).unwrap();
        let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), Default::default());
        deflate.write_all(raw).unwrap();
        let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
        xz.write_all(raw).unwrap();
        let block = lz4_flex::block::compress(raw);
        let mut lz4 = xxhash_rust::xxh64::xxh64(&block, 0).to_be_bytes().to_vec();
        lz4.extend(block);
        let n = raw.len();
        vec![
            record(b"ZL", &zlib.finish().unwrap(), n),
            record(b"CS", &deflate.finish().unwrap(), n),
            record(b"XZ", &xz.finish().unwrap(), n),
            record(b"L4", &lz4, n),
            record(b"ZS", &zstd::bulk::compress(raw, 3).unwrap(), n),
        ]
    }

    #[test]
    fn records_of_all_codecs_and_several_records_in_a_row() {
        let raw: Vec<u8> = (0..5000u32).flat_map(|i| (i / 7).to_be_bytes()).collect();
        let records = all_codecs(&raw);
        for coded in &records {
            assert_eq!(decompress(coded, raw.len()).unwrap(), raw);
        }
        let joined = records.concat();
        let back = decompress(&joined, 5 * raw.len()).unwrap();
        assert!(back.chunks(raw.len()).all(|part| part == raw));
    }

    #[test]
    fn damage_is_an_error() {
        let raw = [7; 400];
        for coded in all_codecs(&raw) {
            for len in 0..coded.len() {
                // zlib's last four bytes are a checksum that is looked at only when it is there.
                let tolerated = coded.len() - len <= 12;
                assert!(tolerated || decompress(&coded[..len], raw.len()).is_err());
            }
            assert!(decompress(&coded, raw.len() + 1).is_err());
            assert!(decompress(&coded, raw.len() - 1).is_err());
        }
        assert!(decompress(b"QQ\x08\0\0\0\x01\0\0", 1).is_err());
    }
}
