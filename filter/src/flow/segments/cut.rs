//! Boundaries between stretches of values that are distributed otherwise.
//!
//! Blocks of equal length are merged with their neighbours from the most alike on, as long as one
//! histogram for both costs less than two and what a segment costs besides; then each boundary
//! moves to the value where it saves most.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::numeric::functions::log2;

/// Values of a block, at least, and blocks, at most.
const SHORTEST: usize = 64;
const BLOCKS: usize = 1 << 13;
/// Bits that a segment costs beside its values: plan, tables, and what says where it ends.
const PRICE: f64 = 1200.0;
/// And for each class that occurs in it.
const CLASS_PRICE: f64 = 7.0;
/// Segments, at most.
pub const SEGMENTS: usize = 1 << 12;

/// How often each class occurs, ascending by class.
type Counts = Vec<(u16, u32)>;

struct Segment {
    end: usize,
    counts: Counts,
    bits: f64,
    before: Option<usize>,
    after: Option<usize>,
    /// How often it was merged: what the heap has of it may be old.
    age: u32,
}

/// Two neighbours and what merging them costs.
struct Pair {
    cost: f64,
    left: usize,
    right: usize,
    ages: (u32, u32),
}

impl PartialEq for Pair {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Pair {}
impl PartialOrd for Pair {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Pair {
    fn cmp(&self, other: &Self) -> Ordering {
        // The cheapest first, then the first.
        other
            .cost
            .total_cmp(&self.cost)
            .then(other.left.cmp(&self.left))
    }
}

fn bits(counts: &Counts) -> f64 {
    let n: u32 = counts.iter().map(|c| c.1).sum();
    let weight = |n: u32| f64::from(n) * log2(f64::from(n.max(1)));
    weight(n) - counts.iter().map(|c| weight(c.1)).sum::<f64>() + CLASS_PRICE * counts.len() as f64
}

fn together(a: &Counts, b: &Counts) -> Counts {
    let mut all = Vec::with_capacity(a.len() + b.len());
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        match (a.get(i), b.get(j)) {
            (Some(x), Some(y)) if x.0 == y.0 => {
                all.push((x.0, x.1 + y.1));
                (i, j) = (i + 1, j + 1);
            }
            (Some(x), Some(y)) if x.0 < y.0 => {
                all.push(*x);
                i += 1;
            }
            (Some(x), None) => {
                all.push(*x);
                i += 1;
            }
            (_, Some(y)) => {
                all.push(*y);
                j += 1;
            }
            (None, None) => break,
        }
    }
    all
}

fn counts(classes: &[u16]) -> Counts {
    let mut sorted = classes.to_vec();
    sorted.sort_unstable();
    sorted
        .chunk_by(|a, b| a == b)
        .map(|run| (run[0], run.len() as u32))
        .collect()
}

/// Where segments end, the last at the end of all. `classes` says roughly what each value is.
pub fn cut(classes: &[u16]) -> Vec<usize> {
    let block_len = SHORTEST.max(classes.len().div_ceil(BLOCKS).next_power_of_two());
    let block_n = classes.len().div_ceil(block_len);
    let mut segments: Vec<Segment> = classes
        .chunks(block_len)
        .enumerate()
        .map(|(at, block)| {
            let counts = counts(block);
            Segment {
                end: at * block_len + block.len(),
                bits: bits(&counts),
                counts,
                before: at.checked_sub(1),
                after: (at + 1 < block_n).then_some(at + 1),
                age: 0,
            }
        })
        .collect();
    let pair = |segments: &[Segment], left: usize, right: usize| {
        let (a, b) = (&segments[left], &segments[right]);
        Pair {
            cost: bits(&together(&a.counts, &b.counts)) - a.bits - b.bits - PRICE,
            left,
            right,
            ages: (a.age, b.age),
        }
    };
    let mut heap: BinaryHeap<Pair> = (1..block_n)
        .map(|right| pair(&segments, right - 1, right))
        .collect();
    let mut n = block_n;
    while let Some(Pair {
        cost,
        left,
        right,
        ages,
    }) = heap.pop()
    {
        if cost >= 0.0 && n <= SEGMENTS {
            break;
        }
        if (segments[left].age, segments[right].age) != ages {
            continue;
        }
        let counts = together(&segments[left].counts, &segments[right].counts);
        let (end, after) = (segments[right].end, segments[right].after);
        segments[right].age = u32::MAX;
        segments[right].counts = Vec::new();
        let merged = &mut segments[left];
        merged.bits = bits(&counts);
        (merged.counts, merged.end, merged.after) = (counts, end, after);
        merged.age += 1;
        n -= 1;
        let before = merged.before;
        if let Some(after) = after {
            segments[after].before = Some(left);
            heap.push(pair(&segments, left, after));
        }
        if let Some(before) = before {
            heap.push(pair(&segments, before, left));
        }
    }
    let mut ends = Vec::new();
    let mut at = Some(0).filter(|_| block_n > 0);
    while let Some(segment) = at {
        let end = segments[segment].end;
        let after = segments[segment].after;
        // Behind the segment before, whose end has moved too.
        let begun = ends.last().copied().unwrap_or(0);
        ends.push(match after {
            Some(after) => {
                let pair = (&segments[segment], &segments[after]);
                refined(classes, pair, begun, block_len)
            }
            None => end,
        });
        at = after;
    }
    ends
}

/// Part of what a grid's classes cost that planes of their own have to save: fields change from
/// plane to plane, and stay one field.
const SAVED: f64 = 0.125;

/// The ends moved to those of planes of so many values, of which the first value is number `first`;
/// one segment where that saves little.
pub fn by_planes(classes: &[u16], ends: &[usize], first: u64, plane: u64) -> Vec<usize> {
    let n = classes.len() as u64;
    let near = |&end: &usize| {
        let at = first + end as u64 + plane / 2;
        (at - at % plane).saturating_sub(first).min(n) as usize
    };
    let mut moved: Vec<usize> = ends[..ends.len().saturating_sub(1)]
        .iter()
        .map(near)
        .filter(|end| (1..classes.len()).contains(end))
        .chain([classes.len()])
        .collect();
    moved.dedup();
    let mut begin = 0;
    let apart: f64 = moved
        .iter()
        .map(|&end| PRICE + bits(&counts(&classes[std::mem::replace(&mut begin, end)..end])))
        .sum();
    match apart < (1.0 - SAVED) * bits(&counts(classes)) {
        true => moved,
        false => vec![classes.len()],
    }
}

/// The best boundary between two neighbours, within `reach` of the one that was found and behind
/// what begins at `begun`.
fn refined(
    classes: &[u16],
    (left, right): (&Segment, &Segment),
    begun: usize,
    reach: usize,
) -> usize {
    let price = |segment: &Segment, class: u16| {
        let n = f64::from(segment.counts.iter().map(|c| c.1).sum::<u32>());
        let of = segment.counts.binary_search_by_key(&class, |c| c.0);
        let count = of.map_or(0.0, |at| f64::from(segment.counts[at].1));
        log2((n + 1.0) / (count + 0.02))
    };
    let from = left.end.saturating_sub(reach).max(begun + 1);
    let to = (left.end + reach).min(right.end - 1);
    let (mut best, mut sum) = ((0.0, from), 0.0);
    for (at, &class) in (from..to).zip(&classes[from..to]) {
        sum += price(left, class) - price(right, class);
        if sum < best.0 {
            best = (sum, at + 1);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_ascend_whatever_the_classes_are() {
        let mut state = 1u32;
        for kinds in [2u32, 5, 300] {
            let mut class = 0;
            let classes: Vec<u16> = (0..30_000)
                .map(|i| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    if i % 64 == 0 {
                        class = (state >> 16) % kinds;
                    }
                    (class * 40 + (state >> 28)) as u16
                })
                .collect();
            let ends = cut(&classes);
            assert!(ends.windows(2).all(|pair| pair[0] < pair[1]) && ends[0] > 0);
            assert_eq!(ends.last(), Some(&classes.len()));
        }
    }

    #[test]
    fn grids_are_cut_between_planes() {
        let classes: Vec<u16> = [(5u16, 10_000usize), (90, 20_000), (200, 10_000)]
            .iter()
            .flat_map(|&(class, n)| (0..n).map(move |i| class + (i * i % 7) as u16))
            .collect();
        let ends = [9_960, 30_200, 40_000];
        let found = by_planes(&classes, &ends, 0, 5000);
        assert_eq!(found, [10_000, 30_000, 40_000]);
        let found = by_planes(&classes, &ends, 2000, 6000);
        assert_eq!(found, [10_000, 28_000, 40_000]);
        // One field.
        let alike: Vec<u16> = (0..40_000)
            .map(|i| (i * i % 7 + i / 20_000 * (i % 2)) as u16)
            .collect();
        assert_eq!(by_planes(&alike, &[20_000, 40_000], 0, 5000), [40_000]);
    }

    #[test]
    fn boundaries_are_found_to_the_value() {
        let mut classes = Vec::new();
        for (class, n) in [(5u16, 1000usize), (90, 3333), (5, 777), (1000, 650)] {
            classes.extend((0..n).map(|i| class + (i * i % 7) as u16));
        }
        assert_eq!(cut(&classes), [1000, 4333, 5110, 5760]);
        assert_eq!(cut(&classes[..50]), [50]);
        assert!(cut(&[]).is_empty());
    }
}
