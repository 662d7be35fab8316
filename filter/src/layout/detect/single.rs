//! Readings of a sample as one plain column.

use super::super::{ByteOrder, Field, Kind};
use super::grid::ordered;

/// Words looked at, in runs of so many.
const WORDS: usize = 4096;
const RUN: usize = 64;
/// Readings that are kept.
const KEPT: usize = 3;

/// Integers and floats of every width and byte order by which neighbours lie nearest, the best
/// first.
pub(super) fn plausible(sample: &[u8]) -> Vec<Field> {
    let kinds = [
        (Kind::Int, 2u32),
        (Kind::Int, 4),
        (Kind::Float, 4),
        (Kind::Int, 8),
        (Kind::Float, 8),
    ];
    let mut priced: Vec<(u64, Field)> = Vec::new();
    for (kind, width) in kinds {
        for order in [ByteOrder::Little, ByteOrder::Big] {
            if let Some(price) = price(sample, kind, width as usize, order) {
                priced.push((price, Field::new(kind, width, 1, order)));
            }
        }
    }
    priced.sort_by_key(|(price, _)| *price);
    priced.truncate(KEPT);
    priced.into_iter().map(|(_, field)| field).collect()
}

/// About the bits of 2^16 bytes: a word costs the length of its difference from the word before.
fn price(sample: &[u8], kind: Kind, width: usize, order: ByteOrder) -> Option<u64> {
    let word = |bytes: &[u8]| {
        let fold = |word: u64, byte: &u8| word << 8 | u64::from(*byte);
        let value = match order {
            ByteOrder::Little => bytes.iter().rev().fold(0, fold),
            ByteOrder::Big => bytes.iter().fold(0, fold),
        };
        ordered(value, kind, 8 * width as u32)
    };
    let word_n = sample.len() / width;
    let step = (word_n / (WORDS / RUN)).max(RUN);
    let (mut bits, mut n) = (0u64, 0u64);
    for start in (0..word_n).step_by(step) {
        let end = (start + RUN).min(word_n);
        let words = sample[start * width..end * width].chunks(width).map(word);
        let mut before = None;
        for word in words {
            if let Some(before) = before {
                let difference = word.wrapping_sub(before) as i64;
                let difference = difference << (64 - 8 * width) >> (64 - 8 * width);
                bits += u64::from(64 - difference.unsigned_abs().leading_zeros()) + 1;
                n += width as u64;
            }
            before = Some(word);
        }
    }
    (n > 0).then(|| (bits << 16) / n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_width_of_times_is_found() {
        let times: Vec<u8> = (0..4000i64)
            .flat_map(|i| (1_700_000_000_000_000_000 + i * 1_000_003 + i * i % 977).to_be_bytes())
            .collect();
        let found = plausible(&times);
        assert_eq!(
            found.first(),
            Some(&Field::new(Kind::Int, 8, 1, ByteOrder::Big))
        );
        assert!(plausible(&[1]).is_empty());
    }
}
