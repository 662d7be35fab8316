//! A field's reference in a model file's head: a byte that says which, then the columns it names.

use crate::error::Result;
use crate::frame::{Cursor, put_varint};
use crate::model::reference::{Group, Part, Reference};
use crate::numeric::{FORMULAS, Relation};

const NONE: u8 = 0;
const SAME: u8 = 1;
const MAGNITUDE: u8 = 2;
const REST: u8 = 3;
const LENGTH: u8 = 4;
const ANGLE: u8 = 5;
const SUM: u8 = 6;
const MINUS_SUM: u8 = 7;
/// And the formula's number.
const RELATION: u8 = 16;

/// Appends it.
pub(super) fn write(reference: Option<Reference>, out: &mut Vec<u8>) {
    let group = |g: Group| [g.first, g.stride, g.count];
    let (tag, numbers) = match reference {
        None => (NONE, Vec::new()),
        Some(Reference::Same(column)) => (SAME, vec![column]),
        Some(Reference::Magnitude(column)) => (MAGNITUDE, vec![column]),
        Some(Reference::Rest(columns)) => (REST, columns.to_vec()),
        Some(Reference::Balance {
            lengths,
            angles,
            part,
        }) => {
            let tag = if part == Part::Length { LENGTH } else { ANGLE };
            (tag, [group(lengths), group(angles)].concat())
        }
        Some(Reference::Sum { group: g, negative }) => {
            (if negative { MINUS_SUM } else { SUM }, group(g).to_vec())
        }
        Some(Reference::Relation(relation)) => {
            let columns = &relation.columns[..relation.formula.column_n()];
            (RELATION + relation.formula as u8, columns.to_vec())
        }
    };
    out.push(tag);
    numbers
        .into_iter()
        .for_each(|number| put_varint(out, number.into()));
}

/// Reads it. Whether the columns are there is asked later, of the whole network.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Option<Reference>> {
    let tag = cursor.byte().ok_or_else(super::head::short)?;
    let mut number = || super::head::number::<u16>(cursor, "column of a reference");
    Ok(Some(match tag {
        NONE => return Ok(None),
        SAME => Reference::Same(number()?),
        MAGNITUDE => Reference::Magnitude(number()?),
        REST => Reference::Rest([number()?, number()?, number()?]),
        LENGTH | ANGLE => Reference::Balance {
            lengths: group(&mut number)?,
            angles: group(&mut number)?,
            part: if tag == LENGTH {
                Part::Length
            } else {
                Part::Angle
            },
        },
        SUM | MINUS_SUM => Reference::Sum {
            group: group(&mut number)?,
            negative: tag == MINUS_SUM,
        },
        _ => {
            let formula = tag
                .checked_sub(RELATION)
                .and_then(|number| FORMULAS.get(usize::from(number)))
                .map(|&(formula, _)| formula)
                .ok_or_else(|| super::head::out_of_range("reference"))?;
            let mut columns = [0; 4];
            for column in &mut columns[..formula.column_n()] {
                *column = number()?;
            }
            Reference::Relation(Relation { formula, columns })
        }
    }))
}

fn group(number: &mut impl FnMut() -> Result<u16>) -> Result<Group> {
    Ok(Group {
        first: number()?,
        stride: number()?,
        count: number()?,
    })
}
