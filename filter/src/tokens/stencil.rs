//! Prediction on a grid: a weighted sum of the values at rows above, in numbers or in words.
//!
//! Sums are taken in a fixed order: first the constant, then the far neighbours in the order of the
//! list for a whole row of the grid at a time, then the near ones value by value. Where a neighbour
//! would lie before the frame, the value before stands in for the whole sum; a far neighbour to the
//! right of the row's end that is not known yet is the last value of the row before.

use super::form::Form;
use super::word::Word;
use crate::Kind;

/// Rows above that are nearer than this may lie in the row under work.
const NEAR: usize = 4;
/// Neighbours of a stencil, at most.
pub const NEIGHBOURS: usize = 32;
/// Numbers beyond this take no part in a sum.
const SUMMED: f64 = 1e30;

/// What is summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// The numbers.
    Numbers,
    /// The words, in which steps are relative: for values that span decades.
    Words,
}

impl Domain {
    /// The word that a sum comes to.
    #[inline(always)]
    pub fn word<W: Word>(self, form: &Form, sum: f64) -> W {
        match self {
            Domain::Numbers => form.word_of_number(sum),
            Domain::Words => W::low((sum + 0.5) as u64),
        }
    }

    /// What a word adds to later sums.
    #[inline(always)]
    pub fn value<W: Word>(self, form: &Form, word: W) -> f64 {
        match self {
            Domain::Numbers => {
                let x = form.vt.number(form.ordered(word));
                if x.abs() < SUMMED { x } else { 0.0 }
            }
            Domain::Words => word.wide() as f64,
        }
    }
}

/// A weighted sum of neighbours.
#[derive(Clone, Debug, PartialEq)]
pub struct Stencil {
    pub domain: Domain,
    /// Values in a row of the grid: how many sums are taken at a time.
    pub row: u32,
    pub bias: f64,
    /// Rows above, and the weight of the value there.
    pub terms: Vec<(u32, f64)>,
}

/// A sum's place in the arithmetic of a column.
struct Sums<'a> {
    form: &'a Form,
    domain: Domain,
    near: Vec<(usize, f64)>,
    far: Vec<(usize, f64)>,
    row: usize,
    /// Rows that have not all neighbours in the frame.
    edge: usize,
    bias: f64,
}

impl<'a> Sums<'a> {
    fn new(stencil: &Stencil, form: &'a Form) -> Self {
        let terms = stencil
            .terms
            .iter()
            .map(|&(distance, weight)| (distance as usize, weight));
        let (near, far): (Vec<_>, Vec<_>) = terms.partition(|&(distance, _)| distance < NEAR);
        let row = (stencil.row as usize).max(1);
        let most = near
            .iter()
            .chain(&far)
            .map(|term| term.0)
            .max()
            .unwrap_or(1);
        Sums {
            form,
            domain: stencil.domain,
            near,
            far,
            row,
            edge: most.div_ceil(row) * row,
            bias: stencil.bias,
        }
    }

    /// The word that a sum comes to.
    #[inline(always)]
    fn word<W: Word>(&self, sum: f64) -> W {
        self.domain.word(self.form, sum)
    }

    /// What a word adds to later sums.
    #[inline(always)]
    fn value<W: Word>(&self, word: W) -> f64 {
        self.domain.value(self.form, word)
    }

    /// What a sum adds to later sums in the place of a value that takes no part.
    #[inline(always)]
    fn in_place(&self, sum: f64) -> f64 {
        if sum.abs() < SUMMED { sum } else { 0.0 }
    }

    /// Goes through all rows in their order: `step` is given the row and the predicted word, and
    /// returns the row's word, or none if the value takes no part in the arithmetic.
    #[inline(always)]
    fn run<W: Word>(&self, row_n: usize, step: impl FnMut(usize, W) -> Option<W>) {
        let float =
            self.form.is_plain() && (self.form.vt.kind, self.form.vt.width) == (Kind::Float, 4);
        match self.domain {
            Domain::Numbers if float && W::BITS == 32 => self.run_by(
                row_n,
                step,
                |sum| W::low(float_word(sum).into()),
                |word| float_number(word.wide() as u32),
            ),
            Domain::Numbers => {
                self.run_by(row_n, step, |sum| self.word(sum), |word| self.value(word))
            }
            Domain::Words => self.run_by(
                row_n,
                step,
                |sum| W::low((sum + 0.5) as u64),
                |word: W| word.wide() as f64,
            ),
        }
    }

    #[inline(always)]
    fn run_by<W: Word>(
        &self,
        row_n: usize,
        mut step: impl FnMut(usize, W) -> Option<W>,
        word_of: impl Fn(f64) -> W,
        value_of: impl Fn(W) -> f64,
    ) {
        let mut values = vec![0f64; row_n];
        let mut sums = vec![0f64; self.row.min(row_n)];
        let mut start = 0;
        while start < row_n {
            let end = (start + self.row).min(row_n);
            let len = end - start;
            let mut before = if start > 0 { values[start - 1] } else { 0.0 };
            if start < self.edge {
                for at in start..end {
                    let word = step(at, word_of(before));
                    before = word.map_or_else(|| self.in_place(before), &value_of);
                    values[at] = before;
                }
                start = end;
                continue;
            }
            let sums = &mut sums[..len];
            sums.fill(self.bias);
            for &(distance, weight) in &self.far {
                let there = len.min(distance);
                for (sum, &value) in sums[..there].iter_mut().zip(&values[start - distance..]) {
                    *sum += weight * value;
                }
                for sum in &mut sums[there..] {
                    *sum += weight * before;
                }
            }
            if let [(1, weight)] = self.near[..] {
                for (at, &sum) in (start..end).zip(&*sums) {
                    let sum = sum + weight * before;
                    let word = step(at, word_of(sum));
                    before = word.map_or_else(|| self.in_place(sum), &value_of);
                    values[at] = before;
                }
            } else {
                for (at, &sum) in (start..end).zip(&*sums) {
                    let mut sum = sum;
                    for &(distance, weight) in &self.near {
                        sum += weight * values[at - distance];
                    }
                    let word = step(at, word_of(sum));
                    values[at] = word.map_or_else(|| self.in_place(sum), &value_of);
                }
            }
            start = end;
        }
    }
}

/// The ordered f32 nearest to a number.
#[inline(always)]
fn float_word(number: f64) -> u32 {
    if number.is_nan() {
        return odd();
    }
    let bits = (number as f32).to_bits();
    bits ^ (((bits as i32) >> 31) as u32 | 0x8000_0000)
}

/// The number of an ordered f32; huge ones, NaN and infinities are 0.
#[inline(always)]
fn float_number(ordered: u32) -> f64 {
    let x = f64::from(f32::from_bits(
        ordered ^ (!(((ordered as i32) >> 31) as u32) | 0x8000_0000),
    ));
    // A branch, so that the arithmetic need not wait for the comparison.
    if x.abs() < SUMMED { x } else { none() }
}

/// The word of what is no number: that of zero.
#[cold]
fn odd() -> u32 {
    1 << 31
}

/// What a value that takes no part adds.
#[cold]
fn none() -> f64 {
    0.0
}

impl Stencil {
    /// The predicted words of a column whose words are known.
    pub fn predict<W: Word>(
        &self,
        form: &Form,
        words: &[W],
        absent: impl Fn(usize) -> bool,
    ) -> Vec<W> {
        let mut predicted = Vec::with_capacity(words.len());
        Sums::new(self, form).run(words.len(), |at, word| {
            predicted.push(word);
            (!absent(at)).then_some(words[at])
        });
        predicted
    }

    /// Goes through a column's rows in their order: `place` is given the row and the predicted
    /// word, and returns the row's word, or none if it takes no part in later sums.
    #[inline(always)]
    pub fn rebuild<W: Word>(
        &self,
        form: &Form,
        row_n: usize,
        place: impl FnMut(usize, W) -> Option<W>,
    ) {
        Sums::new(self, form).run(row_n, place);
    }
}
