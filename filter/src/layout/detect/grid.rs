//! Rows and planes of a grid of numbers.
//!
//! In a smooth field the difference to the value `lag` before is smallest for lag 1 and has a sharp minimum at the
//! row's length, where the value lies right above: one more or one less, and it lies askew. The same holds for whole
//! rows at the plane's length. A minimum counts if it is several times deeper than what the curve shows by chance.

use super::super::{ByteOrder, Field, Kind};
use super::cost::{self, ONE};
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
pub(super) struct Values(Vec<i32>);

impl Values {
    /// Reads the sample as values of a field.
    pub(super) fn new(sample: &[u8], field: &Field) -> Self {
        let bits = field.width * 8;
        let sign = 1u64 << (bits - 1);
        let map = |value: u64| {
            let ordered = match field.kind {
                Kind::Float if value & sign != 0 => !value & (sign | (sign - 1)),
                Kind::Float | Kind::Int => value ^ sign,
                Kind::Uint | Kind::Bytes => value,
            };
            if bits > 31 {
                (ordered >> (bits - 31)) as i32
            } else {
                ordered as i32
            }
        };
        let words = sample.chunks_exact(field.width as usize);
        // Two closures, so that the order is no question in the loop.
        Values(match field.order {
            ByteOrder::Little => words
                .map(|word| map(number::value(word, ByteOrder::Little)))
                .collect(),
            ByteOrder::Big => words
                .map(|word| map(number::value(word, ByteOrder::Big)))
                .collect(),
        })
    }

    /// Whether rows of `row` values are a field's rather than records, which would cost `record_cost` a value: the
    /// value before says as much as the one above, and more than the place in the record.
    pub(super) fn is_field(&self, row: usize, record_cost: u64) -> bool {
        let values = &self.0;
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
        let lag_max = ROW_MAX.min(self.0.len() / 4);
        // What the values before say, and what any value says.
        let first = self.curve(1, (1..lag_max.min(65)).chain([lag_max / 2, lag_max]));
        let (left, far) = (*first.first()?, *first.last()?);
        if left + ONE / 4 > far {
            return None;
        }
        let curve = self.curve(1, 0..=lag_max);
        let row = row(&curve)?;
        Some(Grid {
            row,
            plane_rows: self.plane(row),
        })
    }

    /// The distance at which runs of values come again, more or less the same: columns stored one after another.
    pub(super) fn echo(&self) -> Option<usize> {
        echo::distance(&self.0)
    }

    /// Rows a plane.
    fn plane(&self, row: usize) -> Option<usize> {
        let curve = self.curve(row, 0..=PLANE_ROWS_MAX.min(self.0.len() / row / 2));
        sharpest(&curve, 2, 3)
            .filter(|&rows| stands_out(&curve, rows) && curve[rows] < curve[1] + 3 * ONE)
    }

    /// Mean bits of the difference to the value `unit * lag` before, for each lag.
    fn curve(&self, unit: usize, lags: impl Iterator<Item = usize> + Clone) -> Vec<u64> {
        let values = &self.0;
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

/// The row's length, from the curve of all lags.
fn row(curve: &[u64]) -> Option<usize> {
    sharpest(curve, ROW_MIN, 10)
        .filter(|&row| stands_out(curve, row) && curve[row] < curve[1] + 2 * ONE)
}

/// Whether values are nearer at this lag than at most shorter ones. An oscillation in a plain row of values is not.
fn stands_out(curve: &[u64], lag: usize) -> bool {
    let nearest = (lag / 3..lag.saturating_sub(1))
        .skip(1)
        .map(|lag| curve[lag])
        .min();
    nearest.is_none_or(|nearest| curve[lag] as i64 + depth(curve, lag) / 8 < nearest as i64)
}

/// The lag, `from` or more, where the curve has its sharpest minimum; of lags that divide that one, the sharpest if it
/// has at least one `share`th of the sharpness (a plane may be sharper than the rows that divide it).
fn sharpest(curve: &[u64], from: usize, share: i64) -> Option<usize> {
    let inner = 2..curve.len().saturating_sub(1);
    let mut depths: Vec<i64> = inner.clone().map(|lag| depth(curve, lag).abs()).collect();
    if depths.len() < 4 {
        return None;
    }
    let middle = depths.len() / 2;
    let usual = *depths.select_nth_unstable(middle).1;
    let best = inner
        .filter(|&lag| lag >= from)
        .max_by_key(|&lag| (depth(curve, lag), std::cmp::Reverse(lag)))?;
    let clear = |lag: usize, times: i64| {
        let depth = depth(curve, lag);
        curve[lag] < curve[lag - 1].min(curve[lag + 1]) && depth > usual * times
    };
    if !clear(best, 6) || depth(curve, best) < ONE as i64 / 4 {
        return None;
    }
    let shorter = |best: usize| {
        let divides =
            |lag: &usize| best.is_multiple_of(*lag) && clear(*lag, 5) && stands_out(curve, *lag);
        let sharpest = (from..=best / 2)
            .filter(divides)
            .max_by_key(|&lag| depth(curve, lag));
        sharpest.filter(|&lag| depth(curve, lag) * share > depth(curve, best))
    };
    std::iter::successors(Some(best), |&lag| shorter(lag)).last()
}

fn depth(curve: &[u64], lag: usize) -> i64 {
    (curve[lag - 1] + curve[lag + 1]) as i64 - 2 * curve[lag] as i64
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
