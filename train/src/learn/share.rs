//! One pass of a training step: which rows each thread reads, and its gradients.

use anyhow::Result;
use candle_core::backprop::GradStore;
use candle_core::{Device, Tensor};

use super::{Learning, Split};
use crate::batch::Batcher;
use crate::network::{Memory, Network};
use crate::random::Random;

/// Lengths of chunks that steps draw from; the largest is inference's.
const LENGTHS: [usize; 3] = [16, 32, 64];
/// Loss is bits a value, about.
const LOSS_SCALE: f64 = 1.0 / 32.0;

/// One thread's share of a step.
pub(super) struct Share {
    pub(super) gradients: GradStore,
    pub(super) memory: Memory,
    pub(super) bits: f64,
}

/// A run under way.
pub(super) struct Run<'a> {
    pub(super) learning: &'a Learning,
    /// Of training rows, and of the others.
    pub(super) batchers: [Batcher<'a>; 2],
    pub(super) split: Split,
    pub(super) device: Device,
    pub(super) random: Random,
    pub(super) memories: Vec<Memory>,
    /// Rows read of each sequence, and where the first one begins.
    pub(super) at: Option<usize>,
    pub(super) offset: usize,
}

impl Run<'_> {
    /// All threads' shares of the next pass, and the chunk's length.
    pub(super) fn shares(&mut self, network: &Network) -> Result<(Vec<Share>, usize)> {
        let rows = self.split.train;
        let each = rows / self.learning.sequences;
        let mut length = LENGTHS[self.random.below(LENGTHS.len())];
        while 2 * length > each && length > 1 {
            length /= 2;
        }
        let at = match self.at {
            Some(at) if at + 2 * length <= each => at,
            _ => {
                // A new epoch: sequences begin elsewhere, and remember nothing.
                self.offset = self.random.below(each);
                self.memories.fill(None);
                0
            }
        };
        self.at = Some(at + 2 * length);
        let per_thread = self.learning.sequences / self.learning.threads;
        let this = &*self;
        let work = move |thread: usize| {
            let firsts: Vec<usize> = (0..per_thread)
                .map(|i| (thread * per_thread + i) * each + at + this.offset)
                .collect();
            this.share(network, &firsts, length, &this.memories[thread])
        };
        if self.learning.threads == 1 {
            return Ok((vec![work(0)?], length));
        }
        let shares = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.learning.threads)
                .map(|thread| scope.spawn(move || work(thread)))
                .collect();
            let joined = threads.into_iter().map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|_| Err(anyhow::anyhow!("a training thread panicked")))
            });
            joined.collect::<Result<Vec<_>>>()
        })?;
        Ok((shares, length))
    }

    /// Two consecutive chunks, so that what the first leaves in memory is learned from in the
    /// second.
    fn share(
        &self,
        network: &Network,
        firsts: &[usize],
        length: usize,
        memory: &Memory,
    ) -> Result<Share> {
        let rows = self.split.train;
        let mut memory = memory.clone();
        let (mut losses, mut bits) = (Vec::new(), 0.0);
        for chunk in 0..2 {
            // Sequences go round at the end of the training rows; one that would be cut there
            // begins a little earlier.
            let starts: Vec<usize> = firsts
                .iter()
                .map(|first| ((first + chunk * length) % rows).min(rows - length))
                .collect();
            let batch = self.batchers[0].batch(&starts, length, &self.device)?;
            let (said, next) = network.forward(&batch, &memory)?;
            memory = next;
            bits += f64::from(said.alone.to_scalar::<f32>()?);
            losses.push(match said.mixed {
                Some(mixed) if self.learning.mixed > 0.0 => {
                    ((said.alone * (1.0 - self.learning.mixed))? + (mixed * self.learning.mixed)?)?
                }
                _ => said.alone,
            });
        }
        let scale = LOSS_SCALE / (2 * firsts.len() * length) as f64;
        let loss = (Tensor::stack(&losses, 0)?.sum_all()? * scale)?;
        Ok(Share {
            gradients: loss.backward()?,
            memory: memory.map(|m| m.detach()),
            bits,
        })
    }
}
