//! A monotone-free map from one column's words to another's: medians of slices of equal use, joined
//! by lines.

use super::super::word::{Word, Words};

/// Slices.
const SLICES: usize = 48;
/// Rows looked at.
const ROWS: usize = 8192;
/// Bits that are left off so that knots are short to write.
const ROUNDED: u64 = 0xFF;

/// Knots, ascending by place.
pub(super) fn knots<W: Word>(source: &Words, target: &[W]) -> Vec<(u64, u64)> {
    let mut rows: Vec<(u64, u64)> = (0..target.len())
        .step_by((target.len() / ROWS).max(1))
        .map(|row| (source.at(row), target[row].wide()))
        .collect();
    rows.sort_unstable_by_key(|row| row.0);
    let mut knots: Vec<(u64, u64)> = Vec::new();
    for at in 0..SLICES {
        let slice = &rows[at * rows.len() / SLICES..(at + 1) * rows.len() / SLICES];
        let Some(&(place, _)) = slice.get(slice.len() / 2) else {
            continue;
        };
        let mut heights: Vec<u64> = slice.iter().map(|row| row.1).collect();
        heights.sort_unstable();
        let knot = (place & !ROUNDED, heights[heights.len() / 2] & !ROUNDED);
        if knots.last().is_none_or(|last| last.0 < knot.0) {
            knots.push(knot);
        }
    }
    if knots.is_empty() {
        knots.push((0, 0));
    }
    knots
}
