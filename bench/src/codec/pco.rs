//! pco by column: each field of a record, or each column of a file, as numbers of its own type.
//!
//! Fields that are no numbers, headers and tails go to zstd. A length of four bytes stands before
//! each part.

use anyhow::{Context, Result, bail};
use pco::ChunkConfig;
use pco::data_types::Number;
use pco::standalone::{simple_compress, simple_decompress};

use super::columns::{join, split, types};
use crate::corpus::Shape;
use crate::job::Transform;

/// What zstd does for the parts that are no numbers.
const REST_LEVEL: i32 = 19;

/// Codes bytes.
pub fn encode(shape: &Shape, transform: Transform, level: u32, raw: &[u8]) -> Result<Vec<u8>> {
    let (columns, rest) = split(shape, transform, raw);
    let mut out = Vec::new();
    let mut add = |part: Vec<u8>| {
        out.extend_from_slice(&(part.len() as u32).to_le_bytes());
        out.extend_from_slice(&part);
    };
    for column in &columns {
        let bytes = &column.bytes;
        add(match (column.kind, column.width) {
            ('f', 4) => numbers(bytes, f32::from_le_bytes, level)?,
            ('f', 8) => numbers(bytes, f64::from_le_bytes, level)?,
            ('i', 1) => numbers(bytes, i8::from_le_bytes, level)?,
            ('i', 2) => numbers(bytes, i16::from_le_bytes, level)?,
            ('i', 4) => numbers(bytes, i32::from_le_bytes, level)?,
            ('i', 8) => numbers(bytes, i64::from_le_bytes, level)?,
            ('u', 1) => numbers(bytes, u8::from_le_bytes, level)?,
            ('u' | 'f', 2) => numbers(bytes, u16::from_le_bytes, level)?,
            ('u', 4) => numbers(bytes, u32::from_le_bytes, level)?,
            ('u', 8) => numbers(bytes, u64::from_le_bytes, level)?,
            _ => zstd::bulk::compress(bytes, REST_LEVEL)?,
        });
    }
    add(zstd::bulk::compress(&rest, REST_LEVEL)?);
    Ok(out)
}

/// Decodes what [`encode`] made of `raw_len` bytes.
pub fn decode(
    shape: &Shape,
    transform: Transform,
    coded: &[u8],
    raw_len: usize,
) -> Result<Vec<u8>> {
    let mut input = coded;
    let mut part = || -> Result<&[u8]> {
        let (len, rest) = input.split_first_chunk::<4>().context("no length")?;
        let (part, rest) = rest
            .split_at_checked(u32::from_le_bytes(*len) as usize)
            .context("short part")?;
        input = rest;
        Ok(part)
    };
    let mut columns = Vec::new();
    for (kind, width) in types(shape, transform, raw_len) {
        let part = part()?;
        columns.push(match (kind, width) {
            ('f', 4) => bytes(part, f32::to_le_bytes)?,
            ('f', 8) => bytes(part, f64::to_le_bytes)?,
            ('i', 1) => bytes(part, i8::to_le_bytes)?,
            ('i', 2) => bytes(part, i16::to_le_bytes)?,
            ('i', 4) => bytes(part, i32::to_le_bytes)?,
            ('i', 8) => bytes(part, i64::to_le_bytes)?,
            ('u', 1) => bytes(part, u8::to_le_bytes)?,
            ('u' | 'f', 2) => bytes(part, u16::to_le_bytes)?,
            ('u', 4) => bytes(part, u32::to_le_bytes)?,
            ('u', 8) => bytes(part, u64::to_le_bytes)?,
            _ => zstd::bulk::decompress(part, raw_len)?,
        });
    }
    let rest = zstd::bulk::decompress(part()?, raw_len)?;
    match join(shape, transform, &columns, &rest, raw_len) {
        Some(raw) => Ok(raw),
        None => bail!("the columns do not fit together"),
    }
}

fn numbers<T: Number, const N: usize>(
    bytes: &[u8],
    read: fn([u8; N]) -> T,
    level: u32,
) -> Result<Vec<u8>> {
    let values: Vec<T> = bytes.as_chunks::<N>().0.iter().map(|b| read(*b)).collect();
    let config = ChunkConfig::default()
        .with_compression_level(level as usize)
        .with_enable_8_bit(true);
    Ok(simple_compress(&values, &config)?)
}

fn bytes<T: Number, const N: usize>(part: &[u8], write: fn(T) -> [u8; N]) -> Result<Vec<u8>> {
    Ok(simple_decompress::<T>(part)?
        .into_iter()
        .flat_map(write)
        .collect())
}
