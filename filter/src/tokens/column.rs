//! A column as both sides know it once it has been coded: what later columns are predicted from.

use std::sync::OnceLock;

use super::form::Form;
use super::shelf;
use super::word::Words;

/// A coded column of a frame.
#[derive(Debug)]
pub struct Known {
    /// Type and transform.
    pub form: Form,
    /// One word a row.
    pub words: Words,
    /// Row and value (an ordered integer) of what the words do not give back.
    pub exceptions: Vec<(u32, u64)>,
    numbers: OnceLock<Vec<f64>>,
}

impl Known {
    /// A column of these parts.
    pub fn new(form: Form, words: Words, exceptions: Vec<(u32, u64)>) -> Self {
        Known {
            form,
            words,
            exceptions,
            numbers: OnceLock::new(),
        }
    }

    /// The values as numbers, computed when they are first asked for. NaN and infinities are huge
    /// finite ones.
    #[inline(always)]
    pub fn numbers(&self) -> &[f64] {
        if let Some(numbers) = self.numbers.get() {
            return numbers;
        }
        // Not inside of a closure, which would be compiled for the plainest of processors.
        let numbers = self.form.numbers(&self.words, &self.exceptions);
        self.numbers.get_or_init(|| numbers)
    }

    /// The value in a row, as an ordered integer.
    pub fn ordered(&self, row: usize) -> u64 {
        if let Ok(at) = self
            .exceptions
            .binary_search_by_key(&(row as u32), |&(row, _)| row)
        {
            return self.exceptions[at].1;
        }
        match &self.words {
            Words::Narrow(words) => self.form.ordered(words[row]),
            Words::Wide(words) => self.form.ordered(words[row]),
        }
    }
}

impl Drop for Known {
    fn drop(&mut self) {
        match std::mem::replace(&mut self.words, Words::Narrow(Vec::new())) {
            Words::Narrow(words) => shelf::give(words),
            Words::Wide(words) => shelf::give(words),
        }
        if let Some(numbers) = self.numbers.take() {
            shelf::give(numbers);
        }
    }
}
