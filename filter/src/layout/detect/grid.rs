//! Rows and planes of a grid of numbers.
//!
//! In a smooth field the difference to the value `lag` before is smallest for lag 1 and has a sharp
//! minimum at the row's length, where the value lies right above: one more or one less, and it lies
//! askew. The same holds for whole rows at the plane's length. Which minimum counts is [`Curve`]'s
//! matter.

use super::super::{ByteOrder, Field, Kind};
use super::cost::{self, ONE};
use super::curve::Curve;
use super::{echo, number};

/// Longest row looked for, in values.
const ROW_MAX: usize = 4096;
/// Shortest; shorter ones would be records.
const ROW_MIN: usize = 8;
/// Most planes' lengths looked at, in rows.
const PLANE_ROWS_MAX: usize = 1024;
/// Values compared at each lag, in windows of so many.
const COMPARED: usize = 1536;
const WINDOW: usize = 128;

/// Lengths of the axes that were found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Grid {
    row: usize,
    plane_rows: Option<usize>,
}

impl Grid {
    /// Slowest axis first; that one's length is unknown.
    pub(super) fn shape(&self) -> Vec<u64> {
        match self.plane_rows {
            Some(rows) => vec![0, rows as u64, self.row as u64],
            None => vec![0, self.row as u64],
        }
    }
}

/// The sample's values, in an order-preserving map to 31 bits.
pub(super) struct Values {
    values: Vec<i32>,
    is_bytes: bool,
}

/// A value of so many bits as an unsigned integer of the same order.
pub(super) fn ordered(value: u64, kind: Kind, bits: u32) -> u64 {
    let sign = 1u64 << (bits - 1);
    match kind {
        Kind::Float if value & sign != 0 => !value & (sign | (sign - 1)),
        Kind::Float | Kind::Int => value ^ sign,
        Kind::Uint | Kind::Bytes => value,
    }
}

impl Values {
    /// Reads the sample as values of a field.
    pub(super) fn new(sample: &[u8], field: &Field) -> Self {
        let bits = field.width * 8;
        let map = |value: u64| {
            let ordered = ordered(value, field.kind, bits);
            if bits > 31 {
                (ordered >> (bits - 31)) as i32
            } else {
                ordered as i32
            }
        };
        let words = sample.chunks_exact(field.width as usize);
        // Two closures, so that the order is no question in the loop.
        let values = match field.order {
            ByteOrder::Little => words
                .map(|word| map(number::value(word, ByteOrder::Little)))
                .collect(),
            ByteOrder::Big => words
                .map(|word| map(number::value(word, ByteOrder::Big)))
                .collect(),
        };
        Values {
            values,
            is_bytes: field.width == 1,
        }
    }

    /// Whether rows of `row` values are a field's rather than records, which would cost
    /// `record_cost` a value: the value before says as much as the one above, and more than the
    /// place in the record.
    pub(super) fn is_field(&self, row: usize, record_cost: u64) -> bool {
        let values = &self.values;
        let starts = (row..values.len().saturating_sub(64)).step_by((values.len() / 256).max(1));
        let mean = |lag: usize| {
            let at_lag = |at: usize| {
                cost::difference(&values[at..at + 64], &values[at - lag..at - lag + 64])
            };
            starts.clone().map(at_lag).sum::<u64>() / starts.len().max(1) as u64
        };
        let left = mean(1);
        left < mean(row) + ONE * 3 / 4 && left + ONE * 3 / 2 < record_cost
    }

    /// Rows and planes, if neighbours are alike and rows stand out.
    pub(super) fn grid(&self) -> Option<Grid> {
        let lag_max = ROW_MAX.min(self.values.len() / 4);
        // What the values before say, and what any value says.
        let first = self.curve(1, (1..lag_max.min(65)).chain([lag_max / 2, lag_max]));
        let (left, far) = (*first.first()?, *first.iter().max()?);
        // Bytes of anything have some such likeness; an image's have more.
        let least = if self.is_bytes { ONE } else { ONE / 4 };
        if left + least > far {
            return None;
        }
        let curve = Curve::new(self.curve(1, 0..=lag_max));
        let row = curve.valley(ROW_MIN, 10, 2 * ONE)?;
        Some(Grid {
            row,
            plane_rows: self.plane(row),
        })
    }

    /// The distance at which runs of values come again, more or less the same: columns stored one
    /// after another.
    pub(super) fn echo(&self) -> Option<usize> {
        if self.is_bytes {
            None
        } else {
            echo::distance(&self.values)
        }
    }

    /// Rows a plane.
    fn plane(&self, row: usize) -> Option<usize> {
        let rows_max = PLANE_ROWS_MAX.min(self.values.len() / row / 2);
        Curve::new(self.curve(row, 0..=rows_max)).valley(2, 3, 3 * ONE)
    }

    /// Mean bits of the difference to the value `unit * lag` before, for each lag.
    fn curve(&self, unit: usize, lags: impl Iterator<Item = usize> + Clone) -> Vec<u64> {
        let values = &self.values;
        let from = lags.clone().max().unwrap_or(0) * unit;
        let windows = windows(values, from);
        let at_lag = |lag: usize| {
            let window = |&start: &usize| {
                let end = (start + WINDOW).min(values.len());
                cost::difference(
                    &values[start..end],
                    &values[start - lag * unit..end - lag * unit],
                )
            };
            windows.iter().map(window).sum::<u64>() / windows.len().max(1) as u64
        };
        lags.map(at_lag).collect()
    }
}

/// Where windows begin: spread over what lies past `from`, the liveliest of their surroundings.
fn windows(values: &[i32], from: usize) -> Vec<usize> {
    let to = values.len();
    let window_n = (COMPARED / WINDOW).min((to - from) / WINDOW).max(1);
    let part = (to - from) / window_n;
    let places = part.saturating_sub(WINDOW);
    (0..window_n)
        .filter_map(|window| {
            let first = from + window * part;
            let changes = |&at: &usize| {
                let len = WINDOW.min(values.len() - at);
                values[at..at + len]
                    .windows(2)
                    .filter(|pair| pair[0] != pair[1])
                    .count()
            };
            (0..4)
                .map(|place| first + places * place / 3)
                .max_by_key(changes)
        })
        .collect()
}
