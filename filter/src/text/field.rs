//! A field: what a place in lines of a shape holds, as a column, and how that is printed.

use super::digits::{self, Decimal, TENS};
use super::number::Written;
use super::scan::LONGEST;
use super::style::Style;
use crate::frame::{Cursor, put_varint};
use crate::layout;
use crate::{ByteOrder, Kind};

/// What a field's column holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// A number times ten to the power of its decimals.
    Integer { width: u8, signed: bool },
    /// A sign and so many digits, as an integer that ascends with the number: zero is 0; one digit
    /// at the power of ten `least`, and zeros behind it, is 1.
    Decimal { width: u8, digits: u8, least: i16 },
    /// The float that prints so: with so many digits, or, of 0, with the fewest.
    Float { width: u8, digits: u8 },
    /// A word of these.
    Word(Vec<Vec<u8>>),
    /// How long the bytes are; they stand beside the records.
    Bytes { width: u8 },
    /// So many blanks.
    Blanks { width: u8 },
}

/// Blanks beside a value that fill it up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pad {
    None,
    /// Before it.
    Before(Fill),
    /// Behind it.
    Behind(Fill),
}

/// Up to so many characters, but no less than so many blanks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fill {
    pub(super) width: u8,
    pub(super) least: u8,
}

impl Fill {
    pub(super) fn blanks(self, len: usize) -> usize {
        usize::from(self.width)
            .saturating_sub(len)
            .max(usize::from(self.least))
    }
}

/// A field of a shape.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    pub(super) value: Value,
    /// How numbers are set.
    pub(super) style: Style,
    /// Words that stand for numbers now and then: `nan`, or nothing.
    pub(super) specials: Vec<Vec<u8>>,
    pub(super) pad: Pad,
}

/// Words that stand for numbers, at most, and the longest.
pub(super) const MOST_SPECIALS: usize = 15;
pub(super) const LONGEST_SPECIAL: usize = 16;

/// Words of a field, at most, and the longest.
pub(super) const MOST_WORDS: usize = 1 << 16;

impl Field {
    /// Bytes of an element.
    pub(super) fn width(&self) -> usize {
        usize::from(match &self.value {
            Value::Integer { width, .. }
            | Value::Decimal { width, .. }
            | Value::Float { width, .. }
            | Value::Bytes { width }
            | Value::Blanks { width } => *width,
            Value::Word(words) => 1 + u8::from(words.len() > 256),
        })
    }

    /// The column's type.
    pub(super) fn column(&self) -> layout::Field {
        let kind = match &self.value {
            Value::Integer { signed: true, .. } | Value::Decimal { .. } => Kind::Int,
            Value::Float { .. } => Kind::Float,
            _ => Kind::Uint,
        };
        layout::Field::new(kind, self.width() as u32, 1, ByteOrder::Little)
    }

    /// The element of these characters, without blanks around them; nothing if the field cannot
    /// hold it. Of [`Value::Bytes`] and [`Value::Blanks`] their number. It is not sure that the
    /// element prints as these characters. `index` finds a word's place.
    pub(super) fn element(
        &self,
        text: &[u8],
        index: impl Fn(&[u8]) -> Option<usize>,
    ) -> Option<u64> {
        if let Some(at) = self.specials.iter().position(|word| word == text) {
            return self.first_special().map(|first| first + at as u64);
        }
        match &self.value {
            Value::Bytes { .. } | Value::Blanks { .. } => Some(text.len() as u64),
            Value::Word(_) => index(text).map(|at| at as u64),
            Value::Integer { width, signed } => {
                let value = scaled(&Written::parse(text)?, &self.style)?;
                element_of(value, *width, *signed)
            }
            Value::Decimal {
                width,
                digits,
                least,
            } => {
                let written = Written::parse(text)?;
                let value = ordered(&written, u32::from(*digits), i32::from(*least))?;
                element_of(value, *width, true)
            }
            Value::Float { width, .. } => {
                let text = std::str::from_utf8(text).ok()?;
                Some(match width {
                    4 => u64::from(text.parse::<f32>().ok()?.to_bits()),
                    _ => text.parse::<f64>().ok()?.to_bits(),
                })
            }
        }
    }

    /// Appends an element's characters; `bytes` takes as many as it is asked for from beside the
    /// records. Nothing if there is no such element.
    pub(super) fn print<'a>(
        &self,
        element: u64,
        bytes: impl FnOnce(u64) -> Option<&'a [u8]>,
        out: &mut Vec<u8>,
    ) -> Option<()> {
        let from = out.len();
        let special = self.special(element);
        match &self.value {
            _ if special.is_some() => out.extend_from_slice(special.unwrap_or_default()),
            Value::Bytes { .. } => out.extend_from_slice(bytes(element)?),
            Value::Blanks { .. } => {
                let n = usize::try_from(element).ok().filter(|n| *n <= LONGEST)?;
                out.resize(from + n, b' ');
            }
            Value::Word(words) => out.extend_from_slice(words.get(usize::try_from(element).ok()?)?),
            Value::Integer { width, signed } => {
                let (negative, digits) = match signed {
                    true => signed_of(element, *width),
                    false => (false, element),
                };
                self.style.print(
                    negative,
                    Decimal {
                        digits,
                        exponent: 0,
                    },
                    out,
                );
            }
            Value::Decimal {
                width,
                digits,
                least,
            } => {
                let (negative, size) = signed_of(element, *width);
                let number = unordered(size, u32::from(*digits), i32::from(*least));
                self.style.print(negative, number, out);
            }
            Value::Float { width, digits } => {
                let value = match width {
                    4 => f64::from(f32::from_bits(element as u32)),
                    _ => f64::from_bits(element),
                };
                if !value.is_finite() {
                    return None;
                }
                let number = match (value.abs(), *digits) {
                    (0.0, _) => Decimal {
                        digits: 0,
                        exponent: 0,
                    },
                    (size, 0) => digits::shortest(size, *width == 4),
                    (size, n) => digits::rounded(size, u32::from(n)),
                };
                self.style.print(value.is_sign_negative(), number, out);
            }
        }
        let len = out.len() - from;
        match self.pad {
            Pad::None => {}
            Pad::Behind(fill) => out.resize(from + len + fill.blanks(len), b' '),
            Pad::Before(fill) => {
                let blanks = fill.blanks(len);
                out.resize(from + len + blanks, b' ');
                out.copy_within(from..from + len, from + blanks);
                out[from..from + blanks].fill(b' ');
            }
        }
        Some(())
    }

    /// The element of the first word that stands for a number: the one behind minus zero, or a NaN.
    fn first_special(&self) -> Option<u64> {
        match &self.value {
            Value::Integer {
                width,
                signed: true,
            }
            | Value::Decimal { width, .. } => Some((1 << (8 * u32::from(*width) - 1)) + 1),
            Value::Float { width: 4, .. } => Some(0x7FC0_0000),
            Value::Float { .. } => Some(0x7FF8 << 48),
            _ => None,
        }
    }

    /// The word that an element stands for, if it is one.
    fn special(&self, element: u64) -> Option<&[u8]> {
        if self.specials.is_empty() {
            return None;
        }
        let at = element.checked_sub(self.first_special()?)?;
        let word = self.specials.get(usize::try_from(at).ok()?)?;
        Some(word)
    }

    /// Appends what [`Field::read`] reads.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let (pad, fill) = match self.pad {
            Pad::None => (0, None),
            Pad::Before(fill) => (1, Some(fill)),
            Pad::Behind(fill) => (2, Some(fill)),
        };
        let specials = u8::from(!self.specials.is_empty());
        let head = |kind: u8| kind | pad << 4 | specials << 6;
        match &self.value {
            Value::Integer { width, signed } => {
                out.extend_from_slice(&[head(u8::from(*signed)), *width]);
            }
            Value::Decimal {
                width,
                digits,
                least,
            } => {
                out.extend_from_slice(&[head(2), *width, *digits]);
                out.extend_from_slice(&least.to_le_bytes());
            }
            Value::Float { width, digits } => out.extend_from_slice(&[head(3), *width, *digits]),
            Value::Word(words) => {
                out.push(head(4));
                put_varint(out, words.len() as u64);
                for word in words {
                    put_varint(out, word.len() as u64);
                    out.extend_from_slice(word);
                }
            }
            Value::Bytes { width } => out.extend_from_slice(&[head(5), *width]),
            Value::Blanks { width } => out.extend_from_slice(&[head(6), *width]),
        }
        if let Some(fill) = fill {
            out.extend_from_slice(&[fill.width, fill.least]);
        }
        if self.is_number() {
            self.style.write(out);
        }
        if specials > 0 {
            out.push(self.specials.len() as u8);
            for word in &self.specials {
                out.push(word.len() as u8);
                out.extend_from_slice(word);
            }
        }
    }

    fn is_number(&self) -> bool {
        matches!(
            self.value,
            Value::Integer { .. } | Value::Decimal { .. } | Value::Float { .. }
        )
    }

    /// A field from what [`Field::write`] wrote; nothing if it is none.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Option<Field> {
        let head = cursor.byte()?;
        let mut width = |of: &[u8]| cursor.byte().filter(|width| of.contains(width));
        let value = match head & 15 {
            0 | 1 => Value::Integer {
                width: width(&[1, 2, 4, 8])?,
                signed: head & 15 == 1,
            },
            2 => {
                let width = width(&[4, 8])?;
                let digits = cursor.byte().filter(|n| (1..=MOST_ORDERED).contains(n))?;
                let least = i16::from_le_bytes(cursor.array()?);
                Value::Decimal {
                    width,
                    digits,
                    least,
                }
            }
            3 => {
                let width = width(&[4, 8])?;
                let digits = cursor.byte().filter(|n| u32::from(*n) <= digits::MOST)?;
                Value::Float { width, digits }
            }
            4 => {
                let n = cursor.varint().ok()??;
                let n = usize::try_from(n).ok().filter(|n| *n <= MOST_WORDS)?;
                let mut words = Vec::new();
                for _ in 0..n {
                    let len = usize::try_from(cursor.varint().ok()??).ok()?;
                    words.push(cursor.take(len)?.to_vec());
                }
                Value::Word(words)
            }
            5 => Value::Bytes {
                width: width(&[1, 2, 4])?,
            },
            6 => Value::Blanks {
                width: width(&[1, 2, 4])?,
            },
            _ => return None,
        };
        let mut fill = || {
            let (width, least) = (cursor.byte()?, cursor.byte()?);
            Some(Fill { width, least })
        };
        let pad = match head >> 4 & 3 {
            0 => Pad::None,
            1 => Pad::Before(fill()?),
            2 => Pad::Behind(fill()?),
            _ => return None,
        };
        let mut field = Field {
            value,
            style: Style::new(super::style::Form::Fixed(0)),
            specials: Vec::new(),
            pad,
        };
        if field.is_number() {
            field.style = Style::read(cursor)?;
        }
        if head >> 6 == 1 {
            let n = usize::from(cursor.byte()?);
            if n == 0 || n > MOST_SPECIALS || field.first_special().is_none() {
                return None;
            }
            for _ in 0..n {
                let len = usize::from(cursor.byte()?);
                let word = cursor.take(len).filter(|_| len <= LONGEST_SPECIAL)?;
                field.specials.push(word.to_vec());
            }
        }
        (head >> 7 == 0).then_some(field)
    }
}

/// Most digits of [`Value::Decimal`].
pub(super) const MOST_ORDERED: u8 = 16;

/// Stands for minus zero, which no integer is.
pub(super) const MINUS_ZERO: i64 = i64::MIN;

/// An integer in so many bytes, if they hold it; minus zero is the least of them.
fn element_of(value: i64, width: u8, signed: bool) -> Option<u64> {
    let bits = 8 * u32::from(width);
    let sign = 1u64 << (bits - 1);
    let mask = u64::MAX >> (64 - bits);
    match signed {
        false => u64::try_from(value).ok().filter(|value| *value <= mask),
        true if value == MINUS_ZERO => Some(sign),
        true => (value.unsigned_abs() < sign).then_some(value as u64 & mask),
    }
}

/// Sign and size of an element.
fn signed_of(element: u64, width: u8) -> (bool, u64) {
    let up = 64 - 8 * u32::from(width);
    if element << up == 1 << 63 {
        return (true, 0);
    }
    let value = (element << up) as i64 >> up;
    (value < 0, value.unsigned_abs())
}

/// A number as an integer of the style's decimals; nothing if it is none.
pub(super) fn scaled(written: &Written, style: &Style) -> Option<i64> {
    use super::style::Form;
    let decimals = match style.form {
        Form::Fixed(decimals) | Form::Stripped(decimals) => u32::from(decimals),
        _ => return None,
    };
    let more = decimals.checked_sub(written.decimals)?;
    if written.exponent.is_some() {
        return None;
    }
    if written.negative && written.digits == 0 {
        return Some(MINUS_ZERO);
    }
    let size = TENS.get(more as usize)?.checked_mul(written.digits)?;
    let size = i64::try_from(size).ok()?;
    Some(if written.negative { -size } else { size })
}

/// A number as [`Value::Decimal`] holds it.
pub(super) fn ordered(written: &Written, n: u32, least: i32) -> Option<i64> {
    if written.digits == 0 {
        return Some(if written.negative { MINUS_ZERO } else { 0 });
    }
    let (mut digits, mut exponent) = (written.digits, written.scale());
    let mut have = digits::digit_n(digits);
    while have > n {
        if digits % 10 != 0 {
            return None;
        }
        digits /= 10;
        exponent += 1;
        have -= 1;
    }
    digits *= TENS[(n - have) as usize];
    exponent -= (n - have) as i32;
    let place = exponent + n as i32 - 1 - least;
    let (first, steps) = (TENS[n as usize - 1], 9 * TENS[n as usize - 1]);
    let before = u64::try_from(place).ok()?.checked_mul(steps)?;
    let size = i64::try_from(before.checked_add(digits - first + 1)?).ok()?;
    Some(if written.negative { -size } else { size })
}

/// The number of [`ordered`]; its size alone.
fn unordered(size: u64, n: u32, least: i32) -> Decimal {
    let Some(rest) = size.checked_sub(1) else {
        return Decimal {
            digits: 0,
            exponent: 0,
        };
    };
    let (first, steps) = (TENS[n as usize - 1], 9 * TENS[n as usize - 1]);
    let place = (rest / steps).min(1 << 20) as i32;
    Decimal {
        digits: first + rest % steps,
        exponent: place + least - (n as i32 - 1),
    }
}
