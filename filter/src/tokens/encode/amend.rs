//! The tables that a chain began with, amended by what a frame holds.

use super::super::column::Known;
use super::super::plan::ColumnPlan;
use super::super::rans::{TOTAL_BITS, normalise};
use super::super::word::Word;
use super::{Left, Prepared, Settled, combined, offset_bits, tokens};
use crate::numeric::functions::log2;

/// The plan of the frame before with frequencies of this frame's where that pays; none if it knows
/// no way to write some value.
pub(super) fn amended<W: Word>(
    before: &ColumnPlan,
    me: &Known,
    prepared: &Prepared<W>,
    left: &Left,
) -> Option<Settled> {
    let mut tokens = tokens(&before.bins, prepared, &me.exceptions);
    let token_n = before.bins.token_n();
    let mut plan = before.clone();
    loop {
        let combined = combined(&plan.contexts, left, prepared, &tokens, &plan.bins);
        let clusters: Vec<u8> = combined
            .iter()
            .map(|&context| plan.map[usize::from(context)])
            .collect();
        let mut sums = vec![vec![0u32; token_n]; plan.frequencies.len()];
        clusters
            .iter()
            .zip(&tokens)
            .for_each(|(&c, &t)| sums[usize::from(c)][usize::from(t)] += 1);
        let mut bits = 0.0;
        for ((frequencies, before), sum) in plan
            .frequencies
            .iter_mut()
            .zip(&before.frequencies)
            .zip(&sums)
        {
            let mut best = (kept_bits(before, sum), before.clone());
            for renewed in renewals(before, sum) {
                let bits = kept_bits(&renewed, sum) + amendment_bits(before, &renewed);
                if bits < best.0 {
                    best = (bits, renewed);
                }
            }
            bits += best.0;
            *frequencies = best.1;
        }
        // What a kept distribution does not know becomes an exception, which all of them know.
        let exception = plan.bins.exception();
        let mut changed = false;
        for (&cluster, token) in clusters.iter().zip(&mut tokens) {
            let frequencies = &plan.frequencies[usize::from(cluster)];
            if frequencies[usize::from(*token)] == 0 {
                if frequencies[usize::from(exception)] == 0 {
                    return None;
                }
                *token = exception;
                changed = true;
            }
        }
        if !changed {
            let bits = bits + offset_bits::<W>(&plan.bins, me, &tokens);
            return Some(Settled {
                plan,
                tokens,
                clusters,
                bits,
            });
        }
    }
}

/// Frequencies that might follow those of the frame before: from these counts alone, and from both.
fn renewals(before: &[u16], counts: &[u32]) -> Vec<Vec<u16>> {
    let all: u32 = counts.iter().sum();
    if all == 0 {
        return Vec::new();
    }
    let mut alone = counts.to_vec();
    // Exceptions stay possible.
    if let Some(exceptions) = alone.last_mut() {
        *exceptions = (*exceptions).max(1);
    }
    let both: Vec<u32> = before
        .iter()
        .zip(counts)
        .map(|(&f, &n)| u32::from(f) * 2 + n * 2)
        .collect();
    vec![normalise(&alone), normalise(&both)]
}

/// About the bits of amended frequencies.
fn amendment_bits(before: &[u16], now: &[u16]) -> f64 {
    let of = |(&a, &b): (&u16, &u16)| match a.abs_diff(b) {
        0 => 0.7,
        d => 3.0 + 1.2 * log2(f64::from(d)),
    };
    8.0 + before.iter().zip(now).map(of).sum::<f64>()
}

/// Bits of counts by given frequencies; a token without a frequency costs about what an exception
/// does.
fn kept_bits(frequencies: &[u16], counts: &[u32]) -> f64 {
    let bits = |(&frequency, &count): (&u16, &u32)| match (frequency, count) {
        (_, 0) => 0.0,
        (0, n) => f64::from(n) * 48.0,
        (f, n) => f64::from(n) * (f64::from(TOTAL_BITS) - log2(f64::from(f))),
    };
    frequencies.iter().zip(counts).map(bits).sum()
}
