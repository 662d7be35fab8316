//! Makes the checksums of changed bytes right, so that what lies behind them is reached: they stop
//! all but one damage in four billion.
//!
//! Lengths are taken as they stand; where they make no sense, the rest is left alone. The checksums
//! of raw bytes stay: frames are decoded before these are compared.

use std::ops::Range;

use sha2::{Digest, Sha256};

const MAGIC: [u8; 4] = [0xCA, 0x7E, 0x4E, 0xA0];
const HASH_LEN: usize = 32;
const CRC_LEN: usize = 4;

/// The streams in `bytes`, sealed from the first one on for as long as they can be followed.
pub fn streams(bytes: &[u8]) -> Vec<u8> {
    let mut sealed = bytes.to_vec();
    let mut at = 0;
    while let Some(next) = stream(&mut sealed, at) {
        at = next;
    }
    sealed
}

/// A model's file with the hash of its body.
pub fn model(bytes: &[u8]) -> Vec<u8> {
    let mut sealed = bytes.to_vec();
    let len = sealed.len();
    seal_model(&mut sealed, 0..len);
    sealed
}

/// Bytes whose last four are the CRC-32 of those before, as in a block.
pub fn block(bytes: &[u8]) -> Vec<u8> {
    let mut sealed = bytes.to_vec();
    if let Some(end) = sealed.len().checked_sub(CRC_LEN) {
        seal_crc(&mut sealed, 0..end);
    }
    sealed
}

/// Seals the stream that begins at `start`; where the next one begins.
fn stream(bytes: &mut [u8], start: usize) -> Option<usize> {
    let mut at = start;
    if bytes.get(at..at + 4)? != MAGIC {
        return None;
    }
    let flags = *bytes.get(at + 5)?;
    at += 6;
    if flags & 4 != 0 {
        let end = short(bytes, at, flags)?;
        seal_crc(bytes, start..end)?;
        return Some(end + CRC_LEN);
    }
    let body_len = varint(bytes, &mut at)?;
    let body = at..at.checked_add(body_len)?;
    bytes.get(body.clone())?;
    let mut next = body.end + CRC_LEN;
    if let Some((hash_at, embedded_len)) = model_in_header(bytes, at, flags) {
        let file = next..next.checked_add(embedded_len)?;
        let hash = seal_model(bytes, file.clone())?;
        bytes
            .get_mut(hash_at..hash_at + HASH_LEN)?
            .copy_from_slice(&hash);
        next = file.end;
    }
    seal_crc(bytes, start..body.end)?;
    while *bytes.get(next)? & 0x27 != 0 {
        next = frame(bytes, next)?;
    }
    end(bytes, next)
}

/// Where the CRC-32 of a short stream stands whose level is at `at`.
fn short(bytes: &[u8], mut at: usize, flags: u8) -> Option<usize> {
    let tag = *bytes.get(at + 1)?;
    at += 2;
    let dtype_len = varint(bytes, &mut at)?;
    if dtype_len > 0 {
        at = at.checked_add(dtype_len)?;
        for _ in 0..varint(bytes, &mut at)?.min(bytes.len()) {
            varint(bytes, &mut at)?;
        }
    }
    at += HASH_LEN * usize::from(flags & 1);
    if tag == 0 {
        return Some(at);
    }
    if tag & 7 == 4 {
        varint(bytes, &mut at)?;
    }
    let mut len = varint(bytes, &mut at)?;
    if tag & 7 != 1 {
        len = varint(bytes, &mut at)?;
    }
    at.checked_add(len)?.checked_add(8)
}

/// Where the header that has its body at `at` keeps the model's hash, and the length of the
/// embedded model.
fn model_in_header(bytes: &[u8], mut at: usize, flags: u8) -> Option<(usize, usize)> {
    if flags & 3 != 3 {
        return None;
    }
    at += 1;
    for _ in 0..3 {
        varint(bytes, &mut at)?;
    }
    let dtype_len = varint(bytes, &mut at)?;
    at = at.checked_add(dtype_len)?;
    for _ in 0..varint(bytes, &mut at)?.min(bytes.len()) {
        varint(bytes, &mut at)?;
    }
    let hash_at = at;
    at += HASH_LEN;
    Some((hash_at, varint(bytes, &mut at)?))
}

/// Seals the frame at `start`; where it ends.
fn frame(bytes: &mut [u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    varint(bytes, &mut at)?;
    let coded_len = varint(bytes, &mut at)?;
    let sum_at = at + 8;
    let payload_at = sum_at + 2 * CRC_LEN;
    let payload = payload_at..payload_at.checked_add(coded_len)?;
    let sum = crc32fast::hash(bytes.get(payload.clone())?);
    bytes
        .get_mut(sum_at..sum_at + CRC_LEN)?
        .copy_from_slice(&sum.to_le_bytes());
    seal_crc(bytes, start..sum_at + CRC_LEN)?;
    Some(payload.end)
}

/// Seals the end record at `start`, and the tail's length; where the stream ends.
fn end(bytes: &mut [u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    let body_len = varint(bytes, &mut at)?;
    let body_end = at.checked_add(body_len)?;
    seal_crc(bytes, start..body_end)?;
    let tail_at = body_end + CRC_LEN;
    let len = (tail_at - start) as u32;
    bytes
        .get_mut(tail_at..tail_at + 4)?
        .copy_from_slice(&len.to_le_bytes());
    Some(tail_at + 8)
}

/// Puts the hash of a model's file at its end, and returns it.
fn seal_model(bytes: &mut [u8], file: Range<usize>) -> Option<[u8; HASH_LEN]> {
    let hash_at = file.end.checked_sub(HASH_LEN)?;
    let body = bytes.get(file.start..hash_at)?;
    let hash: [u8; HASH_LEN] = Sha256::digest(body).into();
    bytes.get_mut(hash_at..file.end)?.copy_from_slice(&hash);
    Some(hash)
}

/// Puts the CRC-32 of these bytes behind them.
fn seal_crc(bytes: &mut [u8], range: Range<usize>) -> Option<()> {
    let sum = crc32fast::hash(bytes.get(range.clone())?);
    let place = bytes.get_mut(range.end..range.end + CRC_LEN)?;
    place.copy_from_slice(&sum.to_le_bytes());
    Some(())
}

fn varint(bytes: &[u8], at: &mut usize) -> Option<usize> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return usize::try_from(value).ok();
        }
    }
    None
}
