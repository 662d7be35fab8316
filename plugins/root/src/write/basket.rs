//! Baskets: some entries of a branch, their bytes big-endian, behind them where each begins if they
//! are not all alike.

use std::io::{Seek, Write};
use std::ops::Range;

use super::bytes::Out;
use super::container::{Container, NewKey};
use crate::column::{Column, Values};
use crate::error::{Error, ErrorKind, Result};

/// Raw bytes of a basket, about.
const BASKET: usize = 128 << 10;
/// What a reader is told to expect of entry offsets.
pub(super) const ENTRY_OFFSETS: i32 = 1000;

/// A branch's baskets in the file.
#[derive(Default)]
pub(super) struct Written {
    pub(super) sizes: Vec<i32>,
    /// The first entry of each.
    pub(super) entries: Vec<i64>,
    pub(super) positions: Vec<i64>,
    pub(super) raw: i64,
    pub(super) stored: i64,
}

/// Writes all entries of a column.
pub(super) fn write<W: Write + Seek>(
    to: &mut Container<W>,
    above: u64,
    (branch, tree): (&str, &str),
    column: &Column,
) -> Result<Written> {
    let mut written = Written::default();
    let mut start = 0;
    while start < column.len() {
        let end = border(column, start);
        let header = NewKey {
            class: "TBasket",
            name: branch,
            title: tree,
            extra: &[0; 19],
        };
        let key_len = header.len();
        let (mut raw, offsets) = entries(column, start..end)?;
        let last = key_len + raw.len();
        let mut width = raw.len() / (end - start).max(1);
        if let Some(offsets) = offsets {
            let mut out = Out::default();
            out.i32(offsets.len() as i32 + 1);
            offsets.iter().for_each(|o| out.i32((key_len + o) as i32));
            out.i32(0);
            raw.extend(out.bytes);
            width = ENTRY_OFFSETS as usize;
        }
        let mut extra = Out::default();
        extra.i16(3);
        extra.i32((key_len + raw.len()) as i32);
        extra.i32(width as i32);
        extra.i32((end - start) as i32);
        extra.i32(last as i32);
        extra.u8(0);
        let key = NewKey {
            extra: &extra.bytes,
            ..header
        };
        let stored = to.codec.compress(&raw)?;
        let (position, _) = to.put(&key, above, raw.len(), &stored)?;
        written.sizes.push((key_len + stored.len()) as i32);
        written.entries.push(start as i64);
        written.positions.push(position as i64);
        written.raw += (key_len + raw.len()) as i64;
        written.stored += (key_len + stored.len()) as i64;
        start = end;
    }
    Ok(written)
}

/// Where a basket that begins at `start` ends.
fn border(column: &Column, start: usize) -> usize {
    let len = column.len();
    let rows = |width: usize| start + (BASKET / width.max(1)).max(1);
    let by_offsets = |offsets: &[i64], width: usize| {
        let first = offsets.get(start).copied().unwrap_or(0);
        let most = first.saturating_add((BASKET / width.max(1)) as i64);
        let end = offsets.partition_point(|&o| o <= most);
        // So many entries that their offsets are no more than the values.
        end.saturating_sub(1)
            .clamp(start + 1, rows(4).max(start + 1))
    };
    match column {
        Column::Strings(strings) => by_offsets(&strings.offsets, 1),
        Column::List { offsets, item } => by_offsets(offsets, width(item)),
        other => rows(width(other)),
    }
    .min(len)
}

fn width(column: &Column) -> usize {
    match column {
        Column::Values(values) => values.kind().size(),
        Column::Fixed { size, item, .. } => size.saturating_mul(width(item)),
        _ => 1,
    }
}

/// Entries' bytes, and where each begins if they differ in length.
fn entries(column: &Column, part: Range<usize>) -> Result<(Vec<u8>, Option<Vec<usize>>)> {
    let mut raw = Vec::new();
    match column {
        Column::Strings(strings) => {
            let mut starts = Vec::new();
            for i in part {
                starts.push(raw.len());
                let mut out = Out::default();
                out.counted(slice(&strings.bytes, &strings.offsets, i)?);
                raw.extend(out.bytes);
            }
            Ok((raw, Some(starts)))
        }
        Column::List { offsets, item } => {
            let width = width(item);
            let at = |i: usize| offsets.get(i).and_then(|&o| usize::try_from(o).ok());
            let first = at(part.start).ok_or_else(broken)?;
            let end = at(part.end).ok_or_else(broken)?;
            numbers(item, first..end, &mut raw)?;
            let starts = part.map(|i| Some((at(i)?.checked_sub(first)?) * width));
            let starts: Option<Vec<usize>> = starts.collect();
            Ok((raw, Some(starts.ok_or_else(broken)?)))
        }
        other => {
            numbers(other, part, &mut raw)?;
            Ok((raw, None))
        }
    }
}

fn slice<'a>(bytes: &'a [u8], offsets: &[i64], i: usize) -> Result<&'a [u8]> {
    let at = |i: usize| offsets.get(i).and_then(|&o| usize::try_from(o).ok());
    let range = at(i).zip(at(i + 1)).map(|(a, b)| a..b);
    range.and_then(|range| bytes.get(range)).ok_or_else(broken)
}

fn broken() -> Error {
    ErrorKind::Corrupt("offsets that do not fit their values".into()).into()
}

/// Some elements of numbers or arrays of them, big-endian.
fn numbers(column: &Column, part: Range<usize>, out: &mut Vec<u8>) -> Result<()> {
    match column {
        Column::Fixed { size, item, .. } => {
            let inner = part.start.saturating_mul(*size)..part.end.saturating_mul(*size);
            numbers(item, inner, out)
        }
        Column::Values(values) => {
            let width = values.kind().size();
            let bytes = values.as_bytes();
            let bytes = bytes.get(part.start.saturating_mul(width)..part.end.saturating_mul(width));
            let bytes = bytes.ok_or_else(broken)?;
            match cfg!(target_endian = "little") {
                true => {
                    let turned = bytes.chunks_exact(width).flat_map(|n| n.iter().rev());
                    out.extend(turned.copied());
                }
                false => out.extend_from_slice(bytes),
            }
            Ok(())
        }
        _ => Err(ErrorKind::Unsupported("this type in a tree".into()).into()),
    }
}

/// The longest list or text.
pub(super) fn longest(column: &Column) -> i64 {
    let of = |offsets: &[i64]| {
        let lengths = offsets.windows(2).map(|w| match w {
            &[a, b] => b.saturating_sub(a),
            _ => 0,
        });
        lengths.max().unwrap_or(0)
    };
    match column {
        Column::Strings(strings) => of(&strings.offsets),
        Column::List { offsets, .. } => of(offsets),
        _ => 0,
    }
}

/// The largest of whole numbers.
pub(super) fn maximum(values: &Values) -> i64 {
    match values {
        Values::I8(v) => v.iter().copied().max().map_or(0, i64::from),
        Values::U8(v) | Values::Bool(v) => v.iter().copied().max().map_or(0, i64::from),
        Values::I16(v) => v.iter().copied().max().map_or(0, i64::from),
        Values::U16(v) => v.iter().copied().max().map_or(0, i64::from),
        Values::I32(v) => v.iter().copied().max().map_or(0, i64::from),
        Values::U32(v) => v.iter().copied().max().map_or(0, i64::from),
        _ => 0,
    }
}
