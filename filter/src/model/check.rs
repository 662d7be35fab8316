//! Whether a network holds together: asked once, where a model enters, so that nothing after it
//! asks again.
//!
//! Sizes agree, products cannot overflow, and all numbers are small enough that no sum, however it
//! falls out, leaves the range of f32: there is no infinity and no NaN behind this check, which
//! machines could disagree about.

use super::{Block, Eviction, Field, Head, MAX_HEADS, Matrix, Network, Table};
use crate::kernel::int8::{MAX_INPUTS, ROWS};
use crate::numeric::ValueType;
use crate::{Error, Result};

/// Most fields.
pub const MAX_FIELDS: usize = 256;
/// Most rows of a chunk.
pub const MAX_CHUNK: usize = 1024;
/// Largest magnitude of a number that is no integer.
pub const MAX_NUMBER: f32 = 1000.0;

/// An error unless `holds`.
fn ensure(holds: bool, what: &'static str) -> Result<()> {
    if holds {
        Ok(())
    } else {
        Err(Error::corrupt(what))
    }
}

impl Network {
    /// Whether the network holds together.
    ///
    /// # Errors
    /// Says what does not.
    pub fn check(&self) -> Result<()> {
        self.check_dims()?;
        let dims = self.dims;
        let (d, z) = (usize::from(dims.width), usize::from(dims.head_width));
        ensure(
            (1..=MAX_FIELDS).contains(&self.fields.len()),
            "the model has no field, or too many",
        )?;
        ensure(
            self.fields.is_sorted_by(|a, b| a.column < b.column),
            "the model's columns do not rise",
        )?;
        for field in &self.fields {
            field.check(d, z)?;
        }
        for bytes in &self.bytes {
            bytes.check(256, d)?;
        }
        ensure(
            self.blocks.len() == usize::from(dims.blocks),
            "the model's blocks are not as many as it says",
        )?;
        for block in &self.blocks {
            block.check(d, usize::from(dims.hidden), usize::from(dims.heads))?;
        }
        numbers(&self.norm, d)?;
        ensure(
            self.eviction.is_some() == (dims.slots > 0),
            "the model has memory without slots, or slots without memory",
        )?;
        if let Some(eviction) = &self.eviction {
            eviction.check(d)?;
        }
        let most = self.fields.iter().map(Field::head_n).max().unwrap_or(0);
        ensure(
            most > 0 && self.heads.len() == most,
            "the model's heads are not as many as its fields need",
        )?;
        for (i, head) in self.heads.iter().enumerate() {
            head.check(i, d, z)?;
        }
        Ok(())
    }

    fn check_dims(&self) -> Result<()> {
        let dims = self.dims;
        for size in [dims.width, dims.hidden, dims.head_width] {
            let size = usize::from(size);
            ensure(
                size > 0 && size <= MAX_INPUTS && size.is_multiple_of(16),
                "a width of the model is not a multiple of 16, or too large",
            )?;
        }
        // Keys are read two numbers at a time.
        let heads = u16::from(dims.heads);
        ensure(
            heads > 0 && dims.width.is_multiple_of(2 * heads),
            "the model's width does not divide into its heads",
        )?;
        ensure(dims.blocks > 0, "the model has no block")?;
        ensure(dims.window > 0, "the model's window is empty")?;
        ensure(
            dims.slots <= dims.window.div_ceil(2),
            "the model's memory is larger than half its window",
        )?;
        ensure(dims.rate > 0, "the model's memory keeps one of no rows")?;
        let chunk = usize::from(dims.chunk);
        ensure(
            chunk > 0 && chunk <= MAX_CHUNK && chunk.is_multiple_of(ROWS),
            "the model's chunk is not a multiple of 16, or too large",
        )
    }

    /// Whether the network reads columns and planes that data with columns of these types has.
    ///
    /// # Errors
    /// Says what there is not.
    pub fn fits(&self, types: &[ValueType]) -> Result<()> {
        for field in &self.fields {
            let value = types.get(usize::from(field.column)).ok_or_else(|| {
                Error::corrupt("the model reads a column that the layout does not have")
            })?;
            ensure(
                u32::from(field.planes) >> value.width == 0,
                "the model codes bytes that a column does not have",
            )?;
            if let Some(reference) = field.reference {
                reference.fits(usize::from(field.column), types)?;
            }
        }
        Ok(())
    }
}

/// So many numbers, none of them too large or not a number.
fn numbers(values: &[f32], n: usize) -> Result<()> {
    ensure(values.len() == n, "a vector of the model has another size")?;
    ensure(
        values.iter().all(|v| v.abs() <= MAX_NUMBER),
        "a number of the model is not finite, or too large",
    )
}

fn weights(weights: &[i8], rows: usize, cols: usize) -> Result<()> {
    ensure(
        rows.checked_mul(cols) == Some(weights.len()),
        "weights of the model have another size",
    )?;
    ensure(!weights.contains(&i8::MIN), "a weight of the model is -128")
}

impl Matrix {
    fn check(&self, outputs: usize, inputs: usize) -> Result<()> {
        ensure(
            self.outputs == outputs && self.inputs == inputs,
            "a matrix of the model has another size",
        )?;
        weights(&self.weights, outputs, inputs)?;
        numbers(&self.scales, outputs)?;
        ensure(
            self.scales.iter().all(|&s| s > 0.0),
            "a scale of the model is not above zero",
        )
    }
}

impl Table {
    fn check(&self, rows: usize, cols: usize) -> Result<()> {
        ensure(
            self.rows == rows && self.cols == cols,
            "a table of the model has another size",
        )?;
        weights(&self.weights, rows, cols)?;
        ensure(
            (0.0..=MAX_NUMBER).contains(&self.scale),
            "a scale of the model is negative, too large or not a number",
        )
    }
}

impl Block {
    fn check(&self, d: usize, hidden: usize, heads: usize) -> Result<()> {
        numbers(&self.attention_norm, d)?;
        self.qkv.check(3 * d, d)?;
        numbers(&self.memory_share, heads)?;
        ensure(
            self.memory_share.iter().all(|s| (0.0..=1.0).contains(s)),
            "a share of the model's memory is not within 0 and 1",
        )?;
        self.out.check(d, d)?;
        numbers(&self.forward_norm, d)?;
        self.gate_up.check(2 * hidden, d)?;
        self.down.check(d, hidden)
    }
}

impl Field {
    /// Planes with a head.
    fn head_n(&self) -> usize {
        self.planes.count_ones() as usize
    }

    fn check(&self, d: usize, z: usize) -> Result<()> {
        let heads = self.head_n();
        ensure(
            heads <= MAX_HEADS,
            "a field of the model has too many heads",
        )?;
        ensure(
            self.knots.len() >= 2 && self.knots.is_sorted_by(|a, b| a < b),
            "knots of the model are too few or do not rise",
        )?;
        let knots = self.knots.len();
        numbers(&self.query, d)?;
        self.value.check(knots, d)?;
        self.above.check(knots, d)?;
        numbers(&self.equal, d)?;
        numbers(&self.byte_scales, 4)?;
        self.head_above.check(knots, z)?;
        ensure(
            self.head_types.len() == heads && self.priors.len() == heads,
            "a field of the model has other heads than it says",
        )?;
        for kind in &self.head_types {
            numbers(kind, z)?;
        }
        for (i, priors) in self.priors.iter().enumerate() {
            ensure(
                (i == 1 || priors.after.is_empty()) && priors.after.is_sorted_by(|a, b| a.0 < b.0),
                "priors of the model are out of order",
            )?;
        }
        Ok(())
    }
}

impl Eviction {
    fn check(&self, d: usize) -> Result<()> {
        numbers(&self.depthwise, 3 * d)?;
        numbers(&self.pointwise, d)?;
        self.project.check(d, d)?;
        numbers(&self.norm, d)
    }
}

impl Head {
    fn check(&self, at: usize, d: usize, z: usize) -> Result<()> {
        self.project.check(z, d)?;
        ensure(
            self.prefix.len() == at,
            "a head of the model reads other bytes than those before it",
        )?;
        for prefix in &self.prefix {
            prefix.check(256, z)?;
        }
        self.above.check(257, z)?;
        self.reference.check(257, z)?;
        self.copies.check(2, z)?;
        self.nodes.check(256, z)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{sample_dims, sample_network};
    use super::*;
    use crate::Layout;

    #[test]
    fn faults_are_found() {
        let layout = Layout::parse("<f4,<u2,<f8").unwrap();
        let good = sample_network(&layout, sample_dims(), 1);
        good.check().unwrap();
        type Fault = fn(&mut Network);
        let faults: &[Fault] = &[
            |n| n.dims.width = 24,
            |n| n.dims.width = 0,
            |n| n.dims.hidden = 8192,
            |n| n.dims.heads = 0,
            |n| n.dims.heads = 3,
            |n| n.dims.heads = 32,
            |n| n.dims.blocks += 1,
            |n| n.dims.window = 0,
            |n| n.dims.slots = n.dims.window,
            |n| n.dims.slots = 0,
            |n| n.dims.rate = 0,
            |n| n.dims.chunk = 0,
            |n| n.dims.chunk = 17,
            |n| n.dims.chunk = 2048,
            |n| n.fields.clear(),
            |n| n.fields.reverse(),
            |n| n.fields[1].column = 0,
            |n| n.fields[0].planes = 0x1f,
            |n| n.fields[0].planes |= 8,
            |n| n.fields[0].knots.truncate(1),
            |n| n.fields[0].knots[1] = n.fields[0].knots[0],
            |n| n.fields[0].query[3] = f32::NAN,
            |n| n.fields[0].equal[0] = f32::INFINITY,
            |n| n.fields[0].byte_scales[2] = -1e9,
            |n| n.fields[0].value.rows += 1,
            |n| n.fields[0].above.scale = -1.0,
            |n| n.fields[0].head_above.weights[0] = -128,
            |n| n.fields[0].head_types.push(Vec::new()),
            |n| n.fields[0].priors.truncate(1),
            |n| {
                let after = (3, n.fields[0].priors[0].common.clone());
                n.fields[0].priors[0].after.push(after);
            },
            |n| {
                let common = n.fields[0].priors[1].common.clone();
                n.fields[0].priors[1].after = vec![(3, common.clone()), (3, common)];
            },
            |n| n.bytes[3].weights.truncate(17),
            |n| n.blocks[0].qkv.scales[5] = 0.0,
            |n| n.blocks[0].qkv.scales[5] = f32::NAN,
            |n| n.blocks[0].out.weights[9] = -128,
            |n| n.blocks[0].memory_share[0] = 1.5,
            |n| n.blocks[0].gate_up.outputs -= 16,
            |n| n.blocks[0].down.weights.truncate(40),
            |n| n.blocks[0].attention_norm[0] = 1e6,
            |n| n.norm.truncate(31),
            |n| n.eviction = None,
            |n| n.eviction.as_mut().unwrap().pointwise[0] = f32::NAN,
            |n| n.heads.truncate(1),
            |n| n.heads[1].prefix.clear(),
            |n| n.heads[0].nodes.scales[0] = -1.0,
            |n| n.heads[0].above.rows = 256,
            |n| n.heads[1].copies.outputs = 1,
        ];
        for (i, fault) in faults.iter().enumerate() {
            let mut bad = good.clone();
            fault(&mut bad);
            assert!(bad.check().is_err(), "fault {i} is not found");
        }
    }

    #[test]
    fn columns_must_be_there() {
        let types = |text: &str| -> Vec<ValueType> {
            let columns = Layout::parse(text).unwrap().columns().columns;
            columns.iter().map(ValueType::of).collect()
        };
        let layout = Layout::parse("<f4,<u2,<f8").unwrap();
        let network = sample_network(&layout, sample_dims(), 1);
        assert!(network.fits(&types("<f4,<u2,<f8")).is_ok());
        assert!(network.fits(&types("<f4,<u2,<f8,<f8")).is_ok());
        assert!(network.fits(&types("<f4,<u2")).is_err());
        assert!(network.fits(&types("<u2,<u2,<f8")).is_err());
    }
}
