//! Entries taken apart into columns. A basket either comes apart whole, in a way that gives it back
//! to the byte, or not at all.

use crate::container::cursor::Cursor;
use crate::error::{Error, Result};

use super::shape::{Number, Shape};

/// Set in a byte count.
const BYTE_COUNT: u32 = 0x4000_0000;

/// The columns of a branch: bytes as they stand in the file, one value after another.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns(pub Vec<Vec<u8>>);

/// How the borders of entries stand behind a basket's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Borders {
    /// There are none.
    None,
    /// Their number plus 1, where each entry begins counted with the key, and a zero.
    Stored,
    /// The same with the end of the data, counted with the key, in the zero's place: so uproot
    /// writes them.
    Ended,
}

impl Columns {
    pub fn new(n: usize) -> Self {
        Columns(vec![Vec::new(); n])
    }

    /// Adds the entries of a basket; `data_len` are the bytes before the borders. `None` if they
    /// have another shape: then nothing is added.
    pub fn split(
        &mut self,
        shape: &Shape,
        raw: &[u8],
        data_len: usize,
        entries: usize,
        key_len: usize,
    ) -> Option<Borders> {
        let lens: Vec<usize> = self.0.iter().map(Vec::len).collect();
        let split = self.try_split(shape, raw, data_len, entries, key_len);
        if split.is_err() {
            for (column, len) in self.0.iter_mut().zip(lens) {
                column.truncate(len);
            }
        }
        split.ok()
    }

    fn try_split(
        &mut self,
        shape: &Shape,
        raw: &[u8],
        data_len: usize,
        entries: usize,
        key_len: usize,
    ) -> Result<Borders> {
        let (data, tail) = raw
            .split_at_checked(data_len)
            .ok_or_else(Error::truncated)?;
        let mut cursor = Cursor::new(data);
        if tail.is_empty() {
            let even = shape
                .needs_end()
                .then(|| data_len.checked_div(entries).unwrap_or(0));
            if even.is_some_and(|size| size * entries != data_len) {
                return Err(other());
            }
            match (even, shape.fixed_size()) {
                (Some(size), _) => {
                    for _ in 0..entries {
                        self.entry(shape, cursor.bytes(size)?)?;
                    }
                }
                (None, Some(size)) if size.checked_mul(entries) == Some(data_len) => {
                    self.many(shape, entries, &mut cursor, 0)?;
                }
                (None, Some(_)) => return Err(other()),
                (None, None) => self.many(shape, entries, &mut cursor, 0)?,
            }
            return if cursor.is_at_end() {
                Ok(Borders::None)
            } else {
                Err(other())
            };
        }
        let mut borders = Cursor::new(tail);
        let n = borders.u32()? as usize;
        if n != entries + 1
            || borders.remaining() / 4 != n
            || !borders.remaining().is_multiple_of(4)
        {
            return Err(other());
        }
        let mut start = borders.u32().map(|first| first as usize)?;
        let expected = if entries == 0 { 0 } else { key_len };
        if start != expected {
            return Err(other());
        }
        let mut found = Borders::Stored;
        for i in 0..entries {
            let last = i + 1 == entries;
            let next = borders.u32()? as usize;
            let end = if last { data_len + key_len } else { next };
            match next {
                _ if !last => {}
                0 => {}
                n if n == end => found = Borders::Ended,
                _ => return Err(other()),
            }
            let len = end.checked_sub(start).ok_or_else(other)?;
            self.entry(shape, cursor.bytes(len)?)?;
            start = end;
        }
        Ok(found)
    }

    /// One entry of known length.
    fn entry(&mut self, shape: &Shape, bytes: &[u8]) -> Result<()> {
        let mut cursor = Cursor::new(bytes);
        self.many(shape, 1, &mut cursor, 0)?;
        if cursor.is_at_end() {
            Ok(())
        } else {
            Err(other())
        }
    }

    fn put(&mut self, column: usize, bytes: &[u8]) -> Result<()> {
        let column = self.0.get_mut(column).ok_or_else(other)?;
        column.extend_from_slice(bytes);
        Ok(())
    }

    /// `n` times the same, one after another; the first column is `at`.
    fn many(&mut self, shape: &Shape, n: usize, cursor: &mut Cursor<'_>, at: usize) -> Result<()> {
        match shape {
            Shape::Number(Number { width, .. }) => {
                let len = n.checked_mul(usize::from(*width)).ok_or_else(other)?;
                self.put(at, cursor.bytes(len)?)
            }
            Shape::Fixed(size, item) => {
                let n = n.checked_mul(*size).ok_or_else(other)?;
                self.many(item, n, cursor, at)
            }
            _ => (0..n).try_for_each(|_| self.one(shape, cursor, at)),
        }
    }

    fn one(&mut self, shape: &Shape, cursor: &mut Cursor<'_>, at: usize) -> Result<()> {
        match shape {
            Shape::Number(_) | Shape::Fixed(..) => self.many(shape, 1, cursor, at),
            Shape::Counted(items) => {
                let count = cursor.bytes(4)?;
                self.put(at, count)?;
                let n = Cursor::new(count).u32()? as usize;
                let mut at = at + 1;
                for item in items {
                    self.many(item, n, cursor, at)?;
                    at += item.column_n();
                }
                Ok(())
            }
            Shape::Framed(class, item) => {
                let count = cursor.u32()?;
                let start = cursor.position();
                let version = cursor.bytes(2)?;
                self.put(at, version)?;
                if *class && Cursor::new(version).i16()? <= 0 {
                    self.put(at + 1, cursor.bytes(4)?)?;
                }
                self.many(item, 1, cursor, at + 2)?;
                let len = u32::try_from(cursor.position() - start).map_err(|_| other())?;
                if len >= BYTE_COUNT || count != len | BYTE_COUNT {
                    return Err(other());
                }
                Ok(())
            }
            Shape::Text => {
                let start = cursor.clone();
                let text = cursor.text()?;
                let header = cursor.position() - start.position() - text.len();
                // A short text has a short length.
                if (header == 1) != (text.len() < 255) {
                    return Err(other());
                }
                let len = u32::try_from(text.len()).map_err(|_| other())?;
                self.put(at, &len.to_be_bytes())?;
                self.put(at + 1, text)
            }
            Shape::All(items) => {
                let mut at = at;
                for item in items {
                    self.many(item, 1, cursor, at)?;
                    at += item.column_n();
                }
                Ok(())
            }
            Shape::ToEnd(skip, item) => self.up_to_end(*skip, item, cursor, at),
            Shape::Maybe(item) => {
                let there = !cursor.is_at_end();
                self.put(at, &[u8::from(there)])?;
                if there {
                    self.many(item, 1, cursor, at + 1)?;
                }
                Ok(())
            }
        }
    }

    fn up_to_end(
        &mut self,
        skip: usize,
        item: &Shape,
        cursor: &mut Cursor<'_>,
        at: usize,
    ) -> Result<()> {
        let mut n = 0u32;
        if !cursor.is_at_end() {
            self.put(at + 1, cursor.bytes(skip)?)?;
            if let Some(size) = item.fixed_size().filter(|&size| size > 0) {
                let all = cursor.remaining() / size;
                n = u32::try_from(all).map_err(|_| other())?;
                self.many(item, all, cursor, at + 2)?;
            } else {
                while !cursor.is_at_end() {
                    self.many(item, 1, cursor, at + 2)?;
                    n = n.checked_add(1).ok_or_else(other)?;
                }
            }
            // Skipped bytes without items would pass for nothing.
            if n == 0 {
                return Err(other());
            }
        }
        self.put(at, &n.to_be_bytes())
    }
}

fn other() -> Error {
    Error::corrupt("entries of another shape")
}
