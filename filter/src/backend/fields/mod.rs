//! A frame field by field: every unit (a column of the record, or a slab of a grid) by the smallest
//! of four codings.
//!
//! All units that zstd takes share one zstd frame, so that it sees what they have in common and
//! many small ones cost little. The payload, in this order: how a grid is cut, if it can be in two
//! ways; runs of modes; if pco has units: pco's file header and a length for each; constants; pco
//! units; stored units; the bytes outside whole records; the zstd frame.

mod choose;
mod planned;

pub(super) use choose::{may_reach, pack};
pub(super) use planned::{Trust, least, pack as pack_planned};

use std::sync::Arc;

use super::table::{Cut, Table, Unit, shuffle, unshuffle};
use super::{pco, zstd};
use crate::error::{Error, Result};
use crate::frame::{Cursor, put_varint};
use crate::layout::Rows;

/// How a unit is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Mode {
    /// One element, the same in all records.
    Constant,
    /// The elements as they are.
    Stored,
    /// In the zstd frame, byte plane by byte plane.
    Planes,
    /// In the zstd frame, element by element.
    Elements,
    /// By pco.
    Pco,
}

impl Mode {
    const ALL: [Mode; 5] = [
        Mode::Constant,
        Mode::Stored,
        Mode::Planes,
        Mode::Elements,
        Mode::Pco,
    ];

    fn in_zstd(self) -> bool {
        matches!(self, Mode::Planes | Mode::Elements)
    }
}

/// A unit's mode and what it adds to its part of the payload.
#[derive(Clone)]
struct Choice {
    mode: Mode,
    bytes: Arc<[u8]>,
}

impl Choice {
    fn new(mode: Mode, bytes: impl Into<Arc<[u8]>>) -> Self {
        Choice {
            mode,
            bytes: bytes.into(),
        }
    }

    /// One element, if all are the same.
    fn constant(unit: &Unit, elements: &[u8]) -> Option<Self> {
        let width = unit.column.width;
        let same = elements[width..] == elements[..elements.len() - width];
        same.then(|| Choice::new(Mode::Constant, &elements[..width]))
    }

    /// The elements plane by plane.
    fn planes(unit: &Unit, elements: &[u8]) -> Self {
        let mut planes = Vec::with_capacity(elements.len());
        shuffle(elements, unit.column.width, &mut planes);
        Choice::new(Mode::Planes, planes)
    }
}

/// The whole records of a frame, and the bytes around them; nothing if it has none.
fn whole<'a>(table: &Table, offset: u64, raw: &'a [u8]) -> Option<(Rows, &'a [u8], Vec<u8>)> {
    let rows = table.rows(offset, raw.len());
    if rows.n == 0 {
        return None;
    }
    Some((rows, rows.records(raw), rows.edges(raw)))
}

/// The payload from all units' choices.
fn assemble(
    table: &Table,
    cut: Cut,
    choices: &[Choice],
    edges: &[u8],
    packer: &mut zstd::Packer,
) -> Option<Vec<u8>> {
    let of = |wanted: &'static [Mode]| {
        choices
            .iter()
            .filter(move |choice| wanted.contains(&choice.mode))
            .map(|choice| &choice.bytes[..])
    };
    let mut out = Vec::new();
    if table.cuts().len() > 1 {
        out.push(cut as u8);
    }
    for run in choices.chunk_by(|a, b| a.mode == b.mode) {
        let mode = Mode::ALL.iter().position(|&mode| mode == run[0].mode)?;
        put_varint(&mut out, ((run.len() as u64 - 1) << 3) | mode as u64);
    }
    if of(&[Mode::Pco]).next().is_some() {
        out.extend_from_slice(&pco::file_header());
        of(&[Mode::Pco]).for_each(|bytes| put_varint(&mut out, bytes.len() as u64));
    }
    for modes in [&[Mode::Constant], &[Mode::Pco], &[Mode::Stored]] {
        of(modes).for_each(|bytes| out.extend_from_slice(bytes));
    }
    out.extend_from_slice(edges);
    let zstd: Vec<&[u8]> = of(&[Mode::Planes, Mode::Elements]).collect();
    if !zstd.is_empty() {
        out.extend_from_slice(&packer.compress(&zstd.concat())?);
    }
    Some(out)
}

/// The raw bytes of a frame from the payload that [`pack`] made.
pub(super) fn unpack(
    table: &Table,
    offset: u64,
    raw_len: usize,
    payload: &[u8],
) -> Result<Vec<u8>> {
    let rows = table.rows(offset, raw_len);
    let records_end = raw_len - rows.tail;
    if rows.n == 0 {
        return Err(Error::corrupt("fields of a frame without records"));
    }
    let cut = || Error::corrupt("fields are cut");
    let mut cursor = Cursor::new(payload);
    let cut_by = match table.cuts() {
        [only] => *only,
        cuts => {
            let byte = cursor.byte().ok_or_else(cut)?;
            let known = cuts.iter().find(|&&by| by as u8 == byte);
            *known.ok_or_else(|| Error::corrupt("cut of the fields"))?
        }
    };
    let units = table.units(&rows, cut_by);
    let modes = read_modes(&mut cursor, units.len())?;
    let with = |wanted: &'static [Mode]| {
        let chosen = units.iter().zip(&modes);
        chosen.filter(move |(_, mode)| wanted.contains(mode))
    };
    let pco_n = with(&[Mode::Pco]).count();
    let mut pco_file = None;
    let mut pco_lens = Vec::with_capacity(pco_n);
    if pco_n > 0 {
        let mut rest = cursor.rest();
        let file = pco::read_file_header(&mut rest)?;
        cursor
            .take(cursor.rest().len() - rest.len())
            .ok_or_else(cut)?;
        for _ in 0..pco_n {
            let len = cursor.varint()?.ok_or_else(cut)?;
            pco_lens.push(usize::try_from(len).map_err(|_| cut())?);
        }
        pco_file = Some(file);
    }
    let mut raw = vec![0; raw_len];
    let records = &mut raw[rows.head..records_end];
    for (unit, _) in with(&[Mode::Constant]) {
        let element = cursor.take(unit.column.width).ok_or_else(cut)?;
        table.scatter(unit, &element.repeat(unit.n()), records);
    }
    for ((unit, _), len) in with(&[Mode::Pco]).zip(pco_lens) {
        let (file, bytes) = pco_file.as_ref().zip(cursor.take(len)).ok_or_else(cut)?;
        let elements = pco::decompress(file, &unit.column, bytes, unit.n())?;
        table.scatter(unit, &elements, records);
    }
    for (unit, _) in with(&[Mode::Stored]) {
        table.scatter(unit, cursor.take(unit.len()).ok_or_else(cut)?, records);
    }
    let edges = cursor.take(rows.head + rows.tail).ok_or_else(cut)?;
    let in_zstd = || with(&[Mode::Planes, Mode::Elements]);
    let zstd_len = in_zstd().map(|(unit, _)| unit.len()).sum::<usize>();
    if zstd_len > 0 {
        let bytes = zstd::decompress(cursor.rest(), zstd_len)?;
        let mut rest = bytes.as_slice();
        for (unit, &mode) in in_zstd() {
            let (part, later) = rest.split_at(unit.len());
            rest = later;
            if mode == Mode::Planes {
                table.scatter(unit, &unshuffle(part, unit.column.width), records);
            } else {
                table.scatter(unit, part, records);
            }
        }
    } else if !cursor.rest().is_empty() {
        return Err(Error::corrupt("bytes after the fields"));
    }
    let (head, tail) = edges.split_at(rows.head);
    raw[..rows.head].copy_from_slice(head);
    raw[records_end..].copy_from_slice(tail);
    Ok(raw)
}

fn read_modes(cursor: &mut Cursor, unit_n: usize) -> Result<Vec<Mode>> {
    let mut modes = Vec::with_capacity(unit_n);
    while modes.len() < unit_n {
        let run = cursor
            .varint()?
            .ok_or_else(|| Error::corrupt("fields are cut"))?;
        let mode = Mode::ALL.get((run & 7) as usize);
        match mode {
            Some(&mode) if run >> 3 < (unit_n - modes.len()) as u64 => {
                modes.extend(std::iter::repeat_n(mode, (run >> 3) as usize + 1));
            }
            _ => return Err(Error::corrupt("modes of the fields")),
        }
    }
    Ok(modes)
}

#[cfg(test)]
mod tests {
    use super::super::Effort;
    use super::*;
    use crate::Layout;

    fn round_trip(dtype: &str, offset: u64, raw: &[u8]) -> usize {
        let table = Table::new(&Layout::parse(dtype).unwrap());
        let mut len = 0;
        for effort in [Effort::Best, Effort::Quick] {
            let payload = pack(&table, effort, offset, raw, usize::MAX).unwrap();
            assert_eq!(unpack(&table, offset, raw.len(), &payload).unwrap(), raw);
            for cut in [0, 1, payload.len() / 2, payload.len() - 1] {
                assert!(unpack(&table, offset, raw.len(), &payload[..cut]).is_err());
            }
            len = payload.len();
        }
        len
    }

    #[test]
    fn every_mode_comes_back() {
        let mut raw = Vec::new();
        for i in 0..1000u32 {
            raw.extend_from_slice(&7u64.to_be_bytes());
            raw.extend_from_slice(&(1000.0 + i as f32 * 0.5).to_be_bytes());
            raw.extend_from_slice(&i.wrapping_mul(0x9E37_79B9).to_le_bytes());
            raw.extend_from_slice(&[3, (i % 7 * i % 5) as u8, 0]);
        }
        let len = round_trip(">i8,>f4,<u4,V3", 0, &raw);
        assert!(len < 5000, "{len}");
        round_trip(">i8,>f4,<u4,V3", 20, &raw[1..raw.len() - 3]);
    }

    #[test]
    fn many_columns_cost_little_each() {
        let raw: Vec<u8> = (0..1000 * 3 * 4).map(|i| (i % 1000 / 4) as u8).collect();
        let len = round_trip(&vec!["<f4"; 1000].join(","), 0, &raw);
        assert!(len < raw.len() / 2, "{len}");
    }
}
