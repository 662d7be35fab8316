//! What streams and blocks see of tokens: a chain begins with a search, and its frames share what
//! that found.

use std::sync::Arc;

use super::frame::{self, Memory, Views};
use super::rows::Table;
use super::search::{Effort, Search, search};
use super::tables::Tables;
use crate::error::Result;
use crate::frame::FrameKind;
use crate::layout::rows::Rows;
use crate::layout::{Expansion, Kind};
use crate::{Layout, Level, backend, layout};

/// Raw bytes at a stream's beginning that are searched, for frames of this size: more than the
/// first, where frames are short.
pub(crate) fn searched(frame_size: usize) -> usize {
    frame_size.max((16 * frame_size).min(1 << 20))
}

/// Whether values of a layout are worth a search. Plain bytes are left to byte codecs.
pub(crate) fn suits(layout: &Layout) -> bool {
    let plain = |kind: Kind, width: u32| kind == Kind::Bytes || (kind == Kind::Uint && width == 1);
    !(layout
        .fields()
        .iter()
        .all(|field| plain(field.kind, field.width))
        && layout.shape().is_empty())
}

/// Bytes of a sample that layouts are compared on.
const COMPARED: usize = 192 << 10;
/// One part in so many that a less likely layout must gain.
const CLEAR: usize = 50;

/// The layout by which a stream's beginning comes out smallest, by a rough search.
pub(crate) fn likeliest(sample: &[u8]) -> Layout {
    let candidates = layout::candidates(sample);
    if let [only] = &candidates[..] {
        return only.clone();
    }
    // Behind a header, if there is one.
    let from = sample.len().saturating_sub(COMPARED) / 2;
    let part = &sample[from..(from + COMPARED).min(sample.len())];
    let mut best: Option<(usize, &Layout)> = None;
    for candidate in &candidates {
        let expansion = candidate.columns();
        let rows = Rows::new(expansion.record_size, from as u64, part.len());
        let mut size = part.len();
        if suits(candidate) && rows.n > 0 {
            let (table, body) = (Table::new(&expansion), rows.records(part));
            let found = search(&table, body, rows.first, Effort::ROUGH, 1);
            size = size.min((found.rate() / 8.0 * part.len() as f64) as usize);
        }
        let backends = backend::Table::new(candidate);
        if let Some((_, payload)) = backend::fall_back(&backends, from as u64, part, size) {
            size = payload.len();
        }
        // What is as good as the likelier one is not better.
        if best.is_none_or(|(least, _)| size + least / CLEAR < least) {
            best = Some((size, candidate));
        }
    }
    best.map_or_else(Layout::bytes, |(_, layout)| layout.clone())
}

/// Searches the beginning of a stream on so many threads; nothing if it has too few records, or if
/// tokens gain nothing there.
pub(crate) fn begin(
    table: &backend::Table,
    expansion: &Expansion,
    level: Level,
    raw: &[u8],
    threads: usize,
) -> Option<Search> {
    let mut found = side_by_side(expansion, searched_as(level), raw, threads)?;
    let rows = Rows::new(expansion.record_size, 0, raw.len());
    let whole = rows.head + rows.tail == 0;
    if let Some(stored) = Table::stored(expansion, raw.len()).filter(|_| whole) {
        let effort = Effort::of_level(searched_as(level));
        found = smaller(found, search(&stored, raw, 0, effort, threads));
    }
    (!is_hopeless(table, &found, raw)).then_some(found)
}

/// Searches a sample of data that will come in pieces, for tables that all of them begin with;
/// nothing if tokens gain nothing there.
///
/// # Errors
/// None that comes from the data.
pub(crate) fn tables(
    layout: &Layout,
    level: Level,
    raw: &[u8],
    threads: usize,
) -> Result<Option<Tables>> {
    if !suits(layout) {
        return Ok(None);
    }
    let expansion = layout.columns();
    let found = side_by_side(&expansion, searched_as(level).min(TABLES), raw, threads);
    let hopeful = |found: &Search| !is_hopeless(&backend::Table::new(layout), found, raw);
    match found.filter(hopeful) {
        Some(found) => Tables::new(&expansion, level, found),
        None => Ok(None),
    }
}

/// The last level of the static stage: what tables are searched as.
const TABLES: u8 = 4;
/// The last level that searches for longer.
pub(crate) const LONGEST: u8 = 6;

/// Whether columns may be of the adaptive stage at a level.
pub(crate) fn adapts(level: Level) -> bool {
    level.get() > TABLES
}

fn searched_as(level: Level) -> u8 {
    level.get().min(LONGEST)
}

fn side_by_side(expansion: &Expansion, level: u8, raw: &[u8], threads: usize) -> Option<Search> {
    let rows = Rows::new(expansion.record_size, 0, raw.len());
    if rows.n == 0 || rows.n > u32::MAX as usize {
        return None;
    }
    let (table, body) = (Table::new(expansion), rows.records(raw));
    let by = |level| search(&table, body, rows.first, Effort::of_level(level), threads);
    // Searches are greedy: a longer one may end in a worse place. Those of one column are short.
    let others = match (expansion.columns.len(), level) {
        (1, _) => 1..level,
        (_, LONGEST) => level - 1..level,
        (_, 4) => 3..4,
        _ => level..level,
    };
    Some(others.map(by).fold(by(level), smaller))
}

/// The one by which the bytes come out smaller; the first if both are alike.
fn smaller(found: Search, other: Search) -> Search {
    match other.rate() < found.rate() {
        true => other,
        false => found,
    }
}

/// Tokens that come to so much of other codings are hopeless.
const WORSE: f64 = 0.97;

/// Whether other codings are as small as what was found.
fn is_hopeless(table: &backend::Table, found: &Search, raw: &[u8]) -> bool {
    let limit = (found.rate() / 8.0 * raw.len() as f64 * WORSE) as usize;
    limit > raw.len() || backend::fall_back(table, 0, raw, limit).is_some()
}

/// Searches a segment; nothing if it has too few records.
pub(crate) fn begin_segment(
    expansion: &Expansion,
    level: Level,
    offset: u64,
    raw: &[u8],
) -> Option<Search> {
    let rows = Rows::new(expansion.record_size, offset, raw.len());
    let table = Table::new(expansion);
    let some = rows.n > 0 && rows.n <= u32::MAX as usize;
    let effort = Effort::of_segments(level.get());
    some.then(|| search(&table, rows.records(raw), rows.first, effort, 1))
}

/// Whether a frame's records can be seen as the chain's beginning was.
pub(crate) fn fits(expansion: &Expansion, search: &Search, offset: u64, raw_len: usize) -> bool {
    let rows = Rows::new(expansion.record_size, offset, raw_len);
    !search.memory.stored || Table::stored(expansion, raw_len - rows.head - rows.tail).is_some()
}

/// A frame's payload. `says_memory`: it is the first of its chain, or stands alone.
pub(crate) fn pack(
    expansion: &Expansion,
    search: &Search,
    offset: u64,
    raw: &[u8],
    says_memory: bool,
) -> Result<Vec<u8>> {
    frame::encode(expansion, search, offset, raw, says_memory)
}

/// The kind of the frames that a search ends in.
pub(crate) fn kind(memory: &Memory) -> FrameKind {
    match memory.adapts {
        true => FrameKind::Adaptive,
        false => FrameKind::Tokens,
    }
}

/// A payload's own memory, if it has one, and the length of that. The payload is of a kind that has
/// tokens.
///
/// # Errors
/// `Corrupt` of what no encoder writes.
pub(crate) fn open(
    expansion: &Expansion,
    kind: FrameKind,
    offset: u64,
    raw_len: usize,
    payload: &[u8],
) -> Result<(Option<Arc<Memory>>, usize)> {
    let rows = Rows::new(expansion.record_size, offset, raw_len);
    let views = Views::new(expansion, raw_len - rows.head - rows.tail);
    let (memory, rest) = frame::read_memory(&views, kind == FrameKind::Adaptive, payload)?;
    Ok((memory.map(Arc::new), payload.len() - rest.len()))
}

/// The raw bytes of columns.
///
/// # Errors
/// `Corrupt` of what no encoder writes.
pub(crate) fn unpack(
    expansion: &Expansion,
    memory: &Memory,
    offset: u64,
    raw_len: usize,
    columns: &[u8],
) -> Result<Vec<u8>> {
    frame::decode(expansion, memory, offset, raw_len, columns)
}
