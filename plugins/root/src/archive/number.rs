//! Varints, as everywhere in Catena's formats: seven bits a byte, least significant first, the top bit set in all but the last.

use crate::container::cursor::Cursor;
use crate::error::{Error, Result};

/// Appends a varint.
pub(super) fn put_varint(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

impl Cursor<'_> {
    /// A varint in as few bytes as it needs.
    pub(super) fn varint(&mut self) -> Result<u64> {
        let mut n = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7F);
            let fits = bits << shift >> shift == bits && (byte != 0 || shift == 0);
            if !fits {
                break;
            }
            n |= bits << shift;
            if byte < 0x80 {
                return Ok(n);
            }
        }
        Err(Error::corrupt("a number that is no varint"))
    }
}

/// Small numbers of either sign as small ones without.
pub(super) fn zigzag(n: i64) -> u64 {
    (n << 1 ^ n >> 63) as u64
}

/// Back from [`zigzag`].
pub(super) fn unzigzag(n: u64) -> i64 {
    (n >> 1) as i64 ^ -((n & 1) as i64)
}

/// Where `part` begins in `bytes`, for the first time.
pub(super) fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    let first = *part.first()?;
    let last = bytes.len().checked_sub(part.len())?;
    let mut from = 0;
    while from <= last {
        let at = from + bytes.get(from..=last)?.iter().position(|&b| b == first)?;
        if bytes.get(at..)?.starts_with(part) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        for n in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, n);
            assert_eq!(Cursor::new(&bytes).varint().unwrap(), n);
            assert_eq!(zigzag(unzigzag(n)), n);
        }
        assert!(Cursor::new(&[0x80, 0]).varint().is_err());
        assert!(Cursor::new(&[0xFF; 11]).varint().is_err());
    }
}
