//! Columns that are stored one after another.
//!
//! Two columns of one table often hold nearly the same number for the same event: pairs of
//! successive values, rounded, come again a column's length later. The distances to the latest
//! occurrence of each pair are counted; a distance that stands out is the columns' length. Unlike
//! rows of a grid it may be as long as half of the sample.

/// Shortest distance looked for: shorter ones would be records or rows.
const DISTANCE_MIN: usize = 64;
/// Slots of the table of latest occurrences (log2).
const SLOTS_LOG: u32 = 15;
/// Low bits of the 31 that rounding drops: a float's sign, exponent and 7 bits of its mantissa
/// remain.
const ROUND_BITS: u32 = 15;

/// The distance, in values, at which pairs of rounded values come again most often.
pub(super) fn distance(values: &[i32]) -> Option<usize> {
    if values.len() < 4 * DISTANCE_MIN {
        return None;
    }
    let mut latest = vec![0u32; 1 << SLOTS_LOG];
    let mut counts = vec![0u32; values.len() / 2 + 1];
    let mut asked_n = 0;
    for (at, pair) in values.windows(2).enumerate() {
        let key = pair_key(pair[0], pair[1]);
        let hash = key.wrapping_mul(0x9e37_79b1);
        // A quarter of the pairs, chosen by what they are, so that both occurrences are among them.
        if hash & 0x300 != 0 || pair[0] == pair[1] {
            continue;
        }
        let slot = &mut latest[(hash >> (32 - SLOTS_LOG)) as usize];
        let before = *slot as usize;
        *slot = at as u32;
        asked_n += 1;
        if before > 0
            && pair_key(values[before], values[before + 1]) == key
            && let Some(count) = counts.get_mut(at - before)
        {
            *count += 1;
        }
    }
    let far = DISTANCE_MIN..counts.len();
    let best = far
        .clone()
        .max_by_key(|&distance| (counts[distance], std::cmp::Reverse(distance)))?;
    let second = far
        .filter(|&distance| !distance.is_multiple_of(best))
        .map(|distance| counts[distance])
        .max()?;
    let stands_out = counts[best] > 32 && counts[best] * 50 > asked_n && counts[best] > 2 * second;
    stands_out.then_some(best)
}

fn pair_key(first: i32, second: i32) -> u32 {
    (first as u32 >> ROUND_BITS) << 16 | second as u32 >> ROUND_BITS
}
