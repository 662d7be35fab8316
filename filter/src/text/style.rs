//! How the numbers of a field are set: what turns digits into characters.

use super::digits::{Decimal, digit_n};
use crate::frame::Cursor;

/// Where the point stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// So many decimals.
    Fixed(u8),
    /// So many decimals, less the zeros at the end.
    Stripped(u8),
    /// One digit, a point, so many decimals, an exponent.
    Exponent(u8),
    /// Without zeros at the end; with an exponent unless the first digit's power of ten is at least
    /// `low` and below `high`.
    General { low: i8, high: i8 },
}

/// The style of a field's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Style {
    pub(super) form: Form,
    /// A plus sign where there is no minus sign.
    pub(super) plus: bool,
    /// What has no decimals left still has a point and a zero.
    pub(super) keeps_zero: bool,
    /// No zero before the point.
    pub(super) bare: bool,
    /// Digits before the point, at least.
    pub(super) whole_n: u8,
    /// `E`, not `e`.
    pub(super) upper: bool,
    /// A plus sign before exponents that are not negative.
    pub(super) exponent_plus: bool,
    /// Digits of an exponent, at least.
    pub(super) exponent_n: u8,
}

/// Most decimals, digits before the point, and digits of an exponent.
const MOST_DECIMALS: u8 = 18;
const MOST_WHOLE: u8 = 40;
const MOST_EXPONENT: u8 = 4;
/// Bounds of where an exponent begins.
const LEAST_POWER: i8 = -30;
const MOST_POWER: i8 = 30;

impl Style {
    /// The plainest style of a form.
    pub(super) fn new(form: Form) -> Self {
        Style {
            form,
            plus: false,
            keeps_zero: false,
            bare: false,
            whole_n: 1,
            upper: false,
            exponent_plus: true,
            exponent_n: 2,
        }
    }

    /// Appends a number.
    pub(super) fn print(&self, negative: bool, number: Decimal, out: &mut Vec<u8>) {
        if negative {
            out.push(b'-');
        } else if self.plus {
            out.push(b'+');
        }
        let Decimal { digits, exponent } = number;
        match self.form {
            Form::Fixed(decimals) => self.positional(digits, u32::from(decimals), 0, out),
            Form::Stripped(decimals) => {
                let (mut digits, mut left) = (digits, u32::from(decimals));
                while left > 0 && digits.is_multiple_of(10) {
                    digits /= 10;
                    left -= 1;
                }
                self.positional(digits, left, 0, out);
            }
            Form::Exponent(decimals) => {
                let decimals = u32::from(decimals);
                let power = if digits == 0 {
                    0
                } else {
                    exponent + decimals as i32
                };
                self.scientific(digits, decimals, power, out);
            }
            Form::General { low, high } => {
                let (mut digits, mut exponent) = (digits, exponent);
                if digits == 0 {
                    return self.positional(0, 0, 0, out);
                }
                while digits.is_multiple_of(10) {
                    digits /= 10;
                    exponent += 1;
                }
                let decimals = digit_n(digits) - 1;
                let power = exponent + decimals as i32;
                if power < i32::from(low) || power >= i32::from(high) {
                    self.scientific(digits, decimals, power, out);
                } else if exponent < 0 {
                    self.positional(digits, exponent.unsigned_abs(), 0, out);
                } else {
                    self.positional(digits, 0, exponent as usize, out);
                }
            }
        }
    }

    /// Digits with so many of them behind the point, and so many zeros before it.
    fn positional(&self, digits: u64, decimals: u32, zeros: usize, out: &mut Vec<u8>) {
        let mut text = [b'0'; 64];
        let least = decimals + u32::from(self.whole_n.max(1));
        let n = digit_n(digits).max(least) as usize;
        let n = n.min(text.len());
        ascii(digits, &mut text[..n]);
        let (whole, behind) = text[..n].split_at(n - decimals as usize);
        let bare = self.bare && decimals > 0 && whole == b"0";
        if !bare {
            out.extend_from_slice(whole);
        }
        out.resize(out.len() + zeros, b'0');
        if decimals > 0 {
            out.push(b'.');
            out.extend_from_slice(behind);
        } else if self.keeps_zero {
            out.extend_from_slice(b".0");
        }
    }

    /// One digit, the others behind the point, an exponent.
    fn scientific(&self, digits: u64, decimals: u32, power: i32, out: &mut Vec<u8>) {
        let mut text = [b'0'; 24];
        let n = (decimals as usize + 1).min(text.len());
        ascii(digits, &mut text[..n]);
        out.push(text[0]);
        if n > 1 {
            out.push(b'.');
            out.extend_from_slice(&text[1..n]);
        } else if self.keeps_zero {
            out.extend_from_slice(b".0");
        }
        out.push(if self.upper { b'E' } else { b'e' });
        if power < 0 {
            out.push(b'-');
        } else if self.exponent_plus {
            out.push(b'+');
        }
        let power = u64::from(power.unsigned_abs());
        let n = digit_n(power).max(u32::from(self.exponent_n)) as usize;
        let mut text = [b'0'; 24];
        ascii(power, &mut text[..n.min(24)]);
        out.extend_from_slice(&text[..n.min(24)]);
    }

    /// Appends what [`Style::read`] reads.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let (kind, numbers): (u8, [i8; 2]) = match self.form {
            Form::Fixed(decimals) => (0, [decimals as i8, 0]),
            Form::Stripped(decimals) => (1, [decimals as i8, 0]),
            Form::Exponent(decimals) => (2, [decimals as i8, 0]),
            Form::General { low, high } => (3, [low, high]),
        };
        let flags = [
            self.plus,
            self.keeps_zero,
            self.bare,
            self.upper,
            self.exponent_plus,
        ];
        let flags = flags
            .iter()
            .rev()
            .fold(0, |all, &flag| all << 1 | u8::from(flag));
        out.extend_from_slice(&[kind | flags << 3, numbers[0] as u8]);
        if kind == 3 {
            out.push(numbers[1] as u8);
        }
        out.extend_from_slice(&[self.whole_n, self.exponent_n]);
    }

    /// A style from what [`Style::write`] wrote; nothing if it is none.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Option<Style> {
        let (head, first) = (cursor.byte()?, cursor.byte()?);
        let form = match head & 7 {
            0 => Form::Fixed(first),
            1 => Form::Stripped(first),
            2 => Form::Exponent(first),
            3 => Form::General {
                low: first as i8,
                high: cursor.byte()? as i8,
            },
            _ => return None,
        };
        let (whole_n, exponent_n) = (cursor.byte()?, cursor.byte()?);
        let flag = |at: u8| head >> (3 + at) & 1 != 0;
        let style = Style {
            form,
            plus: flag(0),
            keeps_zero: flag(1),
            bare: flag(2),
            upper: flag(3),
            exponent_plus: flag(4),
            whole_n,
            exponent_n,
        };
        let fits = match form {
            Form::Fixed(n) | Form::Stripped(n) | Form::Exponent(n) => n <= MOST_DECIMALS,
            Form::General { low, high } => low >= LEAST_POWER && high <= MOST_POWER,
        };
        let counts =
            (1..=MOST_WHOLE).contains(&whole_n) && (1..=MOST_EXPONENT).contains(&exponent_n);
        (fits && counts).then_some(style)
    }
}

/// Writes digits to the end of a place that holds zeros.
fn ascii(mut value: u64, place: &mut [u8]) {
    let mut at = place.len();
    while at >= 2 && value > 0 {
        at -= 2;
        let pair = (value % 100) as usize * 2;
        value /= 100;
        place[at..at + 2].copy_from_slice(&PAIRS[pair..pair + 2]);
    }
    if at == 1 {
        place[0] = b'0' + (value % 10) as u8;
    }
}

/// `00` to `99`.
const PAIRS: [u8; 200] = {
    let mut pairs = [0; 200];
    let mut at = 0;
    while at < 100 {
        pairs[2 * at] = b'0' + (at / 10) as u8;
        pairs[2 * at + 1] = b'0' + (at % 10) as u8;
        at += 1;
    }
    pairs
};

#[cfg(test)]
mod tests {
    use super::*;

    fn text(style: Style, digits: u64, exponent: i32) -> String {
        let mut out = Vec::new();
        style.print(false, Decimal { digits, exponent }, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_are_set_as_printf_does() {
        let fixed = Style::new(Form::Fixed(3));
        assert_eq!(text(fixed, 12345, -3), "12.345");
        assert_eq!(text(fixed, 5, -3), "0.005");
        assert_eq!(
            text(
                Style {
                    bare: true,
                    ..fixed
                },
                5,
                -3
            ),
            ".005"
        );
        assert_eq!(
            text(
                Style {
                    whole_n: 4,
                    ..fixed
                },
                5,
                -3
            ),
            "0000.005"
        );
        assert_eq!(text(Style::new(Form::Stripped(3)), 12300, -3), "12.3");
        let kept = Style {
            keeps_zero: true,
            ..Style::new(Form::Stripped(3))
        };
        assert_eq!(text(kept, 12000, -3), "12.0");
        let power = Style::new(Form::Exponent(2));
        assert_eq!(text(power, 123, -2), "1.23e+00");
        assert_eq!(text(power, 123, -12), "1.23e-10");
        assert_eq!(text(power, 0, 0), "0.00e+00");
        let general = Style::new(Form::General { low: -4, high: 6 });
        for (digits, exponent, want) in [
            (15, -1, "1.5"),
            (1500, -3, "1.5"),
            (1, 5, "100000"),
            (1, 6, "1e+06"),
            (12, -5, "0.00012"),
            (12, -6, "1.2e-05"),
            (0, 0, "0"),
        ] {
            assert_eq!(text(general, digits, exponent), want);
        }
    }

    #[test]
    fn styles_come_back() {
        for form in [
            Form::Fixed(3),
            Form::Stripped(0),
            Form::Exponent(16),
            Form::General { low: -4, high: 17 },
        ] {
            for bits in 0..32u8 {
                let style = Style {
                    plus: bits & 1 != 0,
                    keeps_zero: bits & 2 != 0,
                    bare: bits & 4 != 0,
                    upper: bits & 8 != 0,
                    exponent_plus: bits & 16 != 0,
                    exponent_n: 3,
                    ..Style::new(form)
                };
                let mut bytes = Vec::new();
                style.write(&mut bytes);
                assert_eq!(Style::read(&mut Cursor::new(&bytes)), Some(style));
            }
        }
        assert!(Style::read(&mut Cursor::new(&[4, 0, 1, 1])).is_none());
        assert!(Style::read(&mut Cursor::new(&[0, 19, 1, 1])).is_none());
    }
}
