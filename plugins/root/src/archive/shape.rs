//! The shape of an entry: which bytes of it belong to which column. A branch's entries are taken
//! apart by it when packing (`split.rs`), and put together again when unpacking (`join.rs`), which
//! needs no class descriptions: shapes stand in the archive.
//!
//! A node that holds bytes has columns, numbered in depth-first order. Invariant: what is repeated
//! has bytes in a column, so putting together ends when the columns do.

use crate::column::Kind;
use crate::error::{Error, Result};
use catena_container::Cursor;

use catena_container::put_varint;

/// Nodes inside nodes are not deeper than this, and there are no more of them.
pub(super) const MAX_DEPTH: usize = 40;
const MAX_NODES: usize = 1 << 14;
/// Most bytes of a value of fixed size that is not taken apart further.
const MAX_FIXED: usize = 1 << 20;

/// Bytes of a number and what it is: `f`, `i` or `u`. Big-endian in TTrees, little-endian in
/// RNTuples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Number {
    pub width: u8,
    pub letter: u8,
    pub little: bool,
}

impl Number {
    pub const BYTE: Number = Number::unsigned(1);
    pub const U16: Number = Number::unsigned(2);
    pub const U32: Number = Number::unsigned(4);

    const fn unsigned(width: u8) -> Self {
        Number {
            width,
            letter: b'u',
            little: false,
        }
    }

    pub fn of(kind: Kind) -> Self {
        let letter = match kind {
            Kind::F32 | Kind::F64 => b'f',
            Kind::I8 | Kind::I16 | Kind::I32 | Kind::I64 => b'i',
            Kind::Bool | Kind::U8 | Kind::U16 | Kind::U32 | Kind::U64 => b'u',
        };
        Number {
            width: kind.size() as u8,
            letter,
            little: false,
        }
    }

    fn to_byte(self) -> u8 {
        let letter = match self.letter {
            b'f' => 0,
            b'i' => 1,
            _ => 2,
        };
        self.width | letter << 4 | u8::from(self.little) << 6
    }

    fn from_byte(byte: u8) -> Option<Self> {
        let letter = *b"fiu".get(usize::from(byte >> 4 & 3))?;
        let width = byte & 15;
        let fits = match letter {
            b'f' => matches!(width, 4 | 8),
            _ => matches!(width, 1 | 2 | 4 | 8),
        };
        fits.then_some(Number {
            width,
            letter,
            little: byte >> 6 & 1 == 1,
        })
    }
}

/// How the bytes of an entry, or of a part of it, belong to columns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Shape {
    /// A number: one column.
    Number(Number),
    /// So many times the same.
    Fixed(usize, Box<Shape>),
    /// A number of items in four bytes (a column), then all first parts, all second parts, and so
    /// on.
    Counted(Vec<Shape>),
    /// A byte count, which follows from the rest, and a version (a column). `true`: where the
    /// version is 0 or negative, four more bytes (a column).
    Framed(bool, Box<Shape>),
    /// A length (a column), and bytes (a column).
    Text,
    /// One after another.
    All(Vec<Shape>),
    /// Items up to the end; their number is a column. Before them, if there are any, so many bytes
    /// (a column).
    ToEnd(usize, Box<Shape>),
    /// Either nothing at all or this; which, is a column.
    Maybe(Box<Shape>),
}

impl Shape {
    /// Columns of this node and those below it.
    pub fn column_n(&self) -> usize {
        match self {
            Shape::Number(_) => 1,
            Shape::Fixed(_, item) => item.column_n(),
            Shape::Counted(items) => 1 + items.iter().map(Shape::column_n).sum::<usize>(),
            Shape::Framed(_, item) => 2 + item.column_n(),
            Shape::Text => 2,
            Shape::All(items) => items.iter().map(Shape::column_n).sum(),
            Shape::ToEnd(_, item) => 2 + item.column_n(),
            Shape::Maybe(item) => 1 + item.column_n(),
        }
    }

    /// The types of the columns.
    pub fn columns(&self, out: &mut Vec<Number>) {
        match self {
            Shape::Number(number) => out.push(*number),
            Shape::Fixed(_, item) => item.columns(out),
            Shape::Counted(items) => {
                out.push(Number::U32);
                items.iter().for_each(|item| item.columns(out));
            }
            Shape::Framed(_, item) => {
                out.extend([Number::U16, Number::U32]);
                item.columns(out);
            }
            Shape::Text => out.extend([Number::U32, Number::BYTE]),
            Shape::All(items) => items.iter().for_each(|item| item.columns(out)),
            Shape::ToEnd(_, item) => {
                out.extend([Number::U32, Number::BYTE]);
                item.columns(out);
            }
            Shape::Maybe(item) => {
                out.push(Number::BYTE);
                item.columns(out);
            }
        }
    }

    /// Bytes, where all have the same and they are nothing but numbers.
    pub fn fixed_size(&self) -> Option<usize> {
        match self {
            Shape::Number(number) => Some(number.width.into()),
            Shape::Fixed(n, item) => item.fixed_size()?.checked_mul(*n),
            Shape::All(items) => items
                .iter()
                .try_fold(0usize, |sum, item| sum.checked_add(item.fixed_size()?)),
            _ => None,
        }
    }

    /// Whether each time there are bytes in a column.
    fn has_bytes(&self) -> bool {
        match self {
            Shape::Number(_) | Shape::Counted(_) | Shape::Framed(..) | Shape::Text => true,
            Shape::Fixed(n, item) => *n > 0 && item.has_bytes(),
            Shape::All(items) => items.iter().any(Shape::has_bytes),
            Shape::ToEnd(..) | Shape::Maybe(_) => true,
        }
    }

    /// Whether it can be an entry's.
    pub fn is_sound(&self) -> bool {
        self.is_sound_at(0, &mut 0, true) && self.has_bytes()
    }

    /// Whether the invariant holds, and what is read to the end stands at the end.
    fn is_sound_at(&self, depth: usize, nodes: &mut usize, at_end: bool) -> bool {
        *nodes += 1;
        if depth > MAX_DEPTH || *nodes > MAX_NODES {
            return false;
        }
        let mut inner = |item: &Shape, end| item.is_sound_at(depth + 1, nodes, end);
        match self {
            Shape::Number(_) | Shape::Text => true,
            Shape::Fixed(n, item) => {
                let size = item.fixed_size().unwrap_or(1).saturating_mul(*n);
                *n > 0 && size <= MAX_FIXED && item.has_bytes() && inner(item, false)
            }
            Shape::Counted(items) => items
                .iter()
                .all(|item| item.has_bytes() && inner(item, false)),
            Shape::Framed(_, item) => inner(item, at_end),
            Shape::All(items) => {
                let last = items.len().saturating_sub(1);
                let mut items = items.iter().enumerate();
                items.all(|(at, item)| inner(item, at_end && at == last))
            }
            Shape::ToEnd(skip, item) => {
                at_end && *skip <= 16 && item.has_bytes() && inner(item, false)
            }
            Shape::Maybe(item) => at_end && inner(item, true),
        }
    }

    /// Whether the end of an entry must be known to read it.
    pub fn needs_end(&self) -> bool {
        match self {
            Shape::ToEnd(..) | Shape::Maybe(_) => true,
            Shape::Framed(_, item) => item.needs_end(),
            Shape::All(items) => items.iter().any(Shape::needs_end),
            _ => false,
        }
    }

    /// The shape as bytes.
    pub fn write(&self, out: &mut Vec<u8>) {
        let many = |tag, items: &[Shape], out: &mut Vec<u8>| {
            out.push(tag);
            put_varint(out, items.len() as u64);
            items.iter().for_each(|item| item.write(out));
        };
        match self {
            Shape::Number(number) => out.push(0x80 | number.to_byte()),
            Shape::Fixed(n, item) => {
                out.push(1);
                put_varint(out, *n as u64);
                item.write(out);
            }
            Shape::Counted(items) => many(2, items, out),
            Shape::Framed(class, item) => {
                out.push(3 + u8::from(*class));
                item.write(out);
            }
            Shape::Text => out.push(5),
            Shape::All(items) => many(6, items, out),
            Shape::ToEnd(skip, item) => {
                out.push(7);
                put_varint(out, *skip as u64);
                item.write(out);
            }
            Shape::Maybe(item) => {
                out.push(8);
                item.write(out);
            }
        }
    }

    /// A shape from bytes.
    ///
    /// # Errors
    /// `Corrupt`: no sound shape.
    pub fn read(cursor: &mut Cursor<'_>) -> Result<Self> {
        let shape = Shape::read_node(cursor, 0)?;
        match shape.is_sound() {
            true => Ok(shape),
            false => Err(bad()),
        }
    }

    fn read_node(cursor: &mut Cursor<'_>, depth: usize) -> Result<Self> {
        if depth > MAX_DEPTH {
            return Err(bad());
        }
        let tag = cursor.u8()?;
        if tag & 0x80 != 0 {
            let number = Number::from_byte(tag & 0x7F);
            return number.map(Shape::Number).ok_or_else(bad);
        }
        let count = |cursor: &mut Cursor<'_>| -> Result<usize> {
            usize::try_from(cursor.varint()?).map_err(|_| bad())
        };
        let one = |cursor: &mut Cursor<'_>| Shape::read_node(cursor, depth + 1).map(Box::new);
        let many = |cursor: &mut Cursor<'_>| -> Result<Vec<Shape>> {
            let n = count(cursor)?;
            if n > MAX_NODES {
                return Err(bad());
            }
            (0..n)
                .map(|_| Shape::read_node(cursor, depth + 1))
                .collect()
        };
        Ok(match tag {
            1 => Shape::Fixed(count(cursor)?, one(cursor)?),
            2 => Shape::Counted(many(cursor)?),
            3 | 4 => Shape::Framed(tag == 4, one(cursor)?),
            5 => Shape::Text,
            6 => Shape::All(many(cursor)?),
            7 => Shape::ToEnd(count(cursor)?, one(cursor)?),
            8 => Shape::Maybe(one(cursor)?),
            _ => return Err(bad()),
        })
    }
}

fn bad() -> Error {
    Error::corrupt("a shape that makes no sense")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_come_back_from_bytes() {
        let f4 = Number::of(Kind::F32);
        let list = Shape::Counted(vec![Shape::Number(f4), Shape::Text]);
        let shape = Shape::All(vec![
            Shape::Fixed(3, Box::new(Shape::Number(f4))),
            Shape::Framed(true, Box::new(list)),
            Shape::ToEnd(1, Box::new(Shape::Number(Number::U16))),
        ]);
        let mut bytes = Vec::new();
        shape.write(&mut bytes);
        assert_eq!(Shape::read(&mut Cursor::new(&bytes)).unwrap(), shape);
        let mut columns = Vec::new();
        shape.columns(&mut columns);
        assert_eq!(columns.len(), shape.column_n());
        for len in 0..bytes.len() {
            assert!(Shape::read(&mut Cursor::new(&bytes[..len])).is_err());
        }
    }

    #[test]
    fn repetitions_without_bytes_are_refused() {
        let nothing = Shape::All(Vec::new());
        for shape in [
            Shape::Counted(vec![nothing.clone()]),
            Shape::Fixed(9, Box::new(nothing.clone())),
            Shape::ToEnd(0, Box::new(nothing)),
            Shape::Counted(vec![Shape::Maybe(Box::new(Shape::Text))]),
        ] {
            let mut bytes = Vec::new();
            shape.write(&mut bytes);
            assert!(Shape::read(&mut Cursor::new(&bytes)).is_err());
        }
    }
}
