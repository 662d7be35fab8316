//! Small networks of random weights: nothing they predict is worth anything, and all that a file must hold is in them.

use catena_filter::Layout;
use catena_filter::model::{
    Block, ColumnStart, Dims, Eviction, Field, Head, Matrix, Model, Network, Priors, Starts, Table,
};

use super::Noise;

/// The smallest architecture that has everything.
pub const DIMS: Dims = Dims {
    width: 16,
    heads: 2,
    blocks: 1,
    hidden: 16,
    head_width: 16,
    window: 4,
    slots: 2,
    rate: 4,
    chunk: 16,
};

/// A model for this layout, the same for the same seed.
pub fn model(layout: &Layout, dims: Dims, seed: u64) -> Model {
    let network = Maker(Noise::new(seed)).network(layout, dims);
    let starts = Starts {
        columns: vec![ColumnStart {
            column: 0,
            efforts: [Some(vec![-300, 0, 1024, i16::MAX, i16::MIN]), None],
        }],
    };
    Model::new(layout.clone(), network, starts, "sample\nrandom weights").unwrap()
}

struct Maker(Noise);

impl Maker {
    fn network(&mut self, layout: &Layout, dims: Dims) -> Network {
        let (d, f, z) = (
            usize::from(dims.width),
            usize::from(dims.hidden),
            usize::from(dims.head_width),
        );
        let columns = layout.columns().columns;
        let widths = columns.iter().map(|column| column.width);
        let fields: Vec<Field> = (0..)
            .zip(widths)
            .map(|(at, width)| self.field(at, width, d, z))
            .collect();
        let planes = fields.iter().map(|field| field.planes.count_ones());
        let head_n = planes.max().unwrap_or(0) as usize;
        Network {
            dims,
            fields,
            bytes: [(); 4].map(|()| self.table(256, d)),
            blocks: (0..dims.blocks)
                .map(|_| Block {
                    attention_norm: vec![1.0; d],
                    qkv: self.matrix(3 * d, d),
                    memory_share: vec![0.05; dims.heads.into()],
                    out: self.matrix(d, d),
                    forward_norm: vec![1.0; d],
                    gate_up: self.matrix(2 * f, d),
                    down: self.matrix(d, f),
                })
                .collect(),
            norm: vec![1.0; d],
            eviction: (dims.slots > 0).then(|| Eviction {
                depthwise: self.floats(3 * d),
                pointwise: self.floats(d),
                project: self.matrix(d, d),
                norm: vec![1.0; d],
            }),
            heads: (0..head_n)
                .map(|at| Head {
                    project: self.matrix(z, d),
                    prefix: (0..at).map(|_| self.table(256, z)).collect(),
                    above: self.table(257, z),
                    nodes: self.matrix(256, z),
                })
                .collect(),
        }
    }

    fn field(&mut self, column: u16, width: u8, d: usize, z: usize) -> Field {
        let planes = if width == 1 { 1u8 } else { 3 };
        let last = u64::MAX >> (64 - 8 * u32::from(width));
        let heads = 0..planes.count_ones();
        let priors = heads.clone().map(|at| Priors {
            common: self.prior(),
            after: match at {
                1 => vec![(3, self.prior()), (200, self.prior())],
                _ => Vec::new(),
            },
        });
        let priors = priors.collect();
        Field {
            column,
            planes,
            query: self.floats(d),
            knots: vec![0, last / 3, last],
            value: self.table(3, d),
            above: self.table(3, d),
            equal: self.floats(d),
            byte_scales: [1.0, 0.5, 0.25, 0.125],
            head_above: self.table(3, z),
            head_types: heads.map(|_| self.floats(z)).collect(),
            priors,
        }
    }

    /// Somewhat normal, within int8.
    fn weight(&mut self) -> i8 {
        let sum: i64 = (0..4).map(|_| (self.0.next() % 64) as i64 - 31).sum();
        sum.clamp(-127, 127) as i8
    }

    fn floats(&mut self, n: usize) -> Vec<f32> {
        let one = |_| f32::from(self.weight()) / 64.0;
        (0..n).map(one).collect()
    }

    fn prior(&mut self) -> Box<[i8; 256]> {
        Box::new([(); 256].map(|()| self.weight() / 4))
    }

    fn matrix(&mut self, outputs: usize, inputs: usize) -> Matrix {
        let scale = |_| 0.001 + (self.0.next() % 1000) as f32 * 1e-5;
        Matrix {
            outputs,
            inputs,
            scales: (0..outputs).map(scale).collect(),
            weights: (0..outputs * inputs).map(|_| self.weight()).collect(),
        }
    }

    fn table(&mut self, rows: usize, cols: usize) -> Table {
        Table {
            rows,
            cols,
            scale: 0.01,
            weights: (0..rows * cols).map(|_| self.weight()).collect(),
        }
    }
}
