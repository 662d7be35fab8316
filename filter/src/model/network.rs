//! The network's numbers: integer weights with their scales, as a model file holds them and as the
//! forward pass reads them.
//!
//! Shapes are written `[outputs, inputs]`, rows one after another. `docs/network.md` says what is
//! computed from them.
//! Invariant: [`Network::check`] holds for every network that is used; it is asked once, where a
//! model enters.

use super::reference::Reference;

/// Planes of a column that may have a head.
pub const MAX_HEADS: usize = 4;

/// The architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dims {
    /// Width `d` of the residual stream; a multiple of 16 and of `heads`.
    pub width: u16,
    /// Attention heads.
    pub heads: u8,
    /// Blocks.
    pub blocks: u8,
    /// Hidden width `f` of a block's feed-forward part; a multiple of 16.
    pub hidden: u16,
    /// Width `z` of the byte heads; a multiple of 16.
    pub head_width: u16,
    /// Fields of its own row that a value may look back at, itself counted.
    pub window: u16,
    /// Slots of compressive memory of each field, at most half of `window` rounded up; 0: none.
    pub slots: u16,
    /// Rows of which one is kept in memory.
    pub rate: u8,
    /// Rows that are worked on side by side; memory is brought up to date after each such chunk.
    pub chunk: u16,
}

/// Integer weights with a scale for each output.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    /// Outputs.
    pub outputs: usize,
    /// Inputs.
    pub inputs: usize,
    /// `[outputs, inputs]`.
    pub weights: Vec<i8>,
    /// `[outputs]`: what a weight of one stands for.
    pub scales: Vec<f32>,
}

/// Rows of integer weights with one scale for all: an embedding.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Rows.
    pub rows: usize,
    /// Weights a row.
    pub cols: usize,
    /// `[rows, cols]`.
    pub weights: Vec<i8>,
    /// What a weight of one stands for.
    pub scale: f32,
}

/// A block of the backbone.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// `[d]`, of the norm before attention.
    pub attention_norm: Vec<f32>,
    /// `[3d, d]`: queries, keys, values.
    pub qkv: Matrix,
    /// `[heads]`: share of the compressive memory in each head's output, 0 to 1 (Infini-attention's
    /// sigmoid of beta).
    pub memory_share: Vec<f32>,
    /// `[d, d]`.
    pub out: Matrix,
    /// `[d]`, of the norm before the feed-forward part.
    pub forward_norm: Vec<f32>,
    /// `[2f, d]`: gates, then values.
    pub gate_up: Matrix,
    /// `[d, f]`.
    pub down: Matrix,
}

/// What is known of a bit before anything is looked at: logits in 1/16 by node.
pub type Prior = [i8; 256];

/// The priors of one head of one field.
#[derive(Clone, Debug, PartialEq)]
pub struct Priors {
    /// Where no other holds.
    pub common: Box<Prior>,
    /// For single values of the byte before (second head only): that byte and its table, by rising
    /// byte.
    pub after: Vec<(u8, Box<Prior>)>,
}

/// A column that the network reads and, if it has heads, predicts.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Number of the column in the layout's record.
    pub column: u16,
    /// Planes with a head: bit `j` is the byte that has `j` bytes above it. At most [`MAX_HEADS`]
    /// bits.
    pub planes: u8,
    /// Another way to the value, if there is one.
    pub reference: Option<Reference>,
    /// `[d]`: the question for this field.
    pub query: Vec<f32>,
    /// Rising ordered integers between which values are told apart; at least 2.
    pub knots: Vec<u64>,
    /// `[knots, d]`: a value of this field, read by those to its right.
    pub value: Table,
    /// `[knots, d]`: the value above, likewise.
    pub above: Table,
    /// `[d]`: that both are equal.
    pub equal: Vec<f32>,
    /// Scales of the shared byte tables for this field's bytes; the last four bytes of longer
    /// values.
    pub byte_scales: [f32; 4],
    /// `[knots, z]`: the value above, read by this field's own heads.
    pub head_above: Table,
    /// `[z]` for each plane with a head.
    pub head_types: Vec<Vec<f32>>,
    /// For each plane with a head.
    pub priors: Vec<Priors>,
}

/// Learned eviction: which rows stay.
#[derive(Clone, Debug, PartialEq)]
pub struct Eviction {
    /// `[3, d]`: over the row before, the row, the row after.
    pub depthwise: Vec<f32>,
    /// `[d]`.
    pub pointwise: Vec<f32>,
    /// `[d, d]`: a kept state becomes a slot.
    pub project: Matrix,
    /// `[d]`: norm of the slots.
    pub norm: Vec<f32>,
}

/// The `i`-th plane with a head, shared by all fields.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// `[z, d]`.
    pub project: Matrix,
    /// One `[256, z]` for each plane with a head before this one: the bytes that are known.
    pub prefix: Vec<Table>,
    /// `[257, z]`: this byte of the value above, or row 256 if the bytes before it differ.
    pub above: Table,
    /// `[257, z]`: the same of the value that the reference expects; row 256 also if there is none.
    pub reference: Table,
    /// `[2, z]`: how much the value above and the reference are believed, as long as their bits are
    /// those of the value.
    pub copies: Matrix,
    /// `[256, z]`: a logit for each node of the byte's tree; node 1 is the root, node 0 is not
    /// used.
    pub nodes: Matrix,
}

/// A network.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// Its sizes.
    pub dims: Dims,
    /// In the order of their columns.
    pub fields: Vec<Field>,
    /// Four `[256, d]`: bytes from the most significant one on.
    pub bytes: [Table; 4],
    /// The backbone.
    pub blocks: Vec<Block>,
    /// `[d]`, of the last norm.
    pub norm: Vec<f32>,
    /// Present if there are slots.
    pub eviction: Option<Eviction>,
    /// As many as the field with most has.
    pub heads: Vec<Head>,
}
