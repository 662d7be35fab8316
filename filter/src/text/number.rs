//! A number as it is written: its digits, and how they are set.

/// What a number's characters say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// It has a minus sign.
    pub(super) negative: bool,
    /// It has a plus sign.
    pub(super) plus: bool,
    /// All digits as one integer.
    pub(super) digits: u64,
    /// Digits before the point, zeros in front included.
    pub(super) whole_n: u32,
    /// Digits behind the point.
    pub(super) decimals: u32,
    /// It has a point.
    pub(super) point: bool,
    /// How the exponent is set, if there is one, and what it is.
    pub(super) exponent: Option<(Exponent, i32)>,
}

/// How an exponent is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exponent {
    /// `E`, not `e`.
    pub(super) upper: bool,
    /// A plus sign where it is not negative.
    pub(super) plus: bool,
    /// Digits at least.
    pub(super) digits: u8,
}

/// Most digits of a number, zeros in front not counted.
const MOST_DIGITS: u32 = 18;
/// Most zeros in front and digits of an exponent.
const MOST_WIDTH: u32 = 40;

impl Written {
    /// A number from all of these characters; nothing if they are none, or too long.
    pub(super) fn parse(text: &[u8]) -> Option<Written> {
        let (mut at, mut negative, mut plus) = (0, false, false);
        match text.first()? {
            b'-' => (negative, at) = (true, 1),
            b'+' => (plus, at) = (true, 1),
            _ => {}
        }
        let (mut digits, mut digit_n) = (0u64, 0u32);
        let mut run = |at: &mut usize| {
            let from = *at;
            while let Some(byte) = text.get(*at).filter(|byte| byte.is_ascii_digit()) {
                digit_n += u32::from(digit_n > 0 || *byte != b'0');
                if digit_n > MOST_DIGITS {
                    return None;
                }
                digits = digits * 10 + u64::from(byte - b'0');
                *at += 1;
            }
            u32::try_from(*at - from).ok().filter(|n| *n <= MOST_WIDTH)
        };
        let whole_n = run(&mut at)?;
        let point = text.get(at) == Some(&b'.');
        let mut decimals = 0;
        if point {
            at += 1;
            decimals = run(&mut at)?;
        }
        let exponent = match text.get(at) {
            None => None,
            Some(letter @ (b'e' | b'E')) => Some(exponent(*letter == b'E', &text[at + 1..])?),
            Some(_) => return None,
        };
        (whole_n + decimals > 0).then_some(Written {
            negative,
            plus,
            digits,
            whole_n,
            decimals,
            point,
            exponent,
        })
    }

    /// Zeros stand in front that a number need not have, as of `007`.
    pub(super) fn padded(&self) -> bool {
        self.whole_n > 1 && self.digits < 10u64.pow((self.whole_n + self.decimals - 1).min(19))
    }

    /// The power of ten that the last digit counts.
    pub(super) fn scale(&self) -> i32 {
        self.exponent.map_or(0, |(_, power)| power) - self.decimals as i32
    }
}

fn exponent(upper: bool, text: &[u8]) -> Option<(Exponent, i32)> {
    let (signed, negative) = match text.first()? {
        b'-' => (true, true),
        b'+' => (true, false),
        _ => (false, false),
    };
    let digits = &text[usize::from(signed)..];
    if digits.is_empty() || digits.len() > 4 {
        return None;
    }
    let mut power = 0i32;
    for byte in digits {
        power = power * 10 + i32::from(byte.checked_sub(b'0').filter(|digit| *digit < 10)?);
    }
    let set = Exponent {
        upper,
        plus: signed && !negative,
        digits: digits.len() as u8,
    };
    Some((set, if negative { -power } else { power }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_taken_apart() {
        let of = |text: &str| Written::parse(text.as_bytes());
        let plain = of("-12.50").unwrap();
        assert!(plain.negative && !plain.plus && plain.point && plain.exponent.is_none());
        assert_eq!((plain.digits, plain.whole_n, plain.decimals), (1250, 2, 2));
        let power = of("+1.5E+06").unwrap();
        let (set, value) = power.exponent.unwrap();
        assert!(power.plus && set.upper && set.plus && set.digits == 2 && value == 6);
        assert_eq!(power.scale(), 5);
        assert!(of("007").unwrap().padded() && of("00.5").unwrap().padded());
        assert!(!of("0.5").unwrap().padded() && !of("0").unwrap().padded());
        assert!(!of("10").unwrap().padded() && of("01").unwrap().padded());
        for none in [
            "", "-", ".", "e5", "1e", "1e+", "1x", "1.2.3", "1e12345", "nan",
        ] {
            assert!(of(none).is_none(), "{none}");
        }
        assert!(of(&"9".repeat(18)).is_some() && of(&"9".repeat(19)).is_none());
        assert!(of(&"0".repeat(400)).is_none());
    }
}
