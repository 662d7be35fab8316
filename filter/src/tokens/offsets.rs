//! Offsets: the raw bits of values inside their intervals, one stream a column, least significant
//! bit first.

/// Writes bits.
#[derive(Debug, Default)]
pub struct BitWriter {
    out: Vec<u8>,
    held: u64,
    held_n: u32,
}

impl BitWriter {
    /// Appends the lowest `n` bits of a value that has no others, n at most 64.
    #[inline(always)]
    pub fn put(&mut self, value: u64, n: u32) {
        if n > 32 {
            self.put_few(value & 0xFFFF_FFFF, 32);
            self.put_few(value >> 32, n - 32);
        } else {
            self.put_few(value, n);
        }
    }

    #[inline(always)]
    fn put_few(&mut self, value: u64, n: u32) {
        self.held |= value << self.held_n;
        self.held_n += n;
        if self.held_n >= 32 {
            self.out
                .extend_from_slice(&(self.held as u32).to_le_bytes());
            self.held >>= 32;
            self.held_n -= 32;
        }
    }

    /// All bytes; the last is filled up with zeros.
    pub fn finish(mut self) -> Vec<u8> {
        let bytes = self.held.to_le_bytes();
        self.out
            .extend_from_slice(&bytes[..self.held_n.div_ceil(8) as usize]);
        self.out
    }
}

/// Reads bits. Past the end it reads zeros; [`BitReader::is_whole`] tells.
#[derive(Debug)]
pub struct BitReader {
    /// The stream, and eight zeros behind it.
    bytes: Vec<u8>,
    /// Place of the next bit.
    at: usize,
}

/// Zeros behind the stream.
const PADDING: usize = 8;

impl BitReader {
    /// Begins at the first bit.
    pub fn new(bytes: &[u8]) -> Self {
        let mut padded = Vec::with_capacity(bytes.len() + PADDING);
        padded.extend_from_slice(bytes);
        padded.extend_from_slice(&[0; PADDING]);
        BitReader {
            bytes: padded,
            at: 0,
        }
    }

    /// The next `n` bits, at most 57.
    #[inline(always)]
    pub fn take(&mut self, n: u32) -> u64 {
        let byte = self.at >> 3;
        let word = match self.bytes.get(byte..byte + 8).and_then(|b| b.first_chunk()) {
            Some(bytes) => u64::from_le_bytes(*bytes),
            None => 0,
        };
        self.at += n as usize;
        word >> ((self.at - n as usize) & 7) & ((1 << n) - 1)
    }

    /// The next `n` bits, at most 64.
    #[inline(always)]
    pub fn take_wide(&mut self, n: u32) -> u64 {
        if n <= 57 {
            return self.take(n);
        }
        let low = self.take(32);
        low | self.take(n - 32) << 32
    }

    /// Whether exactly all bytes were read, and what fills the last is zeros.
    pub fn is_whole(&self) -> bool {
        let end = self.at.div_ceil(8);
        let filled = self.at.is_multiple_of(8)
            || self
                .bytes
                .get(end - 1)
                .is_some_and(|&last| last >> (self.at & 7) == 0);
        end == self.bytes.len() - PADDING && filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_come_back() {
        let values: Vec<(u64, u32)> = (0..500u64)
            .map(|i| {
                let n = (i * 7 % 65) as u32;
                (
                    i.wrapping_mul(0x9E37_79B9_7F4A_7C15) & ((1u128 << n) - 1) as u64,
                    n,
                )
            })
            .collect();
        let mut writer = BitWriter::default();
        values.iter().for_each(|&(value, n)| writer.put(value, n));
        let bytes = writer.finish();
        let mut reader = BitReader::new(&bytes);
        for &(value, n) in &values {
            assert_eq!(reader.take_wide(n), value);
        }
        assert!(reader.is_whole());
        assert_eq!(reader.take(40), 0);
        assert!(!reader.is_whole());
    }
}
