//! A piece: some bytes in the shortest of a few codings. A method byte, the raw and the coded
//! length as varints, the coded bytes.

use catena_filter::block::{self, BlockOptions};
use catena_filter::{Layout, Level};
use liblzma::stream::{Action, Filters, LzmaOptions, Status, Stream};

use crate::error::{Error, ErrorKind, Result};
use catena_container::Cursor;

use catena_container::put_varint;

const STORED: u8 = 0;
const ZSTD: u8 = 1;
const LZMA: u8 = 2;
/// A block of the layout that goes with the piece.
const BLOCK: u8 = 3;
/// A block of plain bytes.
const BYTES: u8 = 4;

/// Above this, plain bytes are tried with LZMA or a model, whichever does better on their
/// beginning.
const SAMPLE: usize = 1 << 20;
/// Level of zstd where it has to be fast, and where not.
const ZSTD_LEVEL: i32 = 19;

/// A coded piece.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    method: u8,
    raw_len: usize,
    coded: Vec<u8>,
}

impl Piece {
    /// As it is.
    pub fn stored(raw: &[u8]) -> Self {
        Piece {
            method: STORED,
            raw_len: raw.len(),
            coded: raw.to_vec(),
        }
    }

    /// Bytes of no layout.
    pub fn bytes(raw: &[u8], level: Level) -> Self {
        let mut best = Piece::stored(raw);
        // What is compressed already is not worth the time.
        let quick = |part: &[u8]| zstd::bulk::compress(part, 1).map_or(part.len(), |it| it.len());
        let part = raw.get(..SAMPLE / 4).filter(|_| raw.len() > SAMPLE);
        if part.is_some_and(|part| quick(part) > part.len() - part.len() / 100)
            && quick(raw) > raw.len() - raw.len() / 100
        {
            return best;
        }
        best.offer(ZSTD, zstd::bulk::compress(raw, ZSTD_LEVEL).ok());
        best.offer(LZMA, lzma(raw));
        if level.get() > 2 {
            let sample = raw.get(..SAMPLE).unwrap_or(raw);
            let part = block(sample, &Layout::bytes(), level);
            // Where the beginning gains nothing, neither will the rest.
            let gains = sample.len() == raw.len()
                || part.as_ref().is_some_and(|part| {
                    part.len() < lzma(sample).map_or(usize::MAX, |lzma| lzma.len())
                });
            if gains {
                best.offer(BYTES, block(raw, &Layout::bytes(), level));
            }
        }
        best
    }

    /// Records of a layout, coded as such or stored.
    pub fn records(raw: &[u8], layout: &Layout, level: Level) -> Self {
        let mut best = Piece::stored(raw);
        best.offer(BLOCK, block(raw, layout, level));
        best
    }

    fn offer(&mut self, method: u8, coded: Option<Vec<u8>>) {
        if let Some(coded) = coded
            && coded.len() < self.coded.len()
        {
            self.method = method;
            self.coded = coded;
        }
    }

    /// The shorter one.
    pub fn or(self, other: Piece) -> Self {
        if other.coded.len() < self.coded.len() {
            other
        } else {
            self
        }
    }

    /// Bytes that it takes, but for some of its header.
    pub fn len(&self) -> usize {
        self.coded.len()
    }

    pub fn write(&self, out: &mut Vec<u8>) {
        out.push(self.method);
        put_varint(out, self.raw_len as u64);
        put_varint(out, self.coded.len() as u64);
        out.extend_from_slice(&self.coded);
    }
}

/// A piece in an archive, not decoded yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stored<'a> {
    method: u8,
    pub raw_len: usize,
    pub coded: &'a [u8],
}

impl<'a> Stored<'a> {
    /// # Errors
    /// `MemoryLimit`: it claims more raw bytes than are left of `budget`, from which they are
    /// taken.
    pub fn read(cursor: &mut Cursor<'a>, budget: &mut u64) -> Result<Self> {
        let method = cursor.u8()?;
        let raw_len = cursor.varint()?;
        let coded_len = usize::try_from(cursor.varint()?).map_err(|_| Error::truncated())?;
        *budget = budget.checked_sub(raw_len).ok_or(ErrorKind::MemoryLimit {
            needed: raw_len,
            limit: *budget,
        })?;
        Ok(Stored {
            method,
            raw_len: usize::try_from(raw_len).map_err(|_| Error::truncated())?,
            coded: cursor.bytes(coded_len)?,
        })
    }

    /// The raw bytes; `layout` is that of their records.
    ///
    /// # Errors
    /// `Corrupt`: they do not decode, or to another length.
    pub fn decode(&self, layout: &Layout) -> Result<Vec<u8>> {
        let bad = || Error::corrupt("a piece that does not decode");
        let limit = BlockOptions::new()
            .with_threads(1)
            .with_model_search(false)
            .with_raw_limit(self.raw_len as u64);
        let raw = match self.method {
            STORED => self.coded.to_vec(),
            ZSTD => zstd::bulk::decompress(self.coded, self.raw_len).map_err(|_| bad())?,
            LZMA => unlzma(self.coded, self.raw_len).ok_or_else(bad)?,
            BLOCK => block::decode(self.coded, layout, &limit).map_err(|_| bad())?,
            BYTES => block::decode(self.coded, &Layout::bytes(), &limit).map_err(|_| bad())?,
            _ => return Err(bad()),
        };
        if raw.len() == self.raw_len {
            Ok(raw)
        } else {
            Err(bad())
        }
    }
}

fn block(raw: &[u8], layout: &Layout, level: Level) -> Option<Vec<u8>> {
    let options = BlockOptions::new().with_threads(1).with_level(level);
    block::encode(raw, layout, &options).ok()
}

/// LZMA2 without a container; its dictionary follows from the raw length.
fn filters(raw_len: usize) -> Option<Filters> {
    let mut options = LzmaOptions::new_preset(9 | 1 << 31).ok()?;
    let dictionary = raw_len.next_power_of_two().clamp(1 << 12, 1 << 26);
    options.dict_size(u32::try_from(dictionary).ok()?);
    let mut filters = Filters::new();
    filters.lzma2(&options);
    Some(filters)
}

fn lzma(raw: &[u8]) -> Option<Vec<u8>> {
    let mut stream = Stream::new_raw_encoder(&filters(raw.len())?).ok()?;
    let mut out = Vec::with_capacity(raw.len() + raw.len() / 100 + 256);
    match stream.process_vec(raw, &mut out, Action::Finish) {
        Ok(Status::StreamEnd) => Some(out),
        _ => None,
    }
}

fn unlzma(coded: &[u8], raw_len: usize) -> Option<Vec<u8>> {
    let mut stream = Stream::new_raw_decoder(&filters(raw_len)?).ok()?;
    let mut out = vec![0; raw_len];
    let status = stream.process(coded, &mut out, Action::Finish);
    let ended = matches!(status, Ok(Status::StreamEnd | Status::Ok));
    (ended && stream.total_out() == raw_len as u64).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_come_back() {
        let layout = Layout::parse(">f4").unwrap();
        let level = Level::default();
        let floats: Vec<u8> = (0..4000u32)
            .flat_map(|i| (i as f32).sqrt().to_be_bytes())
            .collect();
        for raw in [&b""[..], b"a", &[5; 3000], &floats] {
            for piece in [
                Piece::stored(raw),
                Piece::bytes(raw, level),
                Piece::records(raw, &layout, level),
            ] {
                let mut bytes = Vec::new();
                piece.write(&mut bytes);
                let mut budget = raw.len() as u64;
                let stored = Stored::read(&mut Cursor::new(&bytes), &mut budget).unwrap();
                assert_eq!(stored.decode(&layout).unwrap(), raw);
                assert_eq!(budget, 0);
            }
        }
    }

    #[test]
    fn a_claim_beyond_the_budget_is_refused() {
        let mut bytes = Vec::new();
        Piece::bytes(&[0; 5000], Level::default()).write(&mut bytes);
        let error = Stored::read(&mut Cursor::new(&bytes), &mut 4999).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::MemoryLimit { .. }));
    }
}
