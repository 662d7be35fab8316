//! The first step of a column: values become unsigned integers, *words*, whose differences are
//! small where the numbers are near.
//!
//! A word is the order-preserving integer of the value, less the trailing bits that all values
//! share, or the index on a decimal lattice. A value that its word does not give back exactly is an
//! *exception*: it is written beside, and its word repeats the one before.

use super::word::{Word, Words, gather};
use crate::Kind;
use crate::numeric::Lattice;
use crate::numeric::ValueType;

/// How the values of a column become words.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Transform {
    /// The ordered integer, shifted right by this many bits that all values share.
    Shift(u8),
    /// The index of the lattice point.
    Lattice(Lattice),
}

/// The type of a column's values and the transform to its words.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Form {
    /// Kind and width.
    pub vt: ValueType,
    /// See there.
    pub transform: Transform,
}

/// Digits of a decimal lattice's largest exponent, and of its smallest.
const LEAST_EXPONENT: i32 = -12;
/// Shared bits that are worth a shift.
const LEAST_SHIFT: u32 = 4;

impl Form {
    /// Words of the ordered integer as it is.
    pub fn plain(vt: ValueType) -> Self {
        Form {
            vt,
            transform: Transform::Shift(0),
        }
    }

    /// The form that a column's values (ordered integers) are best coded in, given the lattice that
    /// was found for them.
    pub fn of_values(vt: ValueType, values: &[u64], lattice: Option<Lattice>) -> Self {
        if let Some(lattice) = lattice {
            return Form {
                vt,
                transform: Transform::Lattice(lattice),
            };
        }
        let shared = values.iter().fold(0, |bits, &v| bits | vt.unorder(v));
        let most = vt.bits() - 8.min(vt.bits() / 2);
        let shift = shared.trailing_zeros().min(most);
        let shift = if shared == 0 || shift < LEAST_SHIFT {
            0
        } else {
            shift
        };
        Form {
            vt,
            transform: Transform::Shift(shift as u8),
        }
    }

    /// Whether the words have 64 bits.
    pub fn is_wide(&self) -> bool {
        self.vt.width == 8
    }

    /// Whether the words are the ordered integers as they are.
    pub fn is_plain(&self) -> bool {
        self.transform == Transform::Shift(0)
    }

    /// The word of a value (an ordered integer); none if it would not come back.
    pub fn word<W: Word>(&self, ordered: u64) -> Option<W> {
        let word = match self.transform {
            Transform::Shift(shift) => W::low(ordered >> shift),
            Transform::Lattice(lattice) => {
                let index = index(lattice, self.vt.number(ordered), W::BITS)?;
                W::HALF.plus(W::low(index as u64))
            }
        };
        (self.ordered(word) == ordered).then_some(word)
    }

    /// The value (an ordered integer) of a word.
    #[inline(always)]
    pub fn ordered<W: Word>(&self, word: W) -> u64 {
        match self.transform {
            Transform::Shift(0) => word.wide(),
            Transform::Shift(shift) => {
                let ordered = word.wide() << shift & self.vt.max_ordered();
                // The bits of a negative float are turned round.
                let negative = self.vt.kind == Kind::Float && ordered & self.vt.sign() == 0;
                if negative {
                    ordered | ((1 << shift) - 1)
                } else {
                    ordered
                }
            }
            Transform::Lattice(lattice) => {
                let index = word.minus(W::HALF).wide();
                let index = if W::BITS == 32 {
                    i64::from(index as u32 as i32)
                } else {
                    index as i64
                };
                self.vt.ordered_from_number(point(lattice, index))
            }
        }
    }

    /// The word that lies nearest to a number: what a prediction in numbers comes to.
    #[inline(always)]
    pub fn word_of_number<W: Word>(&self, number: f64) -> W {
        // Which NaN an operation gives differs between processors.
        let number = if number.is_nan() { 0.0 } else { number };
        match self.transform {
            Transform::Shift(shift) => W::low(self.vt.ordered_from_number(number) >> shift),
            Transform::Lattice(lattice) => match index(lattice, number, W::BITS) {
                Some(index) => W::HALF.plus(W::low(index as u64)),
                None => W::HALF,
            },
        }
    }

    /// A column's words from its values (ordered integers), and row and value of the exceptions.
    pub fn words<W: Word>(&self, values: Vec<W>) -> (Vec<W>, Vec<(u32, u64)>) {
        if self.is_plain() {
            return (values, Vec::new());
        }
        let mut exceptions = Vec::new();
        let mut before = W::HALF;
        let word = |(row, value): (usize, W)| {
            match self.word::<W>(value.wide()) {
                Some(word) => before = word,
                None => exceptions.push((row as u32, value.wide())),
            }
            before
        };
        let words = values.into_iter().enumerate().map(word).collect();
        (words, exceptions)
    }

    /// The numbers of a column, exceptions in their places.
    #[inline(always)]
    pub fn numbers(&self, words: &Words, exceptions: &[(u32, u64)]) -> Vec<f64> {
        let mut numbers: Vec<f64> = match words {
            Words::Narrow(words)
                if self.is_plain() && (self.vt.kind, self.vt.width) == (Kind::Float, 4) =>
            {
                gather(words.iter().map(|&word| float(word)))
            }
            Words::Narrow(words) => gather(words.iter().map(|&w| self.vt.number(self.ordered(w)))),
            Words::Wide(words) => gather(words.iter().map(|&w| self.vt.number(self.ordered(w)))),
        };
        for &(row, value) in exceptions {
            numbers[row as usize] = self.vt.number(value);
        }
        numbers
    }
}

/// The number of an ordered f32, without branches; NaN and infinities as [`ValueType::number`] has
/// them.
#[inline(always)]
fn float(ordered: u32) -> f64 {
    let positive = ((ordered as i32) >> 31) as u32;
    let value = f32::from_bits(ordered ^ (!positive | 0x8000_0000));
    let huge = if positive != 0 { 7e38 } else { -7e38 };
    if value.is_finite() {
        f64::from(value)
    } else {
        huge
    }
}

const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// The exponent e with 10^e <= x < 10^(e+1), for 1e-12 <= x < 1e16.
fn decade(x: f64) -> i32 {
    let mut e = LEAST_EXPONENT;
    for step in [16, 8, 4, 2, 1] {
        let to = e + step;
        let reached = match to {
            16.. => false,
            0.. => x >= POWERS[to as usize],
            _ => x * POWERS[(-to) as usize] >= 1.0,
        };
        if reached {
            e = to;
        }
    }
    e
}

/// The index of the lattice point nearest to a number, if it is one that a word of so many bits
/// holds.
#[inline]
fn index(lattice: Lattice, x: f64, bits: u32) -> Option<i64> {
    let most = if bits == 32 { 1e9 } else { 4e18 };
    match lattice {
        Lattice::Decimals(n) => {
            let index = (x * POWERS[usize::from(n)]).round();
            (index.abs() < most).then_some(index as i64)
        }
        Lattice::Digits(n) => {
            let a = x.abs();
            if x == 0.0 {
                return Some(0);
            }
            if !(1e-12..1e12).contains(&a) {
                return None;
            }
            let mut e = decade(a);
            let unit = POWERS[usize::from(n) - 1];
            let places = i32::from(n) - 1 - e;
            let scaled = if places >= 0 {
                a * POWERS[places.min(22) as usize]
            } else {
                a / POWERS[-places as usize]
            };
            let mut mantissa = scaled.round();
            if mantissa >= unit * 10.0 {
                mantissa = unit;
                e += 1;
            }
            let index =
                i64::from(e - LEAST_EXPONENT) * (9.0 * unit) as i64 + (mantissa - unit) as i64 + 1;
            let index = if x < 0.0 { -index } else { index };
            ((index as f64).abs() < most).then_some(index)
        }
    }
}

/// The lattice point with this index; some number for an index without one.
#[inline]
fn point(lattice: Lattice, index: i64) -> f64 {
    match lattice {
        Lattice::Decimals(n) => index as f64 / POWERS[usize::from(n)],
        Lattice::Digits(n) => {
            if index == 0 {
                return 0.0;
            }
            let unit = POWERS[usize::from(n) - 1] as u64;
            let at = index.unsigned_abs() - 1;
            let mantissa = (at % (9 * unit) + unit) as f64;
            let e = (at / (9 * unit)).min(27) as i32 + LEAST_EXPONENT;
            let places = i32::from(n) - 1 - e;
            let x = if places >= 0 {
                mantissa / POWERS[places.min(22) as usize]
            } else {
                mantissa * POWERS[-places as usize]
            };
            if index < 0 { -x } else { x }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const F4: ValueType = ValueType {
        kind: Kind::Float,
        width: 4,
    };
    const F8: ValueType = ValueType {
        kind: Kind::Float,
        width: 8,
    };

    fn all<W: Word>(form: Form, values: &[u64]) {
        let (words, exceptions) = form.words::<W>(values.iter().map(|&v| W::low(v)).collect());
        for (row, (&word, &value)) in words.iter().zip(values).enumerate() {
            assert!(exceptions.contains(&(row as u32, value)) || form.ordered(word) == value);
        }
    }

    #[test]
    fn words_come_back_or_are_exceptions() {
        let odd = [
            0.0f64,
            -0.0,
            1.5,
            -2.25,
            1e-40,
            f64::NAN,
            f64::INFINITY,
            -1e300,
            0.1,
            -123.456,
            99999.9,
        ];
        let narrow: Vec<u64> = odd
            .iter()
            .map(|&x| F4.order(u64::from((x as f32).to_bits())))
            .collect();
        let wide: Vec<u64> = odd.iter().map(|&x| F8.order(x.to_bits())).collect();
        for transform in [
            Transform::Shift(0),
            Transform::Shift(12),
            Transform::Lattice(Lattice::Decimals(3)),
            Transform::Lattice(Lattice::Digits(5)),
        ] {
            all::<u32>(Form { vt: F4, transform }, &narrow);
            all::<u64>(Form { vt: F8, transform }, &wide);
        }
    }

    #[test]
    fn many_digits_of_little_come_back_or_are_exceptions() {
        let values: Vec<u64> = [3.123_456_789_012e-12f64, 1.5e-12, 9.999e11]
            .map(|x| F8.order(x.to_bits()))
            .into();
        for n in [13, 16] {
            all::<u64>(
                Form {
                    vt: F8,
                    transform: Transform::Lattice(Lattice::Digits(n)),
                },
                &values,
            );
        }
    }

    #[test]
    fn decimals_are_no_exceptions() {
        let decimal = |i: i32| (f64::from(i * 37) / 1000.0) as f32;
        let values: Vec<u32> = (-3000..3000)
            .map(|i| F4.order(u64::from(decimal(i).to_bits())) as u32)
            .collect();
        let form = Form {
            vt: F4,
            transform: Transform::Lattice(Lattice::Decimals(3)),
        };
        assert!(form.words(values).1.is_empty());
    }
}
