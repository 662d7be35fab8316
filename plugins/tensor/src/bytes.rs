//! Structures in memory: little-endian numbers, and varints as in all of Catena's formats. No read goes beyond the end, none panics.

use crate::error::{Error, Result};

/// Appends a varint.
pub(crate) fn put_varint(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// Appends a length and the bytes.
pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// A place in some bytes.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    left: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Cursor { left: bytes }
    }

    pub fn left(&self) -> usize {
        self.left.len()
    }

    pub fn bytes(&mut self, n: usize) -> Result<&'a [u8]> {
        let (bytes, left) = self.left.split_at_checked(n).ok_or_else(Error::truncated)?;
        self.left = left;
        Ok(bytes)
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (bytes, left) = self.left.split_first_chunk().ok_or_else(Error::truncated)?;
        self.left = left;
        Ok(*bytes)
    }

    pub fn u8(&mut self) -> Result<u8> {
        self.array().map(|[byte]| byte)
    }

    pub fn u16(&mut self) -> Result<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub fn u64(&mut self) -> Result<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub fn f64(&mut self) -> Result<f64> {
        self.array().map(f64::from_le_bytes)
    }

    /// A varint in as few bytes as it needs.
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
        Err(Error::corrupt("a number that is no varint"))
    }

    /// A varint that counts things of which each takes at least one of the bytes left.
    pub fn count(&mut self) -> Result<usize> {
        let n = self.size()?;
        if n > self.left() {
            return Err(Error::truncated());
        }
        Ok(n)
    }

    pub fn size(&mut self) -> Result<usize> {
        usize::try_from(self.varint()?).map_err(|_| Error::corrupt("a size beyond all memory"))
    }

    /// A length and so many bytes.
    pub fn sized(&mut self) -> Result<&'a [u8]> {
        let n = self.size()?;
        self.bytes(n)
    }

    /// The same, as text.
    pub fn text(&mut self) -> Result<&'a str> {
        std::str::from_utf8(self.sized()?).map_err(|_| Error::corrupt("a text that is no UTF-8"))
    }

    /// Nothing may be left.
    pub fn end(&self) -> Result<()> {
        match self.left {
            [] => Ok(()),
            _ => Err(Error::corrupt("bytes after the end of a structure")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_come_back_and_long_ones_are_refused() {
        for n in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, n);
            assert_eq!(Cursor::new(&bytes).varint().unwrap(), n);
        }
        assert!(Cursor::new(&[0x80, 0]).varint().is_err());
        assert!(Cursor::new(&[0xFF; 11]).varint().is_err());
        assert!(Cursor::new(&[200, 1, 5]).sized().is_err());
    }
}
