//! After how many bytes the data's kind repeats: word width and record length.
//!
//! A record's bytes agree with those one record earlier more often than with bytes elsewhere
//! (exponents, flags, padding), so the distances at which bytes agree most are candidates. Each is
//! priced: the cost of coding the nibbles of every byte by its place in the period, the description
//! of those codes included, so that multiples of the true length lose. Where a divisor has most of
//! the gain, it wins.

use super::cost::Ledger;

/// Longest period looked for, in bytes.
const PERIOD_MAX: usize = 2048;
/// Longest row of records looked for, in records.
const ROW_MAX: usize = 512;
/// Bytes compared at each distance, and bytes priced for each candidate.
const COMPARED: usize = 16 << 10;
const PRICED: usize = 48 << 10;
/// Windows that the looked-at bytes are spread over.
const WINDOWS: usize = 8;
/// Candidates priced.
const CANDIDATES: usize = 12;

/// Lengths after which the data's kind repeats, in bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Period {
    /// Of a word: 1, 2, 4 or 8.
    pub(super) word: usize,
    /// Of a record; the word's if there are no records.
    pub(super) record: usize,
    /// Price of a word, coded by its place in the record.
    pub(super) price: u64,
}

/// The sample's periods.
pub(super) fn find(sample: &[u8]) -> Period {
    let lag_max = PERIOD_MAX.min(sample.len() / 4);
    let windows = Windows::choose(sample, lag_max);
    let candidates = candidates(&windows.agreement(lag_max));

    // Word widths first: what they explain is no record.
    let mut word = (1, windows.price(1));
    for width in [2, 4, 8] {
        let priced = windows.price(width);
        if gains(word.1, priced, 1) {
            word = (width, priced);
        }
    }
    let mut best = word;
    for &size in candidates
        .iter()
        .filter(|&&size| size > 8 || !size.is_power_of_two())
    {
        let priced = windows.price(size);
        if priced < best.1 && gains(word.1, priced, 2) {
            best = (size, priced);
        }
    }
    // The true length is the shortest that has most of the gain.
    let mut factor = 2;
    while factor <= best.0 / word.0 / 2 {
        let shorter = best.0 / factor;
        if best.0.is_multiple_of(factor)
            && (shorter.is_multiple_of(word.0) || !best.0.is_multiple_of(word.0))
        {
            let priced = windows.price(shorter);
            if word.1.saturating_sub(priced) * 5 > (word.1 - best.1) * 4 {
                best = (shorter, priced);
                continue;
            }
        }
        factor += 1;
    }
    Period {
        word: word.0,
        record: best.0,
        price: best.1 * word.0 as u64 / windows.priced_n() as u64,
    }
}

/// Records a row, if records of `size` bytes agree most with those of the row before.
pub(super) fn row(sample: &[u8], size: usize) -> Option<usize> {
    let row_max = ROW_MAX.min(sample.len() / size / 2);
    let windows = Windows::choose(sample, row_max * size);
    let agreement: Vec<i64> = (0..=row_max)
        .map(|row| i64::from(windows.agreement_at(row * size)))
        .collect();
    let sharpness = |row: usize| 2 * agreement[row] - agreement[row - 1] - agreement[row + 1];
    let mut usual: Vec<i64> = (2..row_max).map(|row| sharpness(row).abs()).collect();
    if usual.len() < 8 {
        return None;
    }
    let middle = usual.len() / 2;
    let usual = *usual.select_nth_unstable(middle).1;
    let sharpest = (2..row_max).map(sharpness).max()?;
    let clear = sharpest > usual * 8 && sharpest > windows.compared_n() as i64 / 32;
    (2..row_max).find(|&row| clear && sharpness(row) * 2 >= sharpest)
}

/// Whether `new` is lower than `old` by more than `percent` of it.
fn gains(old: u64, new: u64, percent: u64) -> bool {
    new + old * percent / 100 < old
}

/// Distances at which bytes agree much more than at most distances of the same remainder modulo 8.
fn candidates(agreement: &[u32]) -> Vec<usize> {
    let mut usual = [0u32; 8];
    for (residue, usual) in usual.iter_mut().enumerate() {
        let mut class: Vec<u32> = agreement.iter().skip(residue).step_by(8).copied().collect();
        if !class.is_empty() {
            let middle = class.len() / 2;
            *usual = *class.select_nth_unstable(middle).1;
        }
    }
    let excess = |lag: usize| agreement[lag].saturating_sub(usual[lag % 8]);
    let highest = (2..agreement.len()).map(excess).max().unwrap_or(0);
    let mut peaks: Vec<usize> = (2..agreement.len())
        .filter(|&lag| highest > 0 && excess(lag) * 5 >= highest * 2)
        .collect();
    // The shortest (the period itself among its multiples), and the highest.
    let mut highest_first = peaks.clone();
    highest_first.sort_by_key(|&lag| (std::cmp::Reverse(excess(lag)), lag));
    highest_first.truncate(CANDIDATES / 2);
    peaks.retain(|lag| !highest_first.contains(lag));
    peaks.truncate(CANDIDATES - highest_first.len());
    peaks.extend(highest_first);
    peaks
}

/// The parts of the sample that are looked at: spread out, and the liveliest of their surroundings.
struct Windows<'a> {
    sample: &'a [u8],
    starts: Vec<usize>,
    compared: usize,
    priced: usize,
    ledger: Ledger,
}

impl<'a> Windows<'a> {
    /// Windows that begin at `lag_max` or later.
    fn choose(sample: &'a [u8], lag_max: usize) -> Self {
        let room = sample.len() - lag_max;
        let ledger = Ledger::new(room.min(PRICED));
        if room <= PRICED {
            return Windows {
                sample,
                starts: vec![lag_max],
                compared: room.min(COMPARED),
                priced: room,
                ledger,
            };
        }
        let priced = PRICED / WINDOWS;
        let part = room / WINDOWS;
        let starts = (0..WINDOWS).map(|window| {
            let from = lag_max + window * part;
            // Zeros say nothing: of four places in this part of the sample take the one with the
            // fewest.
            let places = (0..4).map(|place| from + (part - priced) * place / 3);
            places.max_by_key(|&at| {
                sample[at..at + priced]
                    .iter()
                    .step_by(7)
                    .filter(|&&byte| byte != 0)
                    .count()
            })
        });
        let starts = starts.flatten().collect();
        Windows {
            sample,
            starts,
            compared: COMPARED / WINDOWS,
            priced,
            ledger,
        }
    }

    /// How many bytes agree with the byte `lag` earlier, for each lag below `lag_max` (0 and 1 are
    /// left 0).
    fn agreement(&self, lag_max: usize) -> Vec<u32> {
        let mut counts = vec![0; lag_max];
        for (lag, count) in counts.iter_mut().enumerate().skip(2) {
            *count = self.agreement_at(lag);
        }
        counts
    }

    fn agreement_at(&self, lag: usize) -> u32 {
        let window = |&start: &usize| {
            let here = &self.sample[start..start + self.compared];
            agreeing(here, &self.sample[start - lag..start - lag + self.compared])
        };
        self.starts.iter().map(window).sum()
    }

    fn priced_n(&self) -> usize {
        self.priced * self.starts.len()
    }

    fn compared_n(&self) -> usize {
        self.compared * self.starts.len()
    }

    /// The price of the windows' nibbles, coded by place in a period of `size` bytes.
    fn price(&self, size: usize) -> u64 {
        let mut counts = vec![0u16; size * 32];
        for &start in &self.starts {
            let mut place = start % size;
            for &byte in &self.sample[start..start + self.priced] {
                let slot = &mut counts[place * 32..place * 32 + 32];
                slot[usize::from(byte >> 4)] += 1;
                slot[16 + usize::from(byte & 15)] += 1;
                place = if place + 1 == size { 0 } else { place + 1 };
            }
        }
        counts
            .chunks_exact(16)
            .map(|counts| self.ledger.price(counts))
            .sum()
    }
}

fn agreeing(a: &[u8], b: &[u8]) -> u32 {
    // Partial counts of one byte, so that the loop becomes vector code.
    let part = |(a, b): (&[u8], &[u8])| a.iter().zip(b).fold(0u8, |n, (a, b)| n + u8::from(a == b));
    a.chunks(240)
        .zip(b.chunks(240))
        .map(|pair| u32::from(part(pair)))
        .sum()
}
