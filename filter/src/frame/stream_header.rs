//! The stream header: what all frames of a stream share.

use super::checksum::crc;
use super::cursor::{Cursor, put_varint};
use super::layout_bytes::{put_layout, take_layout};
use super::{MAGIC, MAX_CHAINS, MAX_EMBEDDED, MAX_FRAME_SIZE, MAX_LANES, VERSION};
use crate::error::{Error, ErrorKind, Result};
use crate::id::ModelId;
use crate::{Layout, Level};

/// Most bytes of a header's body (2 MiB: a layout of the most fields with the longest names fits).
pub(crate) const MAX_HEADER_BODY: usize = 1 << 21;
/// Flag: the stream names a model by its hash.
const FLAG_MODEL: u8 = 1;
/// Flag: that model's file stands behind the header.
const FLAG_EMBEDDED: u8 = 2;
/// Flag: set in all streams, but not in those of version 1, some of which were marked as 2 before
/// it was given up.
const FLAG_FORMAT_2: u8 = 0x80;

/// What all frames of a stream share.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamHeader {
    /// Effort that the stream was compressed with.
    pub level: Level,
    /// What the bytes are.
    pub layout: Layout,
    /// Chains: frame `i` belongs to chain `i % chains`.
    pub chains: u32,
    /// Lanes of every frame that a model has seen.
    pub lane_n: u32,
    /// Most raw bytes of a frame.
    pub frame_size: usize,
    /// The model that the frames need.
    pub model: Option<ModelId>,
    /// Bytes of that model's file, which stands between the header and the first frame; `None` if
    /// it is elsewhere.
    pub embedded: Option<usize>,
}

impl StreamHeader {
    /// Appends the header's bytes.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let mut body = vec![self.level.get()];
        put_varint(&mut body, self.chains.into());
        put_varint(&mut body, self.lane_n.into());
        put_varint(&mut body, self.frame_size as u64);
        put_layout(&mut body, &self.layout);
        let mut flags = FLAG_FORMAT_2;
        if let Some(id) = &self.model {
            flags |= FLAG_MODEL;
            body.extend_from_slice(id.as_bytes());
            if let Some(len) = self.embedded {
                flags |= FLAG_EMBEDDED;
                put_varint(&mut body, len as u64);
            }
        }
        let start = out.len();
        out.extend_from_slice(&MAGIC);
        out.push(VERSION);
        out.push(flags);
        put_varint(out, body.len() as u64);
        out.extend_from_slice(&body);
        let sum = crc(&out[start..]);
        out.extend_from_slice(&sum.to_le_bytes());
    }

    /// Whether the embedded model's file, which is held up to three times while it is read, may be
    /// waited for.
    pub(crate) fn check_embedded(&self, limit: u64) -> Result<()> {
        match self.embedded.map_or(0, |len| 3 * len as u64) {
            needed if needed > limit => Err(ErrorKind::MemoryLimit { needed, limit }.into()),
            _ => Ok(()),
        }
    }

    /// Reads a header from the front of `bytes`: the header and its length, `None` if bytes are
    /// missing.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>> {
        let seen = bytes.len().min(MAGIC.len());
        if bytes[..seen] != MAGIC[..seen] {
            return Err(ErrorKind::NotCatena.into());
        }
        let mut cursor = Cursor::new(bytes);
        let Some((version, flags)) = cursor
            .take(MAGIC.len())
            .and_then(|_| cursor.byte())
            .and_then(|version| Some((version, cursor.byte()?)))
        else {
            return Ok(None);
        };
        if version > VERSION {
            return Err(ErrorKind::Version(version).into());
        }
        if version == 1 || (version == VERSION && flags & FLAG_FORMAT_2 == 0) {
            return Err(ErrorKind::Version(1).into());
        }
        let model = flags & FLAG_MODEL != 0 || flags & FLAG_EMBEDDED == 0;
        if version == 0 || !model || flags & !(FLAG_FORMAT_2 | FLAG_MODEL | FLAG_EMBEDDED) != 0 {
            return Err(Error::corrupt("version or flags of the stream header"));
        }
        let Some(body_len) = cursor.varint()? else {
            return Ok(None);
        };
        if body_len > MAX_HEADER_BODY as u64 {
            return Err(Error::corrupt("length of the stream header"));
        }
        let Some(body) = cursor.take(body_len as usize) else {
            return Ok(None);
        };
        let end = cursor.position();
        let Some(sum) = cursor.u32() else {
            return Ok(None);
        };
        if sum != crc(&bytes[..end]) {
            return Err(Error::corrupt("checksum of the stream header"));
        }
        let header = Self::parse_body(body, flags)?
            .ok_or_else(|| Error::corrupt("stream header is too short"))?;
        Ok(Some((header, cursor.position())))
    }

    fn parse_body(body: &[u8], flags: u8) -> Result<Option<Self>> {
        let mut cursor = Cursor::new(body);
        let (Some(level), Some(chains), Some(lane_n), Some(frame_size)) = (
            cursor.byte(),
            cursor.varint()?,
            cursor.varint()?,
            cursor.varint()?,
        ) else {
            return Ok(None);
        };
        let level = Level::new(level).ok_or_else(|| Error::corrupt("level"))?;
        if chains == 0 || chains > u64::from(MAX_CHAINS) {
            return Err(Error::corrupt("number of chains"));
        }
        if lane_n == 0 || lane_n > u64::from(MAX_LANES) {
            return Err(Error::corrupt("number of lanes"));
        }
        if frame_size == 0 || frame_size > MAX_FRAME_SIZE as u64 {
            return Err(Error::corrupt("frame size"));
        }
        let Some(layout) = take_layout(&mut cursor)? else {
            return Ok(None);
        };
        let (mut model, mut embedded) = (None, None);
        if flags & FLAG_MODEL != 0 {
            let Some(id) = cursor.array() else {
                return Ok(None);
            };
            model = Some(ModelId::new(id));
            if !level.uses_model() {
                return Err(Error::corrupt("a model at a level that uses none"));
            }
        }
        if flags & FLAG_EMBEDDED != 0 {
            let Some(len) = cursor.varint()? else {
                return Ok(None);
            };
            if len == 0 || len > MAX_EMBEDDED as u64 {
                return Err(Error::corrupt("length of the embedded model"));
            }
            embedded = Some(len as usize);
        }
        if !cursor.rest().is_empty() {
            return Err(Error::corrupt("stream header is too long"));
        }
        Ok(Some(StreamHeader {
            level,
            layout,
            chains: chains as u32,
            lane_n: lane_n as u32,
            frame_size: frame_size as usize,
            model,
            embedded,
        }))
    }
}
