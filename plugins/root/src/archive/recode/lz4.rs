//! LZ4, behind the checksum that ROOT puts before it. Parameters: level; 0 and what is above 0 and
//! below 3 is the fast one.

use ::lz4::block::{CompressionMode, compress};

pub(super) fn candidates() -> Vec<[u8; 4]> {
    [4u8, 0, 9, 1, 3, 5, 6, 7, 8, 10, 11, 12, 2]
        .map(|level| [level, 0, 0, 0])
        .to_vec()
}

pub(super) fn encode(raw: &[u8], params: [u8; 4]) -> Option<Vec<u8>> {
    let [level, ..] = params;
    let mode = match level {
        0 => CompressionMode::DEFAULT,
        1 => CompressionMode::FAST(1),
        2..=12 => CompressionMode::HIGHCOMPRESSION(level.into()),
        _ => return None,
    };
    let block = compress(raw, Some(mode), false).ok()?;
    let mut out = xxhash_rust::xxh64::xxh64(&block, 0).to_be_bytes().to_vec();
    out.extend(block);
    Some(out)
}
