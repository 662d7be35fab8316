//! Networks of random weights, valid and lively, for tests and measurements.

use super::{
    Block, Dims, Eviction, Field, Group, Head, MAX_HEADS, Matrix, Network, Part, Prior, Priors,
    Reference, Table,
};
use crate::numeric::{FORMULAS, Relation, ValueType};
use crate::{Kind, Layout};

/// A small architecture with all parts.
pub fn sample_dims() -> Dims {
    Dims {
        width: 32,
        heads: 2,
        blocks: 2,
        hidden: 48,
        head_width: 16,
        window: 8,
        slots: 4,
        rate: 4,
        chunk: 32,
    }
}

/// Random numbers.
struct Source(u64);

impl Source {
    fn next(&mut self) -> u64 {
        // splitmix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// Within -1 and 1.
    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / 8_388_608.0 - 1.0
    }

    /// Among -127..=127.
    fn weights(&mut self, n: usize) -> Vec<i8> {
        let mut weight = || ((self.next() >> 32) % 255) as i16 - 127;
        (0..n).map(|_| weight() as i8).collect()
    }

    /// Around `middle`.
    fn vector(&mut self, n: usize, middle: f32, spread: f32) -> Vec<f32> {
        (0..n).map(|_| middle + spread * self.unit()).collect()
    }

    /// Outputs of about the size of the inputs.
    fn matrix(&mut self, outputs: usize, inputs: usize) -> Matrix {
        let weights = self.weights(outputs * inputs);
        let scale = 1.0 / (73.0 * (inputs as f32).sqrt());
        let scales = (0..outputs)
            .map(|_| scale * (1.0 + 0.5 * self.unit()))
            .collect();
        Matrix {
            outputs,
            inputs,
            weights,
            scales,
        }
    }

    fn table(&mut self, rows: usize, cols: usize) -> Table {
        Table {
            rows,
            cols,
            weights: self.weights(rows * cols),
            scale: 0.01 * (1.5 + self.unit()),
        }
    }

    fn prior(&mut self) -> Box<Prior> {
        Box::new(std::array::from_fn(|_| (self.next() >> 58) as i8 - 32))
    }

    /// Of columns to the left, all kinds in turn where types allow.
    fn reference(&mut self, column: usize, types: &[ValueType]) -> Option<Reference> {
        let left = column.checked_sub(1)? as u16;
        let same = types[usize::from(left)] == types[column];
        let formula = FORMULAS[(self.next() % FORMULAS.len() as u64) as usize].0;
        match column % 4 {
            0 if same => Some(Reference::Same(left)),
            1 if same && types[column].kind == Kind::Float => Some(Reference::Magnitude(left)),
            2 => Some(Reference::Relation(Relation {
                formula,
                columns: [left, 0, left, 0],
            })),
            3 if column > 6 => {
                let group = |first| Group {
                    first,
                    stride: 2,
                    count: 2,
                };
                Some(Reference::Balance {
                    lengths: group(0),
                    angles: group(left - 3),
                    part: if column % 8 == 3 {
                        Part::Length
                    } else {
                        Part::Angle
                    },
                })
            }
            1 if column > 6 => Some(Reference::Sum {
                group: Group {
                    first: 1,
                    stride: 1,
                    count: 3,
                },
                negative: column % 8 == 1,
            }),
            3 => Some(Reference::Rest([left, 0, u16::MAX])),
            _ => None,
        }
    }

    fn field(&mut self, column: usize, types: &[ValueType], dims: Dims) -> Field {
        let width = usize::from(types[column].width);
        let (d, z) = (usize::from(dims.width), usize::from(dims.head_width));
        let most = u64::MAX >> (64 - 8 * width);
        let mut knots: Vec<u64> = (0..9).map(|_| self.next() & most).collect();
        knots.sort_unstable();
        knots.dedup();
        if knots.len() < 2 {
            knots = vec![0, most];
        }
        // Every fifth field is only read.
        let planes: u8 = match column % 5 {
            4 => 0,
            1 if width > 2 => 0b101,
            _ => (1 << width.min(3)) - 1,
        };
        let heads = planes.count_ones() as usize;
        let priors = (0..heads)
            .map(|i| Priors {
                common: self.prior(),
                after: (0..if i == 1 { 200 } else { 0 })
                    .map(|byte| (byte, self.prior()))
                    .collect(),
            })
            .collect();
        Field {
            column: column as u16,
            planes,
            reference: self.reference(column, types),
            query: self.vector(d, 0.0, 1.0),
            value: self.table(knots.len(), d),
            above: self.table(knots.len(), d),
            equal: self.vector(d, 0.0, 1.0),
            byte_scales: std::array::from_fn(|_| 0.5 + 0.5 * self.unit()),
            head_above: self.table(knots.len(), z),
            head_types: (0..heads).map(|_| self.vector(z, 0.0, 1.0)).collect(),
            priors,
            knots,
        }
    }
}

/// A network of random weights for a layout's columns. Every fifth column is only read, and every
/// fifth after the second has heads on two planes that are not neighbours.
pub fn sample_network(layout: &Layout, dims: Dims, seed: u64) -> Network {
    let source = &mut Source(seed);
    let (d, f) = (usize::from(dims.width), usize::from(dims.hidden));
    let z = usize::from(dims.head_width);
    let columns = layout.columns().columns;
    let types: Vec<ValueType> = columns.iter().map(ValueType::of).collect();
    let fields: Vec<Field> = (0..types.len())
        .map(|at| source.field(at, &types, dims))
        .collect();
    let heads = fields.iter().map(|f| f.planes.count_ones()).max();
    let blocks = (0..dims.blocks)
        .map(|_| Block {
            attention_norm: source.vector(d, 1.0, 0.3),
            qkv: source.matrix(3 * d, d),
            memory_share: source.vector(usize::from(dims.heads), 0.5, 0.5),
            out: source.matrix(d, d),
            forward_norm: source.vector(d, 1.0, 0.3),
            gate_up: source.matrix(2 * f, d),
            down: source.matrix(d, f),
        })
        .collect();
    let eviction = (dims.slots > 0).then(|| Eviction {
        depthwise: source.vector(3 * d, 0.0, 1.0),
        pointwise: source.vector(d, 0.0, 1.0),
        project: source.matrix(d, d),
        norm: source.vector(d, 1.0, 0.3),
    });
    let heads = (0..heads.unwrap_or(0).min(MAX_HEADS as u32) as usize)
        .map(|i| Head {
            project: source.matrix(z, d),
            prefix: (0..i).map(|_| source.table(256, z)).collect(),
            above: source.table(257, z),
            reference: source.table(257, z),
            copies: source.matrix(2, z),
            nodes: source.matrix(256, z),
        })
        .collect();
    Network {
        dims,
        fields,
        bytes: std::array::from_fn(|_| source.table(256, d)),
        blocks,
        norm: source.vector(d, 1.0, 0.3),
        eviction,
        heads,
    }
}
