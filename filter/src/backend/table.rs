//! A stream's layout as the backends use it: columns of equal elements, and the whole records of a
//! frame.

use std::ops::Range;

use crate::backend::predictor::{Element, sampled};
use crate::layout::{ByteOrder, Kind, Layout, Rows};

/// One column: an element of this width from `offset` on in each record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) kind: Kind,
    pub(super) width: usize,
    pub(super) order: ByteOrder,
    pub(super) offset: usize,
}

impl Column {
    /// Its type.
    pub(super) fn element(&self) -> Element {
        Element {
            kind: self.kind,
            width: self.width,
        }
    }
}

/// The columns of a record as [`Layout::columns`] sees it.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    columns: Vec<Column>,
    record_size: u32,
    is_bytes: bool,
    /// Records of one step along a grid's slowest axis, where they are a unit each.
    slab: Option<usize>,
}

/// How a frame's records are cut into units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// A unit for each column of the record.
    Columns = 0,
    /// A unit for each slab of the grid.
    Slabs = 1,
}

/// What is coded by itself: a column over some of the frame's records.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    pub(super) column: Column,
    records: Range<usize>,
}

impl Unit {
    /// Elements.
    pub(super) fn n(&self) -> usize {
        self.records.len()
    }

    /// Bytes of all elements.
    pub(super) fn len(&self) -> usize {
        self.n() * self.column.width
    }
}

/// Least records of a slab: in smaller ones, what is learned anew in each costs more than their
/// differences give.
const SLAB_MIN: u64 = 1 << 15;

impl Table {
    pub(crate) fn new(layout: &Layout) -> Self {
        let expansion = layout.columns();
        let columns = expansion.columns.iter().map(|column| Column {
            kind: column.kind,
            width: column.width.into(),
            order: column.order,
            offset: column.offset as usize,
        });
        Table {
            columns: columns.collect(),
            record_size: expansion.record_size,
            is_bytes: layout.is_bytes(),
            slab: match *expansion.shape.as_slice() {
                [_, ref inner @ ..] if expansion.columns.len() == 1 && !inner.is_empty() => {
                    let records = inner.iter().try_fold(1u64, |n, &dim| n.checked_mul(dim));
                    records
                        .filter(|&n| n >= SLAB_MIN)
                        .and_then(|n| usize::try_from(n).ok())
                }
                _ => None,
            },
        }
    }

    /// Whether nothing is known of the bytes.
    pub(super) fn is_bytes(&self) -> bool {
        self.is_bytes
    }

    /// The rows of a frame of `raw_len` bytes from `offset` on in the stream.
    pub(super) fn rows(&self, offset: u64, raw_len: usize) -> Rows {
        Rows::new(self.record_size, offset, raw_len)
    }

    /// The ways to cut a frame. Slabs are for one column in a grid of large ones: files that hold
    /// columns one after another look like that.
    pub(super) fn cuts(&self) -> &'static [Cut] {
        match self.slab {
            Some(_) => &[Cut::Columns, Cut::Slabs],
            None => &[Cut::Columns],
        }
    }

    /// The units of a frame whose whole records are `rows`, in the order of the payload.
    pub(super) fn units(&self, rows: &Rows, cut: Cut) -> Vec<Unit> {
        let mut units = Vec::new();
        match (cut, self.slab, self.columns.as_slice()) {
            (Cut::Slabs, Some(slab), &[column]) => {
                let mut start = 0;
                let mut end = slab - (rows.first % slab as u64) as usize;
                while start < rows.n {
                    let records = start..end.min(rows.n);
                    units.push(Unit { column, records });
                    (start, end) = (end, end + slab);
                }
            }
            (_, _, columns) => units.extend(columns.iter().map(|&column| Unit {
                column,
                records: 0..rows.n,
            })),
        }
        units
    }

    /// Appends the unit's elements. `rows` are the bytes of the frame's whole records.
    pub(super) fn gather(&self, unit: &Unit, rows: &[u8], out: &mut Vec<u8>) {
        let size = self.record_size as usize;
        let rows = &rows[unit.records.start * size..unit.records.end * size];
        let Column { width, offset, .. } = unit.column;
        if width == size {
            out.extend_from_slice(rows);
            return;
        }
        out.reserve(unit.len());
        for record in rows.chunks_exact(size) {
            out.extend_from_slice(&record[offset..offset + width]);
        }
    }

    /// Some of the unit's elements as numbers, in the places of [`sampled`].
    pub(super) fn sample(&self, unit: &Unit, rows: &[u8]) -> Vec<u64> {
        let Column {
            width,
            offset,
            order,
            ..
        } = unit.column;
        let number = |place: usize| {
            let at = (unit.records.start + place) * self.record_size as usize + offset;
            let element = rows.get(at..at + width).unwrap_or(&[]);
            let shifted = |number, &byte: &u8| number << 8 | u64::from(byte);
            match order {
                ByteOrder::Little => element.iter().rev().fold(0, shifted),
                ByteOrder::Big => element.iter().fold(0, shifted),
            }
        };
        sampled(unit.n()).map(number).collect()
    }

    /// Puts the unit's elements back into the records.
    pub(super) fn scatter(&self, unit: &Unit, elements: &[u8], rows: &mut [u8]) {
        let size = self.record_size as usize;
        let rows = &mut rows[unit.records.start * size..unit.records.end * size];
        let Column { width, offset, .. } = unit.column;
        if width == size {
            rows.copy_from_slice(elements);
            return;
        }
        for (record, element) in rows
            .chunks_exact_mut(size)
            .zip(elements.chunks_exact(width))
        {
            record[offset..offset + width].copy_from_slice(element);
        }
    }
}

/// The elements' bytes plane by plane: all first bytes, then all second ones.
pub(super) fn shuffle(elements: &[u8], width: usize, out: &mut Vec<u8>) {
    if width == 1 {
        out.extend_from_slice(elements);
        return;
    }
    for plane in 0..width {
        out.extend(elements.iter().skip(plane).step_by(width));
    }
}

/// Undoes [`shuffle`].
pub(super) fn unshuffle(planes: &[u8], width: usize) -> Vec<u8> {
    let n = planes.len() / width;
    let mut elements = vec![0; planes.len()];
    for (plane, bytes) in planes.chunks_exact(n.max(1)).enumerate() {
        for (element, &byte) in elements.chunks_exact_mut(width).zip(bytes) {
            element[plane] = byte;
        }
    }
    elements
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slabs_are_cut_at_their_borders() {
        let layout = Layout::parse("<f4").unwrap();
        let table = Table::new(&layout.with_shape(&[3, 40_000]).unwrap());
        let rows = table.rows(4 * 30_000, 4 * 60_000);
        let units = table.units(&rows, Cut::Slabs);
        let n: Vec<usize> = units.iter().map(Unit::n).collect();
        assert_eq!(n, [10_000, 40_000, 10_000]);
        let small = Table::new(&Layout::parse("<f4").unwrap().with_shape(&[9, 999]).unwrap());
        assert_eq!(small.cuts(), [Cut::Columns]);
    }

    #[test]
    fn shuffling_comes_back() {
        let elements: Vec<u8> = (0..=255).collect();
        for width in [1, 2, 4, 8] {
            let mut planes = Vec::new();
            shuffle(&elements, width, &mut planes);
            assert_eq!(planes[1], width as u8);
            assert_eq!(unshuffle(&planes, width), elements);
        }
    }
}
