//! What fields make up a record of known length.
//!
//! Every place of the record is read as every number; a dynamic program picks the segmentation of
//! the highest total score, once for each byte order, and the better order is taken for the whole
//! record. Neighbours of one type are then one array field.

use super::super::{ByteOrder, Field, Kind};
use super::number::{BYTE, Rows};

/// Bytes looked at.
const LOOKED_AT: usize = 32 << 10;
/// Records looked at, at least.
const ROWS_MIN: usize = 24;

/// The fields of records of `size` bytes.
pub(super) fn fields(sample: &[u8], size: usize) -> Vec<Field> {
    let rows = Rows::choose(sample, size, (LOOKED_AT / size).max(ROWS_MIN));
    let (little, little_score) = segment(&rows, size, ByteOrder::Little);
    let (big, big_score) = segment(&rows, size, ByteOrder::Big);
    let chosen = if big_score > little_score {
        big
    } else {
        little
    };
    merge(settle(chosen))
}

/// The best segmentation, and its score.
fn segment(rows: &Rows, size: usize, order: ByteOrder) -> (Vec<Field>, i64) {
    // best[at]: score of the record from `at` on, and the reading at `at`.
    let mut best = vec![(0i64, Kind::Uint, 1u32); size + 1];
    for at in (0..size).rev() {
        let mut chosen = (i64::from(BYTE) + best[at + 1].0, Kind::Uint, 1);
        for width in [2usize, 4, 8] {
            if at + width <= size {
                let (kind, score) = rows.score(at, width, order);
                let total = i64::from(score) * width as i64 + best[at + width].0;
                if score > 0 && total > chosen.0 {
                    chosen = (total, kind, width as u32);
                }
            }
        }
        best[at] = chosen;
    }
    let mut fields = Vec::new();
    let mut at = 0;
    while at < size {
        let (_, kind, width) = best[at];
        fields.push(Field::new(kind, width, 1, order));
        at += width as usize;
    }
    (fields, best[0].0)
}

/// Gives columns of zeros (unsigned words of 4 or 8 bytes) the kind of most others.
fn settle(mut fields: Vec<Field>) -> Vec<Field> {
    let float_n = fields
        .iter()
        .filter(|field| field.kind == Kind::Float)
        .count();
    let int_n = fields
        .iter()
        .filter(|field| field.kind == Kind::Int)
        .count();
    if float_n > int_n {
        for field in fields
            .iter_mut()
            .filter(|field| field.kind == Kind::Uint && field.width == 4)
        {
            field.kind = Kind::Float;
        }
    }
    fields
}

fn merge(fields: Vec<Field>) -> Vec<Field> {
    let mut merged: Vec<Field> = Vec::new();
    for field in fields {
        match merged.last_mut() {
            Some(last)
                if (last.kind, last.width, last.order)
                    == (field.kind, field.width, field.order) =>
            {
                last.count += 1;
            }
            _ => merged.push(field),
        }
    }
    merged
}
