//! Integer weights, packed: each byte's bits from what the matrix has shown so far, from the size
//! of the weights before it in its row, and from the weight above it.
//!
//! Matrices of a few KB have to pack well, so every tree starts at a normal distribution of the
//! spread that its context tells of, and a matrix starts with what the ones before it have shown.

use super::chance::{Chance, Mix, NODES};
use crate::coder::BitCoder;
use crate::numeric::{functions::exp, logistic::Logistic};

/// Sizes that are told apart: quarters of octaves.
const SIZES: usize = 40;
/// Parts of the range of the weight above, and one for none.
const ABOVES: usize = 33;
/// The size of what nothing is known of.
const COMMON_SIZE: usize = 28;

/// What a chance's start is worth, in bits seen: by size, by the weight above, of the first matrix,
/// of a later one.
const COUNTS: [u32; 4] = [24, 2, 4, 30];

/// What a weight's surroundings are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Of a matrix, with this many a row.
    Matrix(usize),
    /// Of an embedding, with this many a row.
    Table(usize),
    /// Of a prior: the one above node n is that of node n / 2.
    Prior,
}

/// Weights of one shape: the state that goes from matrix to matrix.
struct Kind {
    by_size: Vec<Chance>,
    by_above: Vec<Chance>,
    shared: Vec<Chance>,
    mixes: [Mix; 8],
}

/// Packs and unpacks weights.
pub(super) struct Weights {
    kinds: [Kind; 3],
    own: Vec<Chance>,
}

impl Weights {
    pub(super) fn new() -> Self {
        let normals: Vec<[u32; NODES]> = (0..SIZES).map(normal).collect();
        let kind = || {
            let trees = |n: usize, size: &dyn Fn(usize) -> usize, count: u32| {
                let nodes = (0..n).flat_map(|at| &normals[size(at)]);
                nodes.map(|&p1| Chance::new(p1, count)).collect()
            };
            Kind {
                by_size: trees(SIZES, &|size| size, COUNTS[0]),
                by_above: trees(ABOVES, &|_| COMMON_SIZE, COUNTS[1]),
                shared: trees(1, &|_| COMMON_SIZE, COUNTS[2]),
                mixes: [Mix::new(); 8],
            }
        };
        Weights {
            kinds: [kind(), kind(), kind()],
            own: Vec::new(),
        }
    }

    /// Codes the weights of one matrix in place.
    pub(super) fn code<C: BitCoder>(
        &mut self,
        coder: &mut C,
        logistic: &Logistic,
        shape: Shape,
        values: &mut [i8],
    ) {
        let (kind, row) = match shape {
            Shape::Matrix(cols) => (&mut self.kinds[0], cols),
            Shape::Table(cols) => (&mut self.kinds[1], cols),
            Shape::Prior => (&mut self.kinds[2], usize::MAX),
        };
        self.own.clear();
        let own = kind.shared.iter().map(|chance| chance.at_most(COUNTS[3]));
        self.own.extend(own);
        let mut mean = 16 * 16;
        for at in 0..values.len() {
            let above = match shape {
                Shape::Prior => (at > 1).then(|| values[at / 2]),
                _ => at.checked_sub(row).map(|above| values[above]),
            };
            let above = above.map_or(ABOVES - 1, |w| usize::from(offset(w) >> 3));
            let by_size = &mut kind.by_size[size(mean) * NODES..][..NODES];
            let by_above = &mut kind.by_above[above * NODES..][..NODES];
            let byte = u32::from(offset(values[at]));
            let mut node = 1;
            for place in 0..8 {
                let chances = [&mut self.own[node], &mut by_size[node], &mut by_above[node]];
                let bit = byte >> (7 - place) & 1;
                let bit = kind.mixes[place].code(coder, logistic, bit, chances);
                node = (2 * node) | bit as usize;
            }
            let weight = (node as u8 ^ 0x80) as i8;
            values[at] = weight;
            mean += 2 * u32::from(weight.unsigned_abs());
            mean -= mean / 8;
        }
        kind.shared.copy_from_slice(&self.own);
    }
}

/// -128 to 127 as 0 to 255.
fn offset(weight: i8) -> u8 {
    weight as u8 ^ 0x80
}

/// The context of a running mean of magnitudes (times 16): quarters of octaves.
fn size(mean: u32) -> usize {
    let x = mean + 4;
    let octave = x.ilog2();
    let quarter = x >> (octave - 2) & 3;
    ((octave - 2) * 4 + quarter).min(SIZES as u32 - 1) as usize
}

/// The chances of the nodes of a normal distribution whose magnitudes have the mean of this size.
fn normal(size: usize) -> [u32; NODES] {
    let x = ((4 + size % 4) << (size / 4)) as f64 + 0.5;
    // The mean magnitude of a normal distribution is sqrt(2 / pi) of its spread.
    let spread = (x / 16.0 * 1.2533).max(0.3);
    let mut mass = [0.0; 2 * NODES];
    for byte in 0..NODES {
        let w = byte as f64 - 128.0;
        mass[NODES + byte] = exp(-0.5 * (w / spread) * (w / spread)) + 1e-5;
    }
    for node in (1..NODES).rev() {
        mass[node] = mass[2 * node] + mass[2 * node + 1];
    }
    let mut chances = [32768; NODES];
    for node in 1..NODES {
        let p1 = mass[2 * node + 1] / mass[node] * 65536.0;
        chances[node] = (p1 as u32).clamp(64, 65472);
    }
    chances
}
