//! How plausible it is that the bytes at a place of the record are a number of a certain kind.
//!
//! Scores are thousandths a byte. A float of physics has an exponent in the middle of its range and
//! is not a pattern of letters; an integer has high bytes that repeat its sign and low bytes that
//! vary more than the high ones. Bytes on their own have [`BYTE`], so a reading of several bytes
//! must be better than that.

use super::super::{ByteOrder, Kind};
use super::cost;

/// Score of a byte on its own.
pub(super) const BYTE: i32 = 450;
/// Score of a constant, read as one value: a little better than as bytes, narrow words a little
/// better than wide ones.
const STILL: i32 = 460;

/// Records of equal size, the same bytes of each of which are one column.
pub(super) struct Rows<'a> {
    rows: Vec<&'a [u8]>,
    size: usize,
    entropy: Vec<u32>,
}

impl<'a> Rows<'a> {
    /// Some `row_n` records, spread over the sample.
    pub(super) fn choose(sample: &'a [u8], size: usize, row_n: usize) -> Self {
        let total = sample.len() / size;
        let step = (total / row_n.max(1)).max(1);
        let rows = || sample.chunks_exact(size).step_by(step);
        // Padding says nothing of the kinds.
        let lively: Vec<&[u8]> = rows()
            .filter(|row| row.iter().any(|&byte| byte != 0))
            .collect();
        let rows: Vec<&[u8]> = if lively.len() >= 16 {
            lively
        } else {
            rows().collect()
        };
        let entropy = (0..size)
            .map(|place| {
                let mut counts = [0u16; 256];
                for row in &rows {
                    counts[usize::from(row[place])] += 1;
                }
                cost::entropy(&counts)
            })
            .collect();
        Rows {
            rows,
            size,
            entropy,
        }
    }

    /// Entropy of the byte of significance `rank` (0 is the lowest), hundredths of a bit.
    fn entropy(&self, at: usize, width: usize, order: ByteOrder, rank: usize) -> u32 {
        match order {
            ByteOrder::Little => self.entropy[at + rank],
            ByteOrder::Big => self.entropy[at + width - 1 - rank],
        }
    }

    /// The column's values, zero-extended.
    fn values(&self, at: usize, width: usize, order: ByteOrder) -> impl Iterator<Item = u64> {
        self.rows
            .iter()
            .map(move |row| value(&row[at..at + width], order))
    }

    /// Kind and score of a number of `width` bytes at place `at`.
    pub(super) fn score(&self, at: usize, width: usize, order: ByteOrder) -> (Kind, i32) {
        let is_still = (at..at + width).all(|place| self.entropy[place] == 0);
        if is_still && self.values(at, width, order).all(|value| value == 0) {
            return (Kind::Uint, STILL - width as i32);
        }
        let float = self.float_score(at, width, order);
        let (kind, int) = self.int_score(at, width, order);
        // A number that is not on a multiple of its width is rarer.
        let askew = if at.is_multiple_of(width) { 0 } else { 40 };
        let (kind, score) = if float > int {
            (Kind::Float, float - askew)
        } else {
            (kind, int - askew)
        };
        if is_still && score < STILL {
            (Kind::Uint, STILL - width as i32)
        } else {
            (kind, score)
        }
    }

    fn float_score(&self, at: usize, width: usize, order: ByteOrder) -> i32 {
        // Sign and exponent, the exponent's middle, and how far from it physics goes.
        let (mantissa_bits, middle, far) = match width {
            4 => (23, 127, 48),
            8 => (52, 1023, 160),
            _ => return 0,
        };
        let exponent_mask = middle * 2 + 1;
        let sign = 1 << (width * 8 - 1);
        let (mut set_n, mut plausible_n, mut letters_n, mut low_n, mut fill_n) = (0, 0, 0, 0, 0);
        let (mut before, mut new_n) = (0, 0);
        let mut fill = None;
        for value in self
            .values(at, width, order)
            .filter(|&value| value & !sign != 0)
        {
            let exponent = (value >> mantissa_bits) as i32 & exponent_mask;
            let mantissa = value & ((1 << mantissa_bits) - 1);
            let special =
                exponent == exponent_mask && mantissa & ((1 << (mantissa_bits - 1)) - 1) == 0;
            let plausible = special || (exponent - middle).abs() <= far;
            // One value may be anything: what stands for a missing one.
            if !plausible && *fill.get_or_insert(value) == value {
                fill_n += 1;
                continue;
            }
            set_n += 1;
            plausible_n += i32::from(plausible);
            // A value that stays says nothing more.
            if value != before {
                let letter_n = value
                    .to_le_bytes()
                    .iter()
                    .filter(|byte| matches!(byte, b' '..=b'~'))
                    .count();
                new_n += 1;
                letters_n += i32::from(letter_n >= width - 1);
                before = value;
            }
            low_n += i32::from(value as u32 >> 24 != 0);
        }
        let entropy = |rank| self.entropy(at, width, order, rank);
        let is_text = new_n > 7 && letters_n * 4 > new_n * 3;
        if set_n == 0 || plausible_n * 100 < set_n * 92 || is_text {
            return 0;
        }
        // Little to go by.
        let few = set_n < 3 || set_n * 50 < fill_n;
        if width == 8 {
            // Two halves that are plausible floats of their own are not one; a low half of zeros
            // may be either.
            let low = if order == ByteOrder::Little {
                at
            } else {
                at + 4
            };
            if low_n == 0 && self.values(low, 4, order).all(|value| value == 0) {
                return if self.size == 8 { 950 } else { 700 };
            }
            let low_is_number =
                self.float_score(low, 4, order) > 0 || self.int_score(low, 4, order).1 > 800;
            if low_n * 2 < set_n || low_is_number {
                return 0;
            }
        }
        // A mantissa whose low bits live has no still bits above them.
        if entropy(1) < 100 && entropy(0) > entropy(1) + 100 {
            return 0;
        }
        // Read the wrong way round, the low bits stand where the mantissa's high ones belong.
        let turned = if entropy(0) > 500 && entropy(width - 2) > entropy(0) + 8 {
            80
        } else {
            0
        };
        if few {
            600
        } else {
            1000 * plausible_n / set_n - turned
        }
    }

    fn int_score(&self, at: usize, width: usize, order: ByteOrder) -> (Kind, i32) {
        let entropy = |rank| self.entropy(at, width, order, rank);
        let falls = (1..width).all(|rank| entropy(rank) <= entropy(rank - 1) + 60);
        if !falls || width == 1 {
            return (Kind::Uint, 0);
        }
        if width == 4 && self.is_pair_of_bytes(at, order) {
            return (Kind::Uint, 0);
        }
        let top = width * 8 - 1;
        let (mut set_n, mut short_n, mut negative_n) = (0, 0, 0);
        for value in self.values(at, width, order).filter(|&v| v != 0) {
            set_n += 1;
            // Shifted to the top, so that the sign is an i64's.
            let signed = (value << (63 - top)) as i64 >> (63 - top);
            let room = [0, 0, 4, 0, 8, 0, 0, 0, 24][width];
            short_n += i32::from(signed.unsigned_abs() >> (top - room) == 0);
            negative_n += i32::from(signed < 0);
        }
        let kind = if width == 4 || negative_n * 50 > set_n {
            Kind::Int
        } else {
            Kind::Uint
        };
        let is_short = short_n * 100 >= set_n * 97;
        let kind = if is_short { kind } else { Kind::Uint };
        let varied = entropy(0) >= entropy(width - 1) + 50;
        let score = match (width, is_short, varied) {
            // Small numbers side by side may be bytes.
            (2, _, _) if self.size > 2 && !self.is_full(entropy(0), entropy(1)) => 0,
            (2, _, true) => 700,
            (2, _, false) if self.size > 2 && entropy(1) > 400 => 560,
            (4, true, _) => 900,
            (8, true, true) if self.size == 8 || self.carries(at, order) => 850,
            (4, false, true) if entropy(3) < 30 && entropy(0) > 400 => 800,
            (8, false, true) if entropy(7) < 30 && entropy(3) > 400 => 800,
            _ => 0,
        };
        (kind, score)
    }

    /// Whether a low byte of this entropy uses all its values as it must beside a high byte that
    /// varies (a byte of even distribution seems to have less than 8 bits, the fewer rows there
    /// are).
    fn is_full(&self, low: u32, high: u32) -> bool {
        let full = 775 - (18_400 / self.rows.len().max(64)) as u32;
        low >= if high > 150 { full } else { 450 }
    }

    /// Whether the lower two bytes of the word at `at` are small numbers of their own: in one
    /// number the second byte counts the first one's overflows, or both are of few values (codes).
    fn is_pair_of_bytes(&self, at: usize, order: ByteOrder) -> bool {
        if self.entropy(at, 4, order, 0) >= 300 {
            return false;
        }
        let mut low = [false; 256];
        let mut high = [false; 256];
        let mut both = std::collections::BTreeSet::new();
        for value in self.values(at, 4, order) {
            low[value as usize & 255] = true;
            high[value as usize >> 8 & 255] = true;
            both.insert(value as u16);
        }
        let count = |seen: &[bool]| seen.iter().filter(|&&seen| seen).count();
        count(&high) > 1 && both.len() + 1 >= count(&low) + count(&high)
    }

    /// Whether the eight bytes at `at` are one integer rather than two: if the high half ever
    /// counts, the low half uses all of its bits; if not, the low half is too large for a count.
    fn carries(&self, at: usize, order: ByteOrder) -> bool {
        let high_varies = (4..8).any(|rank| self.entropy(at, 8, order, rank) > 0);
        let largest = self
            .values(at, 8, order)
            .map(|value| value as u32)
            .max()
            .unwrap_or(0);
        if high_varies {
            self.entropy(at, 8, order, 3) > 300
        } else {
            largest >> 16 != 0
        }
    }
}

/// The bytes as an unsigned number.
pub(super) fn value(bytes: &[u8], order: ByteOrder) -> u64 {
    let push = |value: u64, &byte: &u8| value << 8 | u64::from(byte);
    match order {
        ByteOrder::Little => bytes.iter().rev().fold(0, push),
        ByteOrder::Big => bytes.iter().fold(0, push),
    }
}
