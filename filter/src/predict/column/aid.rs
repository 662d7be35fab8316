//! The network among a column's experts: what of its logits the mixer is given, and what is learned
//! from them.
//!
//! Three inputs of a bit: the logit; what came of logits like it (a cell by bit of the value and
//! part of the line); and, at the highest level, the logit with a correction that a last layer of
//! its own learns while it codes. Planes without a head have none of them: their inputs are zero.

use super::super::experts::cells::{Cell, LIMIT};
use super::super::network::ColumnPass;
use super::super::refine::Refinement;
use super::bucket_start;
use crate::kernel::vector::{Block, Isa};
use crate::numeric::logistic::{BUCKETS, Logistic};

/// Bounds of what the mixer is given.
const LINE: f32 = 11.5;
/// Steps of the correction: `low + high / (1 + n / 32)`, over the size of the state.
const STEP_LOW: f32 = 0.004;
const STEP_HIGH: f32 = 0.04;
/// Sizes of states below this count as this.
const LEAST_SIZE: f32 = 1.0;

/// A last layer that learns: a weight vector over the head's state for each node of one plane's
/// byte.
#[derive(Clone, Debug)]
struct Correction {
    /// Blocks of a state.
    blocks: usize,
    /// `[256, blocks]`.
    weights: Vec<Block>,
    /// How often each node was met.
    seen: Vec<u16>,
}

impl Correction {
    fn new(blocks: usize) -> Self {
        Correction {
            blocks,
            weights: vec![[0.0; 16]; 256 * blocks],
            seen: vec![0; 256],
        }
    }
}

/// What one column remembers of the network's bits.
#[derive(Clone, Debug)]
pub struct Aid {
    /// By bit of the value, then by the part of the line that the logit lies in.
    maps: Vec<[Cell; BUCKETS]>,
    /// By plane and node.
    refined: Refinement,
    /// By plane, made when first needed.
    corrections: Vec<Option<Box<Correction>>>,
    /// Whether corrections are learned.
    adapts: bool,
    /// Whether the plane at hand has a head.
    headed: bool,
    logit: f32,
    part: usize,
    corrected: f32,
    size: f32,
}

/// Which part of the line a logit lies in.
#[inline(always)]
fn part(logit: f32) -> usize {
    ((logit + 8.4) * (BUCKETS as f32 / 16.8)).clamp(0.0, BUCKETS as f32 - 1.0) as usize
}

// Bounds by max and min: what is not a number becomes a bound, which `clamp` would not do.
#[allow(clippy::manual_clamp)]
impl Aid {
    /// For a column of `width` planes.
    pub fn new(width: usize, adapts: bool, logistic: &Logistic) -> Self {
        Aid {
            maps: vec![std::array::from_fn(|b| Cell::new(bucket_start(b), logistic)); width * 8],
            refined: Refinement::new(width * 256, 0.02, logistic),
            corrections: vec![None; width],
            adapts,
            headed: false,
            logit: 0.0,
            part: 0,
            corrected: 0.0,
            size: 1.0,
        }
    }

    /// Starts a plane that is modelled.
    #[inline(always)]
    pub fn plane<I: Isa>(&mut self, pass: Option<&mut ColumnPass<'_>>, plane: usize, prefix: u64) {
        self.headed = false;
        if let Some(pass) = pass
            && pass.has_head(plane)
        {
            pass.plane::<I>(plane, prefix);
            self.headed = true;
            if self.adapts {
                let hidden = pass.hidden();
                self.corrections[plane]
                    .get_or_insert_with(|| Box::new(Correction::new(hidden.len())));
                self.size = I::dot(hidden, hidden).max(LEAST_SIZE);
            }
        }
    }

    /// Asks for a bit: fills the mixer's inputs, and says how sure the network is as one of eight
    /// levels, if the plane has a head.
    #[inline(always)]
    pub fn bit<I: Isa>(
        &mut self,
        pass: Option<&mut ColumnPass<'_>>,
        plane: usize,
        (bit_index, node): (usize, u32),
        inputs: &mut [f32],
    ) -> Option<usize> {
        let pass = pass.filter(|_| self.headed)?;
        let logit = pass.logit::<I>(node).max(-LINE).min(LINE);
        self.logit = logit;
        self.part = part(logit);
        inputs[0] = logit;
        inputs[1] = self.maps[bit_index][self.part].stretched;
        let mut sure = logit;
        if let Some(correction) = &self.corrections[plane] {
            let at = node as usize * correction.blocks;
            let by = I::dot(
                pass.hidden(),
                &correction.weights[at..at + correction.blocks],
            );
            self.corrected = (logit + by).max(-LINE).min(LINE);
            inputs[2] = self.corrected;
            sure = self.corrected;
        }
        Some((sure.clamp(-3.9, 3.9) + 4.0) as usize)
    }

    /// The network's own probability refined by what came of it at this node; `other` where the
    /// plane has no head.
    #[inline(always)]
    pub fn refine(&mut self, context: usize, other: f32) -> f32 {
        if self.headed {
            self.refined.refine(context, self.logit)
        } else {
            other
        }
    }

    /// Learns the bit.
    #[inline(always)]
    pub fn learn<I: Isa>(
        &mut self,
        pass: Option<&mut ColumnPass<'_>>,
        plane: usize,
        (bit_index, node): (usize, u32),
        bit: u32,
        logistic: &Logistic,
    ) {
        let Some(pass) = pass.filter(|_| self.headed) else {
            return;
        };
        self.maps[bit_index][self.part].learn(bit, LIMIT, logistic);
        self.refined.learn(bit);
        if let Some(correction) = &mut self.corrections[plane] {
            let error = bit as f32 - logistic.squash(self.corrected);
            let seen = &mut correction.seen[node as usize];
            let rate = STEP_LOW + STEP_HIGH / (1.0 + f32::from(*seen) * (1.0 / 32.0));
            *seen = seen.saturating_add(1);
            let at = node as usize * correction.blocks;
            I::train(
                pass.hidden(),
                &mut correction.weights[at..at + correction.blocks],
                error * rate / self.size,
            );
        }
    }
}
