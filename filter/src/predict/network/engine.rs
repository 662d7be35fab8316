//! A network made ready to run: weights packed for the kernels, tables cut into blocks, numbers
//! that follow from others computed once.

use super::tables::{Rows, blocks};
use crate::kernel::int8::{Lanes, ROWS, Weights};
use crate::model::{self, Dims, Network, Priors, Reference};
use crate::numeric::ValueType;
use crate::{Error, Result};

/// A matrix made ready.
#[derive(Clone, Debug)]
pub(super) struct Matrix {
    pub(super) weights: Weights,
    pub(super) scales: Vec<f32>,
}

impl Matrix {
    fn new(matrix: &model::Matrix) -> Self {
        Matrix {
            weights: Weights::new(matrix.inputs, &matrix.weights),
            scales: matrix.scales.clone(),
        }
    }

    fn bytes(&self) -> usize {
        self.weights.bytes() + 4 * self.scales.len()
    }
}

/// A block made ready.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) attention_norm: Vec<f32>,
    pub(super) qkv: Matrix,
    pub(super) memory_share: Vec<f32>,
    pub(super) out: Matrix,
    pub(super) forward_norm: Vec<f32>,
    pub(super) gate_up: Matrix,
    pub(super) down: Matrix,
}

/// A field made ready.
#[derive(Clone, Debug)]
pub(super) struct Position {
    pub(super) column: usize,
    /// Bytes of its values.
    pub(super) width: usize,
    pub(super) value_type: ValueType,
    pub(super) reference: Option<Reference>,
    /// Planes with a head, the most significant byte in bit 0.
    pub(super) planes: u8,
    pub(super) query: Vec<Lanes<f32>>,
    pub(super) knots: Vec<u64>,
    pub(super) value: Rows,
    pub(super) above: Rows,
    pub(super) equal: Vec<Lanes<f32>>,
    /// Scales of the shared byte tables for this field.
    pub(super) byte_scales: [f32; 4],
    pub(super) head_above: Rows,
    pub(super) head_types: Vec<Vec<Lanes<f32>>>,
    pub(super) priors: Vec<Priors>,
}

/// A head made ready.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) project: Matrix,
    pub(super) prefix: Vec<Rows>,
    pub(super) above: Rows,
    pub(super) reference: Rows,
    pub(super) copies: Rows,
    pub(super) copy_scales: [f32; 2],
    pub(super) nodes: Rows,
    pub(super) node_scales: Vec<f32>,
}

/// Eviction made ready.
#[derive(Clone, Debug)]
pub(super) struct Scorer {
    pub(super) depthwise: Vec<f32>,
    pub(super) pointwise: Vec<f32>,
    pub(super) project: Matrix,
    pub(super) norm: Vec<f32>,
}

/// A network made ready to run; shared by all chains of a stream.
#[derive(Clone, Debug)]
pub struct Engine {
    pub(super) dims: Dims,
    pub(super) positions: Vec<Position>,
    pub(super) types: Vec<ValueType>,
    field_of: Vec<Option<u16>>,
    pub(super) bytes: Vec<Rows>,
    pub(super) layers: Vec<Layer>,
    pub(super) norm: Vec<f32>,
    pub(super) scorer: Option<Scorer>,
    pub(super) heads: Vec<Head>,
}

impl Engine {
    /// Makes a network ready for columns of these types.
    ///
    /// # Errors
    /// A network that does not hold together, or that reads columns or planes that there are not.
    pub fn new(network: &Network, types: &[ValueType]) -> Result<Engine> {
        network.check()?;
        network.fits(types)?;
        let mut field_of = vec![None; types.len()];
        let mut positions = Vec::with_capacity(network.fields.len());
        for (at, field) in network.fields.iter().enumerate() {
            let column = usize::from(field.column);
            let &value_type = types
                .get(column)
                .ok_or_else(|| Error::corrupt("the model reads a column that there is not"))?;
            let slot = field_of
                .get_mut(column)
                .ok_or_else(|| Error::corrupt("the model reads a column that there is not"))?;
            *slot = Some(at as u16);
            positions.push(position(field, value_type, &network.bytes));
        }
        Ok(Engine {
            dims: network.dims,
            positions,
            types: types.to_vec(),
            field_of,
            bytes: network.bytes.iter().map(Rows::new).collect(),
            layers: network.blocks.iter().map(layer).collect(),
            norm: network.norm.clone(),
            scorer: network.eviction.as_ref().map(|e| Scorer {
                depthwise: e.depthwise.clone(),
                pointwise: e.pointwise.clone(),
                project: Matrix::new(&e.project),
                norm: e.norm.clone(),
            }),
            heads: network.heads.iter().map(head).collect(),
        })
    }

    /// The position of a column's field, if it has one.
    pub fn field_of(&self, column: usize) -> Option<usize> {
        self.field_of.get(column)?.map(usize::from)
    }

    /// Fields.
    pub fn positions(&self) -> usize {
        self.positions.len()
    }

    /// Bytes that the network itself takes, about.
    pub fn bytes(&self) -> u64 {
        let matrix = Matrix::bytes;
        let layers = self
            .layers
            .iter()
            .map(|l| matrix(&l.qkv) + matrix(&l.out) + matrix(&l.gate_up) + matrix(&l.down));
        let heads = self.heads.iter().map(|h| {
            let prefix: usize = h.prefix.iter().map(Rows::bytes).sum();
            matrix(&h.project) + prefix + h.above.bytes() + h.reference.bytes() + h.nodes.bytes()
        });
        let fields = self.positions.iter().map(|p| {
            let tables = p.value.bytes() + p.above.bytes() + p.head_above.bytes();
            tables + 8 * p.knots.len() + 1024 * p.priors.len() + 64 * 2 * p.query.len()
        });
        let all = layers.chain(heads).chain(fields);
        let tables: usize = self.bytes.iter().map(Rows::bytes).sum();
        (all.sum::<usize>() + tables) as u64
    }

    /// Bytes that the memory slots of one chain take at most, over all columns.
    pub fn state_bytes(&self) -> u64 {
        let with_heads = self.positions.iter().filter(|p| p.planes != 0).count() as u64;
        let d = u64::from(self.dims.width);
        // Keys as pairs of i16, values as f32, a scale for each; lengthened by a chunk's slots
        // before the oldest go.
        let slot = u64::from(self.dims.blocks) * (2 * d + 4 * d + 8);
        2 * with_heads * u64::from(self.dims.slots) * slot
    }

    /// Bytes that all keys and values of a frame of `rows` rows take.
    pub fn token_bytes(&self, rows: usize) -> u64 {
        let rows = rows.next_multiple_of(ROWS) as u64;
        let row = u64::from(self.dims.blocks) * (2 * u64::from(self.dims.width) + 8);
        self.positions.len() as u64 * rows * row
    }

    /// Multiply-adds of int8 in the backbone for each value, without attention.
    pub fn backbone_products(&self) -> usize {
        let size = |m: &Matrix| m.weights.inputs() * m.weights.outputs();
        let layers = self.layers.iter();
        layers
            .map(|l| size(&l.qkv) + size(&l.out) + size(&l.gate_up) + size(&l.down))
            .sum()
    }

    /// Positions that position `p` looks back at, the first of them.
    #[inline(always)]
    pub(super) fn window_start(&self, p: usize) -> usize {
        (p + 1).saturating_sub(usize::from(self.dims.window))
    }
}

fn position(field: &model::Field, value_type: ValueType, bytes: &[model::Table; 4]) -> Position {
    Position {
        column: usize::from(field.column),
        width: usize::from(value_type.width),
        value_type,
        reference: field.reference,
        planes: field.planes,
        query: blocks(&field.query),
        knots: field.knots.clone(),
        value: Rows::new(&field.value),
        above: Rows::new(&field.above),
        equal: blocks(&field.equal),
        byte_scales: std::array::from_fn(|j| bytes[j].scale * field.byte_scales[j]),
        head_above: Rows::new(&field.head_above),
        head_types: field.head_types.iter().map(|t| blocks(t)).collect(),
        priors: field.priors.clone(),
    }
}

fn layer(block: &model::Block) -> Layer {
    Layer {
        attention_norm: block.attention_norm.clone(),
        qkv: Matrix::new(&block.qkv),
        memory_share: block.memory_share.clone(),
        out: Matrix::new(&block.out),
        forward_norm: block.forward_norm.clone(),
        gate_up: Matrix::new(&block.gate_up),
        down: Matrix::new(&block.down),
    }
}

fn head(head: &model::Head) -> Head {
    // Read row by row; the scales are kept beside.
    let rows = |matrix: &model::Matrix| {
        Rows::new(&model::Table {
            rows: matrix.outputs,
            cols: matrix.inputs,
            weights: matrix.weights.clone(),
            scale: 0.0,
        })
    };
    Head {
        project: Matrix::new(&head.project),
        prefix: head.prefix.iter().map(Rows::new).collect(),
        above: Rows::new(&head.above),
        reference: Rows::new(&head.reference),
        copies: rows(&head.copies),
        copy_scales: [head.copies.scales[0], head.copies.scales[1]],
        nodes: rows(&head.nodes),
        node_scales: head.nodes.scales.clone(),
    }
}
