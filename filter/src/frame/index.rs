//! The end of a stream: totals, the index of its frames, and a tail that is found from behind.
//!
//! The index holds lengths only; places follow by adding them up, so that no index can name
//! overlapping frames or point backwards.

use super::checksum::crc;
use super::cursor::{Cursor, put_varint};
use super::frame_header::{FrameHeader, FrameKind};
use super::{MAX_FRAME_SIZE, TAIL_MAGIC};
use crate::error::{Error, ErrorKind, Result};

/// Most bytes of the entries together; a longer index is left out.
const MAX_ENTRIES_LEN: usize = 1 << 24;
/// Fewest bytes of an entry.
const ENTRY_MIN: usize = 3;
/// Most bytes of the totals, which are three varints.
const TOTALS_MAX: usize = 30;
/// Most bytes of an end record's body.
pub(crate) const MAX_END_BODY: usize = MAX_ENTRIES_LEN + 64;
/// Bytes after the end record: its length and the magic.
pub(crate) const TAIL_LEN: usize = 8;
/// An end record's tag; the frames' kinds are not zero.
const TAG_END: u8 = 0;
/// An end record's tag if entries follow the totals.
const TAG_END_INDEX: u8 = 0b1000;

/// Whether a tag begins the end of a stream rather than a frame: it has no kind.
pub(crate) fn is_end(tag: u8) -> bool {
    tag & 0b10_0111 == TAG_END
}

/// One frame as the index knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IndexEntry {
    pub(crate) kind: FrameKind,
    pub(crate) key: bool,
    pub(crate) learned: bool,
    pub(crate) raw_len: u64,
    pub(crate) coded_len: u64,
}

impl IndexEntry {
    /// What the index says of the frame with this header.
    pub(crate) fn of(header: &FrameHeader) -> Self {
        IndexEntry {
            kind: header.kind,
            key: header.key,
            learned: header.learned,
            raw_len: header.raw_len as u64,
            coded_len: header.coded_len as u64,
        }
    }
}

/// What the end of a stream says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EndRecord {
    pub(crate) frame_n: u64,
    /// Raw bytes of all frames.
    pub(crate) raw_len: u64,
    /// Stored bytes before the end record, from the stream's first byte on.
    pub(crate) frames_len: u64,
    /// The entries as they are stored, if there is an index.
    pub(crate) entries: Option<Vec<u8>>,
}

impl EndRecord {
    /// Reads the record from the front of `bytes`: the record and its length, `None` if bytes are
    /// missing.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>> {
        let mut cursor = Cursor::new(bytes);
        let Some(tag) = cursor.byte() else {
            return Ok(None);
        };
        if tag != TAG_END && tag != TAG_END_INDEX {
            return Err(Error::corrupt("kind of the frame"));
        }
        let Some(body_len) = cursor.varint()? else {
            return Ok(None);
        };
        if body_len > MAX_END_BODY as u64 {
            return Err(Error::corrupt("length of the index"));
        }
        let Some(body) = cursor.take(body_len as usize) else {
            return Ok(None);
        };
        let end = cursor.position();
        let Some(sum) = cursor.u32() else {
            return Ok(None);
        };
        if sum != crc(&bytes[..end]) {
            return Err(Error::corrupt("checksum of the index"));
        }
        let mut inner = Cursor::new(body);
        let (Some(frame_n), Some(raw_len), Some(frames_len)) =
            (inner.varint()?, inner.varint()?, inner.varint()?)
        else {
            return Err(Error::corrupt("index is too short"));
        };
        let entries = if tag == TAG_END_INDEX {
            Some(inner.rest().to_vec())
        } else if inner.rest().is_empty() {
            None
        } else {
            return Err(Error::corrupt("bytes after the totals"));
        };
        let record = EndRecord {
            frame_n,
            raw_len,
            frames_len,
            entries,
        };
        Ok(Some((record, cursor.position())))
    }

    /// The length of the body of the record at the front of `bytes`; `None` if bytes are missing.
    /// It may be wrong: nothing is checked.
    pub(crate) fn body_len(bytes: &[u8]) -> Result<Option<u64>> {
        let mut cursor = Cursor::new(bytes);
        match cursor.byte() {
            Some(_) => cursor.varint(),
            None => Ok(None),
        }
    }

    /// The entries as values; `None` if the stream has no index. Their number and sum are checked
    /// against the totals, and what they take against the limit in bytes.
    pub(crate) fn read_entries(&self, limit: u64) -> Result<Option<Vec<IndexEntry>>> {
        let Some(bytes) = &self.entries else {
            return Ok(None);
        };
        if self.frame_n > (bytes.len() / ENTRY_MIN) as u64 {
            return Err(Error::corrupt("index disagrees with its totals"));
        }
        let needed = self.frame_n * size_of::<IndexEntry>() as u64;
        if needed > limit {
            return Err(ErrorKind::MemoryLimit { needed, limit }.into());
        }
        let mut cursor = Cursor::new(bytes);
        let mut entries = Vec::with_capacity(self.frame_n as usize);
        let (mut raw_sum, mut coded_sum) = (0u64, 0u64);
        while !cursor.rest().is_empty() {
            let (Some(tag), Some(raw_len), Some(coded_len)) =
                (cursor.byte(), cursor.varint()?, cursor.varint()?)
            else {
                return Err(Error::corrupt("index entry is cut"));
            };
            let (kind, key, learned) = FrameHeader::parse_tag(tag)?;
            FrameHeader::check_len(kind, raw_len, coded_len)?;
            if raw_len > MAX_FRAME_SIZE as u64 {
                return Err(Error::corrupt("frame size in the index"));
            }
            if entries.len() as u64 == self.frame_n {
                return Err(Error::corrupt("index disagrees with its totals"));
            }
            raw_sum += raw_len;
            coded_sum += FrameHeader::len(raw_len, coded_len) as u64 + coded_len;
            entries.push(IndexEntry {
                kind,
                key,
                learned,
                raw_len,
                coded_len,
            });
        }
        if entries.len() as u64 != self.frame_n
            || raw_sum != self.raw_len
            || coded_sum > self.frames_len
        {
            return Err(Error::corrupt("index disagrees with its totals"));
        }
        Ok(Some(entries))
    }
}

/// Collects what the end of a stream says: by the encoder to write it, by the decoder to check it.
#[derive(Clone, Debug)]
pub(crate) struct IndexBuilder {
    frame_n: u64,
    raw_len: u64,
    frames_len: u64,
    /// `None` once the entries have grown beyond the limit.
    entries: Option<Vec<u8>>,
}

impl IndexBuilder {
    /// Begins with the stream header's length.
    pub(crate) fn new(header_len: usize) -> Self {
        IndexBuilder {
            frame_n: 0,
            raw_len: 0,
            frames_len: header_len as u64,
            entries: Some(Vec::new()),
        }
    }

    pub(crate) fn add(&mut self, header: &FrameHeader) {
        let (raw_len, coded_len) = (header.raw_len as u64, header.coded_len as u64);
        self.frame_n += 1;
        self.raw_len += raw_len;
        self.frames_len += FrameHeader::len(raw_len, coded_len) as u64 + coded_len;
        if let Some(entries) = &mut self.entries {
            entries.push(header.tag());
            put_varint(entries, raw_len);
            put_varint(entries, coded_len);
            if entries.len() > MAX_ENTRIES_LEN {
                self.entries = None;
            }
        }
    }

    pub(crate) fn frame_n(&self) -> u64 {
        self.frame_n
    }

    /// Raw bytes of the frames so far: the next frame's offset in the stream.
    pub(crate) fn raw_len(&self) -> u64 {
        self.raw_len
    }

    /// Appends end record and tail. The entries are written if `index` asks for them and there is
    /// more than one frame.
    pub(crate) fn write(&self, index: bool, out: &mut Vec<u8>) {
        let entries = self
            .entries
            .as_deref()
            .filter(|_| index && self.frame_n > 1);
        let mut body = Vec::new();
        put_varint(&mut body, self.frame_n);
        put_varint(&mut body, self.raw_len);
        put_varint(&mut body, self.frames_len);
        body.extend_from_slice(entries.unwrap_or_default());
        let start = out.len();
        out.push(match entries {
            Some(_) => TAG_END_INDEX,
            None => TAG_END,
        });
        put_varint(out, body.len() as u64);
        out.extend_from_slice(&body);
        let sum = crc(&out[start..]);
        out.extend_from_slice(&sum.to_le_bytes());
        let len = (out.len() - start) as u32;
        out.extend_from_slice(&len.to_le_bytes());
        out.extend_from_slice(&TAIL_MAGIC);
    }

    /// Most bytes that an end record's body can have if it agrees: a longer one need not be waited
    /// for.
    pub(crate) fn body_max(&self) -> u64 {
        (TOTALS_MAX + self.entries.as_ref().map_or(0, Vec::len)) as u64
    }

    /// Whether an end record says what the frames before it said.
    pub(crate) fn agrees(&self, end: &EndRecord) -> bool {
        let entries_agree = match (&end.entries, &self.entries) {
            (Some(stored), Some(seen)) => stored == seen,
            (Some(_), None) => false,
            (None, _) => true,
        };
        entries_agree
            && (end.frame_n, end.raw_len, end.frames_len)
                == (self.frame_n, self.raw_len, self.frames_len)
    }
}

/// The last bytes of a stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tail {
    /// Bytes of the end record before it.
    pub(crate) end_len: u32,
}

impl Tail {
    /// Reads a tail; `None` if bytes are missing.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<Self>> {
        let mut cursor = Cursor::new(bytes);
        let (Some(end_len), Some(magic)) = (cursor.u32(), cursor.array()) else {
            return Ok(None);
        };
        if magic != TAIL_MAGIC {
            return Err(Error::corrupt("end of the stream"));
        }
        Ok(Some(Tail { end_len }))
    }
}
