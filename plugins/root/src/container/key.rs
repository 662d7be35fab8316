//! A TKey: what lies where in the file, and the header that stands before every object's bytes.

use super::compress::decompress;
use super::cursor::Cursor;
use super::source::Source;
use crate::error::{Error, Result};

/// Keys of version 1001 and above have positions of 8 bytes.
const LARGE: u16 = 1000;
/// More than any name and title that a program writes; what is longer is read again in full.
const FIRST_READ: u64 = 512;

/// Where an object lies and what it is.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    /// Bytes on disk, this header included.
    pub bytes: u64,
    /// Bytes of the object once it is decompressed.
    pub object_len: u64,
    /// Bytes of this header.
    pub key_len: u64,
    /// The number of times that this name was written.
    pub cycle: u16,
    /// Where the header begins.
    pub position: u64,
    pub class: String,
    pub name: String,
}

impl Key {
    /// A key as it stands in a list of keys, or before its object.
    pub fn parse(cursor: &mut Cursor<'_>) -> Result<Self> {
        let bytes = cursor.i32()?;
        let version = cursor.u16()?;
        let object_len = cursor.u32()?;
        cursor.skip(4)?;
        let key_len = cursor.u16()?;
        let cycle = cursor.u16()?;
        let position = cursor.seek_position(version > LARGE)?;
        cursor.seek_position(version > LARGE)?;
        let bytes = u64::try_from(bytes).map_err(|_| Error::corrupt("a deleted key"))?;
        let key = Key {
            bytes,
            object_len: object_len.into(),
            key_len: key_len.into(),
            cycle,
            position,
            class: cursor.string()?,
            name: cursor.string()?,
        };
        // The title.
        cursor.text()?;
        Ok(key)
    }

    /// The key that stands at this place of the file.
    pub fn read_at(source: &Source, position: u64) -> Result<Self> {
        let parse = |len| -> Result<Key> {
            let bytes = source.read_up_to(position, len)?;
            Key::parse(&mut Cursor::new(&bytes))
        };
        let key = parse(FIRST_READ).or_else(|_| parse(u64::from(u16::MAX)));
        key.map_err(|e| e.at(position))
    }

    /// The object's raw bytes.
    pub fn object(&self, source: &Source) -> Result<Vec<u8>> {
        let record = source.read(self.position, self.bytes)?;
        let raw = self.unpack(source, record);
        raw.map_err(|e| e.at(self.position))
    }

    /// The raw bytes of the object whose record (with the key) this is.
    pub fn unpack(&self, source: &Source, mut record: Vec<u8>) -> Result<Vec<u8>> {
        let key_len = usize::try_from(self.key_len).map_err(|_| Error::truncated())?;
        let stored = record.get(key_len..).ok_or_else(Error::truncated)?;
        if stored.len() as u64 == self.object_len {
            record.drain(..key_len);
            return Ok(record);
        }
        source.affordable(self.object_len)?;
        let raw_len = usize::try_from(self.object_len).map_err(|_| Error::truncated())?;
        decompress(stored, raw_len)
    }
}
