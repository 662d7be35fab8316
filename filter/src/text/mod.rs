//! Text as columns: lines of one shape are records, and the numbers in them are fields.
//!
//! Pipeline: a frame of plain bytes in, parts out, each coded as a frame of its own layout would
//! be, and back. Shapes are found in the bytes ([`scan`], [`lines`]); what a field is, in what it
//! holds ([`choose`]). Nothing is known of any format's grammar.
//! Invariant: a line is in a shape only if the shape prints it byte for byte, which is tried for
//! every line; all others stay as they are.

mod choose;
mod describe;
mod digits;
mod field;
mod lines;
mod number;
mod pack;
mod parts;
mod scan;
mod shape;
mod style;
mod unpack;

use crate::error::{Error, Result};
use crate::{ByteOrder, Field, Kind, Layout, Level};
use scan::Span;

pub use describe::{Description, Lines};

/// Shapes of a frame, at most.
const MOST_SHAPES: usize = 1 << 12;
/// Bytes that decoding takes beside what comes out, at most, in raw bytes: all records, and the
/// tokens of the largest.
pub(crate) const MOST_MEMORY: usize = 8;

/// Places of a frame that are looked at, and their length.
const LOOKS: usize = 3;
const LOOK_LEN: usize = 16 << 10;
/// Bytes of a line in the mean, at most; what has longer ones is cut elsewhere.
const LONG: usize = 2048;
/// Where it is cut.
const ENDS: [u8; 3] = [b']', b'}', b';'];
/// One byte in so many is a number's, at least, and stands in a line that has others alike.
const NUMBERS: usize = 6;
const ALIKE: usize = 2;

/// Whether frames of a layout may be text.
pub(crate) fn possible(layout: &Layout) -> bool {
    layout.is_bytes()
}

/// A frame's payload as text, if it seems to be text with numbers or is said to be (`asked`), and
/// has shapes.
///
/// # Errors
/// None that comes from the data.
pub(crate) fn pack(
    raw: &[u8],
    asked: bool,
    level: Level,
    threads: usize,
) -> Result<Option<Vec<u8>>> {
    let end = line_end(raw);
    if u32::try_from(raw.len()).is_err() || !(asked || has_numbers(raw, end)) {
        return Ok(None);
    }
    pack::pack(raw, end, level, threads)
}

/// What a text's payload holds, for listings.
///
/// # Errors
/// `Corrupt` of what no encoder writes.
pub(crate) fn describe(payload: &[u8], raw_len: usize) -> Result<Description> {
    describe::describe(payload, raw_len)
}

/// The raw bytes of a text's payload.
///
/// # Errors
/// `Corrupt` of what no encoder writes.
pub(crate) fn unpack(layout: &Layout, payload: &[u8], raw_len: usize) -> Result<Vec<u8>> {
    match possible(layout) {
        true => unpack::unpack(payload, raw_len),
        false => Err(Error::corrupt("text of a layout that is none")),
    }
}

/// The layout of the sequence of shapes.
fn sequence_layout(shape_n: usize) -> Layout {
    let width = if shape_n > 255 { 2 } else { 1 };
    let field = Field::new(Kind::Uint, width, 1, ByteOrder::Little);
    Layout::from_fields([field]).unwrap_or_else(|_| Layout::bytes())
}

/// Pieces of a frame, spread over it.
fn looks(raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    let share = raw.len() / LOOKS;
    (0..LOOKS).map(move |at| {
        let from = at * share;
        &raw[from..(from + LOOK_LEN).min(raw.len())]
    })
}

/// The byte that ends lines: where they would be long, another that is there often enough.
fn line_end(raw: &[u8]) -> u8 {
    let count = |end: u8| {
        let of = |piece: &[u8]| piece.iter().filter(|byte| **byte == end).count();
        looks(raw).map(of).sum::<usize>()
    };
    let enough = looks(raw).map(<[u8]>::len).sum::<usize>() / LONG;
    if count(b'\n') >= enough {
        return b'\n';
    }
    let other = ENDS.into_iter().max_by_key(|&end| count(end));
    other.filter(|&end| count(end) >= enough).unwrap_or(b'\n')
}

/// Whether a good part of a frame seems to be numbers in lines that are alike.
fn has_numbers(raw: &[u8], end: u8) -> bool {
    let (mut all, mut numbers) = (0, 0);
    for piece in looks(raw) {
        all += piece.len();
        let Some(lines) = lines::Lines::read(piece, end) else {
            return false;
        };
        let mut counts = vec![0usize; lines.keys.len()];
        let keyed = || (0..lines.len()).filter(|&at| lines.key_of[at] != lines::NO_KEY);
        keyed().for_each(|at| counts[lines.key_of[at] as usize] += 1);
        for line in keyed().filter(|&at| counts[lines.key_of[at] as usize] >= ALIKE) {
            let is_number = |span: &&Span| span.of(piece).last().is_some_and(u8::is_ascii_digit);
            let parts = lines.parts(line).iter().filter(is_number);
            numbers += parts.map(Span::len).sum::<usize>();
        }
    }
    numbers * NUMBERS >= all && all > 0
}

#[cfg(test)]
mod tests;
