//! Reading one branch, basket by basket, into a column.

use std::ops::Range;

use crate::column::{Column, Type};
use crate::container::cursor::Cursor;
use crate::container::source::Source;
use crate::entry::Codec;
use crate::error::{Error, Result};

use super::describe::{Form, Readable};
use super::meta::{BasketLocation, BranchMeta};
use crate::container::basket::Basket;

/// Reads a branch from front to back; keeps the basket that it is in.
#[derive(Debug, Default)]
pub(crate) struct BranchReader {
    /// Number of the basket that is held, its first entry, and itself.
    held: Option<(usize, u64, std::sync::Arc<Basket>)>,
}

impl BranchReader {
    /// The values of these entries.
    pub fn read(
        &mut self,
        source: &Source,
        branch: &BranchMeta,
        readable: &Readable,
        entries: Range<u64>,
    ) -> Result<Column> {
        let mut column = Column::new(&readable.ty);
        let mut next = entries.start;
        while next < entries.end {
            let number = branch
                .baskets
                .partition_point(|b| b.first_entry.saturating_add(b.entries) <= next);
            let in_basket = |e: Error| e.in_basket(number as u64);
            let (first, basket) = self.basket(source, branch, number).map_err(in_basket)?;
            let held = first..first.saturating_add(basket.entries as u64);
            if !held.contains(&next) {
                return Err(in_basket(Error::corrupt("no basket holds some entries")));
            }
            let end = entries.end.min(held.end);
            let part = (next - first) as usize..(end - first) as usize;
            if basket.offsets().is_none() {
                // Lists of entries without bytes: nothing has paid for their offsets.
                let offsets = (part.len() as u64).saturating_mul(8);
                source.affordable(offsets).map_err(in_basket)?;
            }
            append(&readable.form, &basket, part, &mut column).map_err(in_basket)?;
            next = end;
        }
        if column.len() as u64 != entries.end - entries.start {
            return Err(Error::corrupt("values and entries differ in number"));
        }
        Ok(column)
    }

    fn basket(
        &mut self,
        source: &Source,
        branch: &BranchMeta,
        number: usize,
    ) -> Result<(u64, std::sync::Arc<Basket>)> {
        if let Some((held, first, basket)) = &self.held
            && *held == number
        {
            return Ok((*first, basket.clone()));
        }
        let meta = branch.baskets.get(number);
        let meta = meta.ok_or_else(|| Error::corrupt("fewer baskets than entries"))?;
        let basket = match &meta.location {
            BasketLocation::Embedded(basket) => basket.clone(),
            BasketLocation::File(position, bytes) => {
                Basket::read(source, *position, *bytes)?.into()
            }
        };
        if basket.entries as u64 != meta.entries {
            return Err(Error::corrupt(format!(
                "{} entries, its branch says {}",
                basket.entries, meta.entries
            )));
        }
        self.held = Some((number, meta.first_entry, basket.clone()));
        Ok((meta.first_entry, basket))
    }
}

/// Appends entries of a basket, counted from its first.
fn append(form: &Form, basket: &Basket, part: Range<usize>, out: &mut Column) -> Result<()> {
    match form {
        Form::One(codec) => one(codec, basket, part, out),
        Form::Many(skip, codec) => many(*skip, codec, basket, part, out),
        Form::Named(class, codec) => named(class, codec, basket, part, out),
        Form::Object(bare, headed) => {
            let codec = choose(bare, headed, basket, out)?;
            one(codec, basket, part, out)
        }
    }
}

/// Whether objects of a branch have a header of their own cannot be told from the branch: the first
/// entry tells, by being read whole one way or the other.
fn choose<'a>(
    bare: &'a Codec,
    headed: &'a Codec,
    basket: &Basket,
    out: &Column,
) -> Result<&'a Codec> {
    if basket.entries == 0 {
        return Ok(bare);
    }
    let entry = basket.entry(0)?;
    let whole = |codec: &Codec| {
        let mut scratch = out.emptied();
        let mut cursor = Cursor::new(entry);
        codec.read(&mut cursor, 1, &mut scratch).is_ok() && cursor.is_at_end()
    };
    Ok(if !whole(bare) && whole(headed) {
        headed
    } else {
        bare
    })
}

/// Objects behind the name of their class: its length in a byte, the name, a zero.
fn named(
    class: &str,
    codec: &Codec,
    basket: &Basket,
    part: Range<usize>,
    out: &mut Column,
) -> Result<()> {
    for i in part {
        let mut cursor = Cursor::new(basket.entry(i)?);
        let len = cursor.u8()?;
        let name = cursor.bytes(len.into())?;
        if name != class.as_bytes() {
            let name = String::from_utf8_lossy(name);
            return Err(Error::unsupported(format!("an object of class {name}")));
        }
        cursor.skip(1)?;
        codec.read(&mut cursor, 1, out)?;
        if !cursor.is_at_end() {
            return Err(Error::corrupt(format!(
                "entry {i} has {} bytes more than its value",
                cursor.remaining()
            )));
        }
    }
    Ok(())
}

fn one(codec: &Codec, basket: &Basket, part: Range<usize>, out: &mut Column) -> Result<()> {
    // All entries of one length: nothing between them.
    if let (Some(size), None) = (codec.fixed_size(), basket.offsets()) {
        if size.checked_mul(basket.entries) != Some(basket.data().len()) {
            return Err(Error::corrupt(format!(
                "{} bytes for {} entries of {size}",
                basket.data().len(),
                basket.entries
            )));
        }
        let bytes = basket.data().get(part.start * size..part.end * size);
        let bytes = bytes.ok_or_else(Error::truncated)?;
        return codec.read(&mut Cursor::new(bytes), part.len(), out);
    }
    for i in part {
        let mut cursor = Cursor::new(basket.entry(i)?);
        // Of an empty text in a leaf there is not even the length.
        if let (Codec::Text, Column::Strings(texts), true) = (codec, &mut *out, cursor.is_at_end())
        {
            texts.push(b"");
            continue;
        }
        codec.read(&mut cursor, 1, out)?;
        if !cursor.is_at_end() {
            return Err(Error::corrupt(format!(
                "entry {i} has {} bytes more than its value",
                cursor.remaining()
            )));
        }
    }
    Ok(())
}

fn many(
    skip: usize,
    codec: &Codec,
    basket: &Basket,
    part: Range<usize>,
    out: &mut Column,
) -> Result<()> {
    let Column::List { offsets, item } = out else {
        return Err(Error::corrupt("a column of another type than its codec"));
    };
    if let (0, Some(size), Some(borders)) = (skip, codec.fixed_size(), basket.offsets())
        && size > 0
    {
        return lists(size, codec, basket, borders, part, offsets, item);
    }
    for i in part {
        let mut cursor = Cursor::new(basket.entry(i)?);
        if !cursor.is_at_end() {
            cursor.skip(skip)?;
            codec.read_to_end(&mut cursor, item)?;
        }
        offsets.push(item.len() as i64);
    }
    Ok(())
}

/// Lists of values of one size, nothing between them: the values of all entries at once.
fn lists(
    size: usize,
    codec: &Codec,
    basket: &Basket,
    borders: &[u32],
    part: Range<usize>,
    offsets: &mut Vec<i64>,
    item: &mut Column,
) -> Result<()> {
    let borders = borders.get(part.start..=part.end);
    let borders = borders.ok_or_else(Error::truncated)?;
    let (Some(&start), Some(&end)) = (borders.first(), borders.last()) else {
        return Ok(());
    };
    let before = item.len();
    let mut ragged = false;
    offsets.extend(borders.iter().skip(1).map(|&border| {
        let bytes = (border - start) as usize;
        ragged |= !bytes.is_multiple_of(size);
        (before + bytes / size) as i64
    }));
    if ragged {
        return Err(Error::corrupt("an entry with part of a value"));
    }
    let bytes = basket.data().get(start as usize..end as usize);
    let bytes = bytes.ok_or_else(Error::truncated)?;
    codec.read(&mut Cursor::new(bytes), bytes.len() / size, item)
}

impl Column {
    /// A column of the same type without entries.
    pub(crate) fn emptied(&self) -> Column {
        Column::new(&self.ty())
    }

    fn ty(&self) -> Type {
        match self {
            Column::Values(values) => Type::Scalar(values.kind()),
            Column::Strings(_) => Type::String,
            Column::Fixed { size, item, .. } => item.ty().array(&[*size]),
            Column::List { item, .. } => Type::list(item.ty()),
            Column::Record { fields, .. } => Type::Record(
                fields
                    .iter()
                    .map(|(name, column)| crate::column::Field {
                        name: name.clone(),
                        ty: column.ty(),
                    })
                    .collect(),
            ),
            Column::Optional { item, .. } => Type::Optional(Box::new(item.ty())),
            Column::Union { items, .. } => Type::Union(items.iter().map(Column::ty).collect()),
        }
    }
}
