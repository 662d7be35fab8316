//! Many contexts, few distributions: contexts whose tokens fall alike share one.
//!
//! As in JPEG XL's encoder (Alakuijala et al. 2019): contexts far from all seeds become seeds, all
//! go to the nearest by cross entropy, and clusters merge while the tokens' bits and the tables'
//! together fall.

use std::sync::OnceLock;

use crate::numeric::functions::log2;

/// Bits that a seed must save.
const SEED: f64 = 40.0;
/// What is added to counts that may be zero.
const PRIOR: f32 = 0.05;

/// n log2 n.
#[inline(always)]
fn weight(n: u32) -> f32 {
    static TABLE: OnceLock<Vec<f32>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        let of = |n: u32| {
            if n < 2 {
                0.0
            } else {
                (f64::from(n) * log2(f64::from(n))) as f32
            }
        };
        (0..1 << 16).map(of).collect()
    });
    match table.get(n as usize) {
        Some(&weight) => weight,
        None => (f64::from(n) * log2(f64::from(n))) as f32,
    }
}

/// Bits of what was counted, by its own entropy.
pub fn entropy(counts: &[u32]) -> f64 {
    let (mut all, mut sum) = (0, 0f64);
    for &count in counts {
        all += count;
        sum += f64::from(weight(count));
    }
    f64::from(weight(all)) - sum
}

/// About the bits of a distribution in the side information.
pub fn table_bits(counts: &[u32]) -> f64 {
    let (mut bits, mut absent) = (8.0, false);
    for &count in counts {
        if count > 0 {
            bits += if absent { 2.0 } else { 1.0 } + if count > 1 { 4.5 } else { 2.0 };
        } else if !absent {
            bits += 3.0;
        }
        absent = count == 0;
    }
    bits
}

/// Which distribution each context is coded by.
#[derive(Clone, Debug)]
pub struct Clusters {
    /// Bits of all tokens, tables and the map.
    pub bits: f64,
    /// Distributions.
    pub n: usize,
    /// By context.
    pub map: Vec<u8>,
}

/// One context's tokens: those that occur, and how often.
type Sparse = Vec<(u16, u32)>;

/// Clusters of contexts. `counts` holds `token_n` counts for each.
pub fn cluster(counts: &[u32], token_n: usize, most: usize) -> Clusters {
    let contexts: Vec<&[u32]> = counts.chunks(token_n.max(1)).collect();
    let totals: Vec<u32> = contexts.iter().map(|c| c.iter().sum()).collect();
    let live: Vec<usize> = (0..contexts.len()).filter(|&at| totals[at] > 0).collect();
    let mut map = vec![0u8; contexts.len()];
    let Some(&first) = live.iter().max_by_key(|&&at| totals[at]) else {
        return Clusters {
            bits: 0.0,
            n: 1,
            map,
        };
    };
    let present = |c: &&[u32]| {
        c.iter()
            .enumerate()
            .filter(|(_, n)| **n > 0)
            .map(|(t, &n)| (t as u16, n))
            .collect()
    };
    let sparse: Vec<Sparse> = contexts.iter().map(present).collect();
    let seed_n = seed(&contexts, &sparse, &totals, &live, first, most, &mut map);
    for _ in 0..2 {
        reassign(&sparse, &live, seed_n, token_n, &mut map);
    }
    let mut sums = vec![vec![0u32; token_n]; seed_n];
    for &at in &live {
        let sum = &mut sums[usize::from(map[at])];
        sparse[at]
            .iter()
            .for_each(|&(token, n)| sum[usize::from(token)] += n);
    }
    let (bits, alive, to) = merge(sums, live.len());
    let place: Vec<u8> = to
        .iter()
        .map(|z| alive.iter().position(|a| a == z).unwrap_or(0) as u8)
        .collect();
    map.iter_mut()
        .for_each(|cluster| *cluster = place[usize::from(*cluster)]);
    Clusters {
        bits,
        n: alive.len().max(1),
        map,
    }
}

/// Contexts far from all seeds become seeds; `map` gets the nearest. How many there are.
fn seed(
    contexts: &[&[u32]],
    sparse: &[Sparse],
    totals: &[u32],
    live: &[usize],
    first: usize,
    most: usize,
    map: &mut [u8],
) -> usize {
    let mut distances = vec![f64::INFINITY; contexts.len()];
    let (mut next, mut n) = (first, 0);
    loop {
        let (seed, seed_total) = (contexts[next], totals[next]);
        let mut farthest = (0.0, usize::MAX);
        for &at in live {
            // What coding both by one distribution costs beyond one each.
            let mut distance = f64::from(
                weight(seed_total + totals[at]) - weight(seed_total) - weight(totals[at]),
            );
            for &(token, count) in &sparse[at] {
                let other = seed[usize::from(token)];
                distance += f64::from(weight(other) + weight(count) - weight(other + count));
            }
            if distance < distances[at] {
                (distances[at], map[at]) = (distance, n as u8);
            }
            if distances[at] > farthest.0 {
                farthest = (distances[at], at);
            }
        }
        n += 1;
        if n >= most || farthest.1 == usize::MAX || farthest.0 < SEED {
            return n;
        }
        next = farthest.1;
    }
}

/// Every context goes to the cluster that codes it best.
fn reassign(sparse: &[Sparse], live: &[usize], n: usize, token_n: usize, map: &mut [u8]) {
    let mut sums = vec![vec![0u32; token_n]; n];
    for &at in live {
        let sum = &mut sums[usize::from(map[at])];
        sparse[at]
            .iter()
            .for_each(|&(token, count)| sum[usize::from(token)] += count);
    }
    let log = |x: f32| log2(f64::from(x)) as f32;
    let costs: Vec<Option<Vec<f32>>> = sums
        .iter()
        .map(|sum| {
            let total: u32 = sum.iter().sum();
            let all = log(total as f32 + PRIOR * token_n as f32);
            (total > 0).then(|| {
                sum.iter()
                    .map(|&count| all - log(count as f32 + PRIOR))
                    .collect()
            })
        })
        .collect();
    for &at in live {
        let mut best = (f32::INFINITY, 0);
        for (cluster, costs) in costs.iter().enumerate() {
            let Some(costs) = costs else { continue };
            let bits: f32 = sparse[at]
                .iter()
                .map(|&(token, n)| n as f32 * costs[usize::from(token)])
                .sum();
            if bits < best.0 {
                best = (bits, cluster);
            }
        }
        map[at] = best.1 as u8;
    }
}

/// Merges clusters while that saves bits: all bits, who is left, and where each went.
fn merge(mut sums: Vec<Vec<u32>>, live_n: usize) -> (f64, Vec<usize>, Vec<usize>) {
    let whole = |counts: &[u32]| entropy(counts) + table_bits(counts);
    let together = |a: &[u32], b: &[u32]| a.iter().zip(b).map(|(x, y)| x + y).collect::<Vec<u32>>();
    let map_bits = |n: usize| {
        if n < 2 {
            0.0
        } else {
            live_n as f64 * log2(n as f64) * 0.6
        }
    };
    let n = sums.len();
    let mut alive: Vec<usize> = (0..n).filter(|&a| sums[a].iter().any(|&c| c > 0)).collect();
    let mut to: Vec<usize> = (0..n).collect();
    let mut bits: Vec<f64> = sums.iter().map(|sum| whole(sum)).collect();
    let mut pairs = vec![0f64; n * n];
    for (i, &b) in alive.iter().enumerate() {
        for &a in &alive[..i] {
            pairs[a * n + b] = whole(&together(&sums[a], &sums[b]));
        }
    }
    while alive.len() > 1 {
        let mut best = (f64::INFINITY, 0, 0);
        for (i, &b) in alive.iter().enumerate() {
            for &a in &alive[..i] {
                let more = pairs[a * n + b] - bits[a] - bits[b];
                if more < best.0 {
                    best = (more, a, b);
                }
            }
        }
        let (more, a, b) = best;
        if more + map_bits(alive.len() - 1) - map_bits(alive.len()) > 0.0 {
            break;
        }
        sums[a] = together(&sums[a], &sums[b]);
        bits[a] = pairs[a * n + b];
        alive.retain(|&z| z != b);
        to.iter_mut().filter(|t| **t == b).for_each(|t| *t = a);
        for &z in alive.iter().filter(|&&z| z != a) {
            pairs[z.min(a) * n + z.max(a)] = whole(&together(&sums[z], &sums[a]));
        }
    }
    let all = alive.iter().map(|&a| bits[a]).sum::<f64>() + map_bits(alive.len());
    (all, alive, to)
}
