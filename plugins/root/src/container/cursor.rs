//! Reading a structure from bytes in memory: big-endian for everything of ROOT's own, little-endian
//! for RNTuple's envelopes. No read goes beyond the end, none panics.

use crate::error::{Error, Result};

/// Set in a byte count, so that it cannot be taken for a version.
const BYTE_COUNT: u32 = 0x4000_0000;
/// Set in a TObject's bits if another object refers to it: the number of its process follows them.
pub(crate) const REFERENCED: u32 = 1 << 4;

/// A place in some bytes.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    data: &'a [u8],
    pos: usize,
}

/// What stands before a streamed object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    /// Version of the class, with the member-wise bit of collections.
    pub version: u16,
    /// Position after the object's last byte, where the length was written.
    pub end: Option<usize>,
}

macro_rules! numbers {
    ($($name:ident $le:ident $type:ty;)*) => {$(
        #[allow(dead_code)]
        pub fn $name(&mut self) -> Result<$type> {
            self.array().map(<$type>::from_be_bytes)
        }
        #[allow(dead_code)]
        pub fn $le(&mut self) -> Result<$type> {
            self.array().map(<$type>::from_le_bytes)
        }
    )*};
}

impl<'a> Cursor<'a> {
    pub fn new(data: &'a [u8]) -> Self {
        Cursor { data, pos: 0 }
    }

    /// A cursor that ends where the next `len` bytes end; this one goes on after them.
    pub fn part(&mut self, len: usize) -> Result<Cursor<'a>> {
        self.bytes(len).map(Cursor::new)
    }

    pub fn position(&self) -> usize {
        self.pos
    }

    pub fn remaining(&self) -> usize {
        self.data.len().saturating_sub(self.pos)
    }

    pub fn is_at_end(&self) -> bool {
        self.remaining() == 0
    }

    /// Goes to a position from the beginning, forwards only: streamed objects never point back.
    pub fn advance_to(&mut self, pos: usize) -> Result<()> {
        if pos < self.pos || pos > self.data.len() {
            return Err(Error::corrupt("a length that does not fit what it counts"));
        }
        self.pos = pos;
        Ok(())
    }

    pub fn bytes(&mut self, len: usize) -> Result<&'a [u8]> {
        let end = self.pos.checked_add(len).ok_or_else(Error::truncated)?;
        let bytes = self.data.get(self.pos..end).ok_or_else(Error::truncated)?;
        self.pos = end;
        Ok(bytes)
    }

    pub fn skip(&mut self, len: usize) -> Result<()> {
        self.bytes(len).map(drop)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let bytes = self.bytes(N)?;
        bytes.try_into().map_err(|_| Error::truncated())
    }

    numbers! {
        u8 u8_le u8; i8 i8_le i8; u16 u16_le u16; i16 i16_le i16; u32 u32_le u32; i32 i32_le i32;
        u64 u64_le u64; i64 i64_le i64; f32 f32_le f32; f64 f64_le f64;
    }

    /// A file position: 4 bytes in small files, 8 in large ones.
    pub fn seek_position(&mut self, large: bool) -> Result<u64> {
        if large {
            self.u64()
        } else {
            self.u32().map(u64::from)
        }
    }

    /// The bytes of a string as ROOT streams it: a length of one byte, or 255 and one of four.
    pub fn text(&mut self) -> Result<&'a [u8]> {
        let len = match self.u8()? {
            255 => self.u32()? as usize,
            short => usize::from(short),
        };
        self.bytes(len)
    }

    /// The same, as a `String`. Bytes that are no UTF-8 are replaced: names of old files may be in
    /// any encoding.
    pub fn string(&mut self) -> Result<String> {
        Ok(String::from_utf8_lossy(self.text()?).into_owned())
    }

    /// A class name that ends with a zero byte.
    pub fn c_string(&mut self) -> Result<String> {
        let rest = self.data.get(self.pos..).unwrap_or_default();
        let len = rest.iter().position(|&b| b == 0);
        let bytes = self.bytes(len.ok_or_else(Error::truncated)?)?;
        self.skip(1)?;
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }

    /// A byte count, if there is one, and the version of a class.
    pub fn header(&mut self) -> Result<Header> {
        let mut ahead = self.clone();
        let count = ahead.u32().unwrap_or(0);
        if count & BYTE_COUNT == 0 {
            return Ok(Header {
                version: self.u16()?,
                end: None,
            });
        }
        let len = (count & !BYTE_COUNT) as usize;
        let end = ahead.pos.checked_add(len);
        let end = end.filter(|&end| len >= 2 && end <= self.data.len());
        let end = end.ok_or_else(|| Error::corrupt("an object longer than what holds it"))?;
        *self = ahead;
        Ok(Header {
            version: self.u16()?,
            end: Some(end),
        })
    }

    /// The header of an instance of a class. Classes without a version are followed by their
    /// checksum instead, which is returned.
    pub fn class_header(&mut self) -> Result<(Header, Option<u32>)> {
        let header = self.header()?;
        let foreign = header.end.is_some_and(|end| end >= self.pos + 4);
        let checksum = if (header.version as i16) <= 0 && foreign {
            Some(self.u32()?)
        } else {
            None
        };
        Ok((header, checksum))
    }

    /// Skips an object whose length is written before it.
    pub fn skip_object(&mut self) -> Result<()> {
        match self.header()?.end {
            Some(end) => self.advance_to(end),
            None => Err(Error::corrupt("an object of unknown length")),
        }
    }

    /// The part of every object that inherits from TObject: version, id, bits, and sometimes a
    /// process number.
    pub fn skip_tobject(&mut self) -> Result<()> {
        self.tobject().map(drop)
    }

    /// The same: its id and bits.
    pub fn tobject(&mut self) -> Result<(u32, u32)> {
        self.header()?;
        let (id, bits) = (self.u32()?, self.u32()?);
        if bits & REFERENCED != 0 {
            self.skip(2)?;
        }
        Ok((id, bits))
    }

    /// A TNamed: its name and its title.
    pub fn named(&mut self) -> Result<(String, String)> {
        let header = self.header()?;
        self.skip_tobject()?;
        let names = (self.string()?, self.string()?);
        if let Some(end) = header.end {
            self.advance_to(end)?;
        }
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_have_short_and_long_lengths() {
        let mut long = vec![255, 0, 0, 1, 44];
        long.extend([b'x'; 300]);
        assert_eq!(Cursor::new(&long).string().unwrap().len(), 300);
        assert_eq!(Cursor::new(b"\x02pt").string().unwrap(), "pt");
        assert!(Cursor::new(b"\x03pt").string().is_err());
        assert!(Cursor::new(&long[..200]).string().is_err());
        assert_eq!(Cursor::new(b"TBranch\0x").c_string().unwrap(), "TBranch");
        assert!(Cursor::new(b"TBranch").c_string().is_err());
    }

    #[test]
    fn a_header_that_claims_too_much_is_an_error() {
        assert!(Cursor::new(&[0x40, 0, 0, 9, 0, 1]).header().is_err());
        assert!(Cursor::new(&[0x40, 0, 0, 1, 0, 1]).header().is_err());
        let header = Cursor::new(&[0x40, 0, 0, 2, 0, 7]).header().unwrap();
        assert_eq!((header.version, header.end), (7, Some(6)));
        let header = Cursor::new(&[0, 3]).header().unwrap();
        assert_eq!((header.version, header.end), (3, None));
    }
}
