//! `Float16_t` and `Double32_t`: reals with fewer bits on disk than in memory.
//!
//! The title of a member or leaf says how many, as `[low, high, bits]`. With a range, a real is an integer of 32 bits on
//! disk; with `[0, 0, bits]` it is an exponent and a mantissa in three bytes; with neither, `Double32_t` is a float.
//! Source of the facts: ROOT's documentation of TStreamerElement and TBufferFile. The values are computed as uproot does
//! (multiplied by the width of a step); ROOT divides by its inverse, which may differ in the last bit.

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
    /// The first brackets of a title; `None` where there are none or they mean something else.
    pub fn parse(title: &str) -> Option<Self> {
        let (inside, _) = title.split_once('[')?.1.split_once(']')?;
        let parts: Vec<&str> = inside.split(',').map(str::trim).collect();
        let (low, high, bits) = match parts.as_slice() {
            [low, high] => (low, high, 32),
            [low, high, bits] => (low, high, bits.parse::<i64>().ok()?),
            _ => return None,
        };
        let bits = if (2..=32).contains(&bits) { bits } else { 32 };
        Some(Range {
            low: product(low)?,
            high: product(high)?,
            bits: bits as u32,
        })
    }
}

/// A number as titles write it: `-pi`, `2*pi`, `pi/2`, `1.5e3`.
fn product(text: &str) -> Option<f64> {
    let (sign, text) = match text.trim().strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text),
    };
    let mut value = sign;
    for (i, part) in text.split('*').enumerate() {
        let mut factors = part.split('/').map(str::trim).map(factor);
        let first = factors.next()??;
        value = if i == 0 { sign * first } else { value * first };
        for divisor in factors {
            value /= divisor?;
        }
    }
    Some(value)
}

fn factor(text: &str) -> Option<f64> {
    match text.to_ascii_lowercase().as_str() {
        "pi" => Some(std::f64::consts::PI),
        "twopi" => Some(std::f64::consts::TAU),
        number => number.parse().ok(),
    }
}

/// How a real is stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Packed {
    /// A float that becomes a double.
    Float,
    /// Exponent and mantissa.
    Truncated { bits: u32, double: bool },
    /// A number of steps above `low`.
    Steps { low: f64, step: f64, double: bool },
}

impl Packed {
    /// `Double32_t` (`double`) or `Float16_t`, or the reason why it cannot be read.
    pub fn new(double: bool, range: Option<Range>) -> std::result::Result<Self, String> {
        let truncated = |bits| {
            if bits > 14 {
                return Err(format!(
                    "{bits} bits of a truncated real do not fit on disk"
                ));
            }
            Ok(Packed::Truncated { bits, double })
        };
        match range {
            None if double => Ok(Packed::Float),
            None => truncated(12),
            Some(range) if range.low == 0.0 && range.high == 0.0 => truncated(range.bits),
            Some(range) if range.low < range.high => Ok(Packed::Steps {
                low: range.low,
                step: (range.high - range.low) / 2f64.powi(range.bits as i32),
                double,
            }),
            Some(_) => Err("the range of a packed real is empty".into()),
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
                Packed::Steps {
                    low,
                    step,
                    double: true,
                } => f64::from(cursor.u32()?) * step + low,
                Packed::Steps { low, step, .. } => {
                    f64::from(cursor.u32()? as f32 * step as f32 + low as f32)
                }
            };
            match out {
                Values::F64(out) => out.push(value),
                // Was a float before it was widened: nothing is rounded.
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
            Range::parse("[-pi/2,pi/2,16]"),
            range(-pi / 2.0, pi / 2.0, 16)
        );
        for none in ["", "x[3]", "x[n][2]", "[a,b,3]", "[1,2,3,4]"] {
            assert_eq!(Range::parse(none), None, "{none}");
        }
    }

    #[test]
    fn values() {
        let steps = Packed::new(true, Range::parse("[0,8,8]")).unwrap();
        let mut out = Values::new(steps.kind());
        steps.decode(&[0, 0, 0, 128, 0, 0, 1, 0], &mut out).unwrap();
        assert_eq!(out, Values::F64(vec![4.0, 8.0]));

        let short = Packed::new(false, None).unwrap();
        let mut out = Values::new(short.kind());
        // 1.5 is 2^0 * 1.1b; the sign stands above the mantissa's 13 bits.
        short
            .decode(&[127, 0x08, 0x00, 127, 0x28, 0x00], &mut out)
            .unwrap();
        assert_eq!(out, Values::F32(vec![1.5, -1.5]));

        assert!(Packed::new(true, Range::parse("[2,1,8]")).is_err());
        assert!(Packed::new(true, Range::parse("[0,0]")).is_err());
    }
}
