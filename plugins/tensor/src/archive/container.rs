//! The archive's frame: magic, version, flags, parts, end record. `docs/format.md` has the bytes.
//!
//! Invariants: every stored byte is under a checksum; a part is read as it arrives, so a length costs no memory before its bytes are there; nothing follows the end record.

use std::io::{Read, Write};

use xxhash_rust::xxh3::{Xxh3Default, xxh3_64, xxh3_64_with_seed};

use crate::bytes::{Cursor, put_varint};
use crate::error::{Error, ErrorKind, Result};

use super::MAGIC;

/// The version that is written.
const VERSION: u8 = 1;
/// Flag: what is restored is not the file that was packed.
const LOSSY: u8 = 1;

/// What a part holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PartKind {
    /// One block of bytes.
    Plain = 1,
    /// Spans and streams.
    Segment = 2,
    /// What `info` tells of the tensors. Stands for no bytes.
    Catalogue = 3,
}

/// A part as it stands in the archive.
#[derive(Debug)]
pub(super) struct Part {
    pub kind: PartKind,
    /// Bytes of the file.
    pub file_len: u64,
    pub payload: Vec<u8>,
}

/// Writes an archive.
pub(super) struct Writer<W> {
    output: W,
    hash: Xxh3Default,
    file_len: u64,
    pub written: u64,
}

impl<W: Write> Writer<W> {
    pub fn new(output: W, lossy: bool) -> Result<Self> {
        let mut writer = Writer {
            output,
            hash: Xxh3Default::new(),
            file_len: 0,
            written: 0,
        };
        writer.put(&MAGIC)?;
        writer.put(&[VERSION, if lossy { LOSSY } else { 0 }])?;
        Ok(writer)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.output.write_all(bytes)?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// A part that stands for these bytes.
    pub fn part(&mut self, kind: PartKind, file: &[u8], payload: &[u8]) -> Result<()> {
        self.hash.update(file);
        self.file_len += file.len() as u64;
        let mut header = vec![kind as u8];
        put_varint(&mut header, file.len() as u64);
        put_varint(&mut header, payload.len() as u64);
        let sum = checksum(&header, payload);
        self.put(&header)?;
        self.put(payload)?;
        self.put(&sum)
    }

    /// The end record; how many bytes were written in all.
    pub fn finish(mut self) -> Result<u64> {
        let mut record = vec![0];
        put_varint(&mut record, self.file_len);
        record.extend(self.hash.digest128().to_le_bytes());
        let sum = checksum(&record, &[]);
        self.put(&record)?;
        self.put(&sum)?;
        self.output.flush()?;
        Ok(self.written)
    }
}

/// The first four bytes of the XXH3-64 of the payload, with that of the header as its seed.
fn checksum(header: &[u8], payload: &[u8]) -> [u8; 4] {
    (xxh3_64_with_seed(payload, xxh3_64(header)) as u32).to_le_bytes()
}

/// Reads an archive.
pub(super) struct Reader<R> {
    input: R,
    hash: Xxh3Default,
    file_len: u64,
    memory_limit: u64,
    /// Whether what comes out is not what went in.
    pub lossy: bool,
    /// Bytes read so far.
    pub read: u64,
}

impl<R: Read> Reader<R> {
    /// # Errors
    /// `NotArchive`, `Version`.
    pub fn new(input: R, memory_limit: u64) -> Result<Self> {
        let mut reader = Reader {
            input,
            hash: Xxh3Default::new(),
            file_len: 0,
            memory_limit,
            lossy: false,
            read: 0,
        };
        let mut head = Vec::new();
        reader.input.by_ref().take(6).read_to_end(&mut head)?;
        reader.read = head.len() as u64;
        match head.split_first_chunk::<4>() {
            Some((&MAGIC, &[VERSION, flags])) => {
                reader.lossy = flags == LOSSY;
                match flags {
                    0 | LOSSY => Ok(reader),
                    _ => Err(Error::corrupt("flags that are not known")),
                }
            }
            Some((&MAGIC, &[other, ..])) if other != VERSION => {
                Err(ErrorKind::Version(other).into())
            }
            Some((&MAGIC, _)) => Err(Error::truncated()),
            _ => Err(ErrorKind::NotArchive.into()),
        }
    }

    /// The next part, or `None` at the end, whose record was compared with what [`Reader::restored`] was told if `check` is true.
    pub fn part(&mut self, check: bool) -> Result<Option<Part>> {
        let mut header = Vec::new();
        let tag = self.byte(&mut header)?;
        let file_len = self.varint(&mut header)?;
        let kind = match tag {
            0 => {
                self.end(header, file_len, check)?;
                return Ok(None);
            }
            1 => PartKind::Plain,
            2 => PartKind::Segment,
            3 => PartKind::Catalogue,
            _ => return Err(Error::corrupt("a part of no known kind")),
        };
        let payload_len = self.varint(&mut header)?;
        let needed = file_len.max(payload_len);
        if needed > self.memory_limit {
            let limit = self.memory_limit;
            return Err(ErrorKind::MemoryLimit { needed, limit }.into());
        }
        let payload = self.bytes(payload_len)?;
        if self.bytes(4)? != checksum(&header, &payload) {
            return Err(Error::corrupt("the checksum of a part does not match"));
        }
        if kind == PartKind::Catalogue && file_len > 0 {
            return Err(Error::corrupt("a catalogue that stands for bytes"));
        }
        Ok(Some(Part {
            kind,
            file_len,
            payload,
        }))
    }

    /// Tells of bytes of the file that were restored.
    pub fn restored(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.file_len += bytes.len() as u64;
    }

    fn end(&mut self, mut header: Vec<u8>, file_len: u64, check: bool) -> Result<()> {
        let digest = self.bytes(16)?;
        header.extend(&digest);
        if self.bytes(4)? != checksum(&header, &[]) {
            return Err(Error::corrupt(
                "the checksum of the end record does not match",
            ));
        }
        if self.input.by_ref().take(1).read_to_end(&mut Vec::new())? > 0 {
            return Err(Error::corrupt("bytes after the end"));
        }
        let same = file_len == self.file_len && digest == self.hash.digest128().to_le_bytes();
        match check && !same {
            true => Err(ErrorKind::Checksum.into()),
            false => Ok(()),
        }
    }

    /// All of them: the vector grows as they arrive.
    fn bytes(&mut self, len: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let n = self.input.by_ref().take(len).read_to_end(&mut bytes)? as u64;
        self.read += n;
        match n == len {
            true => Ok(bytes),
            false => Err(Error::truncated()),
        }
    }

    fn byte(&mut self, header: &mut Vec<u8>) -> Result<u8> {
        let byte = self.bytes(1)?;
        header.extend(&byte);
        byte.first().copied().ok_or_else(Error::truncated)
    }

    fn varint(&mut self, header: &mut Vec<u8>) -> Result<u64> {
        let mut bytes = Vec::new();
        while self.byte(&mut bytes)? >= 0x80 && bytes.len() < 10 {}
        header.extend(&bytes);
        Cursor::new(&bytes).varint()
    }
}
