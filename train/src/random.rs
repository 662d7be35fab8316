//! Random numbers that a run can repeat and resume. candle's own generator on the CPU cannot be
//! seeded.
//!
//! Invariant: a generator made from [`Random::state`] goes on with the same numbers. ChaCha with 8
//! rounds: its state is a seed and a place, the same on every machine.

use anyhow::{Result, ensure};
use candle_core::{Device, Shape, Tensor, Var};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

/// Bytes of a state: a seed of 32 and a place of 16.
const STATE: usize = 48;

/// A seeded generator.
#[derive(Clone, Debug)]
pub struct Random(ChaCha8Rng);

impl Random {
    /// The generator of a seed.
    pub fn new(seed: u64) -> Self {
        Random(ChaCha8Rng::seed_from_u64(seed))
    }

    /// What [`Random::from_state`] needs to go on.
    pub fn state(&self) -> Vec<u8> {
        let mut state = self.0.get_seed().to_vec();
        state.extend(self.0.get_word_pos().to_le_bytes());
        state
    }

    /// The generator that had this state.
    ///
    /// # Errors
    /// A state of another length.
    pub fn from_state(state: &[u8]) -> Result<Self> {
        let parts = state.split_first_chunk::<32>();
        let parts = parts.and_then(|(seed, place)| Some((*seed, place.try_into().ok()?)));
        let Some((seed, place)) = parts else {
            anyhow::bail!(
                "a random generator's state has {STATE} bytes, not {}",
                state.len()
            );
        };
        let mut random = ChaCha8Rng::from_seed(seed);
        random.set_word_pos(u128::from_le_bytes(place));
        Ok(Random(random))
    }

    /// A number below `n`, which must not be 0.
    pub fn below(&mut self, n: usize) -> usize {
        self.0.random_range(0..n)
    }

    /// `n` numbers of a normal distribution around 0.
    pub fn normal(&mut self, n: usize, deviation: f32) -> Vec<f32> {
        let number = |_| self.0.sample::<f32, _>(StandardNormal) * deviation;
        (0..n).map(number).collect()
    }

    /// A variable filled with such numbers.
    ///
    /// # Errors
    /// Those of candle; an empty shape.
    pub fn variable(
        &mut self,
        shape: impl Into<Shape>,
        deviation: f64,
        device: &Device,
    ) -> Result<Var> {
        let shape = shape.into();
        let n = shape.elem_count();
        ensure!(n > 0, "a variable of shape {shape:?} holds nothing");
        let values = self.normal(n, deviation as f32);
        Ok(Var::from_tensor(&Tensor::from_vec(values, shape, device)?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_goes_on() -> Result<()> {
        let mut first = Random::new(7);
        first.normal(1001, 1.0);
        let mut second = Random::from_state(&first.state())?;
        assert_eq!(first.normal(100, 2.0), second.normal(100, 2.0));
        assert_eq!(first.below(1 << 40), second.below(1 << 40));
        assert!(Random::from_state(&[0; 47]).is_err() && Random::from_state(&[0; 49]).is_err());
        Ok(())
    }

    #[test]
    fn normal_numbers_are_normal() {
        let x = Random::new(1).normal(100_000, 3.0);
        let mean = x.iter().sum::<f32>() / x.len() as f32;
        let square = x.iter().map(|x| x * x).sum::<f32>() / x.len() as f32;
        assert!(
            mean.abs() < 0.05 && (square - 9.0).abs() < 0.2,
            "{mean} {square}"
        );
    }
}
