//! Structures in memory: numbers of either byte order, varints, texts. No read goes beyond the end,
//! none panics.

use crate::error::{Error, Result};

/// A position in some bytes.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    rest: &'a [u8],
}

macro_rules! numbers {
    ($($le:ident $be:ident $type:ty;)*) => {$(
        #[doc = concat!("A little-endian `", stringify!($type), "`.")]
        ///
        /// # Errors
        /// `Truncated`.
        pub fn $le(&mut self) -> Result<$type> {
            self.array().map(<$type>::from_le_bytes)
        }

        #[doc = concat!("A big-endian `", stringify!($type), "`.")]
        ///
        /// # Errors
        /// `Truncated`.
        pub fn $be(&mut self) -> Result<$type> {
            self.array().map(<$type>::from_be_bytes)
        }
    )*};
}

impl<'a> Cursor<'a> {
    /// At the beginning of these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Cursor { rest: bytes }
    }

    /// Bytes that are left.
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Whether nothing is left.
    pub fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `n` bytes.
    ///
    /// # Errors
    /// `Truncated`.
    pub fn bytes(&mut self, n: usize) -> Result<&'a [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(n).ok_or(Error::Truncated)?;
        self.rest = rest;
        Ok(bytes)
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// `Truncated`.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(Error::Truncated)?;
        self.rest = rest;
        Ok(*bytes)
    }

    /// A byte.
    ///
    /// # Errors
    /// `Truncated`.
    pub fn u8(&mut self) -> Result<u8> {
        self.array().map(|[byte]| byte)
    }

    numbers! {
        u16_le u16_be u16;
        i16_le i16_be i16;
        u32_le u32_be u32;
        u64_le u64_be u64;
        f64_le f64_be f64;
    }

    /// A varint in as few bytes as it needs.
    ///
    /// # Errors
    /// `Truncated`; `Corrupt`: more bytes than it needs, or more than 64 bits.
    pub fn varint(&mut self) -> Result<u64> {
        let mut n = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7F);
            if bits << shift >> shift != bits || (byte == 0 && shift > 0) {
                break;
            }
            n |= bits << shift;
            if byte < 0x80 {
                return Ok(n);
            }
        }
        Err(Error::Corrupt("a number that is no varint"))
    }

    /// A varint that is a size in memory.
    ///
    /// # Errors
    /// As [`Cursor::varint`]; `Corrupt`: beyond all memory.
    pub fn size(&mut self) -> Result<usize> {
        usize::try_from(self.varint()?).map_err(|_| Error::Corrupt("a size beyond all memory"))
    }

    /// A varint that counts things of which each takes at least so many (1 or more) of the bytes
    /// left.
    ///
    /// # Errors
    /// As [`Cursor::size`]; `Truncated`: they cannot all be there.
    pub fn count(&mut self, each: usize) -> Result<usize> {
        let n = self.size()?;
        match n.checked_mul(each) {
            Some(bytes) if bytes <= self.remaining() => Ok(n),
            _ => Err(Error::Truncated),
        }
    }

    /// A length and so many bytes: what [`crate::put_bytes`] wrote.
    ///
    /// # Errors
    /// As [`Cursor::size`].
    pub fn sized(&mut self) -> Result<&'a [u8]> {
        let n = self.size()?;
        self.bytes(n)
    }

    /// The same, as text.
    ///
    /// # Errors
    /// As [`Cursor::sized`]; `Corrupt`: no UTF-8.
    pub fn text(&mut self) -> Result<&'a str> {
        std::str::from_utf8(self.sized()?).map_err(|_| Error::Corrupt("a text that is no UTF-8"))
    }

    /// Nothing may be left.
    ///
    /// # Errors
    /// `Corrupt`: something is.
    pub fn end(&self) -> Result<()> {
        match self.rest {
            [] => Ok(()),
            _ => Err(Error::Corrupt("bytes after the end of a structure")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::varint::{put_varint, unzigzag, zigzag};

    #[test]
    fn varints_come_back_and_long_ones_are_refused() {
        for n in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, n);
            assert_eq!(Cursor::new(&bytes).varint().unwrap(), n);
            assert_eq!(zigzag(unzigzag(n)), n);
            // The same number in a byte more.
            if let Some(last) = bytes.last_mut() {
                *last |= 0x80;
            }
            bytes.push(0);
            assert!(Cursor::new(&bytes).varint().is_err());
        }
        assert!(Cursor::new(&[0x80, 0]).varint().is_err());
        assert!(Cursor::new(&[0xFF; 11]).varint().is_err());
    }

    #[test]
    fn what_is_not_there_is_not_given() {
        assert!(Cursor::new(&[200, 1, 5]).sized().is_err());
        assert!(Cursor::new(&[3, 5, 5]).count(1).is_err());
        assert!(Cursor::new(&[2, 5, 5]).count(1).is_ok());
        assert!(Cursor::new(&[2, 5, 5]).count(2).is_err());
        assert!(Cursor::new(&[1]).u16_be().is_err());
        assert!(Cursor::new(&[1]).end().is_err());
        assert_eq!(Cursor::new(&[1, 2]).u16_be().unwrap(), 0x0102);
        assert_eq!(Cursor::new(&[1, 2]).u16_le().unwrap(), 0x0201);
    }
}
