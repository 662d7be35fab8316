//! The numbers of a model in the order of the file, one walk for both directions: the encoder's
//! network is what is written, the decoder's has the right sizes and is filled.

use super::weights::{Shape, Weights};
use super::words::Words;
use crate::coder::{BitCoder, RangeDecoder, RangeEncoder};
use crate::model::Starts;
use crate::model::network::{Matrix, Network, Table};
use crate::numeric::logistic::{self, Logistic};

/// Packs all numbers of a model.
pub(super) fn pack(network: &Network, starts: &Starts) -> Vec<u8> {
    // The walk is written once, for both directions, and takes what it can fill.
    let (mut network, mut starts) = (network.clone(), starts.clone());
    let mut numbers = Numbers::new(RangeEncoder::default());
    numbers.all(&mut network, &mut starts);
    numbers.coder.finish().0
}

/// Fills a model's numbers from their packed bytes. Whether the bytes are whole, the file's hash
/// says.
pub(super) fn unpack(bytes: &[u8], network: &mut Network, starts: &mut Starts) {
    Numbers::new(RangeDecoder::new(bytes, &[])).all(network, starts);
}

struct Numbers<C> {
    coder: C,
    logistic: &'static Logistic,
    weights: Weights,
    floats: Words,
    knots: Words,
    starts: Words,
}

impl<C: BitCoder> Numbers<C> {
    fn new(coder: C) -> Self {
        Numbers {
            coder,
            logistic: logistic::tables(),
            weights: Weights::new(),
            floats: Words::new(4),
            knots: Words::new(8),
            starts: Words::new(2),
        }
    }

    fn all(&mut self, network: &mut Network, starts: &mut Starts) {
        for field in &mut network.fields {
            for knot in &mut field.knots {
                *knot = self.knots.code(&mut self.coder, self.logistic, *knot);
            }
            self.floats(&mut field.query);
            self.table(&mut field.value);
            self.table(&mut field.above);
            self.floats(&mut field.equal);
            self.floats(&mut field.byte_scales);
            self.table(&mut field.head_above);
            for head_type in &mut field.head_types {
                self.floats(head_type);
            }
            for priors in &mut field.priors {
                self.weights(Shape::Prior, &mut priors.common[..]);
                for (_, prior) in &mut priors.after {
                    self.weights(Shape::Prior, &mut prior[..]);
                }
            }
        }
        for table in &mut network.bytes {
            self.table(table);
        }
        for block in &mut network.blocks {
            self.floats(&mut block.attention_norm);
            self.matrix(&mut block.qkv);
            self.floats(&mut block.memory_share);
            self.matrix(&mut block.out);
            self.floats(&mut block.forward_norm);
            self.matrix(&mut block.gate_up);
            self.matrix(&mut block.down);
        }
        self.floats(&mut network.norm);
        if let Some(eviction) = &mut network.eviction {
            self.floats(&mut eviction.depthwise);
            self.floats(&mut eviction.pointwise);
            self.matrix(&mut eviction.project);
            self.floats(&mut eviction.norm);
        }
        for head in &mut network.heads {
            self.matrix(&mut head.project);
            for table in &mut head.prefix {
                self.table(table);
            }
            self.table(&mut head.above);
            self.table(&mut head.reference);
            self.matrix(&mut head.copies);
            self.matrix(&mut head.nodes);
        }
        for weight in starts.numbers_mut() {
            let word = u64::from(*weight as u16);
            *weight = self.starts.code(&mut self.coder, self.logistic, word) as u16 as i16;
        }
    }

    fn matrix(&mut self, matrix: &mut Matrix) {
        self.floats(&mut matrix.scales);
        self.weights(Shape::Matrix(matrix.inputs), &mut matrix.weights);
    }

    fn table(&mut self, table: &mut Table) {
        self.floats(std::slice::from_mut(&mut table.scale));
        self.weights(Shape::Table(table.cols), &mut table.weights);
    }

    fn weights(&mut self, shape: Shape, values: &mut [i8]) {
        let (coder, logistic) = (&mut self.coder, self.logistic);
        self.weights.code(coder, logistic, shape, values);
    }

    fn floats(&mut self, values: &mut [f32]) {
        for value in values {
            let word = u64::from(value.to_bits());
            let word = self.floats.code(&mut self.coder, self.logistic, word);
            *value = f32::from_bits(word as u32);
        }
    }
}
