//! A codec says how values of one type are streamed, and reads them into a column.
//!
//! Source of the facts: ROOT's documentation of the file format, and the bytes of files. Numbers
//! are big-endian. A member that is a collection or a string has a header (byte count, version);
//! several of them that belong to the objects of a split collection share one. Inside a collection
//! only objects of classes have headers. A collection whose version has the member-wise bit holds
//! all first members, then all second ones. No length is believed: memory grows with the data that
//! is read.

use crate::column::{Column, Kind, Values};
use crate::container::cursor::{Cursor, REFERENCED};
use crate::error::{Error, Result};

use super::packed::Packed;
use super::references;

/// Set in a collection's version if its objects are stored member by member.
const MEMBER_WISE: u16 = 0x4000;

/// How values are streamed.
#[derive(Clone, Debug)]
pub(crate) enum Codec {
    /// A number.
    Scalar(Kind),
    /// A `Float16_t` or `Double32_t`.
    Packed(Packed),
    /// A TObject's bits, and behind them the number of its process where another object refers to
    /// it.
    Bits,
    /// A TRef: the number of the object that it refers to, and of that one's process.
    Ref,
    /// A TRefArray.
    RefArray,
    /// A length and bytes.
    Text,
    /// Texts behind a header.
    HeadedText,
    /// An array of fixed size.
    Fixed { size: usize, item: Box<Codec> },
    /// A number of items, then the items.
    Sequence(Box<Codec>),
    /// A header, then a sequence, or objects member by member.
    Collection {
        item: Box<Codec>,
        /// The members of an item, without the headers of the item and its bases.
        members: Option<Vec<Step>>,
    },
    /// The members of an object, with what stands between them.
    Record(Vec<Step>),
}

/// A step through an object.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// The header of the object or of a base; the version that is expected.
    Open(i32),
    /// The end of what the last header began.
    Close,
    /// The part of a TObject.
    TObject,
    /// A member that goes to the field with this number.
    Member(usize, Codec),
    /// The same, an array whose length the field before it with the second number tells.
    Counted(usize, usize, Codec),
}

fn mismatch() -> Error {
    Error::corrupt("a column of another type than its codec")
}

impl Codec {
    /// Bytes of a value, where all have the same.
    pub fn fixed_size(&self) -> Option<usize> {
        match self {
            Codec::Scalar(kind) => Some(kind.size()),
            Codec::Packed(packed) => Some(packed.size()),
            Codec::Fixed { size, item } => item.fixed_size()?.checked_mul(*size),
            Codec::Record(steps) => steps.iter().try_fold(0usize, |sum, step| match step {
                Step::Member(_, codec) => sum.checked_add(codec.fixed_size()?),
                _ => None,
            }),
            _ => None,
        }
    }

    /// Reads `n` values; where they are collections or strings, one header stands before all.
    pub fn read(&self, cursor: &mut Cursor<'_>, n: usize, out: &mut Column) -> Result<()> {
        match (self, out) {
            (Codec::Scalar(kind), Column::Values(values)) => {
                let len = n.checked_mul(kind.size()).ok_or_else(Error::truncated)?;
                values.extend_be(cursor.bytes(len)?);
                Ok(())
            }
            (Codec::Packed(packed), Column::Values(values)) => {
                let len = n.checked_mul(packed.size()).ok_or_else(Error::truncated)?;
                packed.decode(cursor.bytes(len)?, values)
            }
            (Codec::Bits, Column::Values(values)) => {
                for _ in 0..n {
                    values.extend_be(bits(cursor)?);
                }
                Ok(())
            }
            (Codec::Ref, Column::Record { len, fields }) => {
                for _ in 0..n {
                    references::one(cursor, fields)?;
                    *len += 1;
                }
                Ok(())
            }
            (Codec::RefArray, Column::Record { len, fields }) => {
                for _ in 0..n {
                    references::array(cursor, fields)?;
                    *len += 1;
                }
                Ok(())
            }
            (Codec::Text, Column::Strings(strings)) => {
                for _ in 0..n {
                    strings.push(cursor.text()?);
                }
                Ok(())
            }
            (Codec::HeadedText, out) => {
                let header = cursor.header()?;
                Codec::Text.read(cursor, n, out)?;
                close(cursor, header.end)
            }
            (Codec::Fixed { size, item }, Column::Fixed { len, item: out, .. }) => {
                let items = n.checked_mul(*size).ok_or_else(Error::truncated)?;
                item.read(cursor, items, out)?;
                *len += n;
                Ok(())
            }
            (Codec::Sequence(item), out) => {
                for _ in 0..n {
                    sequence(item, cursor, out)?;
                }
                Ok(())
            }
            (Codec::Collection { item, members }, out) => {
                let header = cursor.header()?;
                if header.version & MEMBER_WISE != 0 {
                    let members = members.as_deref().ok_or_else(|| {
                        Error::unsupported("a collection stored member by member, without members")
                    })?;
                    for _ in 0..n {
                        member_wise(members, cursor, out)?;
                    }
                } else {
                    for _ in 0..n {
                        sequence(item, cursor, out)?;
                    }
                }
                close(cursor, header.end)
            }
            (Codec::Record(steps), Column::Record { len, fields }) => {
                // A record without any step takes no bytes, however many there are.
                if !steps.is_empty() {
                    for _ in 0..n {
                        record(steps, cursor, fields)?;
                    }
                }
                *len = len.checked_add(n).ok_or_else(Error::truncated)?;
                Ok(())
            }
            _ => Err(mismatch()),
        }
    }

    /// Reads values to the end of the bytes; one header may stand before them.
    pub fn read_to_end(&self, cursor: &mut Cursor<'_>, out: &mut Column) -> Result<()> {
        if let Some(size) = self.fixed_size().filter(|&size| size > 0) {
            let n = cursor.remaining() / size;
            self.read(cursor, n, out)?;
            if !cursor.is_at_end() {
                return Err(Error::corrupt("an entry with part of a value"));
            }
            return Ok(());
        }
        let (item, member_wise) = match self {
            Codec::HeadedText => (&Codec::Text, cursor.header()?.version & MEMBER_WISE != 0),
            Codec::Collection { item, .. } => {
                let member_wise = cursor.header()?.version & MEMBER_WISE != 0;
                (&Codec::Sequence(item.clone()), member_wise)
            }
            other => (other, false),
        };
        if member_wise {
            return Err(Error::unsupported(
                "collections inside a split collection, stored member by member",
            ));
        }
        while !cursor.is_at_end() {
            let before = cursor.position();
            item.read(cursor, 1, out)?;
            if cursor.position() == before {
                return Err(Error::corrupt("values without bytes"));
            }
        }
        Ok(())
    }
}

/// A TObject's bits; the process number behind them is passed over.
fn bits<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8]> {
    let bits = cursor.bytes(4)?;
    if Cursor::new(bits).u32()? & REFERENCED != 0 {
        cursor.skip(2)?;
    }
    Ok(bits)
}

/// An array behind a byte that says whether there is one; as long as the counter's value at `at`.
fn counted(
    codec: &Codec,
    counter: usize,
    at: usize,
    field: usize,
    cursor: &mut Cursor<'_>,
    fields: &mut [(std::sync::Arc<str>, Column)],
) -> Result<()> {
    let counts = match fields.get(counter) {
        Some((_, Column::Values(Values::I32(counts)))) => counts,
        _ => return Err(mismatch()),
    };
    let n = usize::try_from(counts.get(at).copied().unwrap_or(0)).unwrap_or(0);
    let Some((_, Column::List { offsets, item })) = fields.get_mut(field) else {
        return Err(mismatch());
    };
    if cursor.u8()? != 0 {
        codec.read(cursor, n, item)?;
    }
    offsets.push(item.len() as i64);
    Ok(())
}

fn close(cursor: &mut Cursor<'_>, end: Option<usize>) -> Result<()> {
    match end {
        Some(end) if end != cursor.position() => Err(Error::corrupt(
            "an object that does not end where its length says",
        )),
        _ => Ok(()),
    }
}

fn sequence(item: &Codec, cursor: &mut Cursor<'_>, out: &mut Column) -> Result<()> {
    let n = cursor.u32()? as usize;
    let Column::List { offsets, item: out } = out else {
        return Err(mismatch());
    };
    item.read(cursor, n, out)?;
    offsets.push(out.len() as i64);
    Ok(())
}

fn member_wise(members: &[Step], cursor: &mut Cursor<'_>, out: &mut Column) -> Result<()> {
    // The version of the items' class, and its checksum where it has none.
    if cursor.i16()? <= 0 {
        cursor.skip(4)?;
    }
    let n = cursor.u32()? as usize;
    let Column::List { offsets, item } = out else {
        return Err(mismatch());
    };
    let Column::Record { len, fields } = item.as_mut() else {
        return Err(mismatch());
    };
    // Of no object nothing is stored, not even the headers of its members.
    let members = if n == 0 { &[] } else { members };
    for step in members {
        match step {
            Step::Counted(field, counter, codec) => {
                for i in 0..n {
                    counted(codec, *counter, *len + i, *field, cursor, fields)?;
                }
            }
            Step::Member(field, codec) => {
                let (_, out) = fields.get_mut(*field).ok_or_else(mismatch)?;
                codec.read(cursor, n, out)?;
            }
            Step::TObject => (0..n).try_for_each(|_| cursor.skip_tobject())?,
            Step::Open(_) | Step::Close => {}
        }
    }
    *len = len.checked_add(n).ok_or_else(Error::truncated)?;
    offsets.push(*len as i64);
    Ok(())
}

fn record(
    steps: &[Step],
    cursor: &mut Cursor<'_>,
    fields: &mut [(std::sync::Arc<str>, Column)],
) -> Result<()> {
    let mut ends = Vec::new();
    for step in steps {
        match step {
            Step::Open(expected) => {
                let (header, _) = cursor.class_header()?;
                let version = i32::from(header.version as i16);
                if version > 0 && *expected > 0 && version != *expected {
                    return Err(Error::unsupported(format!(
                        "an object of version {version} of its class, described is {expected}"
                    )));
                }
                ends.push(header.end);
            }
            Step::Close => close(cursor, ends.pop().flatten())?,
            Step::TObject => cursor.skip_tobject()?,
            Step::Member(field, codec) => {
                let (_, out) = fields.get_mut(*field).ok_or_else(mismatch)?;
                codec.read(cursor, 1, out)?;
            }
            Step::Counted(field, counter, codec) => {
                let at = fields.get(*counter).map_or(0, |(_, counts)| counts.len());
                let at = at.checked_sub(1).ok_or_else(mismatch)?;
                counted(codec, *counter, at, *field, cursor, fields)?;
            }
        }
    }
    Ok(())
}
