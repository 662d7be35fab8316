//! A shape: what lines have in common, and the fields between.

use super::field::{Field, Value};
use crate::frame::{Cursor, put_varint};
use crate::layout::{self, Layout};

/// What lines have in common.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shape {
    /// Fields with the bytes before each of them.
    pub(super) fields: Vec<(Vec<u8>, Field)>,
    /// Bytes behind the last field, the line's end among them.
    pub(super) tail: Vec<u8>,
    /// The fields in the order of the columns: what tells of others comes first.
    pub(super) order: Vec<u16>,
    /// Lines.
    pub(super) rows: usize,
}

/// Fields of a shape, at most.
pub(super) const MOST_FIELDS: usize = 4096;
/// Columns of a record, at most: a shape of more fields has several records a line.
const COLUMNS: usize = 128;

/// Bytes that a value takes while it is decoded, beside itself, and a row.
const TOKENS: usize = 9;
const ROW: usize = 72;

/// Where a field's elements lie: in which of the shape's records, and where in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) record: usize,
    pub(super) offset: usize,
}

impl Shape {
    /// The layouts of the shape's records.
    pub(super) fn layouts(&self) -> Vec<Layout> {
        let columns = |order: &[u16]| -> Vec<layout::Field> {
            let field = |&at: &u16| self.fields[usize::from(at)].1.column();
            order.iter().map(field).collect()
        };
        let layouts = self.order.chunks(COLUMNS).map(columns);
        // They are within all limits.
        layouts
            .filter_map(|fields| Layout::from_fields(fields).ok())
            .collect()
    }

    /// Bytes that decoding takes of the shape's records, and the tokens of the largest of them;
    /// nothing if they cannot be counted.
    pub(super) fn memory(&self) -> Option<(usize, usize)> {
        let (mut all, mut most) = (0usize, 0usize);
        for order in self.order.chunks(COLUMNS) {
            let width = |&at: &u16| self.fields[usize::from(at)].1.width();
            all = all.checked_add(
                order
                    .iter()
                    .map(width)
                    .sum::<usize>()
                    .checked_mul(self.rows)?,
            )?;
            let widest = order.iter().map(width).max().unwrap_or(0).max(4);
            let row = order.len() * (widest + TOKENS) + ROW;
            most = most.max(row.checked_mul(self.rows)?);
        }
        Some((all, most))
    }

    /// Where each field lies.
    pub(super) fn places(&self) -> Vec<Place> {
        let mut places = vec![
            Place {
                record: 0,
                offset: 0
            };
            self.fields.len()
        ];
        for (record, order) in self.order.chunks(COLUMNS).enumerate() {
            let mut offset = 0;
            for &at in order {
                places[usize::from(at)] = Place { record, offset };
                offset += self.fields[usize::from(at)].1.width();
            }
        }
        places
    }

    /// Appends a line: `element` gives a field's element, `bytes` those that stand beside. Nothing
    /// if there is no such line, or one that passes the limit.
    #[inline]
    pub(super) fn print<'a>(
        &self,
        mut element: impl FnMut(usize) -> u64,
        mut bytes: impl FnMut(usize, u64) -> Option<&'a [u8]>,
        limit: usize,
        out: &mut Vec<u8>,
    ) -> Option<()> {
        for (at, (before, field)) in self.fields.iter().enumerate() {
            out.extend_from_slice(before);
            field.print(element(at), |n| bytes(at, n), out)?;
            if out.len() > limit {
                return None;
            }
        }
        out.extend_from_slice(&self.tail);
        (out.len() <= limit).then_some(())
    }

    /// Whether a field's bytes stand beside the records.
    pub(super) fn has_bytes(&self, at: usize) -> bool {
        matches!(self.fields[at].1.value, Value::Bytes { .. })
    }

    /// Appends what [`Shape::read`] reads.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        put_varint(out, self.rows as u64);
        put_varint(out, self.fields.len() as u64);
        for (before, field) in &self.fields {
            put_varint(out, before.len() as u64);
            out.extend_from_slice(before);
            field.write(out);
        }
        put_varint(out, self.tail.len() as u64);
        out.extend_from_slice(&self.tail);
        self.order.iter().for_each(|&at| put_varint(out, at.into()));
    }

    /// A shape from what [`Shape::write`] wrote; nothing if it is none.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Option<Shape> {
        let rows = number(cursor)?;
        let field_n = number(cursor).filter(|n| *n <= MOST_FIELDS)?;
        let mut fields = Vec::new();
        for _ in 0..field_n {
            let len = number(cursor)?;
            let before = cursor.take(len)?.to_vec();
            fields.push((before, Field::read(cursor)?));
        }
        let len = number(cursor)?;
        let tail = cursor.take(len)?.to_vec();
        let mut order = Vec::new();
        let mut seen = vec![false; field_n];
        for _ in 0..field_n {
            let at = number(cursor)?;
            if std::mem::replace(seen.get_mut(at)?, true) {
                return None;
            }
            order.push(at as u16);
        }
        Some(Shape {
            fields,
            tail,
            order,
            rows,
        })
    }
}

/// Whether shapes may be decoded in so many bytes.
pub(super) fn fit<'a>(shapes: impl Iterator<Item = &'a Shape>, bytes: usize) -> bool {
    let (mut all, mut most) = (0usize, 0);
    for shape in shapes {
        let Some((records, tokens)) = shape.memory() else {
            return false;
        };
        all = all.saturating_add(records);
        most = most.max(tokens);
    }
    all.saturating_add(most) <= bytes
}

/// A varint that counts something in memory.
pub(super) fn number(cursor: &mut Cursor<'_>) -> Option<usize> {
    usize::try_from(cursor.varint().ok()??).ok()
}
