//! Embeddings: tables of int8 rows, read as blocks of sixteen numbers; and where a value lies among
//! a field's knots.

use crate::kernel::int8::Lanes;
use crate::kernel::lanes::Vector;
use crate::model::Table;

/// A table cut into blocks.
#[derive(Clone, Debug)]
pub struct Rows {
    blocks: usize,
    weights: Vec<[i8; 16]>,
    /// What a weight of one stands for.
    pub scale: f32,
}

/// A place between two knots.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place {
    knot: usize,
    t: f32,
}

impl Place {
    /// Of `value` among `knots`, of which there are at least two.
    #[inline(always)]
    pub fn of(value: u64, knots: &[u64]) -> Place {
        let above = knots.partition_point(|&knot| knot <= value);
        let knot = above.saturating_sub(1).min(knots.len() - 2);
        let (low, high) = (knots[knot], knots[knot + 1]);
        let value = value.clamp(low, high);
        // Differences of integers: floats of eight bytes keep what tells neighbours apart.
        let t = (value - low) as f64 / (high - low) as f64;
        Place { knot, t: t as f32 }
    }
}

impl Rows {
    /// Cuts a table, whose columns are a multiple of sixteen.
    pub fn new(table: &Table) -> Self {
        let (weights, _) = table.weights.as_chunks::<16>();
        Rows {
            blocks: table.cols / 16,
            weights: weights.to_vec(),
            scale: table.scale,
        }
    }

    /// A row.
    #[inline(always)]
    pub fn row(&self, row: usize) -> &[[i8; 16]] {
        &self.weights[row * self.blocks..(row + 1) * self.blocks]
    }

    /// out += row * scale.
    #[inline(always)]
    pub fn add<V: Vector>(&self, row: usize, scale: f32, out: &mut [Lanes<f32>]) {
        let scale = V::splat(scale);
        for (out, w) in out.iter_mut().zip(self.row(row)) {
            (V::load(&out.0) + V::from_i8(w) * scale).store(&mut out.0);
        }
    }

    /// out += the mean of the two rows around a place.
    #[inline(always)]
    pub fn add_between<V: Vector>(&self, place: Place, out: &mut [Lanes<f32>]) {
        let (t, scale) = (V::splat(place.t), V::splat(self.scale));
        let rows = self.row(place.knot).iter().zip(self.row(place.knot + 1));
        for (out, (low, high)) in out.iter_mut().zip(rows) {
            let (low, high) = (V::from_i8(low), V::from_i8(high));
            (V::load(&out.0) + (low + (high - low) * t) * scale).store(&mut out.0);
        }
    }

    /// Bytes that it takes.
    pub fn bytes(&self) -> usize {
        16 * self.weights.len()
    }
}

/// A vector cut into blocks.
pub fn blocks(vector: &[f32]) -> Vec<Lanes<f32>> {
    let (blocks, _) = vector.as_chunks::<16>();
    blocks.iter().copied().map(Lanes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_between_knots() {
        let knots = [10, 20, 40, u64::MAX];
        let cases = [
            (0, 0, 0.0),
            (10, 0, 0.0),
            (15, 0, 0.5),
            (20, 1, 0.0),
            (35, 1, 0.75),
            (40, 2, 0.0),
            (u64::MAX, 2, 1.0),
        ];
        for (value, knot, t) in cases {
            let place = Place::of(value, &knots);
            assert_eq!((place.knot, place.t), (knot, t), "{value}");
        }
        let place = Place::of(30, &[10, 20]);
        assert_eq!((place.knot, place.t), (0, 1.0));
    }
}
