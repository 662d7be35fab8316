//! A layout in ten or eleven values: runs of equal elements as nibbles, then the chunk's inner
//! axes.
//!
//! Nibbles are taken from the values in order, the least significant first. Invariant: what
//! [`write`] wrote [`read`] reads as the same layout, and [`canonical`] makes of any layout one
//! that can be written.

use catena_filter::layout::MAX_FIELDS;
use catena_filter::{ByteOrder, Field, Kind, Layout};

use crate::error::{Error, Result};
use crate::{MAX_VALUES, USER_VALUES};

/// Values that the code may take; one less if a shuffle takes it.
pub(crate) const MOST: usize = MAX_VALUES - USER_VALUES - 1;
/// Nibbles of a value.
const NIBBLES: usize = 8;
/// Ends the record.
const END: u8 = 0;
/// The element before, so many times more.
const AGAIN: u8 = 12;
/// The other byte order from here on.
const ORDER: u8 = 13;
/// The last so many runs, so many times more.
const REPEAT: u8 = 14;
/// Longest pattern of runs that is looked for.
const LONGEST: usize = 64;

/// Elements by their nibble, from 1 on.
const TYPES: [(Kind, u32); 11] = [
    (Kind::Uint, 1),
    (Kind::Uint, 2),
    (Kind::Uint, 4),
    (Kind::Uint, 8),
    (Kind::Int, 1),
    (Kind::Int, 2),
    (Kind::Int, 4),
    (Kind::Int, 8),
    (Kind::Float, 2),
    (Kind::Float, 4),
    (Kind::Float, 8),
];

/// Equal elements in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    nibble: u8,
    big: bool,
    count: u32,
}

/// The layout's runs; opaque bytes are unsigned ones.
fn runs(layout: &Layout) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for field in layout.fields() {
        let (kind, width, count) = match field.kind {
            Kind::Bytes => (Kind::Uint, 1, field.width * field.count),
            kind => (kind, field.width, field.count),
        };
        let at = TYPES.iter().position(|&known| known == (kind, width));
        let nibble = at.map_or(1, |at| at as u8 + 1);
        let big = field.order == ByteOrder::Big;
        match runs.last_mut() {
            Some(last) if (last.nibble, last.big) == (nibble, big) => last.count += count,
            _ => runs.push(Run { nibble, big, count }),
        }
    }
    runs
}

/// The layout that runs and axes make.
fn layout(runs: &[Run], shape: &[u64]) -> Result<Layout> {
    let fields = runs.iter().map(|run| {
        let (kind, width) = TYPES[usize::from(run.nibble) - 1];
        let order = if run.big {
            ByteOrder::Big
        } else {
            ByteOrder::Little
        };
        Field::new(kind, width, run.count, order)
    });
    Ok(Layout::from_fields(fields)?.with_shape(shape)?)
}

/// Three bits a nibble, least significant first, the top bit set in all but the last.
fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 8 {
        out.push(value as u8 & 7 | 8);
        value >>= 3;
    }
    out.push(value as u8);
}

/// The layout's values; `None` if it takes more than `most`, or is not in its canonical form.
pub(crate) fn write(layout: &Layout, most: usize) -> Option<Vec<u32>> {
    let runs = runs(layout);
    let mut out = Vec::new();
    let mut big = false;
    let mut at = 0;
    while let Some(run) = runs.get(at) {
        if run.nibble > 1 && run.nibble != 5 && run.big != big {
            big = run.big;
            out.push(ORDER);
        }
        out.push(run.nibble);
        if run.count > 1 {
            out.push(AGAIN);
            put(&mut out, u64::from(run.count) - 1);
        }
        at += 1;
        // What was just written may come again, right here.
        let times = |period: usize| {
            let (pattern, rest) = (&runs[at - period..at], &runs[at..]);
            let chunks = rest.chunks_exact(period);
            chunks.take_while(|chunk| *chunk == pattern).count()
        };
        let best = (2..=LONGEST.min(at))
            .map(|period| (period * times(period), period))
            .max();
        if let Some((gain, period)) = best.filter(|(gain, _)| *gain > 4) {
            out.push(REPEAT);
            put(&mut out, period as u64);
            put(&mut out, (gain / period) as u64);
            at += gain;
        }
        if out.len() > most * NIBBLES {
            return None;
        }
    }
    let inner = layout.shape().get(1..).unwrap_or_default();
    if !inner.is_empty() {
        out.push(END);
        put(&mut out, inner.len() as u64);
        inner.iter().for_each(|&dim| put(&mut out, dim));
    }
    if out.len() > most * NIBBLES {
        return None;
    }
    let words = out.chunks(NIBBLES).map(|nibbles| {
        let places = nibbles.iter().enumerate();
        places.fold(0, |word, (at, &nibble)| {
            word | u32::from(nibble) << (4 * at)
        })
    });
    Some(words.collect())
}

/// What [`put`] wrote; `None` if it is cut or too long.
fn take(nibbles: &mut impl Iterator<Item = u8>) -> Option<u64> {
    let mut value = 0;
    for place in 0..16 {
        let nibble = nibbles.next()?;
        value |= u64::from(nibble & 7) << (3 * place);
        if nibble < 8 {
            return Some(value);
        }
    }
    None
}

fn wrong(why: &str) -> Error {
    Error::Values(format!("no layout: {why}"))
}

/// What [`write`] wrote.
pub(crate) fn read(values: &[u32]) -> Result<Layout> {
    if values.len() > MOST {
        return Err(wrong("too many values"));
    }
    let cut = || wrong("a number is cut");
    let mut nibbles = values
        .iter()
        .flat_map(|value| (0..NIBBLES).map(move |at| (value >> (4 * at)) as u8 & 15));
    let mut runs: Vec<Run> = Vec::new();
    let mut big = false;
    while let Some(nibble) = nibbles.next() {
        match nibble {
            END => break,
            AGAIN => {
                let more = take(&mut nibbles).ok_or_else(cut)?;
                let last = runs.last_mut().ok_or_else(|| wrong("nothing to repeat"))?;
                let count = u64::from(last.count).saturating_add(more);
                last.count = u32::try_from(count).map_err(|_| wrong("too many elements"))?;
            }
            ORDER => big = !big,
            REPEAT => {
                let period = take(&mut nibbles).ok_or_else(cut)?;
                let times = take(&mut nibbles).ok_or_else(cut)?;
                repeat(&mut runs, period, times)?;
            }
            _ => {
                let kind = TYPES.get(usize::from(nibble) - 1);
                let (_, width) = kind.ok_or_else(|| wrong("an unknown element"))?;
                let big = big && *width > 1;
                runs.push(Run {
                    nibble,
                    big,
                    count: 1,
                });
            }
        }
    }
    // What follows are axes, or the zeros that fill the last value.
    let mut shape = Vec::new();
    let axis_n = take(&mut nibbles).unwrap_or(0);
    if axis_n > 0 {
        shape.push(0);
    }
    for _ in 0..axis_n {
        shape.push(take(&mut nibbles).ok_or_else(cut)?);
    }
    if nibbles.any(|nibble| nibble != 0) {
        return Err(wrong("something after its end"));
    }
    layout(&runs, &shape)
}

/// Appends the last `period` runs, `times` over.
fn repeat(runs: &mut Vec<Run>, period: u64, times: u64) -> Result<()> {
    let period = usize::try_from(period).ok().filter(|&period| period > 0);
    let start = period.and_then(|period| runs.len().checked_sub(period));
    let start = start.ok_or_else(|| wrong("nothing to repeat"))?;
    let pattern = runs[start..].to_vec();
    for _ in 0..times {
        runs.extend_from_slice(&pattern);
        if runs.len() > MAX_FIELDS {
            return Err(wrong("too many fields"));
        }
    }
    Ok(())
}

/// The same layout without names, its first axis unknown; or, if the values have no room for it,
/// one of equal words as large as its fields allow, of the kind that most of its bytes have.
pub(crate) fn canonical(from: &Layout, most: usize) -> Layout {
    let mut shape = from.shape().to_vec();
    if let Some(first) = shape.first_mut() {
        *first = 0;
    }
    if shape.len() < 2 {
        shape.clear();
    }
    let all = runs(from);
    let size = from.record_size();
    let words = as_words(&all, size);
    let bytes = Run {
        nibble: 1,
        big: false,
        count: size,
    };
    for (runs, shape) in [
        (&all[..], &shape[..]),
        (&[words], &shape),
        (&[words], &[]),
        (&[bytes], &[]),
    ] {
        if let Ok(layout) = layout(runs, shape)
            && write(&layout, most)
                .is_some_and(|values| read(&values).is_ok_and(|back| back == layout))
        {
            return layout;
        }
    }
    Layout::bytes()
}

/// A record of equal words.
fn as_words(runs: &[Run], size: u32) -> Run {
    let mut offset = 0u32;
    let widths = runs.iter().map(|run| TYPES[usize::from(run.nibble) - 1].1);
    let mut width = widths.max().unwrap_or(1);
    // Bytes by element and order.
    let mut bytes = [[0u64; 2]; TYPES.len() + 1];
    for run in runs {
        let (_, own) = TYPES[usize::from(run.nibble) - 1];
        while !offset.is_multiple_of(width) {
            width /= 2;
        }
        offset += own * run.count;
        bytes[usize::from(run.nibble)][usize::from(run.big)] += u64::from(own * run.count);
    }
    while !size.is_multiple_of(width) {
        width /= 2;
    }
    let of_width = (1..bytes.len()).filter(|&nibble| TYPES[nibble - 1].1 == width);
    let all = of_width.flat_map(|nibble| [(nibble, false), (nibble, true)]);
    let best = all.max_by_key(|&(nibble, big)| bytes[nibble][usize::from(big)]);
    let (nibble, big) = best.unwrap_or((1, false));
    Run {
        nibble: nibble as u8,
        big: big && width > 1,
        count: size / width,
    }
}
