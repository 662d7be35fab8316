//! Parts of streams with right checksums, whatever they say.

pub fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let sum = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes
}

pub fn stream_header(
    chains: u64,
    lanes: u64,
    frame_size: u64,
    dtype: &[u8],
    shape: &[u64],
) -> Vec<u8> {
    let mut body = vec![7];
    for number in [chains, lanes, frame_size, dtype.len() as u64] {
        varint(&mut body, number);
    }
    body.extend_from_slice(dtype);
    varint(&mut body, shape.len() as u64);
    shape.iter().for_each(|&dim| varint(&mut body, dim));
    let mut out = vec![0xCA, 0x7E, 0x4E, 0xA0, 2, 0x80];
    varint(&mut out, body.len() as u64);
    out.extend(body);
    sealed(out)
}

/// What stands before the payload of a short stream at level 7, or at level 1.
pub fn short_head(tag: u8, dtype: &[u8], shape: &[u64], lens: &[u64]) -> Vec<u8> {
    let level = if tag & 7 == 4 { 7 } else { 1 };
    let mut out = vec![0xCA, 0x7E, 0x4E, 0xA0, 2, 0x84, level, tag];
    varint(&mut out, dtype.len() as u64);
    out.extend_from_slice(dtype);
    if !dtype.is_empty() {
        varint(&mut out, shape.len() as u64);
        shape.iter().for_each(|&dim| varint(&mut out, dim));
    }
    lens.iter().for_each(|&len| varint(&mut out, len));
    out
}

/// A short stream with a checksum of its raw bytes that is wrong.
pub fn short_stream(head: &[u8], payload: &[u8]) -> Vec<u8> {
    sealed([head, payload, &[0; 8]].concat())
}

pub fn frame_header(tag: u8, raw_len: u64, coded_len: u64, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    varint(&mut out, raw_len);
    varint(&mut out, coded_len);
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(&crc32fast::hash(payload).to_le_bytes());
    sealed(out)
}

pub fn end(frame_n: u64, raw_len: u64, frames_len: u64, entries: &[(u8, u64, u64)]) -> Vec<u8> {
    let mut body = Vec::new();
    for number in [frame_n, raw_len, frames_len] {
        varint(&mut body, number);
    }
    for &(tag, raw_len, coded_len) in entries {
        body.push(tag);
        varint(&mut body, raw_len);
        varint(&mut body, coded_len);
    }
    let mut out = vec![8];
    varint(&mut out, body.len() as u64);
    out.extend(body);
    let mut out = sealed(out);
    let len = out.len() as u32;
    out.extend_from_slice(&len.to_le_bytes());
    out.extend_from_slice(&[0xA0, 0x4E, 0x7E, 0xCA]);
    out
}

pub const STORED: u8 = 1 | 8;
pub const ZSTD: u8 = 2 | 8;
pub const FIELDS: u8 = 3 | 8;
pub const MODELLED: u8 = 4 | 8 | 16;
