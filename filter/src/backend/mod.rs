//! What a frame falls back to, and all there is at levels 1 and 2: fields, zstd, stored.
//!
//! Pipeline: raw bytes of one frame in, the smallest payload out, and back. Frames do not depend on one another here.
//! Invariant: a payload that is not stored is smaller than its raw bytes; decoding allocates no more than the frame's
//! raw length, which the caller has checked against the stream's limits.

mod fields;
mod pco;
mod table;
mod zstd;

pub(crate) use table::Table;

use crate::error::{Error, Result};
use crate::frame::FrameKind;

/// How hard the backends try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    /// About 50 MB/s: level 1, and what modelled frames fall back to.
    Quick,
    /// About 2 MB/s: level 2.
    Best,
}

/// The smallest coding of a frame. `offset` is the place of its first byte in the stream.
pub(crate) fn pack(table: &Table, effort: Effort, offset: u64, raw: &[u8]) -> (FrameKind, Vec<u8>) {
    let mut best = (FrameKind::Stored, raw.to_vec());
    if let Some(payload) = fields::pack(table, effort, offset, raw, best.1.len()) {
        best = (FrameKind::Fields, payload);
    }
    if let Some(payload) = zstd::pack(effort, raw, best.1.len()) {
        best = (FrameKind::Zstd, payload);
    }
    best
}

/// The raw bytes of a frame from its payload, `raw_len` of them.
pub(crate) fn unpack(
    table: &Table,
    kind: FrameKind,
    offset: u64,
    raw_len: usize,
    payload: &[u8],
) -> Result<Vec<u8>> {
    let raw = match kind {
        FrameKind::Stored => payload.to_vec(),
        FrameKind::Zstd => zstd::decompress(payload, raw_len)?,
        FrameKind::Fields => fields::unpack(table, offset, raw_len, payload)?,
        FrameKind::Modelled => return Err(Error::corrupt("modelled frame without a model")),
    };
    if raw.len() != raw_len {
        return Err(Error::corrupt("length of the decoded frame"));
    }
    Ok(raw)
}
