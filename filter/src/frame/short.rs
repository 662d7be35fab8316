//! Streams of one short frame, or of none, with nothing twice: the stream's header and the frame's
//! in one, no end record, no tail.
//!
//! Invariant: a short stream is whole or nothing; what its head says is believed once its CRC-32,
//! which stands at the end, has been compared, and bounded before. It never ends with the bytes of
//! a tail, so that what is read from behind cannot be taken in.

use super::checksum::crc;
use super::cursor::{Cursor, put_varint};
use super::frame_header::{FrameHeader, FrameKind};
use super::layout_bytes::{put_layout, take_layout};
use super::stream_header::{self, StreamHeader};
use super::{MAX_LANES, TAIL_MAGIC};
use crate::error::{Error, Result};
use crate::{Layout, Level};

/// Most raw bytes of a short stream (1 MiB): what is longer does not miss the bytes of a tail.
pub(crate) const MAX_SHORT: usize = 1 << 20;
/// Most bytes of its dtype string, so that reading a head again, with each byte that arrives, costs
/// nothing.
const MAX_DTYPE: usize = 1 << 12;
/// First bytes of the payload of a zstd frame, which are not stored.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];
/// Bytes of the two checksums.
const HASH_LEN: usize = 8;
const CRC_LEN: usize = 4;
/// The tag of a stream without a frame.
const TAG_EMPTY: u8 = 0;

/// What stands before the payload, as it was read: not to be believed yet.
#[derive(Clone, Debug)]
pub(crate) struct ShortHead {
    pub(crate) header: StreamHeader,
    /// The frame: its two checksums are not known yet.
    pub(crate) frame: Option<FrameHeader>,
    /// Bytes before the payload.
    payload_at: usize,
    /// Bytes of the whole stream.
    pub(crate) len: usize,
}

/// Appends the short stream of this frame and its payload, or of none; says no, and appends
/// nothing, if it must be a long one.
pub(crate) fn write(
    header: &StreamHeader,
    frame: Option<(&FrameHeader, &[u8])>,
    out: &mut Vec<u8>,
) -> bool {
    let start = out.len();
    let written = put(header, frame, out);
    if !written || out.ends_with(&TAIL_MAGIC) {
        out.truncate(start);
        return false;
    }
    true
}

fn put(header: &StreamHeader, frame: Option<(&FrameHeader, &[u8])>, out: &mut Vec<u8>) -> bool {
    let raw_len = frame.map_or(0, |(frame, _)| frame.raw_len);
    let dtype_len = header.layout.dtype().len();
    if header.embedded.is_some() || raw_len > MAX_SHORT || dtype_len > MAX_DTYPE {
        return false;
    }
    let start = out.len();
    stream_header::put_start(true, header, out);
    out.push(header.level.get());
    out.push(frame.map_or(TAG_EMPTY, |(frame, _)| tag_of(header, frame)));
    if is_plain(&header.layout) {
        out.push(0);
    } else {
        put_layout(out, &header.layout);
    }
    if let Some(id) = &header.model {
        out.extend_from_slice(id.as_bytes());
    }
    if let Some((frame, payload)) = frame {
        let payload = match frame.kind {
            FrameKind::Zstd => match payload.strip_prefix(&ZSTD_MAGIC) {
                Some(rest) => rest,
                None => return false,
            },
            _ => payload,
        };
        if frame.kind == FrameKind::Modelled {
            put_varint(out, header.lane_n.into());
        }
        put_varint(out, raw_len as u64);
        if frame.kind != FrameKind::Stored {
            put_varint(out, payload.len() as u64);
        }
        out.extend_from_slice(payload);
        out.extend_from_slice(&frame.raw_hash.to_le_bytes());
    }
    let sum = crc(&out[start..]);
    out.extend_from_slice(&sum.to_le_bytes());
    true
}

/// The frame's tag. Nothing comes after it that lanes could have learned it for.
fn tag_of(header: &StreamHeader, frame: &FrameHeader) -> u8 {
    let learned = frame.learned && may_learn(frame.kind, header.level);
    let (key, frame) = (true, *frame);
    let frame = FrameHeader {
        key,
        learned,
        ..frame
    };
    frame.tag()
}

/// Whether a frame of this kind may be *learned* where none comes behind it: if it is predicted by
/// what it teaches, or begins a chain with tables.
fn may_learn(kind: FrameKind, level: Level) -> bool {
    match kind {
        FrameKind::Modelled => true,
        FrameKind::Tokens | FrameKind::Adaptive => !level.learns(),
        FrameKind::Stored
        | FrameKind::Zstd
        | FrameKind::Fields
        | FrameKind::Segments
        | FrameKind::Text => false,
    }
}

/// Whether the layout is written as an empty string.
fn is_plain(layout: &Layout) -> bool {
    *layout == Layout::bytes()
}

impl ShortHead {
    /// Reads what is left of a head, behind the flags; `None` if bytes are missing.
    pub(super) fn parse(cursor: &mut Cursor<'_>, flags: u8) -> Result<Option<Self>> {
        let (Some(level), Some(tag)) = (cursor.byte(), cursor.byte()) else {
            return Ok(None);
        };
        let level = Level::new(level).ok_or_else(|| Error::corrupt("level"))?;
        let Some(layout) = take_short_layout(cursor)? else {
            return Ok(None);
        };
        let Some(model) = stream_header::take_model(cursor, flags, level)? else {
            return Ok(None);
        };
        let mut header = StreamHeader {
            level,
            layout,
            chains: 1,
            lane_n: 1,
            frame_size: 1,
            model,
            embedded: None,
            short: true,
        };
        if tag == TAG_EMPTY {
            let payload_at = cursor.position();
            return Ok(Some(ShortHead {
                header,
                frame: None,
                payload_at,
                len: payload_at + CRC_LEN,
            }));
        }
        let (kind, key, learned) = FrameHeader::parse_tag(tag)?;
        if !key || (learned && !may_learn(kind, level)) {
            return Err(Error::corrupt("kind of the frame"));
        }
        if kind == FrameKind::Modelled {
            match cursor.varint()? {
                None => return Ok(None),
                Some(lane_n) if lane_n == 0 || lane_n > u64::from(MAX_LANES) => {
                    return Err(Error::corrupt("number of lanes"));
                }
                Some(lane_n) => header.lane_n = lane_n as u32,
            }
        }
        let Some(raw_len) = cursor.varint()? else {
            return Ok(None);
        };
        if raw_len > MAX_SHORT as u64 {
            return Err(Error::corrupt("frame is larger than the stream's frames"));
        }
        let stored_len = match kind {
            FrameKind::Stored => raw_len,
            _ => match cursor.varint()? {
                Some(len) => len,
                None => return Ok(None),
            },
        };
        let coded_len = match kind {
            FrameKind::Zstd => stored_len.saturating_add(ZSTD_MAGIC.len() as u64),
            _ => stored_len,
        };
        FrameHeader::check_len(kind, raw_len, coded_len)?;
        header.frame_size = raw_len as usize;
        let payload_at = cursor.position();
        Ok(Some(ShortHead {
            header,
            frame: Some(FrameHeader {
                kind,
                key,
                learned,
                raw_len: raw_len as usize,
                coded_len: coded_len as usize,
                raw_hash: 0,
                payload_crc: 0,
            }),
            payload_at,
            len: payload_at + stored_len as usize + HASH_LEN + CRC_LEN,
        }))
    }

    /// Checks the whole stream's bytes; its frame and the payload.
    pub(crate) fn open(&self, bytes: &[u8]) -> Result<Option<(FrameHeader, Vec<u8>)>> {
        let corrupt = || Error::corrupt("checksum of the short stream");
        let (before, sum) = bytes[..self.len].split_last_chunk().ok_or_else(corrupt)?;
        if *sum != crc(before).to_le_bytes() {
            return Err(corrupt());
        }
        if *sum == TAIL_MAGIC {
            return Err(Error::corrupt("a short stream with an end"));
        }
        let Some(frame) = self.frame else {
            return Ok(None);
        };
        let (stored, hash) = before[self.payload_at..]
            .split_last_chunk()
            .ok_or_else(corrupt)?;
        let mut payload = Vec::with_capacity(frame.coded_len);
        if frame.kind == FrameKind::Zstd {
            payload.extend_from_slice(&ZSTD_MAGIC);
        }
        payload.extend_from_slice(stored);
        let frame = FrameHeader {
            raw_hash: u64::from_le_bytes(*hash),
            payload_crc: crc(&payload),
            ..frame
        };
        Ok(Some((frame, payload)))
    }
}

/// Reads a layout; an empty dtype string is that of plain bytes, which have no other.
fn take_short_layout(cursor: &mut Cursor<'_>) -> Result<Option<Layout>> {
    let mut ahead = cursor.clone();
    match ahead.varint()? {
        None => Ok(None),
        Some(0) => {
            *cursor = ahead;
            Ok(Some(Layout::bytes()))
        }
        Some(len) if len > MAX_DTYPE as u64 => Err(Error::corrupt("length of the layout")),
        Some(_) => match take_layout(cursor)? {
            Some(layout) if is_plain(&layout) => {
                Err(Error::corrupt("layout is not in its canonical form"))
            }
            layout => Ok(layout),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::stream_header::Start;
    use super::*;

    fn header(layout: Layout, level: u8) -> StreamHeader {
        StreamHeader {
            level: Level::new(level).unwrap(),
            layout,
            chains: 7,
            lane_n: 3,
            frame_size: 1 << 22,
            model: None,
            embedded: None,
            short: false,
        }
    }

    fn short(bytes: &[u8]) -> Result<Option<ShortHead>> {
        Ok(Start::parse(bytes)?.map(|start| match start {
            Start::Short(head) => head,
            Start::Long(..) => panic!("a long stream"),
        }))
    }

    #[test]
    fn streams_come_back_and_prefixes_are_incomplete() {
        let grid = Layout::parse("a:<f4,<u2").unwrap();
        let grid = grid.with_shape(&[0, 300]).unwrap();
        let raw = [7; 60];
        let zstd = [&ZSTD_MAGIC[..], &[1; 9]].concat();
        for layout in [Layout::bytes(), grid] {
            for (kind, payload) in [
                (FrameKind::Stored, &raw[..]),
                (FrameKind::Zstd, &zstd),
                (FrameKind::Modelled, &[1, 2, 3]),
            ] {
                let header = header(layout.clone(), 7);
                let frame = FrameHeader::new(kind, (true, true), (raw.len(), 5), payload);
                let mut out = Vec::new();
                assert!(write(&header, Some((&frame, payload)), &mut out));
                let head = short(&out).unwrap().unwrap();
                assert_eq!(head.len, out.len());
                assert_eq!(head.header.layout, layout);
                assert_eq!(head.header.frame_size, raw.len());
                let modelled = kind == FrameKind::Modelled;
                assert_eq!(head.header.lane_n, if modelled { 3 } else { 1 });
                let (found, same) = head.open(&out).unwrap().unwrap();
                assert_eq!((found.kind, found.learned), (kind, modelled));
                assert_eq!((found.raw_hash, &same[..]), (5, payload));
                for cut in 0..head.payload_at {
                    assert!(short(&out[..cut]).unwrap().is_none());
                }
            }
        }
    }

    #[test]
    fn what_others_need_is_no_short_stream() {
        let frame = |len| FrameHeader::new(FrameKind::Stored, (true, false), (len, 0), &[]);
        let mut out = Vec::new();
        let long = frame(MAX_SHORT + 1);
        let plain = header(Layout::bytes(), 3);
        assert!(!write(&plain, Some((&long, &[])), &mut out));
        let carrying = StreamHeader {
            embedded: Some(9),
            ..plain.clone()
        };
        assert!(!write(&carrying, None, &mut out));
        let wide = "<f4,".repeat(MAX_DTYPE / 4) + "<f4";
        let wide = header(Layout::parse(&wide).unwrap(), 3);
        assert!(!write(&wide, None, &mut out));
        assert!(out.is_empty());
        // Bytes that could be taken for a tail, were they at the end.
        assert!(write(&plain, None, &mut out));
        let head = short(&out).unwrap().unwrap();
        let at = out.len() - TAIL_MAGIC.len();
        out[at..].copy_from_slice(&TAIL_MAGIC);
        assert!(head.open(&out).is_err());
    }
}
