//! The stream header: what all frames of a stream share.

use super::checksum::crc;
use super::cursor::{Cursor, put_varint};
use super::{MAGIC, MAX_CHAINS, MAX_FRAME_SIZE, MAX_LANES, VERSION};
use crate::error::{Error, ErrorKind, Result};
use crate::{Layout, Level};

/// Most bytes of a header's body (2 MiB: a layout of the most fields with the longest names fits).
pub(crate) const MAX_HEADER_BODY: usize = 1 << 21;
/// Flag: the stream names a model by its hash.
const FLAG_MODEL: u8 = 1;

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
    /// Hash of the model that the frames need.
    pub model: Option<[u8; 32]>,
}

impl StreamHeader {
    /// Appends the header's bytes.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let mut body = vec![self.level.get()];
        put_varint(&mut body, self.chains.into());
        put_varint(&mut body, self.lane_n.into());
        put_varint(&mut body, self.frame_size as u64);
        let dtype = self.layout.dtype();
        put_varint(&mut body, dtype.len() as u64);
        body.extend_from_slice(dtype.as_bytes());
        put_varint(&mut body, self.layout.shape().len() as u64);
        for &dim in self.layout.shape() {
            put_varint(&mut body, dim);
        }
        if let Some(hash) = &self.model {
            body.extend_from_slice(hash);
        }
        let start = out.len();
        out.extend_from_slice(&MAGIC);
        out.push(VERSION);
        out.push(if self.model.is_some() { FLAG_MODEL } else { 0 });
        put_varint(out, body.len() as u64);
        out.extend_from_slice(&body);
        let sum = crc(&out[start..]);
        out.extend_from_slice(&sum.to_le_bytes());
    }

    /// Reads a header from the front of `bytes`: the header and its length, `None` if bytes are missing.
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
        if version == 0 || flags & !FLAG_MODEL != 0 {
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
        let (Some(level), Some(chains), Some(lane_n), Some(frame_size), Some(dtype_len)) = (
            cursor.byte(),
            cursor.varint()?,
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
        let Some(dtype) = cursor.take(usize::try_from(dtype_len).unwrap_or(usize::MAX)) else {
            return Ok(None);
        };
        let dtype = std::str::from_utf8(dtype).map_err(|_| Error::corrupt("layout"))?;
        let layout = Layout::parse(dtype).map_err(|_| Error::corrupt("layout"))?;
        if layout.dtype() != dtype {
            return Err(Error::corrupt("layout is not in its canonical form"));
        }
        let Some(rank) = cursor.varint()? else {
            return Ok(None);
        };
        let mut shape = Vec::new();
        for _ in 0..rank {
            let Some(dim) = cursor.varint()? else {
                return Ok(None);
            };
            shape.push(dim);
        }
        let layout = layout
            .with_shape(&shape)
            .map_err(|_| Error::corrupt("shape"))?;
        let model = if flags & FLAG_MODEL != 0 {
            let Some(hash) = cursor.array() else {
                return Ok(None);
            };
            Some(hash)
        } else {
            None
        };
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
        }))
    }
}
