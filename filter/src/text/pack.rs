//! From lines to shapes and their columns.

use std::collections::HashMap;

use super::choose;
use super::field::{Field, Pad, Value};
use super::lines::{Lines, NO_KEY};
use super::parts;
use super::scan::{self, Part, Span};
use super::shape::{self, MOST_FIELDS, Shape};
use super::{MOST_MEMORY, MOST_SHAPES, sequence_layout};
use crate::error::Result;
use crate::frame::put_varint;
use crate::{Kind, Layout, Level, parallel};

/// Lines of a shape, at least; those of others stay as they are.
const FEWEST: usize = 32;

/// A shape, and what its lines hold.
struct Found {
    shape: Shape,
    /// The shape's lines, ascending.
    lines: Vec<u32>,
    /// The bytes of its records.
    records: Vec<Vec<u8>>,
    /// What stands beside them.
    beside: Vec<u8>,
}

/// A text's payload; nothing if it has no shapes.
///
/// # Errors
/// None that comes from the data.
pub(super) fn pack(raw: &[u8], end: u8, level: Level, threads: usize) -> Result<Option<Vec<u8>>> {
    let Some(lines) = Lines::read(raw, end) else {
        return Ok(None);
    };
    let mut groups: Vec<Vec<u32>> = vec![Vec::new(); lines.keys.len()];
    for (line, &key) in lines
        .key_of
        .iter()
        .enumerate()
        .filter(|(_, key)| **key != NO_KEY)
    {
        groups[key as usize].push(line as u32);
    }
    let mut keys: Vec<usize> = (0..groups.len())
        .filter(|&at| groups[at].len() >= FEWEST)
        .collect();
    keys.sort_by_key(|&at| std::cmp::Reverse(groups[at].len()));
    keys.truncate(MOST_SHAPES);
    let found: Vec<Found> = parallel::map(threads, &keys, |&at| {
        shape_of(raw, &lines, &lines.keys[at], &groups[at])
    })
    .into_iter()
    .flatten()
    .collect();
    let fit = shape::fit(found.iter().map(|one| &one.shape), raw.len() * MOST_MEMORY);
    if found.is_empty() || !fit {
        return Ok(None);
    }
    payload(raw, (end, &lines), &found, level, threads).map(Some)
}

/// All parts, one after another.
fn payload(
    raw: &[u8],
    (end, lines): (u8, &Lines),
    found: &[Found],
    level: Level,
    threads: usize,
) -> Result<Vec<u8>> {
    let mut shapes = vec![found.len() as u16; lines.len()];
    for (at, one) in found.iter().enumerate() {
        one.lines
            .iter()
            .for_each(|&line| shapes[line as usize] = at as u16);
    }
    let sequence = sequence_layout(found.len());
    let order: Vec<u8> = match sequence.record_size() {
        1 => shapes.iter().map(|&at| at as u8).collect(),
        _ => shapes.iter().flat_map(|at| at.to_le_bytes()).collect(),
    };
    let mut literal = Vec::new();
    for (line, _) in shapes
        .iter()
        .enumerate()
        .filter(|(_, at)| **at == found.len() as u16)
    {
        literal.extend_from_slice(lines.text(raw, line));
    }
    let beside: Vec<u8> = found.iter().flat_map(|one| &one.beside).copied().collect();
    let mut head = Vec::new();
    put_varint(&mut head, found.len() as u64);
    found.iter().for_each(|one| one.shape.write(&mut head));
    for len in [lines.len(), literal.len(), beside.len()] {
        put_varint(&mut head, len as u64);
    }
    let (bytes, mut all) = (Layout::bytes(), Vec::new());
    all.push((bytes.clone(), false, &head));
    all.push((sequence, true, &order));
    all.push((bytes.clone(), false, &literal));
    all.push((bytes, false, &beside));
    for one in found {
        let columns = one.shape.layouts().into_iter().zip(&one.records);
        all.extend(columns.map(|(layout, record)| (layout, true, record)));
    }
    let inside = if all.len() < threads { threads } else { 1 };
    let packed = parallel::map(threads, &all, |(layout, values, raw)| {
        parts::pack((layout, *values), level, inside, raw)
    });
    let mut out = vec![end];
    put_varint(&mut out, head.len() as u64);
    for part in packed {
        out.extend_from_slice(&part?);
    }
    Ok(out)
}

/// The shape of lines with this key; nothing if too few come back by it.
fn shape_of(raw: &[u8], lines: &Lines, key: &[u8], group: &[u32]) -> Option<Found> {
    let marks = scan::marks(key);
    let kinds: Vec<Part> = marks
        .iter()
        .filter_map(|&mark| Part::of_mark(mark))
        .collect();
    let part = |line: u32, at: usize| lines.parts(line as usize)[at];
    let column = |at: usize| group.iter().map(move |&line| part(line, at));
    let first = lines.parts(group[0] as usize);
    let constant: Vec<bool> = (0..kinds.len())
        .map(|at| {
            let text = first[at].of(raw);
            column(at).all(|span| span.of(raw) == text)
        })
        .collect();
    // What fills up the part beside it is no field of its own.
    let mut pads = vec![Pad::None; kinds.len()];
    let mut filled = vec![false; kinds.len()];
    for at in (0..kinds.len()).filter(|&at| kinds[at] == Part::Gap && !constant[at]) {
        let beside = |other: usize| kinds[other] == Part::Gap || constant[other];
        let fill = |other: usize| {
            let both = group
                .iter()
                .map(|&line| (part(line, at).len(), part(line, other).len()));
            choose::fill(both)
        };
        let adjoins = |left: usize, right: usize| first[left].end == first[right].start;
        if at + 1 < kinds.len()
            && adjoins(at, at + 1)
            && !beside(at + 1)
            && let Some(found) = fill(at + 1)
        {
            (pads[at + 1], filled[at]) = (Pad::Before(found), true);
        } else if let Some(before) = at.checked_sub(1)
            && adjoins(before, at)
            && !beside(before)
            && pads[before] == Pad::None
            && let Some(found) = fill(before)
        {
            (pads[before], filled[at]) = (Pad::Behind(found), true);
        }
    }
    let (mut fields, mut from, mut before) = (Vec::new(), Vec::new(), Vec::new());
    let mut at = 0;
    for &mark in marks {
        match Part::of_mark(mark) {
            None => before.push(mark),
            Some(_) if constant[at] => {
                before.extend_from_slice(first[at].of(raw));
                at += 1;
            }
            Some(_) if filled[at] => at += 1,
            Some(kind) => {
                let texts: Vec<&[u8]> = column(at).map(|span| span.of(raw)).collect();
                let field = match kind {
                    Part::Gap => choose::blanks(texts.iter().map(|text| text.len()).max()?),
                    kind => choose::field(&texts, kind == Part::Number),
                };
                let field = Field {
                    pad: pads[at],
                    ..field
                };
                fields.push((std::mem::take(&mut before), field));
                from.push(at);
                at += 1;
            }
        }
    }
    if fields.len() > MOST_FIELDS {
        return None;
    }
    let shape = Shape {
        order: (0..fields.len() as u16).collect(),
        fields,
        tail: before,
        rows: 0,
    };
    fill(raw, lines, group, shape, &from)
}

/// The columns of the lines that come back by a shape; nothing if they are too few.
fn fill(
    raw: &[u8],
    lines: &Lines,
    group: &[u32],
    mut shape: Shape,
    from: &[usize],
) -> Option<Found> {
    let span = |line: u32, at: usize| lines.parts(line as usize)[from[at]];
    let elements: Vec<Vec<Option<u64>>> = (0..from.len())
        .map(|at| {
            let field = &shape.fields[at].1;
            let known: HashMap<&[u8], usize> = match &field.value {
                Value::Word(words) => words.iter().enumerate().map(|(i, w)| (&w[..], i)).collect(),
                _ => HashMap::new(),
            };
            let of = |line: &u32| {
                field.element(span(*line, at).of(raw), |word| known.get(word).copied())
            };
            group.iter().map(of).collect()
        })
        .collect();
    let mut text = Vec::new();
    let rows: Vec<usize> = (0..group.len())
        .filter(|&row| {
            let line = lines.text(raw, group[row] as usize);
            let has_all = elements.iter().all(|column| column[row].is_some());
            text.clear();
            let element = |at: usize| elements[at][row].unwrap_or(0);
            let bytes = |at: usize, _| Some(span(group[row], at).of(raw));
            has_all && shape.print(element, bytes, line.len(), &mut text).is_some() && text == line
        })
        .collect();
    if rows.len() < FEWEST {
        return None;
    }
    shape.rows = rows.len();
    shape.order = order(&shape, &elements, &rows);
    let layouts = shape.layouts();
    let mut records: Vec<Vec<u8>> = layouts
        .iter()
        .map(|layout| vec![0; layout.record_size() as usize * rows.len()])
        .collect();
    for (at, place) in shape.places().iter().enumerate() {
        let (width, size) = (
            shape.fields[at].1.width(),
            layouts[place.record].record_size(),
        );
        let record = records[place.record][place.offset..].chunks_mut(size as usize);
        for (target, &row) in record.zip(&rows) {
            let element = elements[at][row].unwrap_or(0).to_le_bytes();
            target[..width].copy_from_slice(&element[..width]);
        }
    }
    let mut beside = Vec::new();
    for at in (0..from.len()).filter(|&at| shape.has_bytes(at)) {
        let spans = rows.iter().map(|&row| span(group[row], at));
        spans.for_each(|span: Span| beside.extend_from_slice(span.of(raw)));
    }
    Some(Found {
        lines: rows.iter().map(|&row| group[row]).collect(),
        shape,
        records,
        beside,
    })
}

/// Rows on which columns are compared.
const SAMPLE: usize = 1024;

/// The order of the columns: floats behind all others, as formulas give floats from what is before
/// them; those of few values before those of many, which are likelier results.
fn order(shape: &Shape, elements: &[Vec<Option<u64>>], rows: &[usize]) -> Vec<u16> {
    let step = rows.len().div_ceil(SAMPLE);
    let rank = |at: &u16| {
        let at = usize::from(*at);
        if shape.fields[at].1.column().kind != Kind::Float {
            return 0;
        }
        let mut values: Vec<_> = rows
            .iter()
            .step_by(step)
            .map(|&row| elements[at][row])
            .collect();
        let all = values.len();
        values.sort_unstable();
        values.dedup();
        if values.len() < all / 2 { 1 } else { 2 }
    };
    let mut order: Vec<u16> = (0..shape.fields.len() as u16).collect();
    order.sort_by_cached_key(rank);
    order
}
