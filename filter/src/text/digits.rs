//! The decimal digits of a float: so many, correctly rounded (ties to even), or the fewest that
//! give it back.
//!
//! Integer arithmetic alone, so every machine prints alike. A product with a power of ten of 128
//! bits decides nearly always; where it comes too near to a border, exact arithmetic does.

use std::cmp::Ordering;
use std::sync::LazyLock;

/// A decimal number: `digits` times ten to the power `exponent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    pub(super) digits: u64,
    pub(super) exponent: i32,
}

/// Most digits that are asked for.
pub(super) const MOST: u32 = 17;

/// Powers of ten in the table: what 1 to 17 digits of all floats need.
const LEAST_POWER: i32 = -330;
const POWERS: usize = 690;

/// Upper 128 bits of ten to a power, and the power of two that they count.
static TABLE: LazyLock<Vec<(u128, i32)>> = LazyLock::new(powers);

/// `10^n` for n below 20.
pub(super) const TENS: [u64; 20] = {
    let mut tens = [1u64; 20];
    let mut at = 1;
    while at < 20 {
        tens[at] = tens[at - 1] * 10;
        at += 1;
    }
    tens
};

/// Digits of an integer; 1 of zero.
pub(super) fn digit_n(value: u64) -> u32 {
    value.checked_ilog10().unwrap_or(0) + 1
}

/// The first `n` digits (1 to 17) of a finite number above zero, rounded.
pub(super) fn rounded(value: f64, n: u32) -> Decimal {
    let (mantissa, exponent) = parts(value);
    let shift = mantissa.leading_zeros();
    let (top, binary) = (mantissa << shift, exponent - shift as i32);
    // The place of the first digit, or one too low.
    let mut place = (((i64::from(binary) + 63) * 1_262_611) >> 22) as i32;
    let (least, most) = (TENS[n as usize - 1], TENS[n as usize]);
    loop {
        let power = n as i32 - 1 - place;
        let (ten, ten_binary) = TABLE[(power - LEAST_POWER) as usize];
        let low = u128::from(top) * (ten & u128::from(u64::MAX));
        // Short by less than three.
        let product = u128::from(top) * (ten >> 64) + (low >> 64);
        let right = (-(binary + ten_binary) - 64) as u32;
        let whole = (product >> right) as u64;
        if whole >= most {
            place += 1;
            continue;
        }
        let (part, half) = (product & ((1 << right) - 1), 1u128 << (right - 1));
        let sure = whole >= least && (part > half || part + 3 < half);
        let digits = match sure {
            true => whole + u64::from(part > half),
            false => exactly((mantissa, exponent), power, whole),
        };
        return match digits == most {
            true => Decimal {
                digits: least,
                exponent: 1 - power,
            },
            false => Decimal {
                digits,
                exponent: -power,
            },
        };
    }
}

/// The fewest digits that a finite number above zero is the nearest to.
pub(super) fn shortest(value: f64, single: bool) -> Decimal {
    let mut buffer = zmij::Buffer::new();
    let text = match single {
        true => buffer.format_finite(value as f32),
        false => buffer.format_finite(value),
    };
    let (mut digits, mut exponent, mut pointed) = (0u64, 0i32, false);
    let mut bytes = text.bytes();
    for byte in bytes.by_ref() {
        match byte {
            b'0'..=b'9' => {
                digits = digits * 10 + u64::from(byte - b'0');
                exponent -= i32::from(pointed);
            }
            b'.' => pointed = true,
            _ => break,
        }
    }
    let (mut power, mut negative) = (0i32, false);
    for byte in bytes {
        match byte {
            b'0'..=b'9' => power = power * 10 + i32::from(byte - b'0'),
            b'-' => negative = true,
            _ => {}
        }
    }
    exponent += if negative { -power } else { power };
    while digits != 0 && digits.is_multiple_of(10) {
        digits /= 10;
        exponent += 1;
    }
    Decimal { digits, exponent }
}

/// A number as an integer and a power of two.
fn parts(value: f64) -> (u64, i32) {
    let bits = value.to_bits();
    let (field, fraction) = ((bits >> 52) as i32 & 0x7FF, bits & ((1 << 52) - 1));
    match field {
        0 => (fraction, -1074),
        _ => (fraction | 1 << 52, field - 1075),
    }
}

/// A number times ten to a power, rounded to an integer, ties to even; `near` is one off at most.
fn exactly((mantissa, binary): (u64, i32), power: i32, near: u64) -> u64 {
    let (mut number, mut unit) = (Large::of(mantissa), Large::of(1));
    let tens = if power > 0 { &mut number } else { &mut unit };
    for _ in 0..power.unsigned_abs() {
        tens.multiply(10);
    }
    let twos = if binary > 0 { &mut number } else { &mut unit };
    for _ in 0..binary.unsigned_abs() / 31 {
        twos.multiply(1 << 31);
    }
    twos.multiply(1 << (binary.unsigned_abs() % 31));
    // Twice the number lies between twice its whole part and two more.
    number.multiply(2);
    let mut whole = near.saturating_sub(2);
    while unit.times(2 * whole + 2).cmp(&number) != Ordering::Greater {
        whole += 1;
    }
    match unit.times(2 * whole + 1).cmp(&number) {
        Ordering::Less => whole + 1,
        Ordering::Equal => whole + (whole & 1),
        Ordering::Greater => whole,
    }
}

/// A large integer, least significant word first, without zeros above.
#[derive(Clone, PartialEq, Eq)]
struct Large(Vec<u32>);

impl Large {
    fn of(value: u64) -> Self {
        let mut large = Large(vec![value as u32, (value >> 32) as u32]);
        large.trim();
        large
    }

    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    fn multiply(&mut self, factor: u32) {
        let mut carry = 0u64;
        for word in &mut self.0 {
            let product = u64::from(*word) * u64::from(factor) + carry;
            *word = product as u32;
            carry = product >> 32;
        }
        if carry > 0 {
            self.0.push(carry as u32);
        }
    }

    fn times(&self, factor: u64) -> Large {
        let mut out = vec![0u32; self.0.len() + 3];
        let mut carry = 0u128;
        for (at, place) in out.iter_mut().enumerate() {
            let word = u128::from(self.0.get(at).copied().unwrap_or(0));
            let sum = word * u128::from(factor) + carry;
            *place = sum as u32;
            carry = sum >> 32;
        }
        let mut large = Large(out);
        large.trim();
        large
    }

    fn cmp(&self, other: &Large) -> Ordering {
        let by_len = self.0.len().cmp(&other.0.len());
        by_len.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }
}

/// The table, in steps of ten from 1 on, by 256 bits: what is cut off stays far below the last of
/// 128.
fn powers() -> Vec<(u128, i32)> {
    const ONE: ([u64; 4], i32) = ([0, 0, 0, 1 << 63], -255);
    let upper = |(words, binary): ([u64; 4], i32)| {
        (
            u128::from(words[3]) << 64 | u128::from(words[2]),
            binary + 128,
        )
    };
    let mut table = vec![(0, 0); POWERS];
    let zero = -LEAST_POWER as usize;
    let mut number = ONE;
    for place in &mut table[zero..] {
        *place = upper(number);
        number = times_ten(number);
    }
    let mut number = ONE;
    for place in table[..zero].iter_mut().rev() {
        number = tenth(number);
        *place = upper(number);
    }
    table
}

fn times_ten((words, binary): ([u64; 4], i32)) -> ([u64; 4], i32) {
    let (mut out, mut carry) = ([0u64; 5], 0u128);
    for (place, &word) in out.iter_mut().zip(&words) {
        carry += u128::from(word) * 10;
        *place = carry as u64;
        carry >>= 64;
    }
    out[4] = carry as u64;
    let down = 64 - out[4].leading_zeros();
    let shifted = |at: usize| out[at] >> down | out[at + 1] << (64 - down);
    (
        [shifted(0), shifted(1), shifted(2), shifted(3)],
        binary + down as i32,
    )
}

fn tenth((words, binary): ([u64; 4], i32)) -> ([u64; 4], i32) {
    // Four bits are gained below first.
    let (mut out, mut rest) = ([0u64; 5], 0u128);
    for at in (0..5).rev() {
        let word = if at == 0 { 0 } else { words[at - 1] };
        rest = rest << 64 | u128::from(word);
        out[at] = (rest / 10) as u64;
        rest %= 10;
    }
    let up = out[4].leading_zeros();
    let shifted = |at: usize| out[at] << up | out[at - 1] >> (64 - up);
    (
        [shifted(1), shifted(2), shifted(3), shifted(4)],
        binary - up as i32,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the standard library prints, which rounds alike.
    fn printed(value: f64, n: u32) -> (u64, i32) {
        let text = format!("{:.*e}", n as usize - 1, value);
        let (digits, power) = text.split_once('e').unwrap();
        let digits: u64 = digits.replace('.', "").parse().unwrap();
        (digits, power.parse::<i32>().unwrap() + 1 - n as i32)
    }

    #[test]
    fn digits_are_rounded_as_by_exact_arithmetic() {
        let mut state = 1u64;
        let mut values = vec![
            f64::MIN_POSITIVE,
            f64::MAX,
            5e-324,
            1.0,
            10.0,
            1e22 + 2e6,
            1e23,
            0.1,
            9007199254740993.0,
            123456.5,
            99999.5,
            0.3,
            9.5,
            1e-5,
            1e17,
            1e16,
        ];
        values.extend((0..20_000).map(|at| {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            match at % 3 {
                0 => f64::from_bits(state >> 1),
                1 => (state >> 40) as f64 / 64.0,
                _ => (state >> 11) as f64 / 9007199254740992.0 * 1000.0,
            }
        }));
        for value in values.into_iter().filter(|v| v.is_finite() && *v > 0.0) {
            for n in [1, 2, 6, 7, 9, 15, 16, 17] {
                let found = rounded(value, n);
                let want = printed(value, n);
                assert_eq!((found.digits, found.exponent), want, "{value:e} {n}");
            }
            let short = shortest(value, false);
            let text = format!("{}e{}", short.digits, short.exponent);
            assert_eq!(text.parse::<f64>(), Ok(value));
        }
    }

    #[test]
    fn ties_go_to_the_even_digit() {
        for (value, n, digits) in [
            (0.5, 1, 5),
            (2.5, 1, 2),
            (3.5, 1, 4),
            (1.25, 2, 12),
            (9.5, 1, 1),
        ] {
            assert_eq!(rounded(value, n).digits, digits, "{value}");
        }
    }
}
