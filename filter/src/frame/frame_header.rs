//! The header before each frame's payload.

use super::checksum::crc;
use super::cursor::{Cursor, put_varint, varint_len};
use crate::error::{Error, Result};

/// A kind's lower bits, and its fourth.
const KIND_MASK: u8 = 0b111;
const KIND_UPPER: u8 = 0b10_0000;
/// Flag: the frame's chain starts anew here.
const FLAG_KEY: u8 = 0b1000;
/// Flag: the chain's lanes have learned this frame.
const FLAG_LEARNED: u8 = 0b1_0000;
/// Bytes of a header beside its tag and its two lengths.
const FIXED_LEN: usize = 8 + 4 + 4;

/// How a frame's payload is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FrameKind {
    /// Raw bytes.
    Stored,
    /// One zstd frame.
    Zstd,
    /// Field by field: pco, zstd, stored or constant, whichever is smallest for the column.
    Fields,
    /// Predicted bit by bit.
    Modelled,
    /// Tokens and offsets, by tables that the chain's frames share.
    Tokens,
    /// Stretches of one column, each by what is smallest for it.
    Segments,
    /// Tokens and offsets, tokens of some columns by probabilities that learn as they go.
    Adaptive,
    /// Lines of text as records of numbers and words.
    Text,
}

impl FrameKind {
    /// A word for listings.
    pub fn name(self) -> &'static str {
        match self {
            FrameKind::Stored => "stored",
            FrameKind::Zstd => "zstd",
            FrameKind::Fields => "fields",
            FrameKind::Modelled => "modelled",
            FrameKind::Tokens => "tokens",
            FrameKind::Segments => "segments",
            FrameKind::Adaptive => "adaptive",
            FrameKind::Text => "text",
        }
    }

    /// Whether it is made of tokens.
    pub(crate) fn has_tokens(self) -> bool {
        matches!(self, FrameKind::Tokens | FrameKind::Adaptive)
    }

    /// Its number in the format.
    pub(crate) fn bits(self) -> u8 {
        match self {
            FrameKind::Stored => 1,
            FrameKind::Zstd => 2,
            FrameKind::Fields => 3,
            FrameKind::Modelled => 4,
            FrameKind::Tokens => 5,
            FrameKind::Segments => 6,
            FrameKind::Adaptive => 7,
            FrameKind::Text => 8,
        }
    }

    /// The kind with this number.
    pub(crate) fn from_bits(bits: u8) -> Option<Self> {
        match bits {
            1 => Some(FrameKind::Stored),
            2 => Some(FrameKind::Zstd),
            3 => Some(FrameKind::Fields),
            4 => Some(FrameKind::Modelled),
            5 => Some(FrameKind::Tokens),
            6 => Some(FrameKind::Segments),
            7 => Some(FrameKind::Adaptive),
            8 => Some(FrameKind::Text),
            _ => None,
        }
    }
}

/// What stands before a frame's payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FrameHeader {
    /// How the payload is coded.
    pub kind: FrameKind,
    /// The frame's chain starts anew here: a place to seek to.
    pub key: bool,
    /// The chain's lanes have learned this frame, whatever its kind is.
    pub learned: bool,
    /// Bytes before compression.
    pub raw_len: usize,
    /// Bytes of the payload.
    pub coded_len: usize,
    /// XXH3-64 of the raw bytes, seeded with their offset in the stream.
    pub raw_hash: u64,
    /// CRC-32 of the payload.
    pub payload_crc: u32,
}

impl FrameHeader {
    /// A header for this payload.
    pub(crate) fn new(
        kind: FrameKind,
        (key, learned): (bool, bool),
        (raw_len, raw_hash): (usize, u64),
        payload: &[u8],
    ) -> Self {
        FrameHeader {
            kind,
            key,
            learned,
            raw_len,
            coded_len: payload.len(),
            raw_hash,
            payload_crc: crc(payload),
        }
    }

    /// Kind and flags as one byte.
    pub(super) fn tag(&self) -> u8 {
        let bits = self.kind.bits();
        bits & KIND_MASK
            | if bits > KIND_MASK { KIND_UPPER } else { 0 }
            | if self.key { FLAG_KEY } else { 0 }
            | if self.learned { FLAG_LEARNED } else { 0 }
    }

    /// Kind, key and learned from the byte that [`FrameHeader::tag`] made.
    pub(super) fn parse_tag(tag: u8) -> Result<(FrameKind, bool, bool)> {
        let upper = if tag & KIND_UPPER != 0 {
            KIND_MASK + 1
        } else {
            0
        };
        let kind = FrameKind::from_bits(tag & KIND_MASK | upper);
        let learned = tag & FLAG_LEARNED != 0;
        match kind {
            Some(kind)
                if tag & !(KIND_MASK | KIND_UPPER | FLAG_KEY | FLAG_LEARNED) == 0
                    && (learned || kind != FrameKind::Modelled) =>
            {
                Ok((kind, tag & FLAG_KEY != 0, learned))
            }
            _ => Err(Error::corrupt("kind of the frame")),
        }
    }

    /// Whether a frame of these lengths can be of this kind: whatever is not stored must be smaller
    /// than raw.
    pub(super) fn check_len(kind: FrameKind, raw_len: u64, coded_len: u64) -> Result<()> {
        let fits = match kind {
            FrameKind::Stored => coded_len == raw_len,
            _ => coded_len < raw_len,
        };
        if fits && raw_len > 0 {
            Ok(())
        } else {
            Err(Error::corrupt("lengths of the frame"))
        }
    }

    /// Bytes of the header of a frame with these lengths.
    pub(crate) fn len(raw_len: u64, coded_len: u64) -> usize {
        1 + varint_len(raw_len) + varint_len(coded_len) + FIXED_LEN
    }

    /// Appends the header's bytes.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.push(self.tag());
        put_varint(out, self.raw_len as u64);
        put_varint(out, self.coded_len as u64);
        out.extend_from_slice(&self.raw_hash.to_le_bytes());
        out.extend_from_slice(&self.payload_crc.to_le_bytes());
        let sum = crc(&out[start..]);
        out.extend_from_slice(&sum.to_le_bytes());
    }

    /// Reads a header from the front of `bytes`: the header and its length, `None` if bytes are
    /// missing. Frames of more than `frame_size` raw bytes are refused.
    pub(crate) fn parse(bytes: &[u8], frame_size: usize) -> Result<Option<(Self, usize)>> {
        let mut cursor = Cursor::new(bytes);
        let Some(tag) = cursor.byte() else {
            return Ok(None);
        };
        let (kind, key, learned) = Self::parse_tag(tag)?;
        let Some(raw_len) = cursor.varint()? else {
            return Ok(None);
        };
        let Some(coded_len) = cursor.varint()? else {
            return Ok(None);
        };
        let (Some(raw_hash), Some(payload_crc)) = (cursor.u64(), cursor.u32()) else {
            return Ok(None);
        };
        let end = cursor.position();
        let Some(sum) = cursor.u32() else {
            return Ok(None);
        };
        if sum != crc(&bytes[..end]) {
            return Err(Error::corrupt("checksum of the frame's header"));
        }
        Self::check_len(kind, raw_len, coded_len)?;
        if raw_len > frame_size as u64 {
            return Err(Error::corrupt("frame is larger than the stream's frames"));
        }
        let header = FrameHeader {
            kind,
            key,
            learned,
            raw_len: raw_len as usize,
            coded_len: coded_len as usize,
            raw_hash,
            payload_crc,
        };
        Ok(Some((header, cursor.position())))
    }

    /// Checks the payload that came after this header.
    pub(crate) fn check_payload(&self, payload: &[u8]) -> Result<()> {
        if crc(payload) != self.payload_crc {
            return Err(Error::corrupt("checksum of the frame's payload"));
        }
        Ok(())
    }
}
