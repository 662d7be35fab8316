//! References to objects: TRef and TRefArray, which stream themselves in a way that no StreamerInfo
//! tells.
//!
//! Source of the facts: ROOT's documentation of the file format, and the bytes of files. A
//! reference is the unique number of an object and the number of the process that made it, counted
//! within the file.

use std::sync::Arc;

use crate::column::{Column, Field, Kind, Type, Values};
use crate::container::cursor::Cursor;
use crate::error::{Error, Result};

/// Set in a TRef's bits if its process is a UUID.
const HAS_UUID: u32 = 1 << 5;

/// The type of a TRef.
pub(super) fn type_of_one() -> Type {
    record([
        ("fUniqueID", Type::Scalar(Kind::U32)),
        ("fPID", Type::Scalar(Kind::U16)),
    ])
}

/// The type of a TRefArray.
pub(super) fn type_of_array() -> Type {
    record([
        ("fName", Type::String),
        ("fLowerBound", Type::Scalar(Kind::I32)),
        ("fPID", Type::Scalar(Kind::U16)),
        ("fUIDs", Type::list(Type::Scalar(Kind::U32))),
    ])
}

fn record<const N: usize>(fields: [(&str, Type); N]) -> Type {
    let field = |(name, ty): (&str, Type)| Field {
        name: name.into(),
        ty,
    };
    Type::Record(fields.into_iter().map(field).collect())
}

type Fields = [(Arc<str>, Column)];

/// Reads a TRef.
pub(super) fn one(cursor: &mut Cursor<'_>, fields: &mut Fields) -> Result<()> {
    let (unique, bits) = cursor.tobject()?;
    if bits & HAS_UUID != 0 {
        return Err(Error::unsupported("a TRef to an object with a UUID"));
    }
    let pid = cursor.u16()?;
    let [(_, ids), (_, pids)] = fields else {
        return Err(mismatch());
    };
    match (ids, pids) {
        (Column::Values(Values::U32(ids)), Column::Values(Values::U16(pids))) => {
            ids.push(unique);
            pids.push(pid);
            Ok(())
        }
        _ => Err(mismatch()),
    }
}

/// Reads a TRefArray.
pub(super) fn array(cursor: &mut Cursor<'_>, fields: &mut Fields) -> Result<()> {
    let header = cursor.header()?;
    cursor.tobject()?;
    let name = cursor.text()?;
    let n = cursor.u32()? as usize;
    let low = cursor.i32()?;
    let pid = cursor.u16()?;
    let numbers = cursor.bytes(n.checked_mul(4).ok_or_else(Error::truncated)?)?;
    if header.end.is_some_and(|end| end != cursor.position()) {
        return Err(Error::corrupt(
            "a TRefArray that does not end where its length says",
        ));
    }
    let [(_, names), (_, lows), (_, pids), (_, lists)] = fields else {
        return Err(mismatch());
    };
    let (Column::Strings(names), Column::List { offsets, item }) = (names, lists) else {
        return Err(mismatch());
    };
    match (lows, pids, item.as_mut()) {
        (
            Column::Values(Values::I32(lows)),
            Column::Values(Values::U16(pids)),
            Column::Values(values),
        ) => {
            names.push(name);
            lows.push(low);
            pids.push(pid);
            values.extend_be(numbers);
            offsets.push(values.len() as i64);
            Ok(())
        }
        _ => Err(mismatch()),
    }
}

fn mismatch() -> Error {
    Error::corrupt("a column of another type than its codec")
}
