//! Two checksums: CRC-32 over stored bytes, which finds every single flipped bit by construction
//! and every damage of a header before it is believed; XXH3-64 over raw bytes, which finds what a
//! decoder got wrong.

use crate::error::{Error, Result};

/// CRC-32 (IEEE 802.3) of stored bytes.
pub(crate) fn crc(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

/// XXH3-64 of a frame's raw bytes, seeded with their place in the stream, so that frames that were
/// dropped, doubled or exchanged do not pass.
pub(crate) fn raw_hash(raw: &[u8], offset: u64) -> u64 {
    xxhash_rust::xxh3::xxh3_64_with_seed(raw, offset)
}

/// Checks decoded bytes against their frame's header.
pub(crate) fn check(raw: &[u8], offset: u64, hash: u64) -> Result<()> {
    if raw_hash(raw, offset) != hash {
        return Err(Error::corrupt("checksum of the decoded bytes"));
    }
    Ok(())
}
