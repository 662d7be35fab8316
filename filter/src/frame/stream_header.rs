//! The stream header: what all frames of a stream share.

use super::checksum::crc;
use super::cursor::{Cursor, put_varint};
use super::layout_bytes::{put_layout, take_layout};
use super::short::ShortHead;
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
/// Flag: the stream is a short one.
const FLAG_SHORT: u8 = 4;
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
    /// The stream has one frame at most, and no index.
    pub short: bool,
}

/// How a stream begins.
pub(crate) enum Start {
    /// With a header of this length.
    Long(StreamHeader, usize),
    Short(ShortHead),
}

impl Start {
    /// Reads the beginning of a stream from the front of `bytes`; `None` if bytes are missing.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<Self>> {
        let mut cursor = Cursor::new(bytes);
        let Some(flags) = take_start(&mut cursor)? else {
            return Ok(None);
        };
        if flags & FLAG_SHORT != 0 {
            return Ok(ShortHead::parse(&mut cursor, flags)?.map(Start::Short));
        }
        let header = StreamHeader::parse(bytes, &mut cursor, flags)?;
        Ok(header.map(|header| Start::Long(header, cursor.position())))
    }
}

/// Appends magic, version and flags.
pub(super) fn put_start(short: bool, header: &StreamHeader, out: &mut Vec<u8>) {
    let mut flags = FLAG_FORMAT_2;
    for (flag, is_set) in [
        (FLAG_MODEL, header.model.is_some()),
        (FLAG_EMBEDDED, header.embedded.is_some()),
        (FLAG_SHORT, short),
    ] {
        flags |= if is_set { flag } else { 0 };
    }
    out.extend_from_slice(&MAGIC);
    out.push(VERSION);
    out.push(flags);
}

/// Reads them; the flags.
fn take_start(cursor: &mut Cursor<'_>) -> Result<Option<u8>> {
    let bytes = cursor.rest();
    let seen = bytes.len().min(MAGIC.len());
    if bytes[..seen] != MAGIC[..seen] {
        return Err(ErrorKind::NotCatena.into());
    }
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
    // A file is embedded of a model that is named, and not in a short stream.
    let embeds = flags & (FLAG_MODEL | FLAG_SHORT) == FLAG_MODEL || flags & FLAG_EMBEDDED == 0;
    let known = FLAG_FORMAT_2 | FLAG_MODEL | FLAG_EMBEDDED | FLAG_SHORT;
    if version == 0 || !embeds || flags & !known != 0 {
        return Err(Error::corrupt("version or flags of the stream header"));
    }
    Ok(Some(flags))
}

/// Reads the name of the model, if the flags say that there is one; `None` if bytes are missing.
pub(super) fn take_model(
    cursor: &mut Cursor<'_>,
    flags: u8,
    level: Level,
) -> Result<Option<Option<ModelId>>> {
    if flags & FLAG_MODEL == 0 {
        return Ok(Some(None));
    }
    if !level.uses_model() {
        return Err(Error::corrupt("a model at a level that uses none"));
    }
    Ok(cursor.array().map(|id| Some(ModelId::new(id))))
}

impl StreamHeader {
    /// Appends the header's bytes.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let mut body = vec![self.level.get()];
        put_varint(&mut body, self.chains.into());
        put_varint(&mut body, self.lane_n.into());
        put_varint(&mut body, self.frame_size as u64);
        put_layout(&mut body, &self.layout);
        if let Some(id) = &self.model {
            body.extend_from_slice(id.as_bytes());
        }
        if let Some(len) = self.embedded {
            put_varint(&mut body, len as u64);
        }
        let start = out.len();
        put_start(false, self, out);
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

    /// Reads what is left of the header at the front of `bytes`, behind the flags; `None` if bytes
    /// are missing.
    fn parse(bytes: &[u8], cursor: &mut Cursor<'_>, flags: u8) -> Result<Option<Self>> {
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
        Ok(Some(header))
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
        let Some(model) = take_model(&mut cursor, flags, level)? else {
            return Ok(None);
        };
        let mut embedded = None;
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
            short: false,
        }))
    }
}
