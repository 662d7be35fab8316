//! What a value is expected to be, from columns to the left and rows above: one prediction a
//! column, and one *copy*: a value that it may well be exactly.
//!
//! Predictions and copies that need nothing of the column itself are computed for all rows at once;
//! those that look at rows above are part of putting the column together (`rebuild`).

use super::column::Known;
use super::form::{Form, Transform};
use super::plan::kept_weight;
use super::stencil::Stencil;
use super::word::{Word, Words, gather};
use crate::numeric::Relation;

/// The centre that residuals are taken from.
#[derive(Clone, Debug, PartialEq)]
pub enum Prediction {
    /// Nothing: the word itself is coded.
    Zero,
    /// The word so many rows above.
    Row(u32),
    /// A formula of up to three columns.
    Relation(Relation),
    /// The value of a column.
    Column(u16),
    /// The absolute value of a column.
    Mirror(u16),
    /// A weighted sum of columns: the constant, then a weight for each.
    Linear {
        columns: Vec<u16>,
        weights: Vec<f64>,
    },
    /// A monotone map of a column's words, piecewise linear between knots.
    Curve { column: u16, knots: Vec<(u64, u64)> },
    /// A weighted sum of the column's own values at rows above.
    Stencil(Stencil),
}

/// A value that often is met exactly, with a token of its own.
#[derive(Clone, Debug, PartialEq)]
pub enum Copy {
    /// None.
    None,
    /// This word: what fills holes. Rows that have it take no part in a stencil's sums.
    Fill(u64),
    /// The word so many rows above.
    Row(u32),
    /// A formula of up to three columns.
    Relation(Relation),
    /// The value of a column.
    Column(u16),
    /// The absolute value of a column.
    Mirror(u16),
    /// The word last seen with the value that this column has here.
    LastSeen(u16),
    /// The words so many rows above, two to [`ROWS`] of them, each with a token of its own: the
    /// first of those that are met.
    Rows(Vec<u32>),
}

/// Rows above that a column may copy from, at most.
pub const ROWS: usize = 8;

/// Slots in which the values last seen are remembered.
pub const LAST_SEEN: usize = 1 << 14;

/// Words that nothing was seen with yet.
pub fn last_seen<W: Word>() -> Vec<W> {
    vec![W::default(); LAST_SEEN]
}

/// The slot of a word.
#[inline(always)]
pub fn slot(word: u64) -> usize {
    (word.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 50) as usize
}

/// Knots of a curve, at most.
pub const KNOTS: usize = 63;
/// Columns of a linear prediction, at most.
pub const TERMS: usize = 15;
/// Numbers beyond this take no part in a sum.
const SUMMED: f64 = 1e12;

/// A number as a summand: huge ones, which NaN and infinities are, are left out.
#[inline(always)]
pub fn summand(x: f64) -> f64 {
    if x.abs() < SUMMED { x } else { 0.0 }
}

impl Prediction {
    /// Whether the predicted words are known before any of the column's.
    pub fn is_foreseen(&self) -> bool {
        !matches!(
            self,
            Prediction::Zero | Prediction::Row(_) | Prediction::Stencil(_)
        )
    }

    /// The predicted words of all rows, where they need nothing of the column itself; else nothing.
    #[inline(always)]
    pub fn words<W: Word>(&self, form: &Form, known: &[Known], row_n: usize) -> Vec<W> {
        match self {
            Prediction::Zero | Prediction::Row(_) | Prediction::Stencil(_) => Vec::new(),
            Prediction::Relation(relation) => by_relation(form, known, relation),
            Prediction::Column(at) => as_column(form, &known[usize::from(*at)]),
            Prediction::Mirror(at) => as_mirror(form, &known[usize::from(*at)]),
            Prediction::Linear { columns, weights } => {
                let mut sums = vec![weights[0]; row_n];
                for (&at, &weight) in columns.iter().zip(&weights[1..]) {
                    for (sum, &x) in sums.iter_mut().zip(known[usize::from(at)].numbers()) {
                        *sum += weight * summand(x);
                    }
                }
                gather(sums.iter().map(|&sum| form.word_of_number(sum)))
            }
            Prediction::Curve { column, knots } => {
                let curve = Curve::new(knots);
                match &known[usize::from(*column)].words {
                    Words::Narrow(words) => gather(words.iter().map(|&w| curve.at(w))),
                    Words::Wide(words) => gather(words.iter().map(|&w| curve.at(w))),
                }
            }
        }
    }

    /// Rounds weights to what plans keep of them.
    pub fn keep(&mut self) {
        match self {
            Prediction::Linear { weights, .. } => weights
                .iter_mut()
                .for_each(|weight| *weight = kept_weight(*weight)),
            Prediction::Stencil(stencil) => {
                stencil.bias = kept_weight(stencil.bias);
                stencil
                    .terms
                    .iter_mut()
                    .for_each(|term| term.1 = kept_weight(term.1));
            }
            _ => {}
        }
    }
}

impl Copy {
    /// Whether the candidates are the predicted words.
    pub fn is_prediction(&self, prediction: &Prediction) -> bool {
        match (self, prediction) {
            (Copy::Relation(copy), Prediction::Relation(prediction)) => copy == prediction,
            (Copy::Column(copy), Prediction::Column(prediction))
            | (Copy::Mirror(copy), Prediction::Mirror(prediction)) => copy == prediction,
            _ => false,
        }
    }

    /// The candidates of all rows, where they need nothing of the column itself; else nothing.
    #[inline(always)]
    pub fn words<W: Word>(&self, form: &Form, known: &[Known]) -> Vec<W> {
        match self {
            Copy::None | Copy::Fill(_) | Copy::Row(_) | Copy::LastSeen(_) | Copy::Rows(_) => {
                Vec::new()
            }
            Copy::Relation(relation) => by_relation(form, known, relation),
            Copy::Column(at) => as_column(form, &known[usize::from(*at)]),
            Copy::Mirror(at) => as_mirror(form, &known[usize::from(*at)]),
        }
    }

    /// Tokens that copies have.
    pub fn token_n(&self) -> usize {
        match self {
            Copy::Rows(distances) => distances.len(),
            _ => 1,
        }
    }

    /// Which copy meets each word, from 1 on; 0 where none does.
    pub fn hits<W: Word>(&self, form: &Form, known: &[Known], words: &[W]) -> Vec<u8> {
        match self {
            Copy::None => vec![0; words.len()],
            Copy::Fill(fill) => {
                let is_fill = |word: &W| u8::from(word.wide() == *fill);
                words.iter().map(is_fill).collect()
            }
            Copy::Row(distance) => by_rows(&[*distance], words),
            Copy::Rows(distances) => by_rows(distances, words),
            Copy::LastSeen(at) => {
                let mut seen = last_seen::<W>();
                let keys = &known[usize::from(*at)].words;
                let meet = |(row, &word): (usize, &W)| {
                    u8::from(std::mem::replace(&mut seen[slot(keys.at(row))], word) == word)
                };
                words.iter().enumerate().map(meet).collect()
            }
            _ => {
                let candidates = self.words::<W>(form, known);
                let sides = candidates.iter().zip(words);
                sides.map(|(one, word)| u8::from(one == word)).collect()
            }
        }
    }
}

/// The first of these distances at which each word stands above, too.
fn by_rows<W: Word>(distances: &[u32], words: &[W]) -> Vec<u8> {
    let mut hits = vec![0; words.len()];
    for (at, &distance) in distances.iter().enumerate().rev() {
        let distance = (distance as usize).min(words.len());
        let sides = words[distance..].iter().zip(words);
        for (hit, (word, above)) in hits[distance..].iter_mut().zip(sides) {
            if word == above {
                *hit = at as u8 + 1;
            }
        }
    }
    hits
}

#[inline(always)]
fn by_relation<W: Word>(form: &Form, known: &[Known], relation: &Relation) -> Vec<W> {
    let [a, b, c, d] = relation.columns.map(|at| known[usize::from(at)].numbers());
    let sides = a.iter().zip(b).zip(c.iter().zip(d));
    let of = |((&a, &b), (&c, &d))| form.word_of_number(relation.formula.of([a, b, c, d]));
    gather(sides.map(of))
}

/// Whether the words of two columns are of one kind and may be compared.
fn alike(form: &Form, other: &Known) -> bool {
    other.form.vt == form.vt
        && other.form.is_plain()
        && form.is_plain()
        && other.exceptions.is_empty()
}

#[inline(always)]
fn as_column<W: Word>(form: &Form, other: &Known) -> Vec<W> {
    if alike(form, other) || (other.form == *form && other.exceptions.is_empty()) {
        return match &other.words {
            Words::Narrow(words) => gather(words.iter().map(|&w| W::low(w.into()))),
            Words::Wide(words) => gather(words.iter().map(|&w| W::low(w))),
        };
    }
    if other.form.vt == form.vt && matches!(form.transform, Transform::Shift(_)) {
        // Exactly, also where a number of 53 bits would not be.
        let row_n = other.words.row_n();
        let Transform::Shift(shift) = form.transform else {
            return Vec::new();
        };
        return (0..row_n)
            .map(|row| W::low(other.ordered(row) >> shift))
            .collect();
    }
    gather(other.numbers().iter().map(|&x| form.word_of_number(x)))
}

#[inline(always)]
fn as_mirror<W: Word>(form: &Form, other: &Known) -> Vec<W> {
    if alike(form, other) && form.vt.bits() == W::BITS {
        return match &other.words {
            Words::Narrow(words) => gather(words.iter().map(|&w| W::low(w.max(!w).into()))),
            Words::Wide(words) => gather(words.iter().map(|&w| W::low(w.max(!w)))),
        };
    }
    gather(
        other
            .numbers()
            .iter()
            .map(|&x| form.word_of_number(x.abs())),
    )
}

/// Knots laid out for a search without branches.
struct Curve {
    places: [u64; 64],
    /// Start, height and slope of each piece; the first lies before all knots.
    pieces: [(f64, f64, f64); 65],
    knot_n: usize,
}

impl Curve {
    fn new(knots: &[(u64, u64)]) -> Self {
        let mut curve = Curve {
            places: [u64::MAX; 64],
            pieces: [(0.0, 0.0, 0.0); 65],
            knot_n: knots.len().min(KNOTS),
        };
        curve.pieces[0].1 = knots.first().map_or(0.0, |knot| knot.1 as f64);
        for (k, &(x, y)) in knots.iter().take(KNOTS).enumerate() {
            curve.places[k] = x;
            let slope = match knots.get(k + 1) {
                Some(&(x1, y1)) if x1 > x => (y1 as f64 - y as f64) / (x1 as f64 - x as f64),
                _ => 0.0,
            };
            curve.pieces[k + 1] = (x as f64, y as f64, slope);
        }
        curve
    }

    #[inline(always)]
    fn at<W: Word, V: Word>(&self, word: V) -> W {
        let word = word.wide();
        let mut piece = 0;
        for step in [32, 16, 8, 4, 2, 1] {
            piece += if self.places[piece + step - 1] <= word {
                step
            } else {
                0
            };
        }
        let (start, height, slope) = self.pieces[piece.min(self.knot_n)];
        W::low((height + (word as f64 - start) * slope) as u64)
    }
}
