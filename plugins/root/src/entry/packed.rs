//! `Float16_t` and `Double32_t`: reals with fewer bits on disk than in memory.
//!
//! The title of a member or leaf says how many, as `[low, high, bits]`. With a range, a real is an
//! integer of 32 bits on disk; with `[0, 0, bits]` it is an exponent and a mantissa in three bytes;
//! with neither, `Double32_t` is a float. Titles are read and values are computed as ROOT does
//! (TStreamerElement's GetRange, TBufferFile::ReadWithFactor and ReadWithNbits), in doubles and in
//! its order: the same bits come out.

use crate::column::{Kind, Values};
use crate::container::cursor::Cursor;
use crate::error::Result;

/// What the brackets of a title say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Range {
    pub low: f64,
    pub high: f64,
    /// 32 where the title does not say.
    pub bits: u32,
}

impl Range {
    /// The first brackets of a title if they have a comma, or else the second ones (the first may
    /// be an axis); `None` where neither has.
    pub fn parse(title: &str) -> Option<Self> {
        let (inside, rest) = brackets(title)?;
        let inside = match inside.contains(',') {
            true => inside,
            false => brackets(rest)?.0,
        };
        let (low, rest) = inside.split_once(',')?;
        let (high, bits) = match rest.split_once(',') {
            Some((high, bits)) => (high, leading_integer(bits)),
            None => (rest, None),
        };
        Some(Range {
            low: bound(low),
            high: bound(high),
            bits: bits.filter(|bits| (2..=32).contains(bits)).unwrap_or(32),
        })
    }
}

/// What is in the first brackets, and what follows them.
fn brackets(text: &str) -> Option<(&str, &str)> {
    text.split_once('[')?.1.split_once(']')
}

/// A bound as titles write it: a number, or pi with one of the factors that ROOT knows; 0 if it is
/// neither.
fn bound(text: &str) -> f64 {
    use std::f64::consts::PI;
    let text = text.to_ascii_lowercase().replace(' ', "");
    if !text.contains("pi") {
        return leading_real(&text);
    }
    let value = if ["2pi", "2*pi", "twopi"].iter().any(|it| text.contains(it)) {
        2.0 * PI
    } else if text.contains("pi/2") {
        PI / 2.0
    } else if text.contains("pi/4") {
        PI / 4.0
    } else {
        PI
    };
    if text.contains('-') { -value } else { value }
}

/// The number that a text begins with, as scanf reads it; 0 if there is none.
fn leading_real(text: &str) -> f64 {
    let lens = (0..=text.len()).rev().filter(|&n| text.is_char_boundary(n));
    let mut numbers = lens.filter_map(|n| text.get(..n)?.parse().ok());
    numbers.next().unwrap_or(0.0)
}

fn leading_integer(text: &str) -> Option<u32> {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_ascii_digit());
    text.get(..end.unwrap_or(text.len()))?.parse().ok()
}

/// How a real is stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Packed {
    /// A float that becomes a double.
    Float,
    /// Exponent and mantissa.
    Truncated { bits: u32, double: bool },
    /// A number of steps above `low`, `factor` of them in 1.
    Steps { low: f64, factor: f64, double: bool },
}

impl Packed {
    /// `Double32_t` (`double`) or `Float16_t`.
    pub fn new(double: bool, range: Option<Range>) -> Self {
        let whole = match double {
            true => Packed::Float,
            false => Packed::Truncated { bits: 12, double },
        };
        match range {
            None => whole,
            Some(Range { low, high, bits }) if low < high => {
                let steps = match bits {
                    32 => u32::MAX,
                    bits => 1 << bits,
                };
                let factor = f64::from(steps) / (high - low);
                Packed::Steps {
                    low,
                    factor,
                    double,
                }
            }
            Some(range) if range.bits < 15 => Packed::Truncated {
                bits: range.bits,
                double,
            },
            Some(_) => whole,
        }
    }

    /// What comes out.
    pub fn kind(self) -> Kind {
        match self {
            Packed::Float => Kind::F64,
            Packed::Truncated { double, .. } | Packed::Steps { double, .. } => {
                if double {
                    Kind::F64
                } else {
                    Kind::F32
                }
            }
        }
    }

    /// Bytes on disk.
    pub fn size(self) -> usize {
        match self {
            Packed::Truncated { .. } => 3,
            Packed::Float | Packed::Steps { .. } => 4,
        }
    }

    /// Appends the reals in `bytes`.
    pub fn decode(self, bytes: &[u8], out: &mut Values) -> Result<()> {
        let mut cursor = Cursor::new(bytes);
        for _ in 0..bytes.len() / self.size() {
            let value = match self {
                Packed::Float => f64::from(cursor.f32()?),
                Packed::Truncated { bits, .. } => f64::from(truncated(&mut cursor, bits)?),
                Packed::Steps { low, factor, .. } => f64::from(cursor.u32()?) / factor + low,
            };
            match out {
                Values::F64(out) => out.push(value),
                // Rounded once, at the end.
                Values::F32(out) => out.push(value as f32),
                _ => {}
            }
        }
        Ok(())
    }
}

fn truncated(cursor: &mut Cursor<'_>, bits: u32) -> Result<f32> {
    let exponent = u32::from(cursor.u8()?);
    let mantissa = u32::from(cursor.u16()?);
    let kept = mantissa & ((1 << (bits + 1)) - 1);
    let value = f32::from_bits(exponent << 23 | kept << (23 - bits));
    Ok(if mantissa & 1 << (bits + 1) != 0 {
        -value
    } else {
        value
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles() {
        let range = |low, high, bits| Some(Range { low, high, bits });
        let pi = std::f64::consts::PI;
        assert_eq!(Range::parse("[0,10.22,8]"), range(0.0, 10.22, 8));
        assert_eq!(Range::parse("phi [-pi, pi]"), range(-pi, pi, 32));
        assert_eq!(
            Range::parse("[ -twopi , 2*pi, 40]"),
            range(-2.0 * pi, 2.0 * pi, 32)
        );
        assert_eq!(
            Range::parse("[-pi/2,pi/4,16]"),
            range(-pi / 2.0, pi / 4.0, 16)
        );
        assert_eq!(Range::parse("x[3][0,1,7]"), range(0.0, 1.0, 7));
        assert_eq!(Range::parse("[1.5e3cm,2e3]"), range(1500.0, 2000.0, 32));
        assert_eq!(Range::parse("[a,b,3]"), range(0.0, 0.0, 3));
        for none in ["", "x[3]", "x[n][2]", "x[3][2][0,1,7]", "x[3"] {
            assert_eq!(Range::parse(none), None, "{none}");
        }
    }

    #[test]
    fn values() {
        let steps = Packed::new(true, Range::parse("[0,8,8]"));
        let mut out = Values::new(steps.kind());
        steps.decode(&[0, 0, 0, 128, 0, 0, 1, 0], &mut out).unwrap();
        assert_eq!(out, Values::F64(vec![4.0, 8.0]));

        // With 32 bits there is no step more than an integer has.
        let steps = Packed::new(true, Range::parse("[-1,1]"));
        let mut out = Values::new(steps.kind());
        steps.decode(&[255, 255, 255, 255], &mut out).unwrap();
        assert_eq!(out, Values::F64(vec![1.0]));

        // Not the same as 3 times the width of a step, 10.22 / 256.
        let steps = Packed::new(true, Range::parse("[0,10.22,8]"));
        let mut out = Values::new(steps.kind());
        steps.decode(&[0, 0, 0, 3], &mut out).unwrap();
        assert_eq!(out, Values::F64(vec![3.0 / (256.0 / 10.22)]));

        let short = Packed::new(false, None);
        let mut out = Values::new(short.kind());
        // 1.5 is 2^0 * 1.1b; the sign stands above the mantissa's 13 bits.
        short
            .decode(&[127, 0x08, 0x00, 127, 0x28, 0x00], &mut out)
            .unwrap();
        assert_eq!(out, Values::F32(vec![1.5, -1.5]));

        // Without a range, and with more bits than fit on disk, the bits count for nothing.
        assert_eq!(Packed::new(true, Range::parse("[0,0]")), Packed::Float);
        let few = Packed::new(true, Range::parse("[2,1,8]"));
        let bits = 8;
        assert_eq!(few, Packed::Truncated { bits, double: true });
    }
}
