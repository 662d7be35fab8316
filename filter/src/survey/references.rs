//! Which columns tell most about a column: mutual information of ranks, and exact copies.

use crate::numeric::{ValueType, functions::log2};

/// Rows looked at.
const SAMPLE: usize = 4096;
/// Ranks a column's values are sorted into.
const RANKS: usize = 16;
/// How far to the left candidates are looked for.
const REACH: usize = 96;

/// Evenly spread places of at most `most` of `n` rows.
pub fn sample_rows(n: usize, most: usize) -> impl Iterator<Item = usize> {
    let kept = n.min(most);
    (0..kept).map(move |i| i * n / kept.max(1))
}

/// Sum of c log2 c over counts.
fn weight(counts: &[u32]) -> f64 {
    let mut sum = 0.0;
    for &c in counts {
        if c > 1 {
            sum += f64::from(c) * log2(f64::from(c));
        }
    }
    sum
}

/// Entropy in bits of what was counted `n` times in all.
pub fn entropy(counts: &[u32], n: usize) -> f64 {
    let n = n as f64;
    if n == 0.0 {
        0.0
    } else {
        log2(n) - weight(counts) / n
    }
}

/// A column's sampled values as ranks of about equal use.
fn ranks(values: &[u64]) -> Vec<u8> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let mut cuts: Vec<u64> = (1..RANKS)
        .map(|i| sorted[i * sorted.len() / RANKS])
        .collect();
    cuts.dedup();
    values
        .iter()
        .map(|v| cuts.partition_point(|c| c <= v) as u8)
        .collect()
}

/// A value without its sign, for floats.
fn magnitude(v: u64, vt: ValueType) -> u64 {
    v.max(!v & vt.max_ordered())
}

struct Sampled {
    values: Vec<u64>,
    ranks: Vec<u8>,
    entropy: f64,
    constant: bool,
}

/// For each column, at most `most` columns before it, the most telling first.
pub fn references(columns: &[Vec<u64>], types: &[ValueType], most: usize) -> Vec<Vec<u16>> {
    let Some(first) = columns.first() else {
        return Vec::new();
    };
    let rows: Vec<usize> = sample_rows(first.len(), SAMPLE).collect();
    let n = rows.len();
    if n < 8 {
        return vec![Vec::new(); columns.len()];
    }
    let sampled: Vec<Sampled> = columns
        .iter()
        .map(|column| {
            let values: Vec<u64> = rows.iter().map(|&i| column[i]).collect();
            let ranks = ranks(&values);
            let mut counts = [0u32; RANKS];
            ranks.iter().for_each(|&r| counts[usize::from(r)] += 1);
            let constant = values.iter().all(|v| *v == values[0]);
            Sampled {
                values,
                ranks,
                entropy: entropy(&counts, n),
                constant,
            }
        })
        .collect();
    (0..columns.len())
        .map(|c| choose(&sampled, types, c, n, most))
        .collect()
}

fn choose(sampled: &[Sampled], types: &[ValueType], c: usize, n: usize, most: usize) -> Vec<u16> {
    let target = &sampled[c];
    if target.constant {
        return Vec::new();
    }
    let mut scores: Vec<(f64, usize)> = Vec::new();
    for j in c.saturating_sub(REACH)..c {
        let source = &sampled[j];
        if source.constant {
            continue;
        }
        let mut counts = [0u32; RANKS * RANKS];
        let mut same = 0usize;
        for i in 0..n {
            counts[usize::from(source.ranks[i]) * RANKS + usize::from(target.ranks[i])] += 1;
            same += usize::from(
                magnitude(source.values[i], types[j]) == magnitude(target.values[i], types[c]),
            );
        }
        let cells = counts.iter().filter(|&&k| k > 0).count() as f64;
        let bias = (cells - RANKS as f64).max(0.0) / (2.0 * n as f64 * std::f64::consts::LN_2);
        let gain = target.entropy + source.entropy - entropy(&counts, n) - bias;
        scores.push((gain + 2.0 * same as f64 / n as f64, j));
    }
    let mut chosen: Vec<u16> = Vec::new();
    while chosen.len() < most {
        let mut best = (0.03, usize::MAX);
        for &(alone, j) in &scores {
            if chosen.contains(&(j as u16)) {
                continue;
            }
            let gain = match chosen.first() {
                None => alone,
                Some(&first) => conditional(&sampled[usize::from(first)], &sampled[j], target, n),
            };
            if gain > best.0 {
                best = (gain, j);
            }
        }
        if best.1 == usize::MAX {
            break;
        }
        chosen.push(best.1 as u16);
    }
    chosen
}

/// What `source` tells of `target` to one who knows `given`, in ranks of eight.
fn conditional(given: &Sampled, source: &Sampled, target: &Sampled, n: usize) -> f64 {
    let mut all = [0u32; 512];
    let mut given_source = [0u32; 64];
    let mut given_target = [0u32; 64];
    let mut alone = [0u32; 8];
    for i in 0..n {
        let (g, s, t) = (
            usize::from(given.ranks[i] >> 1),
            usize::from(source.ranks[i] >> 1),
            usize::from(target.ranks[i] >> 1),
        );
        all[g << 6 | s << 3 | t] += 1;
        given_source[g << 3 | s] += 1;
        given_target[g << 3 | t] += 1;
        alone[g] += 1;
    }
    let cells = all.iter().filter(|&&k| k > 0).count() as f64;
    let bias = (cells - 64.0).max(0.0) / (2.0 * n as f64 * std::f64::consts::LN_2);
    entropy(&given_source, n) + entropy(&given_target, n)
        - entropy(&all, n)
        - entropy(&alone, n)
        - bias
}
