//! npz: a zip file whose members are npy arrays, stored or deflated. A member that is something
//! else, or an object array, is kept as bytes, with a note.

use std::io::{Read, Seek};

use crate::error::Result;

use super::npy::{header_len, parse};
use super::zip::{Method, members};
use super::{Extent, Source, What};

/// Bytes that are read of a stored member for its header.
const HEAD: u64 = 1 << 12;

pub(super) fn map<R: Read + Seek>(
    source: &mut Source<'_, R>,
    notes: &mut Vec<String>,
) -> Result<Vec<Extent>> {
    let mut extents = Vec::new();
    for member in members(source)? {
        let name = member.name.strip_suffix(".npy").unwrap_or(&member.name);
        match member.method {
            Method::Deflated => extents.push(Extent {
                start: member.start,
                len: member.len,
                what: What::Deflated(name.to_owned(), member.raw_len),
            }),
            Method::Stored => {
                let mut head = source.read_up_to(member.start, HEAD.min(member.len))?;
                if let Ok(len) = header_len(&head)
                    && len > head.len()
                {
                    head = source.read_up_to(member.start, member.len.min(len as u64))?;
                }
                let parsed = parse(&head, name).and_then(|(tensor, from)| {
                    let bytes = tensor.bytes()?;
                    Ok((tensor, from, bytes))
                });
                match parsed {
                    Ok((tensor, from, bytes)) if from.checked_add(bytes) == Some(member.len) => {
                        // Both are within the member, whose extent the map checks.
                        let start = member.start.saturating_add(from);
                        extents.push(Extent {
                            start,
                            len: bytes,
                            what: What::Tensor(tensor),
                        });
                    }
                    Ok(_) => notes.push(format!(
                        "{name}: kept as bytes: longer or shorter than its shape"
                    )),
                    Err(e) => notes.push(format!("kept as bytes: {e}")),
                }
            }
            Method::Other => notes.push(format!(
                "{name}: kept as bytes: encrypted, or of another method than deflate"
            )),
        }
    }
    Ok(extents)
}
