//! The description of a segment: what its file bytes are made of, and in which groups the columns
//! are coded.
//!
//! Written column by column (all gaps, all kinds, ...), since that is how it compresses.

use std::sync::Arc;

use crate::error::{Error, Result};
use catena_container::Cursor;

use super::recode::Setting;
use super::shape::{Number, Shape};
use catena_container::{put_varint, unzigzag, zigzag};

/// What an item is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    /// A basket whose entries are in columns.
    Shaped,
    /// A basket or object whose raw bytes are in the last column of its branch.
    #[default]
    Plain,
    /// An object whose raw bytes are made of items themselves.
    Object,
    /// Bytes that stay as they are.
    Kept,
}

/// A part of the file, or of an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Item {
    /// Bytes before it that belong to no item.
    pub gap: u64,
    pub kind: Kind,
    /// A key stands before it, whose header is exchanged.
    pub keyed: bool,
    /// The borders of entries are stored behind their data; of an embedded basket, before its key.
    pub borders: bool,
    /// The last of the borders is the end of the data, not 0.
    pub ended: bool,
    /// A basket inside a tree's record.
    pub embedded: bool,
    /// A page whose elements stand in the file byte by byte: all first bytes, all second ones, and
    /// so on.
    pub split: bool,
    /// The XXH3-64 of the bytes as they are in the file follows them.
    pub summed: bool,
    /// Number of the setting, counted from 1; 0: not compressed.
    pub setting: usize,
    pub branch: usize,
    pub entries: usize,
    pub key_len: usize,
    /// Raw bytes; of shaped baskets 0, since they follow.
    pub raw_len: u64,
    /// Items that follow and are inside.
    pub children: usize,
}

/// Where the bytes of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ColumnSource {
    Empty,
    /// They are those of an earlier column.
    Same(usize),
    /// In this group; columns of a group stand in the order of their numbers.
    Group(usize),
}

/// Columns that are coded together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Group {
    /// Side by side, with so many values of each column in a row.
    Rows(Vec<usize>),
    /// One after another, with the bytes of each.
    Joined(Vec<u64>),
}

/// The description.
#[derive(Debug, Default)]
pub(super) struct Meta {
    pub settings: Vec<Setting>,
    /// The shape of each branch; its columns are those of the shape and one for plain bytes.
    pub branches: Vec<Option<Arc<Shape>>>,
    pub items: Vec<Item>,
    /// For each column of all branches.
    pub sources: Vec<ColumnSource>,
    pub groups: Vec<Group>,
}

impl Meta {
    /// The types of the columns of a branch.
    pub fn columns(shape: Option<&Shape>) -> Vec<Number> {
        let mut columns = Vec::new();
        if let Some(shape) = shape {
            shape.columns(&mut columns);
        }
        columns.push(Number::BYTE);
        columns
    }

    /// The description as bytes, with where its columns are.
    pub fn write(&self, sources: &[ColumnSource], groups: &[Group]) -> Vec<u8> {
        let mut out = Vec::new();
        put_varint(&mut out, self.settings.len() as u64);
        self.settings
            .iter()
            .for_each(|setting| out.extend(setting.to_bytes()));
        self.write_shapes(&mut out);
        put_varint(&mut out, self.items.len() as u64);
        let mut last_branch = 0;
        for item in &self.items {
            let bits = [
                item.keyed,
                item.borders,
                item.embedded,
                item.split,
                item.summed,
                item.ended,
            ];
            let bits = bits
                .iter()
                .rev()
                .fold(0, |all, &bit| all << 1 | u8::from(bit));
            out.push(item.kind as u8 | bits << 2);
        }
        let number = |out: &mut Vec<u8>, of: &dyn Fn(&Item) -> u64| {
            self.items.iter().for_each(|item| put_varint(out, of(item)));
        };
        number(&mut out, &|item| item.gap);
        number(&mut out, &|item| item.setting as u64);
        for item in &self.items {
            put_varint(&mut out, zigzag(item.branch as i64 - last_branch));
            last_branch = item.branch as i64;
        }
        number(&mut out, &|item| item.entries as u64);
        number(&mut out, &|item| item.key_len as u64);
        number(&mut out, &|item| item.raw_len);
        number(&mut out, &|item| item.children as u64);
        put_varint(&mut out, groups.len() as u64);
        for (at, source) in sources.iter().enumerate() {
            put_varint(
                &mut out,
                match source {
                    ColumnSource::Empty => 0,
                    ColumnSource::Same(_) => 1,
                    ColumnSource::Group(group) => 2 + *group as u64,
                },
            );
            if let ColumnSource::Same(other) = source {
                put_varint(&mut out, (at - other) as u64);
            }
        }
        for group in groups {
            match group {
                Group::Rows(counts) => {
                    out.push(0);
                    counts.iter().for_each(|&n| put_varint(&mut out, n as u64));
                }
                Group::Joined(lens) => {
                    out.push(1);
                    lens.iter().for_each(|&n| put_varint(&mut out, n));
                }
            }
        }
        out
    }

    fn write_shapes(&self, out: &mut Vec<u8>) {
        let mut shapes: Vec<&Option<Arc<Shape>>> = Vec::new();
        let mut numbers = Vec::new();
        for shape in &self.branches {
            let known = shapes.iter().position(|it| *it == shape);
            numbers.push(known.unwrap_or(shapes.len()));
            if known.is_none() {
                shapes.push(shape);
            }
        }
        put_varint(out, shapes.len() as u64);
        for shape in shapes {
            match shape {
                Some(shape) => shape.write(out),
                None => out.push(0),
            }
        }
        put_varint(out, self.branches.len() as u64);
        numbers.iter().for_each(|&n| put_varint(out, n as u64));
    }

    /// # Errors
    /// `Corrupt`, `Truncated`: it makes no sense.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let mut cursor = Cursor::new(bytes);
        let cursor = &mut cursor;
        let mut meta = Meta::default();
        for _ in 0..count(cursor, 6)? {
            let bytes = cursor.bytes(6)?.try_into().map_err(|_| bad())?;
            meta.settings.push(Setting::from_bytes(bytes)?);
        }
        meta.read_branches(cursor)?;
        let item_n = count(cursor, 8)?;
        meta.items = vec![Item::default(); item_n];
        for item in &mut meta.items {
            let byte = cursor.u8()?;
            item.kind = match byte & 3 {
                0 => Kind::Shaped,
                1 => Kind::Plain,
                2 => Kind::Object,
                _ => Kind::Kept,
            };
            item.keyed = byte >> 2 & 1 == 1;
            item.borders = byte >> 3 & 1 == 1;
            item.embedded = byte >> 4 & 1 == 1;
            item.split = byte >> 5 & 1 == 1;
            item.summed = byte >> 6 & 1 == 1;
            item.ended = byte >> 7 == 1;
            if item.ended && !item.borders {
                return Err(bad());
            }
        }
        let mut last_branch = 0i64;
        let fields: [fn(&mut Item, u64); 7] = [
            |item, n| item.gap = n,
            |item, n| item.setting = usize::try_from(n).unwrap_or(usize::MAX),
            |item, n| item.branch = usize::try_from(n).unwrap_or(usize::MAX),
            |item, n| item.entries = usize::try_from(n).unwrap_or(usize::MAX),
            |item, n| item.key_len = usize::try_from(n).unwrap_or(usize::MAX),
            |item, n| item.raw_len = n,
            |item, n| item.children = usize::try_from(n).unwrap_or(usize::MAX),
        ];
        for (at, set) in fields.iter().enumerate() {
            for item in &mut meta.items {
                let mut n = cursor.varint()?;
                if at == 2 {
                    last_branch = last_branch.wrapping_add(unzigzag(n));
                    n = last_branch as u64;
                }
                set(item, n);
            }
        }
        let sound = meta
            .items
            .iter()
            .all(|item| item.branch < meta.branches.len() && item.setting <= meta.settings.len());
        if !sound {
            return Err(bad());
        }
        meta.read_groups(cursor)?;
        if cursor.is_at_end() {
            Ok(meta)
        } else {
            Err(bad())
        }
    }

    fn read_branches(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        let mut shapes = Vec::new();
        for _ in 0..count(cursor, 1)? {
            let mut ahead = cursor.clone();
            shapes.push(match ahead.u8()? {
                0 => {
                    *cursor = ahead;
                    None
                }
                _ => Some(Arc::new(Shape::read(cursor)?)),
            });
        }
        for _ in 0..count(cursor, 1)? {
            let number = usize::try_from(cursor.varint()?).map_err(|_| bad())?;
            self.branches
                .push(shapes.get(number).ok_or_else(bad)?.clone());
        }
        Ok(())
    }

    fn read_groups(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        let column_n: usize = self
            .branches
            .iter()
            .map(|shape| 1 + shape.as_ref().map_or(0, |shape| shape.column_n()))
            .sum();
        let group_n = count(cursor, 1)?;
        if cursor.remaining() < column_n {
            return Err(bad());
        }
        let mut members = vec![0usize; group_n];
        for at in 0..column_n {
            let source = match cursor.varint()? {
                0 => ColumnSource::Empty,
                1 => {
                    let back = usize::try_from(cursor.varint()?).map_err(|_| bad())?;
                    let other = at.checked_sub(back).filter(|_| back > 0);
                    ColumnSource::Same(other.ok_or_else(bad)?)
                }
                n => {
                    let group = usize::try_from(n - 2).map_err(|_| bad())?;
                    *members.get_mut(group).ok_or_else(bad)? += 1;
                    ColumnSource::Group(group)
                }
            };
            self.sources.push(source);
        }
        for n in members {
            let kind = cursor.u8()?;
            let numbers = (0..n)
                .map(|_| cursor.varint())
                .collect::<catena_container::Result<Vec<u64>>>()?;
            self.groups.push(match kind {
                0 => Group::Rows(
                    numbers
                        .into_iter()
                        .map(|n| usize::try_from(n).map_err(|_| bad()))
                        .collect::<Result<_>>()?,
                ),
                1 => Group::Joined(numbers),
                _ => return Err(bad()),
            });
        }
        Ok(())
    }
}

/// A number of things that take at least so many bytes each.
fn count(cursor: &mut Cursor<'_>, size: usize) -> Result<usize> {
    let n = usize::try_from(cursor.varint()?).map_err(|_| bad())?;
    match n.checked_mul(size) {
        Some(bytes) if bytes <= cursor.remaining() => Ok(n),
        _ => Err(bad()),
    }
}

fn bad() -> Error {
    Error::corrupt("a description of a segment that makes no sense")
}
