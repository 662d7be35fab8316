//! The layout of bytes that nobody described, guessed from a sample.
//!
//! Three questions in turn: after how many bytes does the data's kind repeat ([`period`]: agreement
//! of bytes at a distance, then the price of coding each byte by its place in the period); what
//! fields make up that period ([`record`]: which readings are plausible numbers, the best
//! segmentation by dynamic programming); and, where neighbours resemble each other more than the
//! same place one period earlier, whether the values form a grid ([`grid`]: distances at which the
//! numeric difference has a sharp minimum).
//!
//! Invariant: a guess is a function of the sample's bytes alone, in integer arithmetic, so every
//! machine guesses alike. A wrong guess costs ratio only. Cost: a fixed number of positions is
//! looked at, about a hundredth of what a modelled level takes for 1 MiB.

mod cost;
mod curve;
mod echo;
mod grid;
mod number;
mod period;
mod record;
mod single;

use super::{Layout, MAX_ARRAY_COLUMNS};
use grid::Values;

/// Least bytes worth a guess: below, a wrong layout costs more than a right one gains.
const SAMPLE_MIN: usize = 256;

/// The layout that the sample (the start of a stream, 1 MiB is plenty) seems to have.
///
/// Text, compressed data and anything not understood are plain bytes. The first axis of a grid is
/// 0: the sample cannot show how long the whole is. A header before the data is part of the sample;
/// it shifts where records and rows begin, not how long they are.
pub fn detect(sample: &[u8]) -> Layout {
    guess(sample).unwrap_or_else(Layout::bytes)
}

/// Layouts that the sample may have, the likeliest first: records look likely where a plain column
/// steps evenly, so a plain column of each width and plain bytes are among them.
pub(crate) fn candidates(sample: &[u8]) -> Vec<Layout> {
    if sample.len() < SAMPLE_MIN || is_text(sample) {
        return vec![Layout::bytes()];
    }
    let mut all: Vec<Layout> = Vec::from_iter(guess(sample));
    let mut add = |layout: Option<Layout>| {
        if let Some(layout) = layout.filter(|layout| !all.contains(layout)) {
            all.push(layout);
        }
    };
    for field in single::plausible(sample) {
        let grid = Values::new(sample, &field).grid();
        let plain = || Layout::from_fields(vec![field.clone()]).ok();
        add(plain());
        add(grid.and_then(|grid| plain()?.with_shape(&grid.shape()).ok()));
    }
    add(Some(Layout::bytes()));
    all
}

fn guess(sample: &[u8]) -> Option<Layout> {
    if sample.len() < SAMPLE_MIN || is_text(sample) {
        return None;
    }
    let period = period::find(sample);
    let words = record::fields(sample, period.word);
    if let [field] = words.as_slice()
        && field.count == 1
    {
        let values = Values::new(sample, field);
        let row = period.record / period.word;
        let has_rows = row > 1 && period.record.is_multiple_of(period.word);
        let is_wide = row > MAX_ARRAY_COLUMNS;
        if row == 1 || has_rows && (is_wide || values.is_field(row, period.price)) {
            let shape = match values.grid() {
                Some(grid) => grid.shape(),
                None if row > 1 => vec![0, row as u64],
                None => values
                    .echo()
                    .map(|row| vec![0, row as u64])
                    .unwrap_or_default(),
            };
            return Layout::from_fields(words).ok()?.with_shape(&shape).ok();
        }
    }
    let row = period::row(sample, period.record);
    let (record, row) = match row {
        // Rows of a few bytes, with much padding perhaps, are records after all.
        Some(row) if period.record <= 8 && row <= MAX_ARRAY_COLUMNS => {
            let record = period.record * row;
            (record, period::row(sample, record))
        }
        _ => (period.record, row),
    };
    let shape: Vec<u64> = row.map(|row| vec![0, row as u64]).unwrap_or_default();
    let fields = record::fields(sample, record);
    Layout::from_fields(fields).ok()?.with_shape(&shape).ok()
}

/// Whether nearly all bytes are letters, looked at in places spread over the sample.
fn is_text(sample: &[u8]) -> bool {
    let step = (sample.len() / 8192).max(1) | 1;
    let (mut seen_n, mut letter_n) = (0u32, 0u32);
    for &byte in sample.iter().step_by(step) {
        seen_n += 1;
        letter_n += u32::from(matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t'));
    }
    letter_n * 100 > seen_n * 96
}
