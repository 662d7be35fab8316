//! What goes into the backbone: the query of a position, and the embedding of the value to its
//! left.

use super::engine::{Engine, Position};
use super::tables::Place;
use crate::kernel::int8::Lanes;
use crate::kernel::lanes::Vector;

/// The column to the left of a position: its values in this frame, and the one above the first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before<'a> {
    pub(super) position: &'a Position,
    pub(super) values: &'a [u64],
    pub(super) above: u64,
}

impl Before<'_> {
    /// Value and value above of a row.
    #[inline(always)]
    fn at(&self, row: usize) -> (u64, u64) {
        let above = if row == 0 {
            self.above
        } else {
            self.values[row - 1]
        };
        (self.values[row], above)
    }
}

/// Writes the inputs of `rows` rows from `first` on, row by row.
#[inline(always)]
pub(super) fn embed<V: Vector>(
    engine: &Engine,
    query: &[Lanes<f32>],
    before: Option<Before>,
    first: usize,
    rows: usize,
    out: &mut [Lanes<f32>],
) {
    for (i, x) in out.chunks_exact_mut(query.len()).take(rows).enumerate() {
        x.copy_from_slice(query);
        let Some(before) = before else {
            continue;
        };
        let field = before.position;
        let (value, above) = before.at(first + i);
        field
            .value
            .add_between::<V>(Place::of(value, &field.knots), x);
        field
            .above
            .add_between::<V>(Place::of(above, &field.knots), x);
        let bytes = field.width.min(4);
        for (j, table) in engine.bytes.iter().take(bytes).enumerate() {
            let byte = (value >> (8 * (bytes - 1 - j)) & 255) as usize;
            table.add::<V>(byte, field.byte_scales[j], x);
        }
        if value == above {
            for (x, equal) in x.iter_mut().zip(&field.equal) {
                (V::load(&x.0) + V::load(&equal.0)).store(&mut x.0);
            }
        }
    }
}
