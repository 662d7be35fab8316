//! Integers back to floats. The arithmetic is fixed: a division, a product, a rounding, all of IEEE
//! 754, so every machine restores the same bits.

use crate::dtype::Float;
use crate::error::{Error, Result};
use catena_container::{Cursor, put_varint};

/// A tensor, or rows of one, as the archive describes it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Quantised {
    pub float: Float,
    pub big: bool,
    /// Bytes of an integer: 1, 2 or 4.
    pub width: u8,
    pub channels: u64,
    /// Values of a channel.
    pub row: u64,
    /// Values that are not finite.
    pub specials: u64,
    /// Stream of the integers.
    pub stream: usize,
    /// Stream of the channels' largest magnitudes.
    pub scales: usize,
}

/// The float that an integer stands for, as the type holds it.
pub(super) fn value(integer: i32, largest: f64, steps: u64, float: Float) -> f64 {
    float.round(f64::from(integer) * (largest / steps as f64))
}

impl Quantised {
    /// The codec's dtype string of the integers.
    pub fn integers(&self) -> &'static str {
        match self.width {
            1 => "i1",
            2 => "<i2",
            _ => "<i4",
        }
    }

    pub fn write(&self, out: &mut Vec<u8>) {
        out.push(self.float.number() | u8::from(self.big) << 2 | self.width << 3);
        for number in [
            self.channels,
            self.row,
            self.specials,
            self.stream as u64,
            self.scales as u64,
        ] {
            put_varint(out, number);
        }
    }

    pub fn read(cursor: &mut Cursor<'_>) -> Result<Self> {
        let bad = || Error::corrupt("quantised values of no known kind");
        let kind = cursor.u8()?;
        let float = Float::from_number(kind & 3).ok_or_else(bad)?;
        let width = kind >> 3;
        match width {
            1 | 2 | 4 => {}
            _ => return Err(bad()),
        }
        Ok(Quantised {
            float,
            big: kind & 4 != 0,
            width,
            channels: cursor.varint()?,
            row: cursor.varint()?,
            specials: cursor.varint()?,
            stream: cursor.size()?,
            scales: cursor.size()?,
        })
    }

    /// Appends the floats: `streams` are those of the segment, stream 0 has the steps and what is
    /// not finite. The whole may have `most` bytes.
    pub fn join(&self, streams: &mut [Cursor<'_>], most: u64, out: &mut Vec<u8>) -> Result<()> {
        let bad = || Error::corrupt("quantised values that do not fit their part");
        let width = self.float.width();
        let n = self.channels.checked_mul(self.row).ok_or_else(bad)?;
        let len = n.checked_mul(width as u64).ok_or_else(bad)?;
        let after = len.checked_add(out.len() as u64).ok_or_else(bad)?;
        if self.row == 0 || after > most {
            return Err(bad());
        }
        let missing = || Error::corrupt("a stream that is not there");
        let (n, row) = (
            usize::try_from(n).map_err(|_| bad())?,
            usize::try_from(self.row).map_err(|_| bad())?,
        );
        let bytes = n.checked_mul(self.width.into()).ok_or_else(bad)?;
        let integers = streams
            .get_mut(self.stream)
            .ok_or_else(missing)?
            .bytes(bytes)?;
        let scales = n
            .checked_div(row)
            .and_then(|it| it.checked_mul(width))
            .ok_or_else(bad)?;
        let scales = streams
            .get_mut(self.scales)
            .ok_or_else(missing)?
            .bytes(scales)?;
        let beside = streams.first_mut().ok_or_else(missing)?;
        let from = out.len();
        for (channel, scale) in integers
            .chunks_exact(row * usize::from(self.width))
            .zip(scales.chunks_exact(width))
        {
            let largest = self.float.read(scale, self.big);
            let steps = beside.varint()?;
            if steps == 0 {
                return Err(bad());
            }
            for integer in channel.chunks_exact(self.width.into()) {
                let exact = f64::from(integer_of(integer)) * (largest / steps as f64);
                self.float.put(exact, self.big, out);
            }
        }
        let mut place = 0u64;
        for _ in 0..self.specials {
            place = place
                .checked_add(beside.varint()?)
                .filter(|&it| it < n as u64)
                .ok_or_else(bad)?;
            let word = beside.bytes(width)?;
            let start = from + place as usize * width;
            out.get_mut(start..start + width)
                .ok_or_else(bad)?
                .copy_from_slice(word);
        }
        Ok(())
    }
}

/// A little-endian integer of 1, 2 or 4 bytes.
fn integer_of(bytes: &[u8]) -> i32 {
    match *bytes {
        [a] => i8::from_le_bytes([a]).into(),
        [a, b] => i16::from_le_bytes([a, b]).into(),
        [a, b, c, d] => i32::from_le_bytes([a, b, c, d]),
        _ => 0,
    }
}
