//! Bins: a residual falls into one of a few exact values or into an interval whose length is a
//! power of two. The bin is its *token*; the place inside the interval, its *offset*, is written as
//! it is.
//!
//! Tokens count the exact bins, then the intervals, then the copies, then the exception. At most
//! [`TOKENS`] of them.

use super::word::Word;
use crate::numeric::functions::log2;

/// Most tokens of a column.
pub const TOKENS: usize = 256;
/// Most bins and further copies: tokens without the first copy and the exception.
pub const BINS: usize = TOKENS - 2;

/// The bins of a column's residuals.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bins {
    /// Exact residuals, ascending.
    pub exact: Vec<u64>,
    /// First residual of an interval, and the logarithm of its length: ascending, apart, each on a
    /// multiple of its length.
    pub intervals: Vec<(u64, u8)>,
    /// Copies behind the first, which every column has a token for.
    pub more_copies: u8,
}

/// How finely to cut.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cutting {
    /// Bits that an interval must save to be worth its place.
    pub price: f64,
    /// Bins, at most.
    pub bins: usize,
    /// Exact bins, at most.
    pub exact: usize,
}

/// Fewest residuals that an interval is split for.
const FEWEST: usize = 12;

impl Bins {
    /// How many.
    pub fn bin_n(&self) -> usize {
        self.exact.len() + self.intervals.len()
    }

    /// The token of the first copy.
    pub fn copy(&self) -> u8 {
        self.bin_n() as u8
    }

    /// The token of an exception.
    pub fn exception(&self) -> u8 {
        self.bin_n() as u8 + 1 + self.more_copies
    }

    /// Tokens in all.
    pub fn token_n(&self) -> usize {
        self.bin_n() + 2 + usize::from(self.more_copies)
    }

    /// The same with tokens for so many copies.
    pub fn with_copies(mut self, n: usize) -> Self {
        self.more_copies = n.saturating_sub(1) as u8;
        self
    }

    /// Bins of these residuals.
    pub fn cut<W: Word>(mut residuals: Vec<W>, cutting: Cutting) -> Self {
        residuals.sort_unstable();
        Bins::cut_sorted(&residuals, cutting)
    }

    /// The same of residuals that ascend.
    pub fn cut_sorted<W: Word>(residuals: &[W], cutting: Cutting) -> Self {
        let n = residuals.len();
        let runs: Vec<&[W]> = residuals.chunk_by(|a, b| a == b).collect();
        if runs.len() <= cutting.bins.min(200) && runs.len() * 8 <= n.max(8) {
            return Bins {
                exact: runs.iter().map(|run| run[0].wide()).collect(),
                ..Bins::default()
            };
        }
        let least = (n / 400).max(12);
        let mut often: Vec<&[W]> = runs
            .iter()
            .filter(|run| run.len() >= least)
            .copied()
            .collect();
        often.sort_by_key(|run| std::cmp::Reverse(run.len()));
        often.truncate(cutting.exact.min(cutting.bins / 2));
        let mut exact: Vec<u64> = often.iter().map(|run| run[0].wide()).collect();
        exact.sort_unstable();
        let rest: Vec<u64> = residuals
            .iter()
            .map(|r| r.wide())
            .filter(|r| exact.binary_search(r).is_err())
            .collect();
        let mut intervals = Vec::new();
        let mut price = cutting.price;
        while !rest.is_empty() {
            intervals.clear();
            let tree = Tree {
                all: rest.len() as f64,
                price,
            };
            tree.prune(&rest, 0, W::BITS, &mut intervals);
            if intervals.len() + exact.len() <= cutting.bins || price > 1e9 {
                break;
            }
            price *= 1.5;
        }
        Bins {
            exact,
            intervals,
            more_copies: 0,
        }
    }

    /// The token of a residual; none if it lies in no bin.
    #[inline]
    pub fn token(&self, residual: u64) -> Option<u8> {
        if let Ok(at) = self.exact.binary_search(&residual) {
            return Some(at as u8);
        }
        let at = self
            .intervals
            .partition_point(|&(lower, _)| lower <= residual)
            .checked_sub(1)?;
        let (lower, bits) = self.intervals[at];
        let inside = u128::from(residual - lower) < 1 << bits;
        inside.then_some((self.exact.len() + at) as u8)
    }

    /// How many of residuals that ascend, and that the bins were cut for, lie in each bin, and the
    /// bits of their offsets.
    pub fn counts<W: Word>(&self, residuals: &[W]) -> (Vec<u32>, f64) {
        let mut counts = vec![0u32; self.bin_n()];
        let (mut offsets, mut exact, mut interval) = (0.0, 0, 0);
        for run in residuals.chunk_by(|a, b| a == b) {
            let residual = run[0].wide();
            while self.exact.get(exact).is_some_and(|&value| value < residual) {
                exact += 1;
            }
            if self.exact.get(exact) == Some(&residual) {
                counts[exact] += run.len() as u32;
                continue;
            }
            while self
                .intervals
                .get(interval + 1)
                .is_some_and(|next| next.0 <= residual)
            {
                interval += 1;
            }
            counts[self.exact.len() + interval] += run.len() as u32;
            offsets += run.len() as f64 * f64::from(self.intervals[interval].1);
        }
        (counts, offsets)
    }

    /// By token: the first residual and the bits of its offset. Copies have none, exceptions
    /// `exception_bits`.
    pub fn table<W: Word>(&self, exception_bits: u32) -> ([W; TOKENS], [u8; TOKENS]) {
        let (mut lower, mut bits) = ([W::default(); TOKENS], [0; TOKENS]);
        for (at, &exact) in self.exact.iter().enumerate() {
            lower[at] = W::low(exact);
        }
        for (at, &interval) in self.intervals.iter().enumerate() {
            let at = at + self.exact.len();
            (lower[at], bits[at]) = (W::low(interval.0), interval.1);
        }
        bits[usize::from(self.exception())] = exception_bits as u8;
        (lower, bits)
    }

    /// By token, how far from nothing its residuals lie: about twice the logarithm of the distance.
    /// What contexts on grids sum up.
    pub fn magnitudes(&self, word_bits: u32) -> [u8; TOKENS] {
        let half = 1u64 << (word_bits - 1);
        let of = |centre: u64| (2.0 * log2(centre.abs_diff(half) as f64 + 1.0)).round() as u8;
        let mut magnitudes = [0; TOKENS];
        for (at, &exact) in self.exact.iter().enumerate() {
            magnitudes[at] = of(exact);
        }
        for (at, &(lower, bits)) in self.intervals.iter().enumerate() {
            magnitudes[self.exact.len() + at] = of(lower + ((1u64 << bits.min(63)) >> 1));
        }
        for which in 0..=self.more_copies {
            magnitudes[usize::from(self.copy() + which)] = COPY_MAGNITUDE + which;
        }
        magnitudes[usize::from(self.exception())] = 2 * word_bits as u8;
        magnitudes
    }
}

/// The magnitude of a copy, which tells nothing of residuals but that there is one here.
const COPY_MAGNITUDE: u8 = 90;

/// The binary tree of aligned intervals, pruned from the leaves up by cost.
struct Tree {
    all: f64,
    price: f64,
}

impl Tree {
    /// The cost in bits of sorted residuals in the interval of 2^bits from `lower` on; their
    /// intervals go to `out`.
    fn prune(&self, residuals: &[u64], lower: u64, bits: u32, out: &mut Vec<(u64, u8)>) -> f64 {
        let n = residuals.len() as f64;
        let (Some(&first), Some(&last)) = (residuals.first(), residuals.last()) else {
            return 0.0;
        };
        let spread = |bits: u32| n * (f64::from(bits) + log2(self.all / n)) + self.price;
        if bits == 0 || residuals.len() < FEWEST {
            // The smallest aligned interval that holds them.
            let bits = bits.min(64 - (first ^ last).leading_zeros());
            out.push((
                first >> bits.min(63) << bits.min(63) & if bits == 64 { 0 } else { u64::MAX },
                bits as u8,
            ));
            return spread(bits);
        }
        let middle = lower + (1 << (bits - 1));
        let split = residuals.partition_point(|&r| r < middle);
        let start = out.len();
        let cost = self.prune(&residuals[..split], lower, bits - 1, out)
            + self.prune(&residuals[split..], middle, bits - 1, out);
        let whole = spread(bits);
        if whole <= cost {
            out.truncate(start);
            out.push((lower, bits as u8));
            return whole;
        }
        cost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_residual_has_a_token_that_gives_it_back() {
        let mut state = 7u64;
        let mut residuals = Vec::new();
        for i in 0..20_000u64 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let noise = (state >> 40) * (state >> 60);
            residuals.push(if i % 5 == 0 {
                u64::HALF
            } else {
                u64::HALF.wrapping_add(noise).wrapping_sub(1 << 26)
            });
        }
        residuals.extend([0, u64::MAX, 1]);
        let cutting = Cutting {
            price: 40.0,
            bins: 120,
            exact: 64,
        };
        let bins = Bins::cut(residuals.clone(), cutting);
        assert!(bins.bin_n() <= 120 && bins.exact.contains(&u64::HALF));
        let (lower, bits) = bins.table::<u64>(64);
        for residual in residuals {
            let token = usize::from(bins.token(residual).unwrap());
            let offset = residual - lower[token];
            assert!(bits[token] == 64 || offset < 1 << bits[token]);
        }
    }

    #[test]
    fn few_values_are_exact() {
        let residuals: Vec<u32> = (0..1000).map(|i| i % 7 * 1000).collect();
        let bins = Bins::cut(
            residuals,
            Cutting {
                price: 40.0,
                bins: 64,
                exact: 64,
            },
        );
        assert_eq!((bins.exact.len(), bins.intervals.len()), (7, 0));
        assert_eq!(bins.token(3000), Some(3));
        assert_eq!(bins.token(3001), None);
    }
}
