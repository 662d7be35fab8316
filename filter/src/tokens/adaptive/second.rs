//! A second prediction, for grids and sequences: least squares over eight neighbours that forget
//! fast, so that the weights follow the data (recursive least squares, Haykin, "Adaptive Filter
//! Theory"), and are weighed down where they are far off.
//!
//! Sums are taken in the order of the neighbours, in basic operations of f64: the same on every
//! machine.

use super::super::activity::Activity;
use super::super::context::Geometry;
use super::super::form::Form;
use super::super::stencil::Domain;
use super::super::word::Word;

/// Neighbours.
const NEIGHBOURS: usize = 8;
/// Neighbours and a constant.
const TERMS: usize = NEIGHBOURS + 1;
/// What a row further back counts of one that is nearer.
const KEPT: f64 = 0.998;
/// What stands for the constant.
const CONSTANT: f64 = 0.01;
/// How much of the usual error is no error.
const EASY: f64 = 0.2;
/// Uncertainty at which the weights begin anew.
const UNSURE: f64 = 1e9;
/// The scale of rows before the first.
const UNKNOWN: u8 = 40;

/// Four times the logarithm of a distance, linear between powers of two.
#[inline(always)]
pub fn quarters(distance: u64) -> i32 {
    let distance = distance.saturating_add(1);
    let log = 63 - distance.leading_zeros() as i32;
    let part = (distance << (63 - log)) >> 61 & 3;
    log * 4 + part as i32
}

/// Weights that follow the data.
struct Follower {
    weights: [f64; TERMS],
    /// The inverse of the neighbours' correlations.
    inverse: [[f64; TERMS]; TERMS],
    /// What the next row is predicted from.
    inputs: [f64; TERMS],
    predicted: f64,
    /// Sum of magnitudes and how many: what numbers are divided by.
    size: (f64, f64),
    usual: f64,
}

impl Follower {
    fn new() -> Self {
        let mut weights = [0.0; TERMS];
        (weights[0], weights[1]) = (0.5, 0.5);
        Follower {
            weights,
            inverse: diagonal(10.0),
            inputs: [0.0; TERMS],
            predicted: 0.0,
            size: (0.0, 0.0),
            usual: 0.0,
        }
    }

    fn unit(&self) -> f64 {
        if self.size.1 > 0.0 {
            (self.size.0 / self.size.1).max(1e-30)
        } else {
            1e-30
        }
    }

    #[inline(always)]
    fn predict(&mut self, neighbours: [f64; NEIGHBOURS]) -> f64 {
        let unit = self.unit();
        let mut sum = 0.0;
        for at in 0..NEIGHBOURS {
            self.inputs[at] = neighbours[at] / unit;
            sum += self.weights[at] * self.inputs[at];
        }
        self.inputs[NEIGHBOURS] = CONSTANT;
        self.predicted = sum + self.weights[NEIGHBOURS] * CONSTANT;
        self.predicted * unit
    }

    #[inline(always)]
    fn learn(&mut self, value: f64) {
        let error = value / self.unit() - self.predicted;
        let first = self.size.1 == 0.0;
        self.size = (self.size.0 + value.abs(), self.size.1 + 1.0);
        if self.size.1 > 4096.0 {
            self.size = (self.size.0 * 0.5, self.size.1 * 0.5);
        }
        if first {
            return;
        }
        let distance = error.abs();
        if self.usual == 0.0 {
            self.usual = distance.max(1e-9);
        }
        self.usual = match distance > self.usual {
            true => self.usual * 1.02,
            false => self.usual / 1.02,
        }
        .max(1e-12);
        let counts = 1.0 / (distance / self.usual + EASY).min(1e4);
        let mut gain = [0.0; TERMS];
        let mut sum = KEPT / counts;
        for other in 0..TERMS {
            for at in 0..TERMS {
                gain[at] += self.inverse[other][at] * self.inputs[other];
            }
        }
        for at in 0..TERMS {
            sum += self.inputs[at] * gain[at];
        }
        if !(sum > 1e-30) {
            return;
        }
        let (step, over) = (error / sum, 1.0 / sum);
        let mut trace = 0.0;
        for at in 0..TERMS {
            self.weights[at] += gain[at] * step;
            for other in 0..TERMS {
                // Exactly as symmetric as before.
                let known = gain[at] * gain[other] * over;
                self.inverse[at][other] = (self.inverse[at][other] - known) * (1.0 / KEPT);
            }
            trace += self.inverse[at][at];
        }
        if !(trace < UNSURE) || !self.weights.iter().all(|weight| weight.is_finite()) {
            self.inverse = diagonal(1.0);
            for weight in &mut self.weights {
                *weight = if weight.is_finite() { *weight } else { 0.0 };
            }
        }
    }
}

fn diagonal(value: f64) -> [[f64; TERMS]; TERMS] {
    let at = |row: usize, column: usize| if row == column { value } else { 0.0 };
    std::array::from_fn(|row| std::array::from_fn(|column| at(row, column)))
}

/// A guess of a residual: where, from half of the range, and how far off guesses were nearby.
#[derive(Clone, Copy, Debug, Default)]
pub struct Guess {
    pub centre: i64,
    /// In [`quarters`].
    pub scale: u8,
}

/// How far off a guess was, by row, and where to look for what it may be now.
struct Errors {
    of_row: Vec<u8>,
    around: [(usize, u32); 5],
}

impl Errors {
    fn new(activity: &Activity, row_n: usize) -> Self {
        let near = activity.near.map(|(d, weight)| (d, u32::from(weight)));
        let [a, b, c, d] = near;
        Errors {
            of_row: Vec::with_capacity(row_n),
            around: [a, b, c, d, (activity.above[0].0, 2)],
        }
    }

    #[inline(always)]
    fn scale(&self) -> u8 {
        let row = self.of_row.len();
        let error = |distance: usize| match row.checked_sub(distance) {
            Some(above) => u32::from(self.of_row[above]),
            None => UNKNOWN.into(),
        };
        let all = self.around.iter().map(|&(d, weight)| weight * error(d));
        ((all.sum::<u32>() + 4) / 8) as u8
    }

    #[inline(always)]
    fn put(&mut self, error: Option<u64>) {
        let last = self.of_row.last().copied().unwrap_or(UNKNOWN);
        self.of_row
            .push(error.map_or(last, |error| quarters(error) as u8));
    }
}

/// Both predictions of a column's rows, while these become known.
pub struct Second {
    form: Form,
    domain: Domain,
    neighbours: [usize; NEIGHBOURS],
    follower: Follower,
    /// What the rows so far count as.
    values: Vec<f64>,
    /// Of the first prediction and of the second.
    errors: [Errors; 2],
    centre: i64,
}

impl Second {
    /// For so many rows.
    pub fn new(form: Form, domain: Domain, geometry: &Geometry, row_n: usize) -> Self {
        let (w, p) = (geometry.group, geometry.plane);
        let neighbours = match (w, p) {
            (0..=2, _) => [1, 2, 3, 4, 5, 6, 7, 8],
            (_, 0) => [1, 2, w, w + 1, w - 1, 2 * w, 2 * w + 1, w + 2],
            _ => [1, w, w + 1, p, p + 1, p + w, p + w + 1, 2 * p],
        };
        let errors = || Errors::new(&Activity::new(geometry), row_n);
        Second {
            form,
            domain,
            neighbours,
            follower: Follower::new(),
            values: Vec::with_capacity(row_n),
            errors: [errors(), errors()],
            centre: 0,
        }
    }

    /// The guesses of the next row's residual, given its first prediction.
    #[inline(always)]
    pub fn guess<W: Word>(&mut self, predicted: W) -> [Guess; 2] {
        let row = self.values.len();
        let last = self.values.last().copied().unwrap_or(0.0);
        let neighbours = self
            .neighbours
            .map(|d| row.checked_sub(d).map_or(last, |above| self.values[above]));
        let sum = self.follower.predict(neighbours);
        let word: W = self.domain.word(&self.form, sum);
        self.centre = (word.wide() as i64).wrapping_sub(predicted.wide() as i64);
        [
            Guess {
                centre: 0,
                scale: self.errors[0].scale(),
            },
            Guess {
                centre: self.centre,
                scale: self.errors[1].scale(),
            },
        ]
    }

    /// Takes the row's word; nothing if it takes no part in the arithmetic.
    #[inline(always)]
    pub fn put<W: Word>(&mut self, predicted: W, word: Option<W>) {
        let Some(word) = word else {
            self.values.push(self.values.last().copied().unwrap_or(0.0));
            self.errors.iter_mut().for_each(|errors| errors.put(None));
            return;
        };
        let value = self.domain.value(&self.form, word);
        self.values.push(value);
        self.follower.learn(value);
        let left = (word.wide() as i64).wrapping_sub(predicted.wide() as i64);
        self.errors[0].put(Some(left.unsigned_abs()));
        self.errors[1].put(Some(left.wrapping_sub(self.centre).unsigned_abs()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;
    use crate::numeric::ValueType;

    #[test]
    fn logarithms_ascend() {
        assert_eq!(quarters(0), 0);
        assert_eq!(quarters(1), 4);
        assert_eq!(quarters(u64::MAX), 4 * 63 + 3);
        assert!((0..9999).all(|d| quarters(d) <= quarters(d + 1)));
    }

    #[test]
    fn an_oscillation_is_followed() {
        let vt = ValueType {
            kind: Kind::Float,
            width: 8,
        };
        let form = Form::plain(vt);
        let mut second = Second::new(form, Domain::Numbers, &Geometry::default(), 2000);
        let mut last = 0;
        for row in 0..2000 {
            let (value, _) = crate::numeric::functions::sin_cos(f64::from(row) * 0.1);
            let word: u64 = form.word_of_number(10.0 + value);
            let [_, guess] = second.guess(1u64 << 63);
            last = guess.scale;
            second.put(1u64 << 63, Some(word));
        }
        // Within a part in a hundred.
        assert!(last < 4 * (52 - 7), "{last}");
    }
}
