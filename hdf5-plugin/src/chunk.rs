//! One chunk, there and back.

use std::sync::Arc;

use catena_filter::Model;
use catena_filter::block::{self, BlockOptions};

use crate::error::Result;
use crate::settings::Parsed;
use crate::shuffle;

/// Encodes a chunk's raw bytes, shuffled if `parsed` says so: what `H5Dwrite_chunk` takes, with a
/// filter mask of 0. `model` is the one that `parsed` names, or `None`: the chunk is then encoded
/// without it, at the same level. `threads`: 1 the caller's own, 0 the process's pool.
///
/// # Errors
/// None that comes from the data.
pub fn encode_chunk(
    raw: &[u8],
    parsed: &Parsed,
    model: Option<Arc<Model>>,
    threads: usize,
) -> Result<Vec<u8>> {
    let options = BlockOptions::new()
        .with_level(parsed.settings.level)
        .with_model(model)
        .with_threads(threads);
    let raw = shuffle::undo(parsed.shuffle, raw);
    Ok(block::encode(&raw, &parsed.layout, &options)?)
}

/// Decodes a chunk as it is stored, to bytes that are shuffled if they were. Without `model`, one
/// that the chunk names is looked for where models are installed.
///
/// # Errors
/// Of the codec: damaged chunks, missing models.
pub fn decode_chunk(
    stored: &[u8],
    parsed: &Parsed,
    model: Option<Arc<Model>>,
    threads: usize,
) -> Result<Vec<u8>> {
    let options = BlockOptions::new().with_model(model).with_threads(threads);
    let raw = block::decode(stored, &parsed.layout, &options)?;
    Ok(match parsed.shuffle {
        Some(shuffle) => shuffle.again(&raw),
        None => raw,
    })
}
