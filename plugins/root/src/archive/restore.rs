//! A segment of an archive back to the bytes of the file.

use catena_container::parallel;
use std::sync::Arc;

use catena_filter::Layout;

use crate::error::{Error, ErrorKind, Result};
use catena_container::Cursor;

use super::group::row_layout;
use super::header::{Known, exchange};
use super::join::Reader;
use super::meta::{ColumnSource, Group, Item, Kind, Meta};
use super::piece::Stored;
use super::shape::{Number, Shape};
use super::split::Borders;

/// What an item gives.
struct Restored {
    /// Raw bytes, of an embedded basket those behind its key.
    raw: Vec<u8>,
    /// What stands before the key of an embedded basket.
    before: Vec<u8>,
    data_len: usize,
    raw_len: usize,
    /// As in the file; `raw` is empty then.
    stored: Vec<u8>,
}

/// Restores the bytes of a segment that begins at `start` in the file.
///
/// # Errors
/// `Corrupt`, `Truncated`, `MemoryLimit`: decoding would take more than `limit` raw bytes.
pub(super) fn restore(
    payload: &[u8],
    file_len: u64,
    start: u64,
    limit: u64,
    threads: usize,
) -> Result<Vec<u8>> {
    let mut budget = limit;
    let mut cursor = Cursor::new(payload);
    let stream = |cursor: &mut Cursor<'_>, budget: &mut u64| {
        Stored::read(cursor, budget)?.decode(&Layout::bytes())
    };
    let meta = Meta::read(&stream(&mut cursor, &mut budget)?)?;
    let rest = stream(&mut cursor, &mut budget)?;
    let objects = stream(&mut cursor, &mut budget)?;
    let columns = columns(&meta, &mut cursor, &mut budget, threads)?;
    let mut branches = Vec::new();
    let mut at = 0;
    for shape in &meta.branches {
        let n = 1 + shape.as_ref().map_or(0, |shape| shape.column_n());
        let all = columns.get(at..at + n).ok_or_else(bad)?;
        let (plain, shaped) = all.split_last().ok_or_else(bad)?;
        branches.push(Branch {
            shape: shape.clone(),
            columns: Reader(shaped.iter().map(|it| Cursor::new(it)).collect()),
            plain: Cursor::new(plain),
        });
        at += n;
    }
    let mut restorer = Restorer {
        branches,
        objects: Cursor::new(&objects),
        budget,
    };
    let mut restored = Vec::new();
    let mut items = meta.items.as_slice();
    while let Some((item, rest)) = items.split_first() {
        let (children, rest) = rest.split_at_checked(item.children).ok_or_else(bad)?;
        restored.push((item, restorer.item(item, children)?));
        items = rest;
    }
    let all_used = restorer.objects.is_at_end()
        && restorer
            .branches
            .iter()
            .all(|branch| branch.plain.is_at_end() && branch.columns.is_at_end());
    if !all_used {
        return Err(bad());
    }
    compress(&meta, &mut restored, threads)?;
    assemble(&restored, &rest, file_len, start)
}

/// All columns, as bytes.
fn columns(
    meta: &Meta,
    cursor: &mut Cursor<'_>,
    budget: &mut u64,
    threads: usize,
) -> Result<Vec<Arc<Vec<u8>>>> {
    let mut numbers: Vec<Number> = Vec::with_capacity(meta.sources.len());
    for shape in &meta.branches {
        numbers.extend(Meta::columns(shape.as_deref()));
    }
    let mut members: Vec<Vec<Number>> = vec![Vec::new(); meta.groups.len()];
    for (source, number) in meta.sources.iter().zip(&numbers) {
        if let ColumnSource::Group(group) = source {
            members.get_mut(*group).ok_or_else(bad)?.push(*number);
        }
    }
    let mut work = Vec::new();
    for (group, members) in meta.groups.iter().zip(members) {
        work.push((group, members, Stored::read(cursor, budget)?));
    }
    if !cursor.is_at_end() {
        return Err(bad());
    }
    let decoded = parallel::map(threads, &work, |(group, members, piece)| {
        decode_group(group, members, piece)
    });
    let mut decoded = decoded
        .into_iter()
        .map(|columns| columns.map(Vec::into_iter))
        .collect::<Result<Vec<_>>>()?;
    let mut columns: Vec<Arc<Vec<u8>>> = Vec::with_capacity(meta.sources.len());
    for source in &meta.sources {
        let column = match source {
            ColumnSource::Empty => Arc::default(),
            ColumnSource::Same(other) => columns.get(*other).ok_or_else(bad)?.clone(),
            ColumnSource::Group(group) => {
                let group = decoded.get_mut(*group).ok_or_else(bad)?;
                Arc::new(group.next().ok_or_else(bad)?)
            }
        };
        columns.push(column);
    }
    Ok(columns)
}

fn decode_group(group: &Group, members: &[Number], piece: &Stored<'_>) -> Result<Vec<Vec<u8>>> {
    match group {
        Group::Joined(lens) => {
            let number = *members.first().ok_or_else(bad)?;
            let layout = row_layout(&[(number, 1)]).ok_or_else(bad)?;
            let raw = piece.decode(&layout)?;
            let mut cursor = Cursor::new(&raw);
            let part = |&len: &u64| {
                let len = usize::try_from(len).map_err(|_| bad())?;
                Ok(cursor.bytes(len)?.to_vec())
            };
            let columns = lens.iter().map(part).collect::<Result<_>>()?;
            if cursor.is_at_end() {
                Ok(columns)
            } else {
                Err(bad())
            }
        }
        Group::Rows(counts) => {
            let numbers: Vec<_> = members
                .iter()
                .copied()
                .zip(counts.iter().copied())
                .collect();
            let layout = row_layout(&numbers).ok_or_else(bad)?;
            let raw = piece.decode(&layout)?;
            let row = layout.record_size() as usize;
            if !raw.len().is_multiple_of(row) {
                return Err(bad());
            }
            let mut at = 0;
            let mut columns = Vec::with_capacity(numbers.len());
            for (number, count) in numbers {
                let size = count * usize::from(number.width);
                let mut column = Vec::with_capacity(raw.len() / row * size);
                for record in raw.chunks_exact(row) {
                    column.extend_from_slice(record.get(at..at + size).ok_or_else(bad)?);
                }
                columns.push(column);
                at += size;
            }
            Ok(columns)
        }
    }
}

struct Branch<'a> {
    shape: Option<Arc<Shape>>,
    columns: Reader<'a>,
    plain: Cursor<'a>,
}

struct Restorer<'a> {
    branches: Vec<Branch<'a>>,
    objects: Cursor<'a>,
    /// Raw bytes that may still be given.
    budget: u64,
}

impl Restorer<'_> {
    fn item(&mut self, item: &Item, children: &[Item]) -> Result<Restored> {
        let mut before = Vec::new();
        let (raw, data_len) = match item.kind {
            Kind::Object => (self.object(item, children)?, 0),
            _ if !children.is_empty() => return Err(bad()),
            Kind::Plain | Kind::Kept => {
                let len = usize::try_from(item.raw_len).map_err(|_| bad())?;
                let branch = self.branches.get_mut(item.branch).ok_or_else(bad)?;
                (branch.plain.bytes(len)?.to_vec(), 0)
            }
            Kind::Shaped => {
                let branch = self.branches.get_mut(item.branch).ok_or_else(bad)?;
                let shape = branch.shape.as_ref().ok_or_else(bad)?;
                let borders = match (item.borders, item.ended) {
                    (false, _) => Borders::None,
                    (true, false) => Borders::Stored,
                    (true, true) => Borders::Ended,
                };
                let restored = branch
                    .columns
                    .join(shape, item.entries, borders, item.key_len)?;
                let mut raw = restored.raw;
                if item.embedded && item.borders {
                    // Their number and the starts, without what is only behind data.
                    before.extend(
                        u32::try_from(item.entries)
                            .map_err(|_| bad())?
                            .to_be_bytes(),
                    );
                    let starts = raw
                        .get(restored.data_len + 4..raw.len() - 4)
                        .ok_or_else(bad)?;
                    before.extend_from_slice(starts);
                    raw.truncate(restored.data_len);
                }
                (raw, restored.data_len)
            }
        };
        let raw = match item.split {
            true => byte_planes(&raw, item.entries).ok_or_else(bad)?,
            false => raw,
        };
        let needed = raw.len() as u64;
        self.budget = self
            .budget
            .checked_sub(needed)
            .ok_or(ErrorKind::MemoryLimit {
                needed,
                limit: self.budget,
            })?;
        Ok(Restored {
            raw_len: raw.len(),
            raw,
            before,
            data_len,
            stored: Vec::new(),
        })
    }

    /// An object, from what is between the items in it, and these.
    fn object(&mut self, item: &Item, children: &[Item]) -> Result<Vec<u8>> {
        let len = usize::try_from(item.raw_len).map_err(|_| bad())?;
        let mut raw = Vec::new();
        for child in children {
            if child.kind == Kind::Object || !child.embedded {
                return Err(bad());
            }
            let gap = usize::try_from(child.gap).map_err(|_| bad())?;
            raw.extend_from_slice(self.objects.bytes(gap)?);
            let restored = self.item(child, &[])?;
            raw.extend(restored.before);
            raw.extend_from_slice(self.objects.bytes(child.key_len_inside())?);
            raw.extend(restored.raw);
        }
        let tail = len.checked_sub(raw.len()).ok_or_else(bad)?;
        raw.extend_from_slice(self.objects.bytes(tail)?);
        Ok(raw)
    }
}

impl Item {
    /// Bytes of the key that stands inside an embedded basket with borders.
    fn key_len_inside(&self) -> usize {
        if self.borders { self.key_len } else { 0 }
    }
}

/// Compresses what was compressed.
fn compress(meta: &Meta, restored: &mut [(&Item, Restored)], threads: usize) -> Result<()> {
    let coded = parallel::map(threads, restored, |(item, restored)| {
        let setting = item.setting.checked_sub(1);
        let setting = setting.and_then(|at| meta.settings.get(at));
        setting
            .map(|setting| setting.compress(&restored.raw))
            .transpose()
    });
    for ((_, restored), coded) in restored.iter_mut().zip(coded) {
        let raw = std::mem::take(&mut restored.raw);
        restored.stored = coded?.unwrap_or(raw);
    }
    Ok(())
}

/// Elements byte by byte: all first bytes, all second ones, and so on.
fn byte_planes(raw: &[u8], elements: usize) -> Option<Vec<u8>> {
    let width = raw.len().checked_div(elements)?;
    if width * elements != raw.len() {
        return None;
    }
    let plane = |at: usize| raw.iter().skip(at).step_by(width).copied();
    Some((0..width).flat_map(plane).collect())
}

/// Everything in its place.
fn assemble(
    restored: &[(&Item, Restored)],
    rest: &[u8],
    file_len: u64,
    start: u64,
) -> Result<Vec<u8>> {
    let mut rest = Cursor::new(rest);
    let mut file = Vec::new();
    for (item, restored) in restored {
        let gap = usize::try_from(item.gap).map_err(|_| bad())?;
        file.extend_from_slice(rest.bytes(gap)?);
        if item.keyed {
            let key = file.len().checked_sub(item.key_len).ok_or_else(bad)?;
            let known = Known {
                position: start + key as u64,
                stored: restored.stored.len(),
                raw: restored.raw_len,
                basket: (item.kind == Kind::Shaped).then_some((item.entries, restored.data_len)),
            };
            exchange(file.get_mut(key..).ok_or_else(bad)?, &known);
        }
        file.extend_from_slice(&restored.stored);
        if item.summed {
            file.extend(xxhash_rust::xxh3::xxh3_64(&restored.stored).to_le_bytes());
        }
    }
    file.extend_from_slice(rest.bytes(rest.remaining())?);
    if file.len() as u64 == file_len {
        Ok(file)
    } else {
        Err(bad())
    }
}

fn bad() -> Error {
    Error::corrupt("a segment that does not fit together")
}
