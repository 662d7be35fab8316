//! What streams and blocks see of tokens: a chain begins with a search, and its frames share what
//! that found.

use std::sync::Arc;

use super::frame::{self, Memory, Views};
use super::rows::Table;
use super::search::{Effort, Search, search};
use crate::error::Result;
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

/// The layout by which a stream's beginning comes out smallest, by a rough search.
pub(crate) fn likeliest(sample: &[u8]) -> Layout {
    let candidates = layout::candidates(sample);
    // Behind a header, if there is one.
    let from = sample.len().saturating_sub(COMPARED) / 2;
    let part = &sample[from..(from + COMPARED).min(sample.len())];
    let mut best: Option<(usize, &Layout)> = None;
    for candidate in candidates.iter().filter(|_| candidates.len() > 1) {
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
    let chosen = best.map(|(_, layout)| layout).or(candidates.first());
    chosen.cloned().unwrap_or_else(Layout::bytes)
}

/// One part in so many that a less likely layout must gain.
const CLEAR: usize = 50;

/// Searches the beginning of a stream on so many threads; nothing if it has too few records.
pub(crate) fn begin(
    expansion: &Expansion,
    level: Level,
    offset: u64,
    raw: &[u8],
    threads: usize,
) -> Option<Search> {
    let rows = Rows::new(expansion.record_size, offset, raw.len());
    if rows.n == 0 || rows.n > u32::MAX as usize {
        return None;
    }
    let body = rows.records(raw);
    // The levels above 4 have other means than a longer search.
    let level = if level.learns() { 2 } else { level.get() };
    let side_by_side = Table::new(expansion);
    let mut found = search(
        &side_by_side,
        body,
        rows.first,
        Effort::of_level(level),
        threads,
    );
    let mut rival = |other: Search| {
        if other.rate() < found.rate() {
            found = other;
        }
    };
    // Searches are greedy: a longer one may end in a worse place. Those of one column are short.
    let lowest = match expansion.columns.len() {
        1 => 1,
        _ => 3,
    };
    for lower in lowest..level.min(4) {
        let effort = Effort::of_level(lower);
        rival(search(&side_by_side, body, rows.first, effort, threads));
    }
    let whole = rows.head + rows.tail == 0;
    if let Some(table) = Table::stored(expansion, body.len()).filter(|_| whole) {
        rival(search(&table, body, 0, Effort::of_level(level), threads));
    }
    Some(found)
}

/// Searches a segment; nothing if it has too few records.
pub(crate) fn begin_segment(expansion: &Expansion, offset: u64, raw: &[u8]) -> Option<Search> {
    let rows = Rows::new(expansion.record_size, offset, raw.len());
    let table = Table::new(expansion);
    let some = rows.n > 0 && rows.n <= u32::MAX as usize;
    some.then(|| search(&table, rows.records(raw), rows.first, Effort::SEGMENT, 1))
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

/// A payload's own memory, if it has one, and the length of that.
///
/// # Errors
/// `Corrupt` of what no encoder writes.
pub(crate) fn open(
    expansion: &Expansion,
    offset: u64,
    raw_len: usize,
    payload: &[u8],
) -> Result<(Option<Arc<Memory>>, usize)> {
    let rows = Rows::new(expansion.record_size, offset, raw_len);
    let views = Views::new(expansion, raw_len - rows.head - rows.tail);
    let (memory, rest) = frame::read_memory(&views, payload)?;
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
