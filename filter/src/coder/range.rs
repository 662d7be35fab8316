//! Binary range coder: 64-bit interval, 16-bit probabilities, bytes out as soon as they are
//! settled.

/// One side of the coder. Encoding is given the bit and returns it; decoding ignores what it is
/// given.
pub trait BitCoder {
    /// Codes one bit whose probability of being 1 is `p1 / 65536`, `1 <= p1 <= 65535`.
    fn code(&mut self, bit: u32, p1: u32) -> u32;
    /// Codes a byte as it is, beside the coded bits.
    fn byte(&mut self, byte: u8) -> u8;
    /// Codes four bits as they are.
    fn nibble(&mut self, nibble: u8) -> u8;
    /// Says what the bits that follow belong to. Only a trace listens.
    #[inline(always)]
    fn mark(&mut self, _: Mark) {}
    /// Whether this side knows the values beforehand.
    const ENCODES: bool;
}

/// What the bits that follow belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// This column: how its planes are coded.
    Column(usize),
    /// The next value of the column: whether it is a copy.
    Value,
    /// This plane of the value, modelled.
    Plane(usize),
}

/// Writes bits.
#[derive(Debug)]
pub struct RangeEncoder {
    low: u64,
    high: u64,
    out: Vec<u8>,
    raw: Vec<u8>,
    /// Place of a raw byte whose lower half is free, or none.
    half: usize,
}

impl Default for RangeEncoder {
    fn default() -> Self {
        RangeEncoder {
            low: 0,
            high: u64::MAX,
            out: Vec::new(),
            raw: Vec::new(),
            half: usize::MAX,
        }
    }
}

impl RangeEncoder {
    /// Bytes that are settled so far.
    pub fn settled(&self) -> usize {
        self.out.len()
    }

    /// Ends the code and returns its bytes and those that were put beside it.
    ///
    /// The decoder reads zeros past the end, so only as many bytes are written as are needed to
    /// name a number inside the interval, and none if zero is one.
    pub fn finish(mut self) -> (Vec<u8>, Vec<u8>) {
        if self.low > 0 {
            for keep in 1..=8u32 {
                let mask = u64::MAX.checked_shr(8 * keep).unwrap_or(0);
                let Some(point) = self.low.checked_add(mask).map(|sum| sum & !mask) else {
                    continue;
                };
                if point <= self.high {
                    self.out
                        .extend_from_slice(&point.to_be_bytes()[..keep as usize]);
                    break;
                }
            }
        }
        while self.out.last() == Some(&0) {
            self.out.pop();
        }
        (self.out, self.raw)
    }
}

/// The point that divides the interval: ones below and at it, zeros above.
#[inline(always)]
fn split(low: u64, high: u64, p1: u32) -> u64 {
    low + ((high - low) >> 16) * u64::from(p1)
}

impl BitCoder for RangeEncoder {
    const ENCODES: bool = true;

    #[inline(always)]
    fn code(&mut self, bit: u32, p1: u32) -> u32 {
        let mid = split(self.low, self.high, p1);
        if bit != 0 {
            self.high = mid;
        } else {
            self.low = mid + 1;
        }
        while (self.low ^ self.high) >> 56 == 0 {
            self.out.push((self.high >> 56) as u8);
            self.low <<= 8;
            self.high = self.high << 8 | 255;
        }
        bit
    }

    #[inline(always)]
    fn byte(&mut self, byte: u8) -> u8 {
        self.raw.push(byte);
        byte
    }

    #[inline(always)]
    fn nibble(&mut self, nibble: u8) -> u8 {
        if let Some(byte) = self.raw.get_mut(self.half) {
            *byte |= nibble;
            self.half = usize::MAX;
        } else {
            self.half = self.raw.len();
            self.raw.push(nibble << 4);
        }
        nibble
    }
}

/// Reads bits. Past the end of its input it reads zeros: checksums, not the coder, tell of damage.
#[derive(Debug)]
pub struct RangeDecoder<'a> {
    low: u64,
    high: u64,
    code: u64,
    input: &'a [u8],
    pos: usize,
    raw: std::slice::Iter<'a, u8>,
    half: Option<u8>,
}

impl<'a> RangeDecoder<'a> {
    /// Starts to read.
    pub fn new(input: &'a [u8], raw: &'a [u8]) -> Self {
        let mut decoder = RangeDecoder {
            low: 0,
            high: u64::MAX,
            code: 0,
            input,
            pos: 0,
            raw: raw.iter(),
            half: None,
        };
        for _ in 0..8 {
            decoder.shift();
        }
        decoder
    }

    #[inline(always)]
    fn shift(&mut self) {
        let byte = self.input.get(self.pos).copied().unwrap_or(0);
        self.pos += 1;
        self.code = self.code << 8 | u64::from(byte);
    }
}

impl BitCoder for RangeDecoder<'_> {
    const ENCODES: bool = false;

    #[inline(always)]
    fn code(&mut self, _bit: u32, p1: u32) -> u32 {
        let mid = split(self.low, self.high, p1);
        let bit = u32::from(self.code <= mid);
        if bit != 0 {
            self.high = mid;
        } else {
            self.low = mid + 1;
        }
        while (self.low ^ self.high) >> 56 == 0 {
            self.low <<= 8;
            self.high = self.high << 8 | 255;
            self.shift();
        }
        bit
    }

    #[inline(always)]
    fn byte(&mut self, _byte: u8) -> u8 {
        self.raw.next().copied().unwrap_or(0)
    }

    #[inline(always)]
    fn nibble(&mut self, _nibble: u8) -> u8 {
        match self.half.take() {
            Some(lower) => lower,
            None => {
                let byte = self.byte(0);
                self.half = Some(byte & 15);
                byte >> 4
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A fixed sequence that needs no crate for randomness.
    fn noise(seed: &mut u64) -> u32 {
        *seed = seed
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (*seed >> 33) as u32
    }

    #[test]
    fn bits_come_back_under_any_probability() {
        for case in 0..200u64 {
            let mut seed = case;
            let n = noise(&mut seed) % 3000;
            let pairs: Vec<(u32, u32)> = (0..n)
                .map(|_| {
                    let p1 = match case % 4 {
                        0 => 1,
                        1 => 65535,
                        _ => noise(&mut seed) % 65535 + 1,
                    };
                    (
                        u32::from(noise(&mut seed) % 65536 < p1) ^ u32::from(case % 7 == 0),
                        p1,
                    )
                })
                .collect();
            let mut encoder = RangeEncoder::default();
            for &(bit, p1) in &pairs {
                encoder.code(bit, p1);
            }
            let (bytes, _) = encoder.finish();
            let mut decoder = RangeDecoder::new(&bytes, &[]);
            for &(bit, p1) in &pairs {
                assert_eq!(decoder.code(0, p1), bit, "case {case}");
            }
        }
    }

    #[test]
    fn certain_bits_cost_next_to_nothing() {
        let mut encoder = RangeEncoder::default();
        for _ in 0..100_000 {
            encoder.code(1, 65535);
        }
        assert!(encoder.finish().0.len() <= 2);
    }
}
