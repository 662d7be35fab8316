//! Envelopes, frames and locators: how an RNTuple's metadata are framed. Little-endian.

use crate::container::compress::decompress;
use crate::container::cursor::Cursor;
use crate::container::source::Source;
use crate::error::{Error, Result};

pub(crate) const HEADER: u16 = 1;
pub(crate) const FOOTER: u16 = 2;
pub(crate) const PAGE_LIST: u16 = 3;

/// A byte range of the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Locator {
    pub position: u64,
    pub bytes: u64,
}

impl Locator {
    pub fn parse(cursor: &mut Cursor<'_>) -> Result<Self> {
        const LARGE: u32 = 1;
        let size = cursor.i32_le()?;
        if let Ok(bytes) = u64::try_from(size) {
            return Ok(Locator {
                bytes,
                position: cursor.u64_le()?,
            });
        }
        let size = size as u32;
        let mut payload = cursor.part(((size & 0xFFFF) as usize).saturating_sub(4))?;
        // The type is the last byte without its sign.
        if size >> 24 & 0x7F != LARGE {
            return Err(Error::unsupported("pages that do not lie in the file"));
        }
        Ok(Locator {
            bytes: payload.u64_le()?,
            position: payload.u64_le()?,
        })
    }
}

/// Where an envelope lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    pub raw_bytes: u64,
    pub place: Locator,
}

/// What is in an envelope.
pub(crate) struct Envelope {
    pub payload: Vec<u8>,
    pub checksum: u64,
}

impl Link {
    pub fn parse(cursor: &mut Cursor<'_>) -> Result<Self> {
        Ok(Link {
            raw_bytes: cursor.u64_le()?,
            place: Locator::parse(cursor)?,
        })
    }

    /// The payload of an envelope of this kind.
    pub fn read(&self, source: &Source, kind: u16) -> Result<Envelope> {
        let at = |e: Error| e.at(self.place.position);
        let stored = source.read(self.place.position, self.place.bytes)?;
        let raw = if self.raw_bytes == self.place.bytes {
            stored
        } else {
            source.affordable(self.raw_bytes).map_err(at)?;
            let raw_len = usize::try_from(self.raw_bytes).map_err(|_| at(Error::truncated()))?;
            decompress(&stored, raw_len).map_err(at)?
        };
        open(raw, kind).map_err(at)
    }
}

fn open(raw: Vec<u8>, kind: u16) -> Result<Envelope> {
    let Some((content, sum)) = raw.split_last_chunk::<8>() else {
        return Err(Error::truncated());
    };
    let checksum = u64::from_le_bytes(*sum);
    if checksum != xxhash_rust::xxh3::xxh3_64(content) {
        return Err(Error::corrupt("the checksum of an envelope does not match"));
    }
    let mut cursor = Cursor::new(content);
    let first = cursor.u64_le()?;
    if first as u16 != kind || first >> 16 != raw.len() as u64 {
        return Err(Error::corrupt("an envelope of another kind or length"));
    }
    let payload = cursor.bytes(cursor.remaining())?.to_vec();
    Ok(Envelope { payload, checksum })
}

/// The content of a record frame.
pub(crate) fn record<'a>(cursor: &mut Cursor<'a>) -> Result<Cursor<'a>> {
    let size = cursor.i64_le()?;
    let size = usize::try_from(size).map_err(|_| Error::corrupt("a list instead of a record"))?;
    cursor.part(size.checked_sub(8).ok_or_else(Error::truncated)?)
}

/// The number of items and the content of a list frame.
pub(crate) fn list<'a>(cursor: &mut Cursor<'a>) -> Result<(u32, Cursor<'a>)> {
    let size = cursor.i64_le()?;
    if size >= 0 {
        return Err(Error::corrupt("a record instead of a list"));
    }
    let size = usize::try_from(size.unsigned_abs()).map_err(|_| Error::truncated())?;
    let mut part = cursor.part(size.checked_sub(8).ok_or_else(Error::truncated)?)?;
    Ok((part.u32_le()?, part))
}

/// A string of the metadata.
pub(crate) fn string(cursor: &mut Cursor<'_>) -> Result<String> {
    let len = cursor.u32_le()? as usize;
    Ok(String::from_utf8_lossy(cursor.bytes(len)?).into_owned())
}

/// Fails where a feature is used that this reader does not know: there is none yet.
pub(crate) fn feature_flags(cursor: &mut Cursor<'_>) -> Result<()> {
    let mut flags = cursor.i64_le()?;
    if flags == 0 {
        return Ok(());
    }
    while flags < 0 {
        flags = cursor.i64_le()?;
    }
    Err(Error::unsupported(
        "an RNTuple with features of a later version",
    ))
}
