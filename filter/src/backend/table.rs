//! A stream's layout as the backends use it: columns of equal elements, and the whole records of a frame.

use crate::layout::{ByteOrder, Kind, Layout};

/// One column: an element of this width from `offset` on in each record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) kind: Kind,
    pub(super) width: usize,
    pub(super) order: ByteOrder,
    pub(super) offset: usize,
}

/// The columns of a record as [`Layout::columns`] sees it.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(super) columns: Vec<Column>,
    record_size: usize,
}

/// Where a frame's whole records are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rows {
    /// Bytes before the first whole record.
    pub(super) head: usize,
    /// Whole records.
    pub(super) n: usize,
    /// Bytes of all whole records.
    pub(super) len: usize,
}

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
            record_size: expansion.record_size as usize,
        }
    }

    /// Whether the records are single bytes.
    pub(super) fn is_bytes(&self) -> bool {
        self.record_size == 1
    }

    /// The whole records of a frame of `raw_len` bytes from `offset` on in the stream.
    pub(super) fn rows(&self, offset: u64, raw_len: usize) -> Rows {
        let phase = (offset % self.record_size as u64) as usize;
        let head = (self.record_size - phase) % self.record_size;
        let n = raw_len.saturating_sub(head) / self.record_size;
        Rows {
            head: if n == 0 { raw_len } else { head },
            n,
            len: n * self.record_size,
        }
    }

    /// Appends the column's elements of all records in `rows`.
    pub(super) fn gather(&self, column: &Column, rows: &[u8], out: &mut Vec<u8>) {
        if column.width == self.record_size {
            out.extend_from_slice(rows);
            return;
        }
        out.reserve(rows.len() / self.record_size * column.width);
        for record in rows.chunks_exact(self.record_size) {
            out.extend_from_slice(&record[column.offset..column.offset + column.width]);
        }
    }

    /// Puts the column's elements back into the records.
    pub(super) fn scatter(&self, column: &Column, elements: &[u8], rows: &mut [u8]) {
        if column.width == self.record_size {
            rows.copy_from_slice(elements);
            return;
        }
        for (record, element) in rows
            .chunks_exact_mut(self.record_size)
            .zip(elements.chunks_exact(column.width))
        {
            record[column.offset..column.offset + column.width].copy_from_slice(element);
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
    fn rows_begin_and_end_on_records() {
        let table = Table::new(&Layout::parse("<f4,<u2").unwrap());
        assert_eq!(
            table.rows(0, 20),
            Rows {
                head: 0,
                n: 3,
                len: 18
            }
        );
        assert_eq!(
            table.rows(7, 20),
            Rows {
                head: 5,
                n: 2,
                len: 12
            }
        );
        assert_eq!(
            table.rows(7, 4),
            Rows {
                head: 4,
                n: 0,
                len: 0
            }
        );
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
