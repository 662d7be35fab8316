//! A basket: the values of some consecutive entries of one branch, as bytes, with the entries'
//! borders where these are not all of one length.
//!
//! Baskets that were never flushed lie in the tree's own record ("embedded"), in an order of their
//! own. Source of the facts: ROOT's documentation of the file format (TBasket).

use super::cursor::Cursor;
use super::key::Key;
use super::source::Source;
use crate::error::{Error, Result};

/// Added to a basket's flag where the borders are to be computed from the counter, not stored.
const GENERATED: u8 = 80;

/// The bytes of some entries.
#[derive(Debug, Default)]
pub(crate) struct Basket {
    data: Vec<u8>,
    /// Bytes of all entries.
    len: usize,
    /// Where entry `i` begins; `entries + 1` of them. `None` where all have the same length.
    offsets: Option<Vec<u32>>,
    pub entries: usize,
}

/// The numbers that follow a basket's key.
struct Numbers {
    entry_len: u32,
    entries: usize,
    last: usize,
    flag: u8,
}

impl Numbers {
    fn parse(cursor: &mut Cursor<'_>) -> Result<Self> {
        cursor.u16()?;
        cursor.skip(4)?;
        // A negative length says that a byte of I/O features follows.
        let entry_len = cursor.i32()?;
        if entry_len < 0 {
            cursor.skip(1)?;
        }
        let entries = cursor.u32()? as usize;
        let last = cursor.u32()? as usize;
        Ok(Numbers {
            entry_len: entry_len.unsigned_abs(),
            entries,
            last,
            flag: cursor.u8()?,
        })
    }

    /// Bytes of the entries: what `last` counts has the key before it.
    fn data_len(&self, key_len: u64) -> Result<usize> {
        let key_len = usize::try_from(key_len).map_err(|_| Error::truncated())?;
        let len = self.last.checked_sub(key_len);
        len.ok_or_else(|| Error::corrupt("a basket that ends before its data"))
    }
}

impl Basket {
    /// The basket at this place of the file.
    pub fn read(source: &Source, position: u64, bytes: u64) -> Result<Self> {
        let bad = |e: Error| e.at(position);
        let record = source.read(position, bytes)?;
        let mut cursor = Cursor::new(&record);
        let key = Key::parse(&mut cursor).map_err(bad)?;
        let numbers = Numbers::parse(&mut cursor).map_err(bad)?;
        if key.bytes != bytes {
            return Err(bad(Error::corrupt(
                "a basket of another length than its branch says",
            )));
        }
        let raw = key.unpack(source, record).map_err(bad)?;
        Basket::from_raw(raw, &numbers, key.key_len).map_err(bad)
    }

    fn from_raw(raw: Vec<u8>, numbers: &Numbers, key_len: u64) -> Result<Self> {
        let len = numbers.data_len(key_len)?;
        let rest = raw.get(len..).ok_or_else(Error::truncated)?;
        let offsets = if rest.is_empty() {
            None
        } else {
            let mut cursor = Cursor::new(rest);
            cursor.skip(4)?;
            Some(borders(&mut cursor, numbers.entries, key_len, len)?)
        };
        let generated = numbers.flag >= GENERATED && offsets.is_none();
        if generated
            && numbers.entries > 0
            && len > 0
            && numbers.entry_len as usize * numbers.entries != len
        {
            return Err(Error::unsupported(
                "entry offsets are left out (TIOFeatures kGenerateOffsetMap)",
            ));
        }
        Ok(Basket {
            data: raw,
            len,
            offsets,
            entries: numbers.entries,
        })
    }

    /// A basket in the record of its tree.
    pub fn embedded(cursor: &mut Cursor<'_>) -> Result<Self> {
        let key = Key::parse(cursor)?;
        let numbers = Numbers::parse(cursor)?;
        let len = numbers.data_len(key.key_len)?;
        let flag = numbers.flag % GENERATED;
        let mut offsets = None;
        let stored = numbers.flag < GENERATED && flag != 0 && flag % 10 != 2;
        if stored && numbers.entries > 0 {
            let n = cursor.u32()?;
            let mut ahead = cursor.part((n as usize).saturating_mul(4))?;
            offsets = Some(borders(&mut ahead, numbers.entries, key.key_len, len)?);
            if flag > 40 {
                let n = cursor.u32()? as usize;
                cursor.skip(n.saturating_mul(4))?;
            }
        }
        // Without its bytes it is the header of a basket that lies elsewhere.
        if flag != 1 && flag <= 10 {
            return Ok(Basket::default());
        }
        // The key once more, and then the entries.
        cursor.skip(usize::try_from(key.key_len).map_err(|_| Error::truncated())?)?;
        Ok(Basket {
            data: cursor.bytes(len)?.into(),
            len,
            offsets,
            entries: numbers.entries,
        })
    }

    /// The bytes of all entries.
    pub fn data(&self) -> &[u8] {
        self.data.get(..self.len).unwrap_or_default()
    }

    /// Where the entries begin and end, if it is stored.
    pub fn offsets(&self) -> Option<&[u32]> {
        self.offsets.as_deref()
    }

    /// Where an entry begins and ends.
    pub fn entry(&self, i: usize) -> Result<&[u8]> {
        let (start, end) = match &self.offsets {
            Some(offsets) => match offsets.get(i..i.saturating_add(2)) {
                Some([start, end]) => (*start as usize, *end as usize),
                _ => return Err(Error::truncated()),
            },
            None => {
                let size = self.len.checked_div(self.entries).unwrap_or(0);
                (
                    i.saturating_mul(size),
                    (i.saturating_add(1)).saturating_mul(size),
                )
            }
        };
        self.data().get(start..end).ok_or_else(Error::truncated)
    }
}

/// The borders of entries, which count the key's bytes. The last one is not stored as such: it is
/// the end of the data.
fn borders(cursor: &mut Cursor<'_>, entries: usize, key_len: u64, len: usize) -> Result<Vec<u32>> {
    let key_len = u32::try_from(key_len).map_err(|_| Error::truncated())?;
    if cursor.remaining() / 4 < entries {
        return Err(Error::corrupt("fewer borders than entries"));
    }
    let mut offsets = Vec::with_capacity(entries + 1);
    let mut last = 0;
    for _ in 0..entries {
        let offset = cursor.u32()?.checked_sub(key_len);
        let offset = offset.filter(|&o| o >= last && o as usize <= len);
        last = offset.ok_or_else(|| Error::corrupt("borders of entries out of order"))?;
        offsets.push(last);
    }
    offsets.push(u32::try_from(len).map_err(|_| Error::truncated())?);
    Ok(offsets)
}
