//! Parts of a text's payload: columns and bytes, each coded by what is smallest for it.

use crate::backend::{self, Effort, SMALL, THOROUGH, Table};
use crate::error::{Error, Result};
use crate::frame::{Cursor, FrameKind, put_varint};
use crate::tokens::stage;
use crate::{Layout, Level};

/// A part: its kind, its length, its payload; of no bytes nothing. `values`: they are no mere
/// bytes.
///
/// # Errors
/// None that comes from the data.
pub(super) fn pack(
    (layout, values): (&Layout, bool),
    level: Level,
    threads: usize,
    raw: &[u8],
) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    if raw.is_empty() {
        return Ok(out);
    }
    let (table, expansion) = (Table::new(layout), layout.columns());
    let level = level.min(Level::TABLES_MAX);
    let mut best = (FrameKind::Stored, raw.to_vec());
    if values && let Some(search) = stage::begin(&table, &expansion, level, raw, threads) {
        let tokens = stage::pack(&expansion, &search, 0, raw, true)?;
        if tokens.len() < best.1.len() {
            best = (stage::kind(&search.memory), tokens);
        }
    }
    // Tokens have been compared with the quick ones already.
    let hard = best.0 == FrameKind::Stored || raw.len() <= SMALL;
    let other = match raw.len() <= SMALL || level.get() >= THOROUGH {
        true if hard => Some(backend::pack(&table, Effort::Best, 0, raw)),
        false if hard => backend::fall_back(&table, 0, raw, best.1.len()),
        _ => None,
    };
    if let Some(other) = other.filter(|(_, payload)| payload.len() < best.1.len()) {
        best = other;
    }
    out.push(best.0.bits());
    put_varint(&mut out, best.1.len() as u64);
    out.extend_from_slice(&best.1);
    Ok(out)
}

/// Bytes that the next part takes, and steps over it.
pub(super) fn skip(raw_len: usize, cursor: &mut Cursor<'_>) -> Option<usize> {
    let from = cursor.position();
    if raw_len > 0 {
        cursor.byte()?;
        let len = usize::try_from(cursor.varint().ok()??).ok()?;
        cursor.take(len)?;
    }
    Some(cursor.position() - from)
}

/// The raw bytes of the next part.
///
/// # Errors
/// `Corrupt` of what no encoder writes.
pub(super) fn unpack(layout: &Layout, raw_len: usize, cursor: &mut Cursor<'_>) -> Result<Vec<u8>> {
    if raw_len == 0 {
        return Ok(Vec::new());
    }
    let corrupt = || Error::corrupt("a part of a text");
    let kind = cursor
        .byte()
        .and_then(FrameKind::from_bits)
        .ok_or_else(corrupt)?;
    let len = cursor.varint()?.and_then(|len| usize::try_from(len).ok());
    let payload = len.and_then(|len| cursor.take(len)).ok_or_else(corrupt)?;
    let expansion = layout.columns();
    match kind {
        FrameKind::Tokens | FrameKind::Adaptive => {
            let (memory, at) = stage::open(&expansion, kind, 0, raw_len, payload)?;
            let memory = memory.ok_or_else(corrupt)?;
            stage::unpack(&expansion, &memory, 0, raw_len, &payload[at..])
        }
        _ => backend::unpack(&Table::new(layout), kind, 0, raw_len, payload),
    }
}
