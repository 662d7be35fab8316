//! A field's reference in a model file's head: a byte that says which, then the columns it names.

use crate::error::Result;
use crate::frame::{Cursor, put_varint};
use crate::model::network::Reference;
use crate::predict::experts::relation::{FORMULAS, Relation};

const NONE: u8 = 0;
const SAME: u8 = 1;
const MAGNITUDE: u8 = 2;
const REST: u8 = 3;
/// And the formula's number.
const RELATION: u8 = 16;

/// Appends it.
pub(super) fn write(reference: Option<Reference>, out: &mut Vec<u8>) {
    let (tag, columns) = match &reference {
        None => (NONE, &[][..]),
        Some(Reference::Same(column)) => (SAME, std::slice::from_ref(column)),
        Some(Reference::Magnitude(column)) => (MAGNITUDE, std::slice::from_ref(column)),
        Some(Reference::Rest(columns)) => (REST, &columns[..]),
        Some(Reference::Relation(relation)) => {
            (RELATION + relation.formula as u8, &relation.columns[..])
        }
    };
    out.push(tag);
    columns.iter().for_each(|&column| put_varint(out, column.into()));
}

/// Reads it. Whether the columns are there is asked later, of the whole network.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Option<Reference>> {
    let tag = cursor.byte().ok_or_else(super::head::short)?;
    let mut column = || super::head::number::<u16>(cursor, "column of a reference");
    Ok(Some(match tag {
        NONE => return Ok(None),
        SAME => Reference::Same(column()?),
        MAGNITUDE => Reference::Magnitude(column()?),
        REST => Reference::Rest([column()?, column()?, column()?]),
        _ => {
            let formula = tag
                .checked_sub(RELATION)
                .and_then(|number| FORMULAS.get(usize::from(number)))
                .map(|&(formula, _)| formula)
                .ok_or_else(|| super::head::out_of_range("reference"))?;
            let columns = [column()?, column()?, column()?];
            Reference::Relation(Relation { formula, columns })
        }
    }))
}
