//! The members of a zip file: as far as its central directory tells, and no further. Zip64 is read,
//! encryption and parts are not.
//!
//! Source of the facts: PKWARE's APPNOTE. Nothing is believed that the caller does not check again:
//! a member's extent may be anywhere.

use std::io::{Read, Seek};

use crate::error::{Error, Result};
use catena_container::Cursor;

use super::Source;

/// Bytes of the end record, and most of its comment.
const END: u64 = 22;
const COMMENT_MAX: u64 = 0xFFFF;
/// Longest central directory that is read.
const DIRECTORY_MAX: u64 = 256 << 20;

/// How a member is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Stored,
    Deflated,
    Other,
}

/// A member.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub name: String,
    pub method: Method,
    /// Where its data lie.
    pub start: u64,
    pub len: u64,
    pub raw_len: u64,
}

fn bad(what: &str) -> Error {
    Error::malformed(format!("a zip file {what}"))
}

/// All members that have data.
pub(super) fn members<R: Read + Seek>(source: &mut Source<'_, R>) -> Result<Vec<Member>> {
    let (start, len, n) = directory_extent(source)?;
    if len > DIRECTORY_MAX {
        return Err(bad("with a directory that is too long"));
    }
    let directory = source.read(start, len)?;
    let mut cursor = Cursor::new(&directory);
    let mut members = Vec::new();
    for _ in 0..n {
        if cursor.remaining() == 0 {
            break;
        }
        if let Some(member) = entry(&mut cursor, source).map_err(|e| match e.kind() {
            crate::ErrorKind::Truncated => bad("whose directory is cut"),
            _ => e,
        })? {
            members.push(member);
        }
    }
    Ok(members)
}

/// Start, length and members of the central directory.
fn directory_extent<R: Read + Seek>(source: &mut Source<'_, R>) -> Result<(u64, u64, u64)> {
    let from = source.file_bytes.saturating_sub(END + COMMENT_MAX);
    let tail = source.read_up_to(from, END + COMMENT_MAX)?;
    let at = tail.windows(4).rposition(|it| it == b"PK\x05\x06");
    let at = at.ok_or_else(|| bad("without its end"))?;
    let cut = |_| bad("whose end is cut");
    let mut end = Cursor::new(tail.get(at + 4..).unwrap_or_default());
    let (disk, start_disk) = (end.u16_le().map_err(cut)?, end.u16_le().map_err(cut)?);
    let (_, n) = (end.u16_le().map_err(cut)?, end.u16_le().map_err(cut)?);
    let (len, start) = (end.u32_le().map_err(cut)?, end.u32_le().map_err(cut)?);
    if disk != start_disk {
        return Err(Error::unsupported("a zip file in parts"));
    }
    if n != u16::MAX && len != u32::MAX && start != u32::MAX {
        return Ok((start.into(), len.into(), n.into()));
    }
    // The locator of zip64 stands before the end record.
    let Some(locator) = (from + at as u64).checked_sub(20) else {
        return Ok((start.into(), len.into(), n.into()));
    };
    let locator = source.read(locator, 20)?;
    let mut locator = Cursor::new(&locator);
    if locator.array::<4>()? != *b"PK\x06\x07" {
        return Ok((start.into(), len.into(), n.into()));
    }
    locator.bytes(4)?;
    let record = source.read_up_to(locator.u64_le()?, 56)?;
    let mut record = Cursor::new(&record);
    if record.array::<4>().map_err(cut)? != *b"PK\x06\x06" {
        return Err(bad("whose end of zip64 is not where it should be"));
    }
    record.bytes(28).map_err(cut)?;
    let n = record.u64_le().map_err(cut)?;
    let len = record.u64_le().map_err(cut)?;
    Ok((record.u64_le().map_err(cut)?, len, n))
}

/// One entry of the directory; `None` if it has no data.
fn entry<R: Read + Seek>(
    cursor: &mut Cursor<'_>,
    source: &mut Source<'_, R>,
) -> Result<Option<Member>> {
    if cursor.array::<4>()? != *b"PK\x01\x02" {
        return Err(bad("whose directory is damaged"));
    }
    cursor.bytes(4)?;
    let (flags, method) = (cursor.u16_le()?, cursor.u16_le()?);
    cursor.bytes(8)?;
    let (len, raw_len) = (cursor.u32_le()?, cursor.u32_le()?);
    let lens = [cursor.u16_le()?, cursor.u16_le()?, cursor.u16_le()?].map(usize::from);
    cursor.bytes(8)?;
    let header = cursor.u32_le()?;
    let [name_len, extra_len, comment_len] = lens;
    let name = String::from_utf8_lossy(cursor.bytes(name_len)?).into_owned();
    let extra = cursor.bytes(extra_len)?;
    cursor.bytes(comment_len)?;
    let wide = wide_numbers(extra, [raw_len, len, header]);
    let [raw_len, len, header] = wide.ok_or_else(|| bad("whose zip64 sizes are missing"))?;
    if len == 0 {
        return Ok(None);
    }
    // Name and extra of the local header may be of other lengths.
    let local = source.read_up_to(header, 30)?;
    let mut local = Cursor::new(&local);
    let starts = local.array::<4>().is_ok_and(|it| it == *b"PK\x03\x04");
    if !starts || local.bytes(22).is_err() {
        return Err(bad("with a member that is not where it should be").within(&name));
    }
    let lens = u64::from(local.u16_le()?) + u64::from(local.u16_le()?);
    let start = header
        .checked_add(30 + lens)
        .ok_or_else(|| bad("too large"))?;
    let encrypted = flags & 1 != 0;
    let method = match method {
        0 if !encrypted && len == raw_len => Method::Stored,
        8 if !encrypted => Method::Deflated,
        _ => Method::Other,
    };
    Ok(Some(Member {
        name,
        method,
        start,
        len,
        raw_len,
    }))
}

/// Numbers of which those that are all ones stand in the extra field of zip64, in order.
fn wide_numbers(extra: &[u8], narrow: [u32; 3]) -> Option<[u64; 3]> {
    let mut wide = narrow.map(u64::from);
    if !narrow.contains(&u32::MAX) {
        return Some(wide);
    }
    let mut cursor = Cursor::new(extra);
    loop {
        let (id, len) = (cursor.u16_le().ok()?, cursor.u16_le().ok()?);
        let field = cursor.bytes(len.into()).ok()?;
        if id == 1 {
            let mut field = Cursor::new(field);
            for (number, narrow) in wide.iter_mut().zip(narrow) {
                if narrow == u32::MAX {
                    *number = field.u64_le().ok()?;
                }
            }
            return Some(wide);
        }
    }
}
