//! Reading and writing of the format's numbers: little-endian words and varints.
//!
//! Invariant: "not enough bytes yet" is `None`, never an error: the caller knows whether more can
//! come.

use crate::error::{Error, Result};

/// Appends a number, 7 bits a byte, least significant first, the top bit set on all bytes but the
/// last.
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Bytes that [`put_varint`] appends.
pub(crate) fn varint_len(value: u64) -> usize {
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

/// A place in bytes that may not be complete yet.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Cursor { bytes, at: 0 }
    }

    /// Bytes read so far.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// All bytes from here on.
    pub(crate) fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    pub(crate) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let part = self.bytes.get(self.at..self.at.checked_add(len)?)?;
        self.at += len;
        Some(part)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// A varint, which must be as short as its value allows and fit 64 bits.
    pub(crate) fn varint(&mut self) -> Result<Option<u64>> {
        let mut value = 0u64;
        for place in 0..10 {
            let Some(byte) = self.byte() else {
                return Ok(None);
            };
            let bits = u64::from(byte & 0x7F);
            if place == 9 && bits > 1 {
                break;
            }
            value |= bits << (7 * place);
            if byte < 0x80 {
                if byte == 0 && place > 0 {
                    return Err(Error::corrupt("a number longer than its value"));
                }
                return Ok(Some(value));
            }
        }
        Err(Error::corrupt("a number beyond 64 bits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_come_back_and_are_unique() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), 1 << 63, u64::MAX] {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, value);
            assert_eq!(bytes.len(), varint_len(value));
            assert_eq!(Cursor::new(&bytes).varint().unwrap(), Some(value));
            for cut in 0..bytes.len() {
                assert_eq!(Cursor::new(&bytes[..cut]).varint().unwrap(), None);
            }
        }
        assert!(Cursor::new(&[0x80, 0]).varint().is_err());
        assert!(Cursor::new(&[0xFF; 10]).varint().is_err());
    }
}
