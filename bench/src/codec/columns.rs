//! Bytes taken apart into columns of one type, and put together again, for codecs that know numbers
//! only.

use crate::corpus::{Element, Shape};
use crate::job::Transform;

/// A column: values of one type, little-endian, one behind another.
pub struct Column {
    /// NumPy's letter.
    pub kind: char,
    /// Bytes a value.
    pub width: usize,
    /// The values.
    pub bytes: Vec<u8>,
}

/// Where the values of a column stand in the raw bytes.
struct Place {
    element: Element,
    first: usize,
    step: usize,
    n: usize,
}

/// The columns of `raw`, and what belongs to none: header and tail.
pub fn split(shape: &Shape, transform: Transform, raw: &[u8]) -> (Vec<Column>, Vec<u8>) {
    let places = places(shape, transform, raw.len());
    let columns = places.iter().map(|p| {
        let mut bytes = Vec::with_capacity(p.n * p.element.width);
        for i in 0..p.n {
            let at = p.first + i * p.step;
            let value = &raw[at..at + p.element.width];
            if p.element.big {
                bytes.extend(value.iter().rev())
            } else {
                bytes.extend_from_slice(value)
            }
        }
        Column {
            kind: p.element.kind,
            width: p.element.width,
            bytes,
        }
    });
    let columns = columns.collect();
    let (from, to) = body(shape, raw.len());
    (columns, [&raw[..from], &raw[to..]].concat())
}

/// The inverse of [`split`]: types of the columns are known, their values come from `columns`.
pub fn join(
    shape: &Shape,
    transform: Transform,
    columns: &[Vec<u8>],
    rest: &[u8],
    raw_len: usize,
) -> Option<Vec<u8>> {
    let mut raw = vec![0; raw_len];
    let places = places(shape, transform, raw_len);
    if places.len() != columns.len() {
        return None;
    }
    for (p, bytes) in places.iter().zip(columns) {
        if bytes.len() != p.n * p.element.width {
            return None;
        }
        for (i, value) in bytes.chunks_exact(p.element.width).enumerate() {
            let at = p.first + i * p.step;
            let slot = &mut raw[at..at + p.element.width];
            slot.copy_from_slice(value);
            if p.element.big {
                slot.reverse();
            }
        }
    }
    let (from, to) = body(shape, raw_len);
    if rest.len() != from + (raw_len - to) {
        return None;
    }
    raw[..from].copy_from_slice(&rest[..from]);
    raw[to..].copy_from_slice(&rest[from..]);
    Some(raw)
}

/// The types of the columns, in order.
pub fn types(shape: &Shape, transform: Transform, raw_len: usize) -> Vec<(char, usize)> {
    places(shape, transform, raw_len)
        .iter()
        .map(|p| (p.element.kind, p.element.width))
        .collect()
}

/// The whole records between header and tail.
fn body(shape: &Shape, raw_len: usize) -> (usize, usize) {
    let from = shape.header.min(raw_len);
    (from, from + (raw_len - from) / shape.record * shape.record)
}

fn places(shape: &Shape, transform: Transform, raw_len: usize) -> Vec<Place> {
    let (from, to) = body(shape, raw_len);
    let record_n = (to - from) / shape.record;
    let at = |e: &Element, skip: usize, n: usize| Place {
        element: e.clone(),
        first: from + skip * shape.record + e.offset,
        step: shape.record,
        n,
    };
    // Columns one after another: as many as have begun, the last of them perhaps cut short.
    let rows = match shape.shape.as_slice() {
        [_, rest @ ..] if shape.columns && transform == Transform::Column => {
            rest.iter().product::<u64>() as usize
        }
        _ => record_n,
    };
    let mut out = Vec::new();
    for skip in (0..record_n).step_by(rows.max(1)) {
        out.extend(
            shape
                .elements
                .iter()
                .map(|e| at(e, skip, rows.min(record_n - skip))),
        );
    }
    out
}
