//! From shapes and their columns back to lines.

use super::lines;
use super::parts;
use super::shape::{self, Place, Shape, number};
use super::{MOST_MEMORY, MOST_SHAPES, sequence_layout};
use crate::Layout;
use crate::error::{Error, Result};
use crate::frame::Cursor;

/// A shape, and what is left of its lines.
struct Reading<'a> {
    shape: &'a Shape,
    records: Vec<Vec<u8>>,
    sizes: Vec<usize>,
    /// Of each field: where it lies, and its width.
    places: Vec<(Place, usize)>,
    /// Of each field: where its next bytes stand beside the records.
    beside: Vec<usize>,
    row: usize,
}

/// What the head says.
pub(super) struct Head {
    pub(super) shapes: Vec<Shape>,
    pub(super) lines: usize,
    pub(super) literal: usize,
    pub(super) beside: usize,
}

pub(super) fn corrupt() -> Error {
    Error::corrupt("a text's shapes")
}

/// The bytes of a text.
///
/// # Errors
/// `Corrupt` of what no encoder writes.
pub(super) fn unpack(payload: &[u8], raw_len: usize) -> Result<Vec<u8>> {
    let mut cursor = Cursor::new(payload);
    let (end, head) = open(&mut cursor, raw_len)?;
    let bytes = Layout::bytes();
    let sequence = sequence_layout(head.shapes.len());
    let width = sequence.record_size() as usize;
    let order = parts::unpack(&sequence, head.lines * width, &mut cursor)?;
    let literal = parts::unpack(&bytes, head.literal, &mut cursor)?;
    let beside = parts::unpack(&bytes, head.beside, &mut cursor)?;
    let (mut readings, mut begun) = (Vec::new(), 0);
    for shape in &head.shapes {
        readings.push(Reading::new(shape, &mut begun, &mut cursor)?);
    }
    if !cursor.rest().is_empty() || begun != beside.len() {
        return Err(corrupt());
    }
    let (mut out, mut from) = (Vec::with_capacity(raw_len), 0);
    for at in order.chunks_exact(width) {
        let at = at
            .iter()
            .rev()
            .fold(0, |at, byte| at << 8 | usize::from(*byte));
        if at == head.shapes.len() {
            let to = lines::next(&literal, from, end);
            out.extend_from_slice(&literal[from..to]);
            from = to;
        } else {
            let reading = readings.get_mut(at).ok_or_else(corrupt)?;
            reading
                .line(&beside, raw_len, &mut out)
                .ok_or_else(corrupt)?;
        }
        if out.len() > raw_len {
            return Err(corrupt());
        }
    }
    let done = readings
        .iter()
        .all(|reading| reading.row == reading.shape.rows);
    match out.len() == raw_len && from == literal.len() && done {
        true => Ok(out),
        false => Err(corrupt()),
    }
}

/// The byte that ends lines, and the head.
pub(super) fn open(cursor: &mut Cursor<'_>, raw_len: usize) -> Result<(u8, Head)> {
    let end = cursor.byte().ok_or_else(corrupt)?;
    let len = number(cursor)
        .filter(|len| *len <= raw_len)
        .ok_or_else(corrupt)?;
    let head = parts::unpack(&Layout::bytes(), len, cursor)?;
    Ok((end, Head::read(&head, raw_len).ok_or_else(corrupt)?))
}

impl Head {
    /// The head of a text of so many bytes; nothing if it cannot be one.
    fn read(bytes: &[u8], raw_len: usize) -> Option<Head> {
        let mut cursor = Cursor::new(bytes);
        let shape_n = number(&mut cursor).filter(|n| (1..=MOST_SHAPES).contains(n))?;
        let mut shapes = Vec::new();
        let mut rows = 0usize;
        for _ in 0..shape_n {
            let shape = Shape::read(&mut cursor)?;
            rows = rows.checked_add(shape.rows)?;
            shapes.push(shape);
        }
        let (lines, literal, beside) = (
            number(&mut cursor)?,
            number(&mut cursor)?,
            number(&mut cursor)?,
        );
        let fits = rows <= lines
            && lines.max(literal).max(beside) <= raw_len
            && shape::fit(shapes.iter(), raw_len.checked_mul(MOST_MEMORY)?);
        (fits && cursor.rest().is_empty()).then_some(Head {
            shapes,
            lines,
            literal,
            beside,
        })
    }
}

impl<'a> Reading<'a> {
    /// Reads a shape's records; `begun`: where its bytes begin beside them, and then end.
    fn new(shape: &'a Shape, begun: &mut usize, cursor: &mut Cursor<'_>) -> Result<Self> {
        let layouts = shape.layouts();
        let sizes: Vec<usize> = layouts.iter().map(|l| l.record_size() as usize).collect();
        let mut records = Vec::new();
        for (layout, size) in layouts.iter().zip(&sizes) {
            // No more than the head has been checked for.
            records.push(parts::unpack(layout, size * shape.rows, cursor)?);
        }
        let places = shape.places();
        let widths = shape.fields.iter().map(|(_, field)| field.width());
        let mut reading = Reading {
            shape,
            records,
            sizes,
            places: places.into_iter().zip(widths).collect(),
            beside: vec![0; shape.fields.len()],
            row: 0,
        };
        for at in (0..shape.fields.len()).filter(|&at| shape.has_bytes(at)) {
            reading.beside[at] = *begun;
            for row in 0..shape.rows {
                let len = usize::try_from(reading.element(at, row)).ok();
                let to = len.and_then(|len| begun.checked_add(len));
                *begun = to.ok_or_else(corrupt)?;
            }
        }
        Ok(reading)
    }

    fn element(&self, at: usize, row: usize) -> u64 {
        let (place, width) = self.places[at];
        let from = row * self.sizes[place.record] + place.offset;
        let bytes = &self.records[place.record][from..from + width];
        match *bytes {
            [a] => u64::from(a),
            [a, b] => u64::from(u16::from_le_bytes([a, b])),
            [a, b, c, d] => u64::from(u32::from_le_bytes([a, b, c, d])),
            [a, b, c, d, e, f, g, h] => u64::from_le_bytes([a, b, c, d, e, f, g, h]),
            _ => 0,
        }
    }

    /// Appends the next line.
    fn line(&mut self, beside: &[u8], limit: usize, out: &mut Vec<u8>) -> Option<()> {
        if self.row == self.shape.rows {
            return None;
        }
        let row = self.row;
        self.row += 1;
        let mut begun = std::mem::take(&mut self.beside);
        let bytes = |at: usize, len: u64| {
            let from = begun[at];
            let to = from.checked_add(usize::try_from(len).ok()?)?;
            begun[at] = to;
            beside.get(from..to)
        };
        let printed = self
            .shape
            .print(|at| self.element(at, row), bytes, limit, out);
        self.beside = begun;
        printed
    }
}
