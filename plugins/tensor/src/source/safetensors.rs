//! safetensors: a length of eight bytes, a JSON object of names to type, shape and extent, then the
//! tensors.
//!
//! A small parser of its own, so that the header's bytes stay as they are and a name that stands
//! twice is seen. Holes between tensors, which the format forbids and some writers leave, are plain
//! bytes.

use std::fmt;
use std::io::{Read, Seek};

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use crate::dtype::Dtype;
use crate::error::{Error, Result};

use super::{Extent, Source, Tensor, What};

/// Longest header, as in the format's own library.
const HEADER_MAX: u64 = 100_000_000;

pub(super) fn map<R: Read + Seek>(source: &mut Source<'_, R>) -> Result<Vec<Extent>> {
    let short = || Error::malformed("shorter than its header");
    let first = source.read_up_to(0, 8)?;
    let len = <[u8; 8]>::try_from(first.as_slice()).map_err(|_| short())?;
    let len = u64::from_le_bytes(len);
    if len > HEADER_MAX {
        return Err(Error::malformed(format!(
            "a header of {len} bytes, where {HEADER_MAX} is the most"
        )));
    }
    let data = 8 + len;
    if data > source.file_bytes {
        return Err(short());
    }
    let header = source.read(8, len)?;
    let header: Header = serde_json::from_slice(&header)
        .map_err(|e| Error::malformed(format!("the header is no header of safetensors: {e}")))?;
    let data_bytes = source.file_bytes - data;
    header
        .0
        .into_iter()
        .map(|(name, entry)| extent(name, entry, data, data_bytes))
        .collect()
}

fn extent(name: String, entry: Entry, data: u64, data_bytes: u64) -> Result<Extent> {
    let dtype = Dtype::safetensors(&entry.dtype).map_err(|e| e.within(&name))?;
    let [start, end] = entry.data_offsets;
    if start > end || end > data_bytes {
        let what = format!("offsets {start} to {end} of {data_bytes} bytes");
        return Err(Error::malformed(what).within(&name));
    }
    let tensor = Tensor {
        name,
        dtype,
        shape: entry.shape,
        fortran: false,
    };
    let (needed, len) = (tensor.bytes()?, end - start);
    if needed != len {
        let what = format!("its shape asks for {needed} bytes, its offsets for {len}");
        return Err(Error::malformed(what).within(&tensor.name));
    }
    Ok(Extent {
        start: data + start,
        len,
        what: What::Tensor(tensor),
    })
}

/// A tensor's entry. Members that are not known are passed over.
#[derive(Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: [u64; 2],
}

/// The tensors in the order of the header.
struct Header(Vec<(String, Entry)>);

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_map(Entries)
    }
}

struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Header, A::Error> {
        let mut tensors = Vec::new();
        let mut names = std::collections::HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if !names.insert(name.clone()) {
                return Err(serde::de::Error::custom(format!(
                    "{name:?} stands there twice"
                )));
            }
            if name == "__metadata__" {
                map.next_value::<serde::de::IgnoredAny>()?;
            } else {
                tensors.push((name, map.next_value()?));
            }
        }
        Ok(Header(tensors))
    }
}
