//! The coder of side information: numbers as adaptive binary decisions, by one function for both
//! directions.
//!
//! Encoding is given a value and returns it; decoding ignores what it is given and returns what was
//! written. What describes a column says so once ([`super::plan`]), and both sides walk through the
//! same lines.

use crate::coder::{BitCoder, RangeDecoder, RangeEncoder};
use crate::{Error, Result};

/// What a number is: the statistics that it is coded by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Topic {
    Flag,
    Kind,
    Count,
    Column,
    Distance,
    Length,
    Exact,
    Interval,
    /// And 65 more, by the length of the interval before.
    IntervalBits,
    Cut = Topic::IntervalBits as usize + 66,
    CutStep,
    CutShift,
    Level,
    Knot,
    Map,
    /// And 15 more, by the frequency before or that of the cluster before.
    First,
    Frequency = Topic::First as usize + 16,
    /// And 15 more, by the frequency in the frame before.
    Amended = Topic::Frequency as usize + 16,
    /// What a context of the adaptive stage looks at.
    Look = Topic::Amended as usize + 16,
    /// How finely it does.
    By,
    /// And 7 more, by the class before.
    Class,
}

const TOPICS: usize = Topic::Class as usize + 8;
/// Probabilities of a number: a tree over its length, then its two leading bits by length.
const PROBABILITIES: usize = 128 + 65 * 4;
/// How fast probabilities follow.
const RATE: u32 = 4;

/// One direction of the coder.
pub struct Side<C> {
    coder: C,
    topics: Vec<[u16; PROBABILITIES]>,
}

impl Side<RangeEncoder> {
    /// A writer.
    pub fn writer() -> Self {
        Side::new(RangeEncoder::default())
    }

    /// All that was written.
    pub fn finish(self) -> Vec<u8> {
        self.coder.finish().0
    }
}

impl<'a> Side<RangeDecoder<'a>> {
    /// A reader of what [`Side::finish`] gave.
    pub fn reader(bytes: &'a [u8]) -> Self {
        Side::new(RangeDecoder::new(bytes, &[]))
    }
}

impl<C: BitCoder> Side<C> {
    fn new(coder: C) -> Self {
        Side {
            coder,
            topics: vec![[1 << 15; PROBABILITIES]; TOPICS],
        }
    }

    /// Whether this side knows the values beforehand.
    pub const WRITES: bool = C::ENCODES;

    #[inline]
    fn decide(&mut self, topic: usize, at: usize, bit: u32) -> u32 {
        let p = &mut self.topics[topic][at];
        let bit = self.coder.code(bit, u32::from(*p).clamp(1, 65535));
        *p = match bit {
            0 => *p - (*p >> RATE),
            _ => *p + ((u16::MAX - *p) >> RATE),
        };
        bit
    }

    /// Bits as they are.
    pub fn raw(&mut self, value: u64, bits: u32) -> u64 {
        (0..bits).rev().fold(0, |sum, at| {
            sum << 1 | u64::from(self.coder.code((value >> at & 1) as u32, 1 << 15))
        })
    }

    /// A number of any size.
    pub fn number(&mut self, topic: Topic, value: u64) -> u64 {
        self.number_by(topic, 0, value)
    }

    /// A number whose statistics depend on a small number known before.
    pub fn number_by(&mut self, topic: Topic, by: usize, value: u64) -> u64 {
        let topic = topic as usize + by;
        let length = 64 - value.leading_zeros();
        let mut node = 1usize;
        for at in (0..7).rev() {
            node = node << 1 | self.decide(topic, node, length >> at & 1) as usize;
        }
        let length = (node as u32 & 127).min(64);
        if length <= 1 {
            return length.into();
        }
        let mut number = 1u64;
        for (place, at) in (0..length - 1).rev().enumerate() {
            let bit = (value >> at & 1) as u32;
            let bit = match place {
                0 => self.decide(topic, 128 + length as usize * 4 - 4, bit),
                1 => self.decide(
                    topic,
                    128 + length as usize * 4 - 3 + (number & 1) as usize,
                    bit,
                ),
                _ => self.coder.code(bit, 1 << 15),
            };
            number = number << 1 | u64::from(bit);
        }
        number
    }

    /// A yes or no.
    pub fn flag(&mut self, value: bool) -> bool {
        self.decide(Topic::Flag as usize, 1, value.into()) != 0
    }

    /// A yes or no with the statistics of a topic.
    pub fn flag_by(&mut self, topic: Topic, value: bool) -> bool {
        self.decide(topic as usize, 0, value.into()) != 0
    }

    /// A number that must not exceed `most`.
    ///
    /// # Errors
    /// `Corrupt` if it does, when reading.
    pub fn bounded(&mut self, topic: Topic, value: u64, most: u64) -> Result<u64> {
        let number = self.number(topic, value);
        if number > most {
            return Err(Error::corrupt("a number of the plan is out of its range"));
        }
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        let numbers: Vec<u64> = (0..64)
            .flat_map(|k| [1u64 << k, (1 << k) - 1, (1 << k) + 5 * k])
            .chain([u64::MAX])
            .collect();
        let mut writer = Side::writer();
        for &number in &numbers {
            writer.number(Topic::Exact, number);
            writer.flag(number % 2 == 0);
            writer.raw(number, 64);
        }
        let bytes = writer.finish();
        let mut reader = Side::reader(&bytes);
        for &number in &numbers {
            assert_eq!(reader.number(Topic::Exact, 0), number);
            assert_eq!(reader.flag(false), number % 2 == 0);
            assert_eq!(reader.raw(0, 64), number);
        }
    }
}
