//! A column's words from its tokens and offsets, predictions and copies.

use std::cell::Cell;

use super::super::form::Form;
use super::super::offsets::BitReader;
use super::super::plan::ColumnPlan;
use super::super::prediction::{Copy, LAST_SEEN, Prediction, last_seen, slot};
use super::super::shelf;
use super::super::stencil::Stencil;
use super::super::word::{Word, gather, with_words};
use super::{Exceptions, Left};

/// Tokens and offsets as residuals; exceptions as their values.
#[inline(always)]
pub(super) fn residuals<W: Word>(
    plan: &ColumnPlan,
    tokens: &[u8],
    offsets: &mut BitReader,
) -> Vec<W> {
    let exception_bits = if tokens.contains(&plan.bins.exception()) {
        plan.form.vt.bits()
    } else {
        0
    };
    let (lower, bits) = plan.bins.table::<W>(exception_bits);
    let sides = tokens
        .iter()
        .map(|&token| (lower[usize::from(token)], bits[usize::from(token)]));
    if bits.iter().all(|&bits| bits == 0) {
        gather(sides.map(|(lower, _)| lower))
    } else if W::BITS == 32 {
        gather(sides.map(|(lower, bits)| lower.plus(W::low(offsets.take(bits.into())))))
    } else {
        gather(sides.map(|(lower, bits)| lower.plus(W::low(offsets.take_wide(bits.into())))))
    }
}

/// Where rows come from while a column is put together: given beforehand, or read along.
pub trait Feed<W> {
    /// A row's token and residual, or an exception's value, given the prediction and what the row
    /// holds so far.
    fn next(&mut self, row: usize, predicted: W, held: W) -> (u8, W);
    /// Takes the row's word.
    fn put(&mut self, row: usize, predicted: W, word: W);
}

/// Tokens that are known, of rows that hold their residuals.
struct Given<'a>(&'a [u8]);

impl<W: Word> Feed<W> for Given<'_> {
    #[inline(always)]
    fn next(&mut self, row: usize, _: W, held: W) -> (u8, W) {
        (self.0[row], held)
    }

    #[inline(always)]
    fn put(&mut self, _: usize, _: W, _: W) {}
}

/// What a column's rows are put together by.
pub struct Rebuild<'a, W> {
    pub plan: &'a ColumnPlan,
    pub left: &'a Left<'a>,
    pub predicted: &'a [W],
}

impl<W: Word> Rebuild<'_, W> {
    /// What the copy of each row would be, where it needs nothing of the column itself; nothing if
    /// it is the prediction.
    #[inline(always)]
    fn candidates(&self) -> Vec<W> {
        let plan = self.plan;
        match plan.copy.is_prediction(&plan.prediction) {
            true => Vec::new(),
            false => plan.copy.words(&plan.form, self.left.known),
        }
    }

    /// Words from residuals, in place.
    #[inline(always)]
    pub fn rebuild(&self, tokens: &[u8], mut words: Vec<W>) -> (Vec<W>, Exceptions) {
        let plan = self.plan;
        let (copy, exception) = (plan.bins.copy(), plan.bins.exception());
        let said = |f: &Vec<u16>| f[usize::from(exception)] > 0;
        let may_except = plan.adaptive.is_some() || plan.frequencies.iter().any(said);
        let excepts = may_except && tokens.contains(&exception);
        let own = self.candidates();
        let candidates = match plan.copy.is_prediction(&plan.prediction) {
            true => self.predicted,
            false => &own[..],
        };
        match (&plan.prediction, &plan.copy) {
            (Prediction::Zero, Copy::None) if !excepts => {}
            (Prediction::Zero, Copy::Column(_) | Copy::Mirror(_) | Copy::Relation(_))
                if !excepts =>
            {
                for ((word, &token), &candidate) in words.iter_mut().zip(tokens).zip(candidates) {
                    *word = if token == copy { candidate } else { *word };
                }
            }
            (prediction, Copy::None) if prediction.is_foreseen() && !excepts => {
                for (word, &predicted) in words.iter_mut().zip(self.predicted) {
                    *word = word.plus(predicted).minus(W::HALF);
                }
            }
            (prediction, Copy::Column(_) | Copy::Mirror(_) | Copy::Relation(_))
                if prediction.is_foreseen() && !excepts =>
            {
                let sides = tokens.iter().zip(self.predicted).zip(candidates);
                for (word, ((&token, &predicted), &candidate)) in words.iter_mut().zip(sides) {
                    *word = if token == copy {
                        candidate
                    } else {
                        word.plus(predicted).minus(W::HALF)
                    };
                }
            }
            _ => {
                shelf::give(own);
                return self.row_by_row(words, &mut Given(tokens));
            }
        }
        shelf::give(own);
        (words, Vec::new())
    }

    /// Words of rows that are fed one by one; `words` are what the rows hold so far.
    #[inline(always)]
    pub fn row_by_row(&self, words: Vec<W>, feed: &mut impl Feed<W>) -> (Vec<W>, Exceptions) {
        let (plan, predicted) = (self.plan, self.predicted);
        let own = self.candidates();
        let candidates = match plan.copy.is_prediction(&plan.prediction) {
            true => predicted,
            false => &own[..],
        };
        let mut parts = Parts {
            form: plan.form,
            copy: plan.bins.copy(),
            exception: plan.bins.exception(),
            feed,
            words,
            exceptions: Vec::new(),
        };
        let (left, copy) = (self.left, &plan.copy);
        match &plan.prediction {
            Prediction::Stencil(stencil) => parts.by_stencil(stencil, copy, left, candidates),
            Prediction::Zero => parts.by_copy(copy, left, candidates, |_, _| W::HALF),
            Prediction::Row(1) => {
                let above =
                    |words: &[W], row: usize| if row > 0 { words[row - 1] } else { W::HALF };
                parts.by_copy(copy, left, candidates, above);
            }
            Prediction::Row(distance) => {
                let distance = *distance as usize;
                let above = |words: &[W], row: usize| {
                    row.checked_sub(distance)
                        .map_or(W::HALF, |above| words[above])
                };
                parts.by_copy(copy, left, candidates, above);
            }
            _ => parts.by_copy(copy, left, candidates, |_, row| predicted[row]),
        }
        let Parts {
            words, exceptions, ..
        } = parts;
        shelf::give(own);
        (words, exceptions)
    }
}

/// The word that a copy stands for, by which of the distances; half of the range before the first
/// row.
#[inline(always)]
fn above_by<W: Word>(distances: &[u32], words: &[W], row: usize, which: u8) -> W {
    let distance = distances.get(usize::from(which));
    let above = distance.and_then(|&distance| row.checked_sub(distance as usize));
    above.map_or(W::HALF, |above| words[above])
}

/// A column that is put together row by row.
struct Parts<'a, W, F> {
    form: Form,
    copy: u8,
    exception: u8,
    feed: &'a mut F,
    /// Residuals, and words up to the row under work.
    words: Vec<W>,
    exceptions: Exceptions,
}

impl<W: Word, F: Feed<W>> Parts<'_, W, F> {
    /// All rows, given the predicted word of a row by the words before it.
    #[inline(always)]
    fn by_copy(
        &mut self,
        copy: &Copy,
        left: &Left,
        candidates: &[W],
        predicted: impl Fn(&[W], usize) -> W,
    ) {
        match *copy {
            Copy::None => self.each(predicted, |_, _| W::HALF, |_, _| {}),
            Copy::Fill(fill) => self.each(predicted, |_, _| W::low(fill), |_, _| {}),
            Copy::Row(1) => self.each(
                predicted,
                |words, row| if row > 0 { words[row - 1] } else { W::HALF },
                |_, _| {},
            ),
            Copy::Row(distance) => {
                let distance = distance as usize;
                let above = |words: &[W], row: usize| {
                    row.checked_sub(distance)
                        .map_or(W::HALF, |above| words[above])
                };
                self.each(predicted, above, |_, _| {});
            }
            Copy::Rows(ref distances) => {
                let first = self.copy;
                self.each_by(
                    predicted,
                    |words, row, token| above_by(distances, words, row, token.wrapping_sub(first)),
                    |_, _| {},
                );
            }
            Copy::LastSeen(at) => {
                let mut seen = last_seen::<W>();
                let seen = Cell::from_mut(&mut seen[..]).as_slice_of_cells();
                with_words!(&left.known[usize::from(at)].words, keys => {
                    let place = |row: usize| slot(keys[row].wide()) % LAST_SEEN;
                    self.each(predicted, |_, row| seen[place(row)].get(), |row, word| seen[place(row)].set(word));
                });
            }
            Copy::Relation(_) | Copy::Column(_) | Copy::Mirror(_) => {
                self.each(predicted, |_, row| candidates[row], |_, _| {});
            }
        }
    }

    #[inline(always)]
    fn each(
        &mut self,
        predicted: impl Fn(&[W], usize) -> W,
        candidate: impl Fn(&[W], usize) -> W,
        after: impl FnMut(usize, W),
    ) {
        self.each_by(predicted, |words, row, _| candidate(words, row), after);
    }

    #[inline(always)]
    fn each_by(
        &mut self,
        predicted: impl Fn(&[W], usize) -> W,
        candidate: impl Fn(&[W], usize, u8) -> W,
        mut after: impl FnMut(usize, W),
    ) {
        for row in 0..self.words.len() {
            let predicted = predicted(&self.words, row);
            let (token, residual) = self.feed.next(row, predicted, self.words[row]);
            // Both are computed, so that nothing has to be guessed.
            let copied = candidate(&self.words, row, token);
            let near = residual.plus(predicted).minus(W::HALF);
            let word = match token {
                token if token == self.exception => self.except(row, residual.wide()),
                token if token >= self.copy => copied,
                _ => near,
            };
            self.words[row] = word;
            self.feed.put(row, predicted, word);
            after(row, word);
        }
    }

    /// The word of a value that was written beside; one that no word gives back is kept, and its
    /// word is that of the row before.
    #[cold]
    fn except(&mut self, row: usize, value: u64) -> W {
        self.form.word(value).unwrap_or_else(|| {
            self.exceptions.push((row as u32, value));
            if row > 0 {
                self.words[row - 1]
            } else {
                W::HALF
            }
        })
    }

    /// All rows by a stencil.
    #[inline(always)]
    fn by_stencil(&mut self, stencil: &Stencil, copy: &Copy, left: &Left, candidates: &[W]) {
        let form = self.form;
        let fill = match copy {
            Copy::Fill(fill) => Some(W::low(*fill)),
            _ => None,
        };
        let mut seen = match copy {
            Copy::LastSeen(_) => last_seen(),
            _ => Vec::new(),
        };
        stencil.rebuild(&form, self.words.len(), |row, predicted| {
            let (token, residual) = self.feed.next(row, predicted, self.words[row]);
            let word = if token == self.exception {
                self.except(row, residual.wide())
            } else if token >= self.copy {
                match *copy {
                    Copy::Fill(fill) => W::low(fill),
                    Copy::Row(distance) => row
                        .checked_sub(distance as usize)
                        .map_or(W::HALF, |above| self.words[above]),
                    Copy::LastSeen(at) => seen[slot(left.known[usize::from(at)].words.at(row))],
                    Copy::Rows(ref distances) => {
                        above_by(distances, &self.words, row, token - self.copy)
                    }
                    Copy::None => W::HALF,
                    _ => candidates[row],
                }
            } else {
                residual.plus(predicted).minus(W::HALF)
            };
            if let Copy::LastSeen(at) = *copy {
                seen[slot(left.known[usize::from(at)].words.at(row))] = word;
            }
            self.words[row] = word;
            self.feed.put(row, predicted, word);
            (fill != Some(word)).then_some(word)
        });
    }
}
