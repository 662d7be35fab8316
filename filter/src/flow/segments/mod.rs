//! Segments: a frame of one column in which values are distributed otherwise from some place on, as
//! where many columns stand one after another, or headers between fields. Each segment is coded by
//! what is smallest for it, tokens with plan and tables of their own among that.

mod cut;

use crate::backend::{self, Table};
use crate::error::{Error, Result};
use crate::frame::{Cursor, FrameKind, put_varint};
use crate::layout::Expansion;
use crate::layout::rows::Rows;
use crate::tokens::search::Search;
use crate::tokens::stage;
use crate::{ByteOrder, Kind, Level, parallel};

/// Segments of a frame, at most.
const MOST: usize = 1 << 12;
/// Levels from this one on look for segments.
const LEVEL: u8 = 3;

/// Whether frames may have segments: of one column of words.
pub(crate) fn possible(expansion: &Expansion) -> bool {
    let [column] = &expansion.columns[..] else {
        return false;
    };
    column.width > 1 && expansion.record_size == u32::from(column.width)
}

/// Whether they are those of one column in a row, of which nothing else is known.
pub(crate) fn is_one_row(expansion: &Expansion) -> bool {
    possible(expansion) && expansion.shape.len() < 2
}

/// Whether a level looks for them.
pub(crate) fn looked_for(level: u8, expansion: &Expansion) -> bool {
    level >= LEVEL && possible(expansion)
}

/// A frame's payload in segments, if there are several and it is shorter than `limit`.
pub(crate) fn pack(
    (expansion, table): (&Expansion, &Table),
    offset: u64,
    raw: &[u8],
    limit: usize,
    (level, threads): (Level, usize),
) -> Result<Option<Vec<u8>>> {
    let rows = Rows::new(expansion.record_size, offset, raw.len());
    let classes = classes(expansion, rows.records(raw));
    let mut ends = cut::cut(&classes);
    if let Some(plane) = plane(expansion) {
        ends = cut::by_planes(&classes, &ends, rows.first, plane);
    }
    if ends.len() < 2 || ends.len() > MOST {
        return Ok(None);
    }
    let width = expansion.record_size as usize;
    let mut starts = vec![0];
    starts.extend(
        ends[..ends.len() - 1]
            .iter()
            .map(|end| rows.head + end * width),
    );
    let stops = starts[1..].iter().copied().chain([raw.len()]);
    let parts: Vec<(u64, &[u8])> = starts
        .iter()
        .zip(stops)
        .map(|(&start, stop)| (offset + start as u64, &raw[start..stop]))
        .collect();
    let searches = parallel::map(threads, &parts, |&(offset, part)| {
        stage::begin_segment(expansion, level, offset, part)
    });
    let (mut head, mut body) = (Vec::new(), Vec::new());
    put_varint(&mut head, parts.len() as u64);
    let mut shared: Option<&Search> = None;
    for (&(offset, part), own) in parts.iter().zip(&searches) {
        let mut best = (FrameKind::Stored, part.to_vec());
        if let Some(shared) = shared {
            let tokens = stage::pack(expansion, shared, offset, part, false)?;
            keep(&mut best, stage::kind(&shared.memory), tokens);
        }
        let mut fresh = None;
        if let Some(own) = own {
            let tokens = stage::pack(expansion, own, offset, part, true)?;
            if keep(&mut best, stage::kind(&own.memory), tokens) {
                fresh = Some(own);
            }
        }
        let thorough = level.get() >= backend::THOROUGH;
        if let Some((kind, payload)) = backend::near(table, thorough, offset, part, best.1.len())
            && keep(&mut best, kind, payload)
        {
            fresh = None;
        }
        shared = fresh.or(shared);
        head.push(best.0.bits());
        put_varint(&mut head, part.len() as u64);
        put_varint(&mut head, best.1.len() as u64);
        body.extend_from_slice(&best.1);
        if head.len() + body.len() >= limit {
            return Ok(None);
        }
    }
    head.append(&mut body);
    Ok(Some(head))
}

/// Values of a grid's plane, which is all of its axes but the first.
fn plane(expansion: &Expansion) -> Option<u64> {
    let axes = expansion.shape.get(1..).filter(|axes| !axes.is_empty())?;
    Some(axes.iter().product())
}

/// Takes another coding if it is shorter.
fn keep(best: &mut (FrameKind, Vec<u8>), kind: FrameKind, payload: Vec<u8>) -> bool {
    let shorter = payload.len() < best.1.len();
    if shorter {
        *best = (kind, payload);
    }
    shorter
}

/// The raw bytes of a payload in segments.
///
/// # Errors
/// `Corrupt` of what no encoder writes.
pub(crate) fn unpack(
    (expansion, table): (&Expansion, &Table),
    offset: u64,
    raw_len: usize,
    payload: &[u8],
) -> Result<Vec<u8>> {
    let corrupt = || Error::corrupt("segments of a frame");
    if !possible(expansion) {
        return Err(corrupt());
    }
    let mut cursor = Cursor::new(payload);
    let n = cursor.varint()?.filter(|n| (2..=MOST as u64).contains(n));
    let mut segments = Vec::new();
    for _ in 0..n.ok_or_else(corrupt)? {
        let kind = cursor.byte().and_then(FrameKind::from_bits);
        let (raw, coded) = (cursor.varint()?, cursor.varint()?);
        match (kind, raw, coded) {
            (Some(kind), Some(raw), Some(coded)) if raw > 0 => segments.push((kind, raw, coded)),
            _ => return Err(corrupt()),
        }
    }
    let mut out = Vec::new();
    let mut memory = None;
    for (kind, len, coded) in segments {
        let left = (raw_len - out.len()) as u64;
        let coded = usize::try_from(coded)
            .ok()
            .and_then(|coded| cursor.take(coded));
        let (Some(payload), true) = (coded, len <= left) else {
            return Err(corrupt());
        };
        let (offset, len) = (offset + out.len() as u64, len as usize);
        let part = match kind {
            FrameKind::Tokens | FrameKind::Adaptive => {
                let (own, at) = stage::open(expansion, kind, offset, len, payload)?;
                memory = own.or(memory);
                let memory = memory.as_ref().filter(|memory| stage::kind(memory) == kind);
                let memory = memory.ok_or_else(corrupt)?;
                stage::unpack(expansion, memory, offset, len, &payload[at..])?
            }
            _ => backend::unpack(table, kind, offset, len, payload)?,
        };
        out.extend_from_slice(&part);
    }
    match out.len() == raw_len && cursor.rest().is_empty() {
        true => Ok(out),
        false => Err(corrupt()),
    }
}

/// Roughly what each word is: sign and exponent, or the length of an integer, and how many of its
/// last bits are zero.
fn classes(expansion: &Expansion, body: &[u8]) -> Vec<u16> {
    let column = &expansion.columns[0];
    let (width, bits) = (usize::from(column.width), u32::from(column.width) * 8);
    let class = |bytes: &[u8]| {
        let fold = |word: u64, byte: &u8| word << 8 | u64::from(*byte);
        let word = match column.order {
            ByteOrder::Little => bytes.iter().rev().fold(0, fold),
            ByteOrder::Big => bytes.iter().fold(0, fold),
        };
        let size = match column.kind {
            Kind::Float => word >> (bits - 9),
            Kind::Int if word >> (bits - 1) == 1 => {
                let negative = !word << (64 - bits) >> (64 - bits);
                128 + u64::from(64 - negative.leading_zeros())
            }
            _ => u64::from(64 - word.leading_zeros()),
        };
        let zeros = word.trailing_zeros().min(bits) * 31 / bits;
        (size << 5) as u16 | zeros as u16
    };
    body.chunks_exact(width).map(class).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Layout;

    #[test]
    fn what_no_encoder_writes_is_refused() {
        let layout = Layout::parse("<u4").unwrap();
        let (expansion, table) = (layout.columns(), Table::new(&layout));
        let raw: Vec<u8> = (0..800u32)
            .flat_map(|i| if i < 400 { i % 3 } else { (i << 20) ^ (i * i) }.to_le_bytes())
            .collect();
        let two = |lens: [u8; 2], kinds: [u8; 2], rest: &[u8]| {
            let [a, b] = lens;
            [&[2, kinds[0], a, a, kinds[1], b, b], rest].concat()
        };
        let of = |payload: &[u8]| unpack((&expansion, &table), 0, 8, payload);
        assert!(of(&two([4, 4], [1, 1], &raw[..8])).unwrap() == raw[..8]);
        for (lens, kinds, len) in [
            ([4, 4], [1, 1], 9),
            ([4, 4], [1, 1], 7),
            ([4, 3], [1, 1], 7),
            ([4, 5], [1, 1], 9),
            ([8, 0], [1, 1], 8),
            ([4, 4], [1, 4], 8),
            ([4, 4], [1, 6], 8),
            ([4, 4], [1, 5], 8),
        ] {
            assert!(
                of(&two(lens, kinds, &raw[..len])).is_err(),
                "{lens:?} {kinds:?} {len}"
            );
        }
        assert!(of(&[1, 1, 8, 8]).is_err() && of(&[]).is_err());
        let pair = Layout::parse("<u4,<u4").unwrap().columns();
        assert!(
            !possible(&pair)
                && unpack((&pair, &table), 0, 8, &two([4, 4], [1, 1], &raw[..8])).is_err()
        );
    }
}
