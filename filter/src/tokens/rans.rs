//! The static stage's coder of tokens: range asymmetric numeral systems (Duda 2013) with tables of
//! 2^11 slots, 32-bit states and 16-bit words, four lanes over consecutive quarters of the rows.
//!
//! The decoder needs no division: a slot of a table holds the token, its frequency and the place
//! inside it. States start at `LOW` in the encoder, so a decoder that ends elsewhere has read
//! something else than was written.

use super::bins::TOKENS;

/// Logarithm of the sum of a distribution's frequencies.
pub const TOTAL_BITS: u32 = 11;
/// Sum of a distribution's frequencies.
pub const TOTAL: usize = 1 << TOTAL_BITS;
/// Lanes: states that are advanced side by side.
pub const LANES: usize = 4;
/// Most distributions of a column.
pub const CLUSTERS: usize = 32;
/// A state between symbols lies in LOW..2^32.
const LOW: u32 = 1 << 16;

/// Slots of all distributions of a column.
pub type Tables = Box<[[u32; TOTAL]; CLUSTERS]>;

/// Room for tables.
pub fn tables() -> Tables {
    let rows = vec![[0; TOTAL]; CLUSTERS].into_boxed_slice();
    rows.try_into()
        .unwrap_or_else(|_| unreachable!("the boxed slice has CLUSTERS rows"))
}

/// Rows a lane.
pub fn lane_len(row_n: usize) -> usize {
    row_n.div_ceil(LANES)
}

/// How the rows of a column lie in lanes.
#[derive(Clone, Copy, Debug)]
pub struct Lanes {
    pub row_n: usize,
    /// Rows a lane.
    pub len: usize,
    /// Steps that all lanes have.
    whole: usize,
}

impl Lanes {
    /// Of so many rows.
    pub fn new(row_n: usize) -> Self {
        let len = lane_len(row_n);
        Lanes {
            row_n,
            len,
            whole: row_n.saturating_sub((LANES - 1) * len),
        }
    }

    /// The row of a lane's step.
    #[inline(always)]
    pub fn row(&self, lane: usize, step: usize) -> usize {
        lane * self.len + step
    }
}

/// The rows of a column while their tokens are read. What is implemented here stands in the
/// innermost loop: `#[inline(always)]`.
pub trait Rows {
    /// The distribution of a row's token, given those of the rows above.
    fn cluster(&self, lane: usize, step: usize, row: usize) -> u8;
    /// Takes a row's token.
    fn put(&mut self, lane: usize, step: usize, row: usize, token: u8);
}

/// Rows whose distributions are known beforehand.
pub struct Foreseen<'a> {
    /// By row; nothing if there is but one distribution.
    pub clusters: &'a [u8],
    pub tokens: &'a mut [u8],
}

impl Rows for Foreseen<'_> {
    #[inline(always)]
    fn cluster(&self, _: usize, _: usize, row: usize) -> u8 {
        self.clusters.get(row).copied().unwrap_or(0)
    }

    #[inline(always)]
    fn put(&mut self, _: usize, _: usize, row: usize, token: u8) {
        self.tokens[row] = token;
    }
}

/// Fills the slots of a distribution whose frequencies sum to [`TOTAL`].
pub fn fill(frequencies: &[u16], slots: &mut [u32; TOTAL]) {
    let mut at = 0;
    for (token, &frequency) in frequencies.iter().enumerate() {
        for place in 0..u32::from(frequency) {
            // 8 bits of token, 12 of frequency less one, 12 of place.
            slots[at] = token as u32 | (u32::from(frequency) - 1) << 8 | place << 20;
            at += 1;
        }
    }
}

/// Counts scaled to frequencies that sum to [`TOTAL`]; whatever was counted keeps at least 1.
pub fn normalise(counts: &[u32]) -> Vec<u16> {
    let all: u64 = counts.iter().map(|&c| u64::from(c)).sum();
    let mut frequencies = vec![0u16; counts.len()];
    if all == 0 {
        return frequencies;
    }
    let mut left = TOTAL as i64;
    for (frequency, &count) in frequencies.iter_mut().zip(counts) {
        if count > 0 {
            let share = (u64::from(count) * TOTAL as u64 + all / 2) / all;
            *frequency = share.clamp(1, TOTAL as u64) as u16;
            left -= i64::from(*frequency);
        }
    }
    while left != 0 {
        // One slot goes where it gains most, or comes from where it costs least: d(-c log f) = c /
        // f.
        let step = if left > 0 { 1 } else { -1 };
        let mut best = (f64::INFINITY, 0);
        for (at, (&frequency, &count)) in frequencies.iter().zip(counts).enumerate() {
            let (f, c) = (f64::from(frequency), f64::from(count));
            let loss = match step {
                _ if frequency == 0 => continue,
                1 => -c / (f + 0.5),
                _ if frequency == 1 => continue,
                _ => c / (f - 0.5),
            };
            if loss < best.0 {
                best = (loss, at);
            }
        }
        frequencies[best.1] = (i64::from(frequencies[best.1]) + step) as u16;
        left -= step;
    }
    frequencies
}

/// Writes tokens, the last first: the decoder's states go through all columns of a frame.
#[derive(Debug)]
pub struct Encoder {
    states: [u32; LANES],
    /// Backwards.
    words: Vec<u16>,
}

impl Default for Encoder {
    fn default() -> Self {
        Encoder {
            states: [LOW; LANES],
            words: Vec::new(),
        }
    }
}

impl Encoder {
    /// Puts a column's tokens before all that were put so far; each is of the distribution named
    /// beside it.
    pub fn put(&mut self, tokens: &[u8], clusters: &[u8], frequencies: &[Vec<u16>]) {
        // Frequency and first slot by cluster and token.
        let mut starts = vec![[(0u32, 0u32); TOKENS]; frequencies.len()];
        for (starts, frequencies) in starts.iter_mut().zip(frequencies) {
            let mut sum = 0;
            for (start, &frequency) in starts.iter_mut().zip(frequencies) {
                *start = (u32::from(frequency), sum);
                sum += u32::from(frequency);
            }
        }
        let (row_n, len) = (tokens.len(), lane_len(tokens.len()));
        for step in (0..len).rev() {
            for lane in (0..LANES).rev() {
                let row = lane * len + step;
                if row >= row_n {
                    continue;
                }
                let (frequency, start) =
                    starts[usize::from(clusters[row])][usize::from(tokens[row])];
                let state = &mut self.states[lane];
                if u64::from(*state) >= u64::from(frequency) << (32 - TOTAL_BITS) {
                    self.words.push(*state as u16);
                    *state >>= 16;
                }
                *state = ((*state / frequency) << TOTAL_BITS) + *state % frequency + start;
            }
        }
    }

    /// Everything that was put, as the decoder reads it; nothing if nothing was.
    pub fn finish(mut self) -> Vec<u8> {
        if self.words.is_empty() && self.states == [LOW; LANES] {
            return Vec::new();
        }
        for &state in self.states.iter().rev() {
            self.words.extend([state as u16, (state >> 16) as u16]);
        }
        self.words
            .iter()
            .rev()
            .flat_map(|word| word.to_le_bytes())
            .collect()
    }
}

/// Words are missing, left over, or not what was written.
#[derive(Debug)]
pub struct Damaged;

/// Reads tokens: the lanes' states and the words that are left.
#[derive(Debug)]
pub struct Decoder<'a> {
    states: [u32; LANES],
    words: &'a [u8],
    at: usize,
}

impl<'a> Decoder<'a> {
    /// Begins with the states at the front of the words.
    ///
    /// # Errors
    /// If they are cut.
    pub fn new(words: &'a [u8]) -> Result<Self, Damaged> {
        let mut decoder = Decoder {
            states: [LOW; LANES],
            words,
            at: 0,
        };
        if !words.is_empty() {
            for lane in 0..LANES {
                let high = decoder.word().ok_or(Damaged)?;
                let low = decoder.word().ok_or(Damaged)?;
                decoder.states[lane] = high << 16 | low;
            }
        }
        Ok(decoder)
    }

    #[inline(always)]
    fn word(&mut self) -> Option<u32> {
        let &[low, high] = self.words.get(self.at..self.at + 2)?.first_chunk()?;
        self.at += 2;
        Some(u32::from(u16::from_le_bytes([low, high])))
    }

    /// The tokens of the steps `from..to` of all lanes. Past the end of the words zeros are read;
    /// [`Decoder::finish`] tells.
    #[inline(always)]
    pub fn steps(
        &mut self,
        lanes: &Lanes,
        (from, to): (usize, usize),
        tables: &Tables,
        rows: &mut impl Rows,
    ) {
        // Copies, which stay in registers.
        let (mut states, mut at, words) = (self.states, self.at, self.words);
        let mut token = |state: &mut u32, slots: &[u32; TOTAL]| {
            let slot = slots[*state as usize & (TOTAL - 1)];
            let next = ((slot >> 8 & 0xFFF) + 1) * (*state >> TOTAL_BITS) + (slot >> 20);
            let word = match words.get(at..at + 2) {
                Some(&[low, high]) => u32::from(u16::from_le_bytes([low, high])),
                _ => 0,
            };
            let short = next < LOW;
            *state = if short { next << 16 | word } else { next };
            at += 2 * usize::from(short);
            slot as u8
        };
        let slots = |cluster: u8| &tables[usize::from(cluster) % CLUSTERS];
        let whole = to.min(lanes.whole).max(from);
        for step in from..whole {
            for (lane, state) in states.iter_mut().enumerate() {
                let row = lanes.row(lane, step);
                let got = token(state, slots(rows.cluster(lane, step, row)));
                rows.put(lane, step, row, got);
            }
        }
        for step in whole..to {
            for (lane, state) in states.iter_mut().enumerate() {
                let row = lanes.row(lane, step);
                if row < lanes.row_n {
                    let got = token(state, slots(rows.cluster(lane, step, row)));
                    rows.put(lane, step, row, got);
                }
            }
        }
        (self.states, self.at) = (states, at);
    }

    /// Whether exactly what was written has been read.
    ///
    /// # Errors
    /// If not.
    pub fn finish(self) -> Result<(), Damaged> {
        let whole = self.at == self.words.len() && self.states == [LOW; LANES];
        if whole { Ok(()) } else { Err(Damaged) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequencies_sum_to_the_total() {
        for counts in [
            vec![1],
            vec![1, 1, 1],
            vec![1_000_000, 1, 0, 3],
            (1..255).collect(),
            vec![0, 5, 0],
        ] {
            let frequencies = normalise(&counts);
            assert_eq!(
                frequencies.iter().map(|&f| usize::from(f)).sum::<usize>(),
                TOTAL
            );
            assert!(
                counts
                    .iter()
                    .zip(&frequencies)
                    .all(|(&c, &f)| (c > 0) == (f > 0))
            );
        }
    }

    #[test]
    fn tokens_come_back() {
        for row_n in [0usize, 1, 2, 3, 4, 5, 7, 8, 1001, 5000] {
            let tokens: Vec<u8> = (0..row_n).map(|i| (i * i % 11 + i % 3) as u8).collect();
            let clusters: Vec<u8> = (0..row_n).map(|i| (i % 2) as u8).collect();
            let mut counts = vec![vec![1u32; 14]; 2];
            tokens
                .iter()
                .zip(&clusters)
                .for_each(|(&t, &c)| counts[usize::from(c)][usize::from(t)] += 1);
            let frequencies: Vec<Vec<u16>> = counts.iter().map(|c| normalise(c)).collect();
            let mut encoder = Encoder::default();
            encoder.put(&tokens, &clusters, &frequencies);
            encoder.put(&tokens, &clusters, &frequencies);
            let mut words = encoder.finish();
            let mut tables = tables();
            frequencies
                .iter()
                .zip(tables.iter_mut())
                .for_each(|(f, slots)| fill(f, slots));
            let mut back = vec![0; row_n];
            let lanes = Lanes::new(row_n);
            fn rows<'a>(clusters: &'a [u8], tokens: &'a mut [u8]) -> Foreseen<'a> {
                Foreseen { clusters, tokens }
            }
            let mut decoder = Decoder::new(&words).unwrap();
            for _ in 0..2 {
                decoder.steps(
                    &lanes,
                    (0, lanes.len),
                    &tables,
                    &mut rows(&clusters, &mut back),
                );
                assert_eq!(back, tokens);
            }
            decoder.finish().unwrap();
            words.extend([0, 0]);
            let mut decoder = Decoder::new(&words).unwrap_or_else(|_| Decoder::new(&[]).unwrap());
            decoder.steps(
                &lanes,
                (0, lanes.len),
                &tables,
                &mut rows(&clusters, &mut back),
            );
            assert!(decoder.finish().is_err() || row_n == 0);
        }
    }
}
