//! What a text's payload holds, in words: for listings.

use super::field::{Field, Pad, Value};
use super::parts;
use super::sequence_layout;
use super::shape::Shape;
use super::style::Form;
use super::unpack::{self, corrupt};
use crate::error::Result;
use crate::frame::Cursor;

/// Lines of one shape.
#[derive(Clone, Debug)]
pub struct Lines {
    /// How many.
    pub count: usize,
    /// Bytes that their columns take.
    pub coded: usize,
    /// What they look like, fields in braces.
    pub pattern: String,
}

/// What a text's frame holds.
#[derive(Clone, Debug)]
pub struct Description {
    /// Lines by shape, the most first.
    pub shapes: Vec<Lines>,
    /// Lines that stayed as they are.
    pub literal_lines: usize,
    /// Their bytes.
    pub literal: usize,
    /// Bytes of the payload for shapes, their sequence, what stayed and what stands beside columns.
    pub rest: [usize; 4],
}

/// Most characters of a pattern.
const LONGEST: usize = 160;

pub(super) fn describe(payload: &[u8], raw_len: usize) -> Result<Description> {
    let mut cursor = Cursor::new(payload);
    let (_, head) = unpack::open(&mut cursor, raw_len)?;
    let mut rest = [cursor.position(), 0, 0, 0];
    let width = sequence_layout(head.shapes.len()).record_size() as usize;
    for (at, len) in [head.lines * width, head.literal, head.beside]
        .into_iter()
        .enumerate()
    {
        rest[at + 1] = parts::skip(len, &mut cursor).ok_or_else(corrupt)?;
    }
    let mut shapes = Vec::new();
    for shape in &head.shapes {
        let mut coded = 0;
        for layout in shape.layouts() {
            let len = layout.record_size() as usize * shape.rows;
            coded += parts::skip(len, &mut cursor).ok_or_else(corrupt)?;
        }
        shapes.push(Lines {
            count: shape.rows,
            coded,
            pattern: pattern(shape),
        });
    }
    Ok(Description {
        literal_lines: head.lines - shapes.iter().map(|one| one.count).sum::<usize>(),
        literal: head.literal,
        rest,
        shapes,
    })
}

fn pattern(shape: &Shape) -> String {
    let mut out = String::new();
    for (before, field) in &shape.fields {
        out += &before.escape_ascii().to_string();
        out += &name(field);
        if out.len() > LONGEST {
            return out + "...";
        }
    }
    out + &shape.tail.escape_ascii().to_string()
}

/// A field in braces: its type, and how its numbers are set.
fn name(field: &Field) -> String {
    let kind = match &field.value {
        Value::Integer { width, signed } => format!("{}{width}", if *signed { 'i' } else { 'u' }),
        Value::Decimal { digits, .. } => format!("d{digits}"),
        Value::Float { width, .. } => format!("f{width}"),
        Value::Word(words) => format!("one of {}", words.len()),
        Value::Bytes { .. } => "bytes".into(),
        Value::Blanks { .. } => "blanks".into(),
    };
    let style = match (&field.value, field.style.form) {
        (Value::Word(_) | Value::Bytes { .. } | Value::Blanks { .. }, _) | (_, Form::Fixed(0)) => {
            String::new()
        }
        (_, Form::Fixed(n)) => format!(" .{n}f"),
        (_, Form::Stripped(n)) => format!(" up to .{n}f"),
        (_, Form::Exponent(n)) => format!(" .{n}e"),
        (_, Form::General { .. }) => " g".into(),
    };
    let width = match field.pad {
        Pad::None => String::new(),
        Pad::Before(fill) => format!(" >{}", fill.width),
        Pad::Behind(fill) => format!(" <{}", fill.width),
    };
    format!("{{{kind}{style}{width}}}")
}
