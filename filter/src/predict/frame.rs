//! A frame taken apart into columns of ordered integers, and put together again.

use std::sync::Arc;

pub use crate::layout::rows::Rows;
use crate::layout::{Column, Expansion};
use crate::numeric::ValueType;
use crate::{ByteOrder, Error, Result};

/// A frame's columns. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Columns {
    /// Ordered integers, by column.
    pub(super) values: Arc<Vec<Vec<u64>>>,
    /// Head and tail of [`Rows`].
    pub(super) rest: Arc<Vec<u8>>,
}

impl Columns {
    /// Ordered integers, by column, then by row.
    pub fn values(&self) -> &[Vec<u64>] {
        &self.values
    }

    /// Takes a frame apart.
    pub fn split(expansion: &Expansion, rows: Rows, raw: &[u8]) -> Self {
        let size = expansion.record_size as usize;
        let body = rows.records(raw);
        let values = expansion
            .columns
            .iter()
            .map(|column| load(column, size, body))
            .collect();
        Columns {
            values: Arc::new(values),
            rest: Arc::new(rows.edges(raw)),
        }
    }
}

/// One column's ordered integers.
fn load(column: &Column, size: usize, body: &[u8]) -> Vec<u64> {
    let vt = ValueType::of(column);
    let (from, width) = (column.offset as usize, usize::from(column.width));
    let big = column.order == ByteOrder::Big;
    body.chunks_exact(size)
        .map(|record| {
            let bytes = &record[from..from + width];
            let mut word = [0u8; 8];
            if big {
                word[8 - width..].copy_from_slice(bytes);
                vt.order(u64::from_be_bytes(word))
            } else {
                word[..width].copy_from_slice(bytes);
                vt.order(u64::from_le_bytes(word))
            }
        })
        .collect()
}

/// Writes one column's values into the frame's body.
pub fn store(column: &Column, size: usize, values: &[u64], body: &mut [u8]) {
    let vt = ValueType::of(column);
    let (from, width) = (column.offset as usize, usize::from(column.width));
    let big = column.order == ByteOrder::Big;
    for (record, &value) in body.chunks_exact_mut(size).zip(values) {
        let bits = vt.unorder(value);
        if big {
            record[from..from + width].copy_from_slice(&bits.to_be_bytes()[8 - width..]);
        } else {
            record[from..from + width].copy_from_slice(&bits.to_le_bytes()[..width]);
        }
    }
}

/// Undoes [`Columns::split`], given all columns in order.
pub fn join<'a>(
    expansion: &Expansion,
    rows: Rows,
    columns: impl Iterator<Item = &'a Vec<u64>>,
    rest: &[u8],
) -> Result<Vec<u8>> {
    let size = expansion.record_size as usize;
    if rest.len() != rows.head + rows.tail {
        return Err(Error::corrupt("bytes beside the records are missing"));
    }
    let mut raw = vec![0u8; rows.head + rows.n * size + rows.tail];
    raw[..rows.head].copy_from_slice(&rest[..rows.head]);
    let body_end = rows.head + rows.n * size;
    raw[body_end..].copy_from_slice(&rest[rows.head..]);
    let mut n = 0;
    for (column, values) in expansion.columns.iter().zip(columns) {
        if values.len() != rows.n {
            return Err(Error::corrupt("a column is too short"));
        }
        store(column, size, values, &mut raw[rows.head..body_end]);
        n += 1;
    }
    if n != expansion.columns.len() {
        return Err(Error::corrupt("a column is missing"));
    }
    Ok(raw)
}
