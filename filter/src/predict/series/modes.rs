//! How a frame's planes are coded: decided by the encoder, coded ahead of the values.

use super::super::column::{Around, Effort, Family, PlaneMode};
use super::super::experts::ols::Ols;
use super::around::finite;
use super::noise;
use super::{Left, Series};
use crate::coder::BitCoder;
use crate::kernel::vector::Isa;

/// Share of a frame's values, in percent, from which on exact copies get a bit of their own where
/// only one plane varies.
const HITS_PAY_SHORT: usize = 95;
/// Bits for half a byte from which the model counts as without hope, and frames after which it may
/// try again.
const HOPELESS: f64 = 3.992;
const RETRY: u32 = 8;

impl Series {
    /// Remembers which halves of planes cost as much as raw bits; forgets it now and then, so that
    /// they are tried again.
    pub(super) fn judge(&mut self, rows: usize) {
        self.frames = self.frames.wrapping_add(1);
        let costs = self.model.end_frame();
        if self.frames.is_multiple_of(RETRY) {
            self.hopeless = [0; 8];
        } else if let Some(costs) = costs.filter(|_| rows >= noise::LEAST) {
            for (k, (upper, lower)) in costs.into_iter().enumerate() {
                if self.modes[k] == PlaneMode::Modelled {
                    self.hopeless[k] = u8::from(lower > HOPELESS) | u8::from(upper > HOPELESS) << 1;
                } else if self.modes[k] == PlaneMode::Half && upper > HOPELESS {
                    self.hopeless[k] |= 2;
                }
            }
        }
    }

    /// Decides which planes are modelled, and whether copies get a bit of their own.
    #[inline(always)]
    pub(super) fn choose_modes<E: Effort, I: Isa>(&mut self, left: Left<'_>, known: &[u64]) {
        let reference = self.refs.first().map(|&j| left.columns[usize::from(j)]);
        let mut shifted = Vec::with_capacity(3);
        for back in [1, self.strides.row, self.strides.plane] {
            if back > 0 && back < known.len() {
                let mut v = vec![known[0]; back];
                v.extend_from_slice(&known[..known.len() - back]);
                shifted.push(v);
            }
        }
        let mut expected: Vec<&[u64]> = shifted.iter().map(Vec::as_slice).collect();
        expected.extend(reference.filter(|r| r.len() == known.len()));
        let least_squares = self.fit::<I>(left, known);
        self.modes = noise::planes(noise::Evidence {
            values: known,
            vt: self.value,
            alone: self.family != Family::Record,
            expected: &expected,
            fitted: least_squares,
            waste: E::WASTE,
            lattice: self.lattice,
        });
        if self.family != Family::Record {
            // Smooth and rough regions may lie far apart in a grid: a sample proves nothing, but a
            // whole frame that was modelled in vain does.
            for (mode, &proof) in self.modes.iter_mut().zip(&self.hopeless) {
                *mode = match (*mode, proof) {
                    (PlaneMode::Constant(byte), _) => PlaneMode::Constant(byte),
                    (PlaneMode::Raw, 3) => PlaneMode::Raw,
                    (PlaneMode::Raw | PlaneMode::Half, 1 | 3) => PlaneMode::Half,
                    _ => PlaneMode::Modelled,
                };
            }
        }
        let same = |a: &[u64]| known.iter().zip(a).filter(|(x, y)| x == y).count();
        let mut most = expected.iter().map(|e| same(e)).max().unwrap_or(0);
        if let Some(relation) = self.relation {
            let hits = (0..known.len())
                .filter(|&row| {
                    self.related(relation, left, row)
                        .is_some_and(|v| self.value.ordered_from_number(v) == known[row])
                })
                .count();
            most = most.max(hits);
        }
        if let Some(reference) = reference {
            let mirrored = known
                .iter()
                .zip(reference)
                .filter(|(x, y)| x == y || **x == !**y & self.value.max_ordered())
                .count();
            most = most.max(mirrored);
        }
        let modelled = self.modes[..usize::from(self.value.width)]
            .iter()
            .filter(|m| !matches!(m, PlaneMode::Constant(_)))
            .count();
        self.hits = most * 100
            >= known.len()
                * if modelled > 1 {
                    E::HITS_PAY
                } else {
                    HITS_PAY_SHORT
                };
    }

    /// What least squares would expect of the sample that the planes are judged by: on ordered
    /// integers and on numbers.
    #[inline(always)]
    pub(super) fn fit<I: Isa>(&self, left: Left<'_>, known: &[u64]) -> Vec<Vec<u64>> {
        let sample = noise::sample(known.len(), self.family != Family::Record);
        if sample.len() < noise::LEAST || self.family == Family::Bytes {
            return Vec::new();
        }
        let vt = self.value;
        let n = if self.family == Family::Record {
            self.regressors.len() + 3
        } else {
            self.offsets.len()
        };
        let mut on_integers = Ols::new(n, 0.9998, 16);
        let mut on_numbers = Ols::new(n, 0.9998, 16);
        let mut fits = vec![
            Vec::with_capacity(sample.len()),
            Vec::with_capacity(sample.len()),
        ];
        let mut around = Around::default();
        let max = vt.max_ordered() as f64;
        for row in sample {
            // Only the regressors matter here; the first row of the stream's place does not.
            self.look_around(&mut around, &known[..row], row, 0, left);
            let number = finite(vt.number(known[row]));
            if self.family == Family::Record {
                fits[0].push(
                    (on_integers.predict::<I>(&around.integers) * max).clamp(0.0, max) as u64,
                );
                fits[1].push(vt.ordered_from_number(on_numbers.predict::<I>(&around.numbers)));
                if row % 2 == 0 {
                    on_integers.learn::<I>(&around.integers, known[row] as f64 / max);
                    on_numbers.learn::<I>(&around.numbers, number);
                }
            } else {
                let west = finite(vt.number(around.before[0]));
                fits[1]
                    .push(vt.ordered_from_number(west + on_numbers.predict::<I>(&around.numbers)));
                on_numbers.learn::<I>(&around.numbers, number - west);
            }
        }
        fits.retain(|f| !f.is_empty());
        fits
    }

    /// Codes the modes, cheaply where they are those of the frame before.
    pub(super) fn code_modes<C: BitCoder>(&mut self, coder: &mut C) {
        let mut bit = |b: bool, p1: u32| coder.code(u32::from(b), p1) == 1;
        let likely = |b: bool, fresh: bool| {
            if fresh {
                32768
            } else if b {
                61000
            } else {
                4536
            }
        };
        let fresh = self.fresh;
        let was = self.modes_before;
        self.hits = bit(self.hits, likely(self.hits_before, fresh));
        for k in 0..usize::from(self.value.width) {
            let mode = self.modes[k];
            let keeps = !fresh && bit(mode == was[k], 64000);
            if keeps {
                self.modes[k] = was[k];
                continue;
            }
            self.modes[k] = if bit(mode == PlaneMode::Modelled, 32768) {
                PlaneMode::Modelled
            } else if bit(mode == PlaneMode::Raw, 32768) {
                PlaneMode::Raw
            } else if bit(mode == PlaneMode::Half, 32768) {
                PlaneMode::Half
            } else {
                let byte = if let PlaneMode::Constant(byte) = mode {
                    byte
                } else {
                    0
                };
                let mut node = 0u8;
                for i in (0..8).rev() {
                    node = node << 1 | u8::from(bit(byte >> i & 1 == 1, 32768));
                }
                PlaneMode::Constant(node)
            };
        }
        self.fresh = false;
        self.modes_before = self.modes;
        self.hits_before = self.hits;
    }
}
