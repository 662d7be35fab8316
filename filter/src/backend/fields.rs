//! A frame field by field: every column of the record by the smallest of four codings.
//!
//! All columns that zstd takes share one zstd frame, so that it sees what columns have in common and many small columns
//! cost little. The payload, in this order: runs of modes; if pco has columns: pco's file header and a length for each;
//! constants; pco columns; stored columns; the bytes outside whole records; the zstd frame.

use super::table::{Column, Rows, Table, shuffle, unshuffle};
use super::{Effort, pco, zstd};
use crate::error::{Error, Result};
use crate::frame::{Cursor, put_varint};

/// What a zstd frame takes beside its data: magic, header, one block header.
const ZSTD_FRAME_LEN: usize = 9;

/// How a column is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
}

/// A column's mode and what it adds to its part of the payload.
struct Choice {
    mode: Mode,
    bytes: Vec<u8>,
}

/// The payload of a frame if it is smaller than `limit`. `offset` is the place of its first byte in the stream.
pub(super) fn pack(
    table: &Table,
    effort: Effort,
    offset: u64,
    raw: &[u8],
    limit: usize,
) -> Option<Vec<u8>> {
    let rows = table.rows(offset, raw.len());
    if rows.n == 0 || (table.is_bytes() && effort == Effort::Quick) {
        return None;
    }
    let records = &raw[rows.head..rows.head + rows.len];
    let edges = [&raw[..rows.head], &raw[rows.head + rows.len..]].concat();
    let mut packer = zstd::Packer::new(effort.zstd_level())?;
    let mut estimator = zstd::Packer::new(effort.estimate_level())?;
    let mut elements = Vec::new();
    let mut chosen = Vec::with_capacity(table.columns.len());
    let mut shuffled = Vec::with_capacity(table.columns.len());
    for column in &table.columns {
        elements.clear();
        table.gather(column, records, &mut elements);
        let choice = choose(column, &elements, effort, &mut estimator);
        let planes = match choice.mode {
            Mode::Constant => Choice {
                mode: Mode::Constant,
                bytes: choice.bytes.clone(),
            },
            _ => {
                let mut bytes = Vec::new();
                shuffle(&elements, column.width, &mut bytes);
                Choice {
                    mode: Mode::Planes,
                    bytes,
                }
            }
        };
        chosen.push(choice);
        shuffled.push(planes);
    }
    let mut best = assemble(&chosen, &edges, &mut packer)?;
    // All columns in one zstd frame: the better choice where columns repeat one another.
    let all = assemble(&shuffled, &edges, &mut estimator)?;
    if effort.could_beat(all.len(), best.len().min(limit)) {
        let all = assemble(&shuffled, &edges, &mut packer)?;
        if all.len() < best.len() {
            best = all;
        }
    }
    (best.len() < limit).then_some(best)
}

/// The smallest coding of one column, as far as it can be told without the other columns.
fn choose(
    column: &Column,
    elements: &[u8],
    effort: Effort,
    estimator: &mut zstd::Packer,
) -> Choice {
    let width = column.width;
    if elements[width..] == elements[..elements.len() - width] {
        return Choice {
            mode: Mode::Constant,
            bytes: elements[..width].to_vec(),
        };
    }
    let mut size = elements.len();
    let mut choice = None;
    if let Some(bytes) = pco::compress(column, elements, effort.pco_level())
        && bytes.len() + 2 < size
    {
        size = bytes.len() + 2;
        choice = Some(Choice {
            mode: Mode::Pco,
            bytes,
        });
    }
    let mut estimate = |bytes: &[u8]| {
        let len = estimator.compress(bytes)?.len();
        Some(effort.expected(len.saturating_sub(ZSTD_FRAME_LEN)))
    };
    let mut planes = Vec::with_capacity(elements.len());
    shuffle(elements, width, &mut planes);
    if let Some(len) = estimate(&planes)
        && len < size
    {
        size = len;
        choice = Some(Choice {
            mode: Mode::Planes,
            bytes: planes,
        });
    }
    if width > 1
        && let Some(len) = estimate(elements)
        && len < size
    {
        choice = Some(Choice {
            mode: Mode::Elements,
            bytes: elements.to_vec(),
        });
    }
    choice.unwrap_or_else(|| Choice {
        mode: Mode::Stored,
        bytes: elements.to_vec(),
    })
}

/// The payload from all columns' choices.
fn assemble(choices: &[Choice], edges: &[u8], packer: &mut zstd::Packer) -> Option<Vec<u8>> {
    let of = |wanted: &'static [Mode]| {
        choices
            .iter()
            .filter(move |choice| wanted.contains(&choice.mode))
            .map(|choice| choice.bytes.as_slice())
    };
    let mut out = Vec::new();
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
    let Rows { head, n, len } = table.rows(offset, raw_len);
    if n == 0 {
        return Err(Error::corrupt("fields of a frame without records"));
    }
    let cut = || Error::corrupt("fields are cut");
    let mut cursor = Cursor::new(payload);
    let modes = read_modes(&mut cursor, table.columns.len())?;
    let columns = || table.columns.iter().zip(&modes);
    let pco_n = modes.iter().filter(|&&mode| mode == Mode::Pco).count();
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
    let records = &mut raw[head..head + len];
    for (column, _) in columns().filter(|(_, mode)| **mode == Mode::Constant) {
        let element = cursor.take(column.width).ok_or_else(cut)?;
        table.scatter(column, &element.repeat(n), records);
    }
    let pco_columns = columns().filter(|(_, mode)| **mode == Mode::Pco);
    for ((column, _), len) in pco_columns.zip(pco_lens) {
        let (file, bytes) = (
            pco_file.as_ref().ok_or_else(cut)?,
            cursor.take(len).ok_or_else(cut)?,
        );
        table.scatter(column, &pco::decompress(file, column, bytes, n)?, records);
    }
    for (column, _) in columns().filter(|(_, mode)| **mode == Mode::Stored) {
        let elements = cursor.take(column.width * n).ok_or_else(cut)?;
        table.scatter(column, elements, records);
    }
    let edges = cursor.take(raw_len - len).ok_or_else(cut)?;
    let in_zstd = |mode: Mode| matches!(mode, Mode::Planes | Mode::Elements);
    let zstd_len = columns()
        .filter(|(_, mode)| in_zstd(**mode))
        .map(|(column, _)| column.width * n)
        .sum::<usize>();
    if zstd_len > 0 {
        let bytes = zstd::decompress(cursor.rest(), zstd_len)?;
        let mut rest = bytes.as_slice();
        for (column, &mode) in columns().filter(|(_, mode)| in_zstd(**mode)) {
            let (part, later) = rest.split_at(column.width * n);
            rest = later;
            if mode == Mode::Planes {
                table.scatter(column, &unshuffle(part, column.width), records);
            } else {
                table.scatter(column, part, records);
            }
        }
    } else if !cursor.rest().is_empty() {
        return Err(Error::corrupt("bytes after the fields"));
    }
    raw[..head].copy_from_slice(&edges[..head]);
    raw[head + len..].copy_from_slice(&edges[head..]);
    Ok(raw)
}

fn read_modes(cursor: &mut Cursor, column_n: usize) -> Result<Vec<Mode>> {
    let mut modes = Vec::with_capacity(column_n);
    while modes.len() < column_n {
        let run = cursor
            .varint()?
            .ok_or_else(|| Error::corrupt("fields are cut"))?;
        let mode = Mode::ALL.get((run & 7) as usize);
        match mode {
            Some(&mode) if run >> 3 < (column_n - modes.len()) as u64 => {
                modes.extend(std::iter::repeat_n(mode, (run >> 3) as usize + 1));
            }
            _ => return Err(Error::corrupt("modes of the fields")),
        }
    }
    Ok(modes)
}

impl Effort {
    fn pco_level(self) -> usize {
        match self {
            Effort::Quick => 8,
            Effort::Best => 12,
        }
    }

    fn zstd_level(self) -> i32 {
        match self {
            Effort::Quick => 3,
            Effort::Best => 19,
        }
    }

    fn estimate_level(self) -> i32 {
        match self {
            Effort::Quick => 1,
            Effort::Best => 6,
        }
    }

    /// What is left of an estimate at the level that is used in the end, in practice.
    fn expected(self, estimate: usize) -> usize {
        match self {
            Effort::Quick => estimate,
            Effort::Best => estimate - estimate / 16,
        }
    }

    /// Whether a coding with this estimate may turn out smaller than `limit`.
    fn could_beat(self, estimate: usize, limit: usize) -> bool {
        let gain = match self {
            Effort::Quick => estimate / 16,
            Effort::Best => estimate / 8,
        };
        estimate - gain < limit
    }
}

#[cfg(test)]
mod tests {
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
