//! The frame of an archive: magic, version, flags where the format has them, sections, end record.
//! `docs/format.md` has the bytes.
//!
//! Invariants: every stored byte is under a checksum; a section is read as it arrives, so a length
//! costs no memory before its bytes are there; nothing follows the end record.

use std::io::{Read, Write};

use xxhash_rust::xxh3::{Xxh3Default, xxh3_64, xxh3_64_with_seed};

use crate::cursor::Cursor;
use crate::error::{Error, Result};
use crate::varint::put_varint;

/// In a section's place: the end record.
const END: u8 = 0;

/// How four bytes of checksum follow from a section's header and its payload. A format keeps its
/// rule for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// The XXH3-64 of the payload, with that of the header as its seed. The rule for new formats.
    Seeded,
    /// The XXH3-64 of the payload, rotated left by one bit, and that of the header, by
    /// exclusive-or: `.croot` of version 1.
    Mixed,
}

impl Checksum {
    fn of(self, header: &[u8], payload: &[u8]) -> [u8; 4] {
        let sum = match self {
            Checksum::Seeded => xxh3_64_with_seed(payload, xxh3_64(header)),
            Checksum::Mixed => xxh3_64(payload).rotate_left(1) ^ xxh3_64(header),
        };
        (sum as u32).to_le_bytes()
    }
}

/// What tells one kind of archive from another.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// The first bytes.
    pub magic: [u8; 4],
    /// The version that is written and read.
    pub version: u8,
    /// A byte of flags follows the version, of which these bits are known.
    pub flags: Option<u8>,
    /// Kinds of sections are 1 to this.
    pub kinds: u8,
    /// The rule for checksums.
    pub checksum: Checksum,
}

/// A section as it stands in the archive.
#[derive(Debug)]
pub struct Section {
    /// What its payload is, by the format: 1 to [`Format::kinds`].
    pub kind: u8,
    /// Bytes of the file that it stands for.
    pub file_len: u64,
    /// Its bytes.
    pub payload: Vec<u8>,
}

/// Writes an archive.
pub struct Writer<W> {
    output: W,
    checksum: Checksum,
    hash: Xxh3Default,
    file_len: u64,
    written: u64,
}

impl<W: Write> Writer<W> {
    /// Writes the archive's header; `flags` are ignored where the format has none.
    ///
    /// # Errors
    /// `Io`.
    pub fn new(output: W, format: &Format, flags: u8) -> Result<Self> {
        let mut writer = Writer {
            output,
            checksum: format.checksum,
            hash: Xxh3Default::new(),
            file_len: 0,
            written: 0,
        };
        writer.put(&format.magic)?;
        writer.put(&[format.version])?;
        if format.flags.is_some() {
            writer.put(&[flags])?;
        }
        Ok(writer)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.output.write_all(bytes)?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// A section that stands for these bytes of the file.
    ///
    /// # Errors
    /// `Io`.
    pub fn section(&mut self, kind: u8, file: &[u8], payload: &[u8]) -> Result<()> {
        self.hash.update(file);
        self.file_len += file.len() as u64;
        let mut header = vec![kind];
        put_varint(&mut header, file.len() as u64);
        put_varint(&mut header, payload.len() as u64);
        let sum = self.checksum.of(&header, payload);
        self.put(&header)?;
        self.put(payload)?;
        self.put(&sum)
    }

    /// Bytes of the archive so far.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// The end record; how many bytes were written in all.
    ///
    /// # Errors
    /// `Io`.
    pub fn finish(mut self) -> Result<u64> {
        let mut record = vec![END];
        put_varint(&mut record, self.file_len);
        record.extend(self.hash.digest128().to_le_bytes());
        let sum = self.checksum.of(&record, &[]);
        self.put(&record)?;
        self.put(&sum)?;
        self.output.flush()?;
        Ok(self.written)
    }
}

/// Reads an archive.
pub struct Reader<R> {
    input: R,
    format: Format,
    flags: u8,
    hash: Xxh3Default,
    file_len: u64,
    memory_limit: u64,
    output_limit: u64,
    read: u64,
}

impl<R: Read> Reader<R> {
    /// Reads the archive's header. Sections that are, or stand for, more bytes than the limit are
    /// refused.
    ///
    /// # Errors
    /// `NotArchive`, `Version`, `Truncated`, `Corrupt`: unknown flags; `Io`.
    pub fn new(input: R, format: &Format, memory_limit: u64) -> Result<Self> {
        let mut reader = Reader {
            input,
            format: *format,
            flags: 0,
            hash: Xxh3Default::new(),
            file_len: 0,
            memory_limit,
            output_limit: u64::MAX,
            read: 0,
        };
        let len = format.magic.len() + 1 + usize::from(format.flags.is_some());
        let mut head = Vec::new();
        let input = reader.input.by_ref();
        reader.read = input.take(len as u64).read_to_end(&mut head)? as u64;
        let rest = head.strip_prefix(&format.magic).ok_or(Error::NotArchive)?;
        match (rest, format.flags) {
            ([], _) => Err(Error::Truncated),
            ([version, ..], _) if *version != format.version => Err(Error::Version(*version)),
            ([_], None) => Ok(reader),
            ([_, flags], Some(known)) if flags & !known == 0 => {
                reader.flags = *flags;
                Ok(reader)
            }
            ([_, _], _) => Err(Error::Corrupt("flags that are not known")),
            _ => Err(Error::Truncated),
        }
    }

    /// Refuses what would be more bytes of the file than this, together with what
    /// [`Reader::restored`] was told, before it is read.
    pub fn with_output_limit(mut self, bytes: u64) -> Self {
        self.output_limit = bytes;
        self
    }

    /// The archive's flags.
    pub fn flags(&self) -> u8 {
        self.flags
    }

    /// Bytes of the archive read so far.
    pub fn bytes_read(&self) -> u64 {
        self.read
    }

    /// The next section, or `None` at the end, whose record is compared with what
    /// [`Reader::restored`] was told if `check` is true.
    ///
    /// # Errors
    /// `Truncated`, `Corrupt`, `MemoryLimit`, `OutputLimit`, `Io`; `Checksum` at the end.
    pub fn section(&mut self, check: bool) -> Result<Option<Section>> {
        let mut header = Vec::new();
        let kind = self.byte(&mut header)?;
        if kind > self.format.kinds {
            return Err(Error::Corrupt("a section of no known kind"));
        }
        let file_len = self.varint(&mut header)?;
        if kind == END {
            self.end(header, file_len, check)?;
            return Ok(None);
        }
        let limit = self.output_limit;
        if file_len > limit.saturating_sub(self.file_len) {
            return Err(Error::OutputLimit { limit });
        }
        let payload_len = self.varint(&mut header)?;
        let needed = file_len.max(payload_len);
        if needed > self.memory_limit {
            let limit = self.memory_limit;
            return Err(Error::MemoryLimit { needed, limit });
        }
        let payload = self.bytes(payload_len)?;
        if self.bytes(4)? != self.format.checksum.of(&header, &payload) {
            return Err(Error::Corrupt("the checksum of a section does not match"));
        }
        Ok(Some(Section {
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
        if self.bytes(4)? != self.format.checksum.of(&header, &[]) {
            return Err(Error::Corrupt(
                "the checksum of the end record does not match",
            ));
        }
        if self.input.by_ref().take(1).read_to_end(&mut Vec::new())? > 0 {
            return Err(Error::Corrupt("bytes after the end"));
        }
        let same = file_len == self.file_len && digest == self.hash.digest128().to_le_bytes();
        match check && !same {
            true => Err(Error::Checksum),
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
            false => Err(Error::Truncated),
        }
    }

    fn byte(&mut self, header: &mut Vec<u8>) -> Result<u8> {
        let byte = self.bytes(1)?;
        header.extend(&byte);
        byte.first().copied().ok_or(Error::Truncated)
    }

    fn varint(&mut self, header: &mut Vec<u8>) -> Result<u64> {
        let mut bytes = Vec::new();
        while self.byte(&mut bytes)? >= 0x80 && bytes.len() < 10 {}
        header.extend(&bytes);
        Cursor::new(&bytes).varint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Format = Format {
        magic: *b"test",
        version: 3,
        flags: None,
        kinds: 2,
        checksum: Checksum::Mixed,
    };
    const FLAGGED: Format = Format {
        flags: Some(1),
        checksum: Checksum::Seeded,
        ..PLAIN
    };

    fn archive(format: &Format) -> Vec<u8> {
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out, format, 1).unwrap();
        writer.section(1, b"one file", b"coded").unwrap();
        writer.section(2, b"", b"more").unwrap();
        let n = writer.finish().unwrap();
        assert_eq!(n, out.len() as u64);
        out
    }

    fn read(bytes: &[u8], format: &Format, file: &[u8]) -> Result<Vec<u8>> {
        let mut reader = Reader::new(bytes, format, 100)?;
        let mut payloads = Vec::new();
        while let Some(section) = reader.section(true)? {
            payloads.extend(section.payload);
            if section.kind == 1 {
                reader.restored(file);
            }
        }
        Ok(payloads)
    }

    #[test]
    fn sections_come_back_and_damage_is_seen() {
        for format in [PLAIN, FLAGGED] {
            let bytes = archive(&format);
            assert_eq!(read(&bytes, &format, b"one file").unwrap(), b"codedmore");
            assert!(matches!(
                read(&bytes, &format, b"one pile"),
                Err(Error::Checksum)
            ));
            for len in 0..bytes.len() {
                assert!(read(&bytes[..len], &format, b"one file").is_err());
            }
            // The flags are for the format's user to check; all else is.
            for at in (0..bytes.len()).filter(|&at| format.flags.is_none() || at != 5) {
                for bit in 0..8 {
                    let mut bytes = bytes.clone();
                    bytes[at] ^= 1 << bit;
                    assert!(read(&bytes, &format, b"one file").is_err(), "{at} {bit}");
                }
            }
            let longer = [&bytes[..], b"x"].concat();
            assert!(read(&longer, &format, b"one file").is_err());
        }
    }

    #[test]
    fn what_would_be_too_much_is_refused_before_it_is_read() {
        for format in [PLAIN, FLAGGED] {
            let bytes = archive(&format);
            let first = |limit| {
                let reader = Reader::new(bytes.as_slice(), &format, 100).unwrap();
                let mut reader = reader.with_output_limit(limit);
                let section = reader.section(true).map(|_| ());
                (section, reader.bytes_read())
            };
            assert!(first(8).0.is_ok());
            let (refused, read) = first(7);
            assert!(matches!(refused, Err(Error::OutputLimit { limit: 7 })));
            let head = 5 + u64::from(format.flags.is_some());
            assert_eq!(read, head + 2, "the payload was not read");
        }
    }

    #[test]
    fn long_varints_and_unpaid_lengths_are_refused() {
        let head = [&PLAIN.magic[..], &[PLAIN.version]].concat();
        let long = [&head[..], &[1, 0x85, 0, 0]].concat();
        assert!(matches!(
            read(&long, &PLAIN, b""),
            Err(Error::Corrupt("a number that is no varint"))
        ));
        let huge = [&head[..], &[1, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]].concat();
        assert!(matches!(
            read(&huge, &PLAIN, b""),
            Err(Error::MemoryLimit { limit: 100, .. })
        ));
    }
}
