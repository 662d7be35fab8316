//! The bin of a residual, found quickly.

use super::super::bins::Bins;

/// Finds bins by a table over the leading bits of the distance from the first bin, then by search.
pub(super) struct Finder<'a> {
    bins: &'a Bins,
    /// All bins' first residuals and their tokens, ascending; the lengths beside.
    lowers: Vec<u64>,
    ends: Vec<(u64, u8)>,
    shift: u32,
    /// For each prefix, the number of bins that begin at or before its first residual.
    index: Vec<u16>,
}

impl<'a> Finder<'a> {
    pub(super) fn new(bins: &'a Bins) -> Self {
        // Exact bins inside intervals come out first: tokens of intervals are found when no exact
        // one fits.
        let lowers: Vec<u64> = bins.intervals.iter().map(|i| i.0).collect();
        let last = |&(lower, bits): &(u64, u8)| lower + ((1u128 << bits) - 1) as u64;
        let ends = bins
            .intervals
            .iter()
            .enumerate()
            .map(|(at, i)| (last(i), (bins.exact.len() + at) as u8))
            .collect();
        let span = match (lowers.first(), lowers.last()) {
            (Some(first), Some(last)) => last - first,
            _ => 0,
        };
        let shift = (64 - span.leading_zeros()).saturating_sub(11);
        let first = lowers.first().copied().unwrap_or(0);
        let index = (0..=span >> shift)
            .map(|prefix| lowers.partition_point(|&lower| lower - first <= prefix << shift) as u16)
            .collect();
        Finder {
            bins,
            lowers,
            ends,
            shift,
            index,
        }
    }

    #[inline]
    pub(super) fn token(&self, residual: u64) -> Option<u8> {
        if !self.bins.exact.is_empty()
            && let Ok(at) = self.bins.exact.binary_search(&residual)
        {
            return Some(at as u8);
        }
        let first = *self.lowers.first()?;
        let distance = residual.checked_sub(first)?;
        let prefix = (distance >> self.shift).min(self.index.len() as u64 - 1) as usize;
        let mut at = usize::from(self.index[prefix]);
        while at < self.lowers.len() && self.lowers[at] <= residual {
            at += 1;
        }
        let (last, token) = self.ends[at - 1];
        (residual <= last).then_some(token)
    }
}
