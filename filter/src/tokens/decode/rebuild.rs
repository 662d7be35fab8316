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

/// Words from residuals, in place.
#[inline(always)]
pub(super) fn rebuild<W: Word>(
    plan: &ColumnPlan,
    left: &Left,
    predicted: &[W],
    tokens: &[u8],
    words: Vec<W>,
) -> (Vec<W>, Exceptions) {
    let mut own_candidates = Vec::new();
    let candidates = match plan.copy.is_prediction(&plan.prediction) {
        true => predicted,
        false => {
            own_candidates = plan.copy.words(&plan.form, left.known);
            &own_candidates[..]
        }
    };
    let mut parts = Parts {
        form: plan.form,
        copy: plan.bins.copy(),
        exception: plan.bins.exception(),
        tokens,
        words,
        exceptions: Vec::new(),
    };
    let excepts = plan
        .frequencies
        .iter()
        .any(|f| f[usize::from(parts.exception)] > 0)
        && tokens.contains(&parts.exception);
    match (&plan.prediction, &plan.copy) {
        (Prediction::Zero, Copy::None) if !excepts => {}
        (Prediction::Zero, Copy::Column(_) | Copy::Mirror(_) | Copy::Relation(_)) if !excepts => {
            for ((word, &token), &candidate) in parts.words.iter_mut().zip(tokens).zip(candidates) {
                *word = if token == parts.copy {
                    candidate
                } else {
                    *word
                };
            }
        }
        (Prediction::Stencil(stencil), copy) => parts.by_stencil(stencil, copy, left, candidates),
        (Prediction::Zero, copy) => parts.by_copy(copy, left, candidates, |_, _| W::HALF),
        (Prediction::Row(1), copy) => {
            let above = |words: &[W], row: usize| if row > 0 { words[row - 1] } else { W::HALF };
            parts.by_copy(copy, left, candidates, above);
        }
        (Prediction::Row(distance), copy) => {
            let distance = *distance as usize;
            let above = |words: &[W], row: usize| {
                row.checked_sub(distance)
                    .map_or(W::HALF, |above| words[above])
            };
            parts.by_copy(copy, left, candidates, above);
        }
        (_, Copy::None) if !excepts => {
            for (word, &predicted) in parts.words.iter_mut().zip(predicted) {
                *word = word.plus(predicted).minus(W::HALF);
            }
        }
        (_, Copy::Column(_) | Copy::Mirror(_) | Copy::Relation(_)) if !excepts => {
            let sides = tokens.iter().zip(predicted).zip(candidates);
            for (word, ((&token, &predicted), &candidate)) in parts.words.iter_mut().zip(sides) {
                *word = if token == parts.copy {
                    candidate
                } else {
                    word.plus(predicted).minus(W::HALF)
                };
            }
        }
        (_, copy) => parts.by_copy(copy, left, candidates, |_, row| predicted[row]),
    }
    shelf::give(own_candidates);
    (parts.words, parts.exceptions)
}

/// A column that is put together row by row.
struct Parts<'a, W> {
    form: Form,
    copy: u8,
    exception: u8,
    tokens: &'a [u8],
    /// Residuals, and words up to the row under work.
    words: Vec<W>,
    exceptions: Exceptions,
}

impl<W: Word> Parts<'_, W> {
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
        mut after: impl FnMut(usize, W),
    ) {
        for row in 0..self.words.len() {
            let token = self.tokens[row];
            let residual = self.words[row];
            // Both are computed, so that nothing has to be guessed.
            let copied = candidate(&self.words, row);
            let near = residual.plus(predicted(&self.words, row)).minus(W::HALF);
            let word = match token {
                token if token == self.exception => self.except(row, residual.wide()),
                token if token == self.copy => copied,
                _ => near,
            };
            self.words[row] = word;
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
            let token = self.tokens[row];
            let residual = self.words[row];
            let word = if token == self.copy {
                match *copy {
                    Copy::Fill(fill) => W::low(fill),
                    Copy::Row(distance) => row
                        .checked_sub(distance as usize)
                        .map_or(W::HALF, |above| self.words[above]),
                    Copy::LastSeen(at) => seen[slot(left.known[usize::from(at)].words.at(row))],
                    Copy::None => W::HALF,
                    _ => candidates[row],
                }
            } else if token == self.exception {
                self.except(row, residual.wide())
            } else {
                residual.plus(predicted).minus(W::HALF)
            };
            if let Copy::LastSeen(at) = *copy {
                seen[slot(left.known[usize::from(at)].words.at(row))] = word;
            }
            self.words[row] = word;
            (fill != Some(word)).then_some(word)
        });
    }
}
