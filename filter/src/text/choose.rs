//! What a field is, from the parts of lines that it must hold.

use std::collections::HashMap;

use super::digits::digit_n;
use super::field::{
    Field, Fill, LONGEST_SPECIAL, MINUS_ZERO, MOST_ORDERED, MOST_SPECIALS, MOST_WORDS, Pad, Value,
    ordered, scaled,
};
use super::number::{Exponent, Written};
use super::style::{Form, Style};

/// Parts of a field that styles are compared on.
const SAMPLE: usize = 512;
/// One part in so many may come out otherwise: its line stays as it is.
const FEW: usize = 50;
/// A word is written down if it comes so often in the mean.
const OFTEN: usize = 4;
/// Bits of a digit, and of a float of 4 and of 8 bytes.
const DIGIT_BITS: f64 = 3.322;
const SINGLE_BITS: f64 = 25.0;
const DOUBLE_BITS: f64 = 54.0;

/// A field that holds nearly all of these, of which there is one at least.
pub(super) fn field(texts: &[&[u8]], numbers: bool) -> Field {
    let found = if numbers { number(texts) } else { None };
    found.unwrap_or_else(|| words(texts))
}

/// A column of blanks.
pub(super) fn blanks(most: usize) -> Field {
    of(
        Value::Blanks {
            width: width_of(most as u64),
        },
        plain(),
    )
}

/// Blanks between two parts as what fills one of them up, if that is what they are in all lines:
/// of each the blanks, and the length of the part.
pub(super) fn fill(pairs: impl Iterator<Item = (usize, usize)> + Clone) -> Option<Fill> {
    let least = pairs.clone().map(|pair| pair.0).min()?;
    // Where there are more blanks than the least, they say how wide it is.
    let wide = pairs.clone().find(|pair| pair.0 > least)?;
    let fill = Fill {
        width: u8::try_from(wide.0 + wide.1).ok()?,
        least: u8::try_from(least).ok()?,
    };
    let mut pairs = pairs;
    pairs
        .all(|(blanks, len)| fill.blanks(len) == blanks)
        .then_some(fill)
}

fn of(value: Value, style: Style) -> Field {
    Field {
        value,
        style,
        specials: Vec::new(),
        pad: Pad::None,
    }
}

fn plain() -> Style {
    Style::new(Form::Fixed(0))
}

/// Words of few, or bytes.
fn words(texts: &[&[u8]]) -> Field {
    let mut counts: HashMap<&[u8], (usize, usize)> = HashMap::new();
    let most = (texts.len() / OFTEN).min(MOST_WORDS);
    for (at, text) in texts.iter().enumerate() {
        counts.entry(text).or_insert((0, at)).0 += 1;
        if counts.len() > most {
            let longest = texts.iter().map(|text| text.len()).max().unwrap_or(0);
            return of(
                Value::Bytes {
                    width: width_of(longest as u64),
                },
                plain(),
            );
        }
    }
    // The most frequent first, then the first.
    let mut words: Vec<(&[u8], (usize, usize))> = counts.into_iter().collect();
    words.sort_unstable_by_key(|&(_, (n, at))| (std::cmp::Reverse(n), at));
    let words = words.into_iter().map(|(word, _)| word.to_vec()).collect();
    of(Value::Word(words), plain())
}

fn width_of(most: u64) -> u8 {
    match most {
        0..=0xFF => 1,
        0x100..=0xFFFF => 2,
        _ => 4,
    }
}

/// A field of numbers: the one of fewest bits that gives back nearly all of a sample.
fn number(texts: &[&[u8]]) -> Option<Field> {
    let step = texts.len().div_ceil(SAMPLE);
    let sample: Vec<&[u8]> = texts.iter().step_by(step).copied().collect();
    let (mut all, mut others) = (Vec::with_capacity(texts.len()), Vec::new());
    for &text in texts {
        match Written::parse(text) {
            Some(number) => all.push(number),
            None => others.push(text),
        }
    }
    let specials = specials(&others);
    if all.is_empty() || (specials.is_none() && others.len() * FEW > texts.len()) {
        return None;
    }
    let specials = specials.unwrap_or_default();
    let mut best: Option<(f64, Field)> = None;
    for style in styles(&all) {
        for (bits, value) in values(&all, &style) {
            if best.as_ref().is_some_and(|(least, _)| *least <= bits) {
                continue;
            }
            let field = Field {
                specials: specials.clone(),
                ..of(with_sign(value, &specials), style)
            };
            if suits(&field, &sample) {
                best = Some((bits, field));
            }
        }
    }
    best.map(|(_, field)| field)
}

/// Words that stand for numbers, the first that comes first; nothing if they are too many.
fn specials(texts: &[&[u8]]) -> Option<Vec<Vec<u8>>> {
    let mut words: Vec<Vec<u8>> = Vec::new();
    for &text in texts {
        if !words.iter().any(|word| word == text) {
            if words.len() == MOST_SPECIALS || text.len() > LONGEST_SPECIAL {
                return None;
            }
            words.push(text.to_vec());
        }
    }
    Some(words)
}

/// Integers among which there are such words have a sign.
fn with_sign(value: Value, specials: &[Vec<u8>]) -> Value {
    match value {
        Value::Integer {
            width,
            signed: false,
        } if !specials.is_empty() => Value::Integer {
            width: (2 * width).min(8),
            signed: true,
        },
        value => value,
    }
}

/// Whether a field gives back nearly all of these.
fn suits(field: &Field, sample: &[&[u8]]) -> bool {
    let mut out = Vec::new();
    let few = sample.len() / FEW;
    let mut wrong = 0;
    for text in sample {
        out.clear();
        let printed = field
            .element(text, |_| None)
            .and_then(|element| field.print(element, |_| None, &mut out));
        wrong += usize::from(printed.is_none() || out != *text);
        if wrong > few {
            return false;
        }
    }
    true
}

/// Styles that these may be in.
fn styles(all: &[Written]) -> Vec<Style> {
    let decimals = all
        .iter()
        .map(|one| one.decimals)
        .max()
        .unwrap_or(0)
        .min(18) as u8;
    let fixed = all.iter().all(|one| one.decimals == all[0].decimals);
    let padded = all.iter().any(Written::padded);
    let widest = all.iter().map(|one| one.whole_n).min().unwrap_or(1);
    let with_zero = |one: &Written| one.point && one.decimals == 1 && one.digits.is_multiple_of(10);
    let base = Style {
        plus: all.iter().any(|one| one.plus),
        keeps_zero: all.iter().any(with_zero),
        bare: all.iter().any(|one| one.whole_n == 0),
        whole_n: if padded { widest.clamp(1, 40) as u8 } else { 1 },
        ..plain()
    };
    let of = |form: Form| Style { form, ..base };
    let set: Vec<(Exponent, i32)> = all.iter().filter_map(|one| one.exponent).collect();
    if set.is_empty() {
        let mut styles = vec![match fixed {
            true => Style {
                keeps_zero: false,
                ..of(Form::Fixed(decimals))
            },
            false => of(Form::Stripped(decimals)),
        }];
        if !fixed && !padded {
            // So many digits rather than decimals.
            styles.push(of(Form::General { low: -4, high: 17 }));
        }
        return styles;
    }
    let with = |form: Form| Style {
        upper: set[0].0.upper,
        exponent_plus: set.iter().any(|(one, _)| one.plus),
        exponent_n: set
            .iter()
            .map(|(one, _)| one.digits)
            .min()
            .unwrap_or(2)
            .clamp(1, 4),
        ..of(form)
    };
    let mut styles = Vec::new();
    if set.len() * FEW >= all.len() * (FEW - 1) {
        if fixed {
            styles.push(Style {
                keeps_zero: false,
                ..with(Form::Exponent(decimals))
            });
        } else {
            styles.push(with(Form::General { low: 30, high: -30 }));
        }
    } else {
        // The last power of ten without an exponent, on both sides.
        let power = |one: &Written| one.scale() + digit_n(one.digits) as i32 - 1;
        let live = |one: &&Written| one.digits != 0 && one.exponent.is_none();
        let highest = all.iter().filter(live).map(power).max().unwrap_or(0) + 1;
        let above = all
            .iter()
            .filter(|one| one.exponent.is_some_and(|(_, n)| n > 0));
        let first = above.map(power).min().unwrap_or(17);
        let lowest = all.iter().filter(live).map(power).min().unwrap_or(0);
        let low = if lowest < -4 {
            lowest.clamp(-30, 0) as i8
        } else {
            -4
        };
        let usual = [16, 21, 17, 15]
            .into_iter()
            .find(|usual| (highest..=first).contains(usual));
        let high = match first < 15 {
            true => first.clamp(0, 30) as i8,
            false => usual.unwrap_or(16) as i8,
        };
        styles.push(with(Form::General { low, high }));
    }
    styles
}

/// Columns that may hold these in a style, with about the bits of an element.
fn values(all: &[Written], style: &Style) -> Vec<(f64, Value)> {
    let mut found = Vec::new();
    if let Form::Fixed(_) | Form::Stripped(_) = style.form {
        let scaled: Vec<i64> = all.iter().filter_map(|one| scaled(one, style)).collect();
        if !scaled.is_empty() {
            let size = |value: &i64| 64.0 - f64::from(value.unsigned_abs().leading_zeros());
            let bits = scaled.iter().map(size).sum::<f64>() / scaled.len() as f64;
            found.push((bits, integer(&scaled)));
        }
        return found;
    }
    let stripped = |one: &Written| {
        let mut digits = one.digits;
        while digits != 0 && digits.is_multiple_of(10) {
            digits /= 10;
        }
        digit_n(digits)
    };
    let n = match style.form {
        Form::Exponent(decimals) => u32::from(decimals) + 1,
        _ => all.iter().map(stripped).max().unwrap_or(1),
    };
    let bits = f64::from(n) * DIGIT_BITS + 4.0;
    if n <= u32::from(MOST_ORDERED) {
        found.extend(decimal(all, n).map(|value| (bits + 0.2, value)));
    }
    let mut float = |width: u8, bits: f64, digits: u32| {
        let value = Value::Float {
            width,
            digits: digits as u8,
        };
        found.push((bits, value));
    };
    let exact = matches!(style.form, Form::Exponent(_));
    // Floats of few digits are seen as such, and formulas give them.
    let few = |most: f64, digits: u32| if n <= digits { bits.min(most) } else { most };
    if n <= 9 {
        float(4, few(SINGLE_BITS, 6), n);
        if !exact {
            float(4, few(SINGLE_BITS, 6) + 0.1, 0);
        }
    }
    if n <= 17 {
        float(8, few(DOUBLE_BITS, 15) + 0.05, n);
        if !exact {
            float(8, few(DOUBLE_BITS, 15) + 0.1, 0);
        }
    }
    found
}

/// The smallest integers that hold all of these, and minus zero if that is among them.
fn integer(all: &[i64]) -> Value {
    let signed = all.iter().any(|value| *value < 0);
    let sizes = all.iter().filter(|value| **value != MINUS_ZERO);
    let most = sizes.map(|value| value.unsigned_abs()).max().unwrap_or(0);
    let width = match 64 - most.leading_zeros() + u32::from(signed) {
        0..=8 => 1,
        9..=16 => 2,
        17..=32 => 4,
        _ => 8,
    };
    Value::Integer { width, signed }
}

/// Digits and a power of ten, if they fit.
fn decimal(all: &[Written], n: u32) -> Option<Value> {
    let live = all.iter().filter(|one| one.digits != 0);
    let power = |one: &Written| one.scale() + digit_n(one.digits) as i32 - 1;
    let least = live.clone().map(power).min().unwrap_or(0);
    let most = live
        .filter_map(|one| ordered(one, n, least))
        .filter(|size| *size != MINUS_ZERO)
        .map(i64::unsigned_abs)
        .max();
    let width = match most.unwrap_or(0) {
        0..=0x7FFF_FFFF => 4,
        _ => 8,
    };
    Some(Value::Decimal {
        width,
        digits: n as u8,
        least: i16::try_from(least).ok()?,
    })
}
