//! Probabilities that learn: of each decision, what followed under each of its contexts so far,
//! mixed in the logistic domain by weights that learn from the error (Mahoney, "Adaptive weighing
//! of context models for lossless data compression", 2005).
//!
//! Integers alone, so that it is the same on every machine.

use std::sync::LazyLock;

use crate::numeric::functions::{exp, ln};

/// Steps of the logistic domain in one unit.
const UNIT: f64 = 256.0;
/// Its end, in steps.
const FAR: i32 = 3071;
/// Parts of a weight in one.
pub const WHOLE: i32 = 1 << 16;
/// A context is counted no further.
const SEEN: u32 = 400;
/// Weights slow down no further.
const LEARNED: usize = 1023;

/// Functions of the logistic domain and rates, as tables.
pub struct Curves {
    /// By the upper 12 bits of a probability.
    stretch: [i16; 4096],
    /// By the place in -FAR..=FAR: a probability of 65536.
    squash: [u16; 2 * FAR as usize + 1],
    /// By how often a context was seen: what it takes from what follows, of 65536.
    steps: [u16; SEEN as usize + 1],
    /// By how often weights have learned: what they take from an error, of 65536.
    rates: [u16; LEARNED + 1],
}

static CURVES: LazyLock<Curves> = LazyLock::new(|| Curves::new(SEEN, (0.02, 0.002)));
static QUICK: LazyLock<Curves> = LazyLock::new(|| Curves::new(30, (0.03, 0.006)));

/// The tables; take the reference once and keep it.
pub fn curves() -> &'static Curves {
    &CURVES
}

/// Those of what changes often.
pub fn quick_curves() -> &'static Curves {
    &QUICK
}

impl Curves {
    /// Contexts take no less of what follows than if they were seen so often; weights take so much
    /// of an error at first, and no less than so much.
    fn new(seen: u32, (first, least): (f64, f64)) -> Self {
        let mut curves = Curves {
            stretch: [0; 4096],
            squash: [0; 2 * FAR as usize + 1],
            steps: [0; SEEN as usize + 1],
            rates: [0; LEARNED + 1],
        };
        for (at, out) in curves.stretch.iter_mut().enumerate() {
            let p = (at as f64 + 0.5) / 4096.0;
            *out = (UNIT * ln(p / (1.0 - p))).round() as i16;
        }
        for (at, out) in curves.squash.iter_mut().enumerate() {
            let x = (at as f64 - f64::from(FAR)) / UNIT;
            *out = (65536.0 / (1.0 + exp(-x))).clamp(16.0, 65520.0) as u16;
        }
        for (at, out) in curves.steps.iter_mut().enumerate() {
            *out = (65536.0 / (at as f64 + 1.5)).max(65536.0 / f64::from(seen)) as u16;
        }
        for (at, out) in curves.rates.iter_mut().enumerate() {
            let slowed = first / (1.0 + at as f64 * 0.02).sqrt();
            *out = (65536.0 * slowed.max(least)) as u16;
        }
        curves
    }

    /// The probability of 65536 at a place of the logistic domain.
    #[inline(always)]
    pub fn squash(&self, place: i32) -> u32 {
        u32::from(self.squash[(place.clamp(-FAR, FAR) + FAR) as usize])
    }
}

/// What followed in a context: the probability of going right in 22 bits, and how often in 10.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell(u32);

impl Cell {
    /// One that has seen nothing.
    pub const NEW: Cell = Cell(1 << 31);

    /// Its place in the logistic domain.
    #[inline(always)]
    pub fn place(self, curves: &Curves) -> i32 {
        i32::from(curves.stretch[(self.0 >> 20) as usize])
    }

    /// How often it was met, as far as that is counted.
    #[inline(always)]
    pub fn seen(self) -> u32 {
        self.0 & 1023
    }

    /// Takes in what followed.
    #[inline(always)]
    pub fn learn(&mut self, bit: u32, curves: &Curves) {
        let seen = self.seen();
        let step = i64::from(curves.steps[seen.min(SEEN) as usize]);
        let p = i64::from(self.0 >> 10);
        let goal = if bit != 0 { (1 << 22) - 1 } else { 0 };
        let p = p + (((goal - p) * step) >> 16);
        self.0 = (p as u32) << 10 | (seen + 1).min(SEEN);
    }
}

/// Weights of the places that foretell one kind of decision.
#[derive(Clone, Copy, Debug)]
pub struct Weights<const K: usize, const E: usize> {
    contexts: [i32; K],
    experts: [i32; E],
    learned: u32,
}

impl<const K: usize, const E: usize> Default for Weights<K, E> {
    fn default() -> Self {
        Weights::each(WHOLE * 19 / 20 / (K + E) as i32)
    }
}

impl<const K: usize, const E: usize> Weights<K, E> {
    /// All the same.
    pub fn each(weight: i32) -> Self {
        Weights {
            contexts: [weight; K],
            experts: [weight; E],
            learned: 0,
        }
    }

    /// The weighted sum of places.
    #[inline(always)]
    pub fn mix(&self, contexts: &[i32; K], experts: &[i32; E]) -> i32 {
        let sum = |weights: &[i32], places: &[i32]| {
            let product = |(&w, &x): (&i32, &i32)| i64::from(w) * i64::from(x);
            weights.iter().zip(places).map(product).sum::<i64>()
        };
        let both = sum(&self.contexts, contexts) + sum(&self.experts, experts);
        (both >> 16).clamp(-i64::from(FAR), i64::from(FAR)) as i32
    }

    /// Moves weights along an error of 65536.
    #[inline(always)]
    pub fn learn(&mut self, contexts: &[i32; K], experts: &[i32; E], error: i32, curves: &Curves) {
        let by = i64::from(error) * i64::from(curves.rates[self.learned as usize & LEARNED]);
        self.learned = (self.learned + 1).min(LEARNED as u32);
        let all = self.contexts.iter_mut().zip(contexts);
        for (weight, &place) in all.chain(self.experts.iter_mut().zip(experts)) {
            let moved = *weight + ((by * i64::from(place)) >> 24) as i32;
            *weight = moved.clamp(-16 * WHOLE, 16 * WHOLE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_always_becomes_certain() {
        let curves = curves();
        let mut cell = Cell::NEW;
        assert_eq!(curves.squash(cell.place(curves)), 32768);
        (0..1000).for_each(|_| cell.learn(1, curves));
        assert!(curves.squash(cell.place(curves)) > 65000);
        let mut weights = Weights::<1, 0>::default();
        for _ in 0..1000 {
            let place = [cell.place(curves)];
            let p = curves.squash(weights.mix(&place, &[]));
            weights.learn(&place, &[], 65536 - p as i32, curves);
        }
        assert_eq!(
            curves.squash(weights.mix(&[cell.place(curves)], &[])),
            65520
        );
    }
}
