//! What lies around a value: neighbours in its column, in its row, on its grid.

use super::super::column::{Around, Family};
use super::super::experts::slots::hash2;
use super::{Left, Series, Strides};
use crate::model::Reference;
use crate::numeric::Relation;

/// Where a column's numeric regressors come from.
pub(super) fn offsets(family: Family, s: Strides) -> Vec<usize> {
    let (x, p) = (s.row, s.plane);
    match family {
        Family::Record => Vec::new(),
        Family::Bytes | Family::Sequence => vec![2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 32],
        Family::Grid if p > 0 => vec![
            x,
            x + 1,
            x - 1,
            2,
            2 * x,
            x + 2,
            p,
            p + 1,
            p - 1,
            p + x,
            p - x,
            p - x - 1,
            p - x + 1,
            p + x + 1,
            p + x - 1,
            2 * p,
            3,
            2 * x + 1,
        ],
        Family::Grid if s.columns > 0 => (1..=s.columns)
            .map(|n| n * x)
            .chain([2, x + 1, x - 1])
            .collect(),
        Family::Grid => vec![
            x,
            x + 1,
            x - 1,
            2,
            2 * x,
            x + 2,
            x - 2,
            3,
            2 * x + 1,
            2 * x - 1,
        ],
    }
}

/// The value, or zero where it would spoil sums of squares.
pub(super) fn finite(v: f64) -> f64 {
    if v.abs() < 1e30 { v } else { 0.0 }
}

impl Series {
    /// What a relation gives for a row, if it is a number.
    #[inline(always)]
    pub(super) fn related(&self, relation: Relation, left: Left<'_>, row: usize) -> Option<f64> {
        let numbers = relation
            .columns
            .map(|j| left.types[usize::from(j)].number(left.columns[usize::from(j)][row]));
        let v = relation.formula.of(numbers);
        (v.abs() < 1e30).then_some(v)
    }

    /// What a model's reference gives in a row, if it is a number.
    #[inline(always)]
    pub(super) fn referred(&self, reference: Reference, left: Left<'_>, row: usize) -> Option<f64> {
        reference
            .number(|j| left.types[j].number(left.columns[j][row]))
            .filter(|v| v.abs() < 1e30)
    }

    /// Gathers what is around the next value; returns the key of the row match.
    #[inline(always)]
    pub(super) fn look_around(
        &self,
        around: &mut Around,
        values: &[u64],
        row: usize,
        first_row: u64,
        left: Left<'_>,
    ) -> u64 {
        let i = values.len();
        let at = |back: usize| if back <= i { values[i - back] } else { 0 };
        around.before = [at(1), at(2)];
        match self.family {
            Family::Record => {
                let vt = self.value;
                for (to, &j) in around.refs.iter_mut().zip(&self.refs) {
                    *to = left.columns[usize::from(j)][row];
                }
                let (integers, numbers) = (
                    around.integers.as_flattened_mut(),
                    around.numbers.as_flattened_mut(),
                );
                for (k, &j) in self.regressors.iter().enumerate() {
                    let v = left.columns[usize::from(j)][row];
                    let t = left.types[usize::from(j)];
                    integers[k] = v as f64 / t.max_ordered() as f64;
                    numbers[k] = finite(t.number(v));
                }
                let n = self.regressors.len();
                for (k, v) in around.before.into_iter().enumerate() {
                    integers[n + k] = v as f64 / vt.max_ordered() as f64;
                    numbers[n + k] = finite(vt.number(v));
                }
                integers[n + 2] = 1.0;
                numbers[n + 2] = 1.0;
                around.relation = match self.relation {
                    Some(relation) => self.related(relation, left, row),
                    None => self.reference.and_then(|r| self.referred(r, left, row)),
                };
                if self.strides.row > 0 {
                    around.place = ((first_row + row as u64) % self.strides.row as u64) as u32;
                    around.grid[0] = at(self.strides.row);
                }
                let [r0, r1, _] = around.refs;
                let key = if self.refs.is_empty() {
                    around.before[0]
                } else {
                    (r0 ^ r1.rotate_left(29)).wrapping_add(7)
                };
                around.matched = self.rows_match.as_ref().and_then(|m| m.look(key));
                key
            }
            Family::Grid => {
                let (x, p) = (self.strides.row, self.strides.plane);
                let west = around.before[0];
                let or_west = |back: usize| if back <= i { values[i - back] } else { west };
                around.grid = [
                    or_west(x),
                    or_west(x + 1),
                    or_west(x - 1),
                    west,
                    west,
                    west,
                    west,
                ];
                if p > 0 {
                    around.grid[3..].copy_from_slice(&[
                        or_west(p),
                        or_west(p + 1),
                        or_west(p + x),
                        or_west(p + x + 1),
                    ]);
                }
                around.place = ((first_row + row as u64) % x as u64) as u32;
                self.differences(around, values, west);
                around.matched = self.sequence.as_ref().and_then(|m| m.look(values));
                0
            }
            Family::Sequence => {
                around.grid = [at(3), at(4), at(8), at(16), at(32), 0, 0];
                self.differences(around, values, around.before[0]);
                around.matched = self.sequence.as_ref().and_then(|m| m.look(values));
                0
            }
            Family::Bytes => {
                around.recent = around.recent << 8 | (around.before[0] & 255);
                around.word = self.word;
                around.word_before = self.word_before;
                around.matched = self.sequence.as_ref().and_then(|m| m.look(values));
                0
            }
        }
    }

    /// Regressors of a single column: how neighbours differ from the value before.
    #[inline(always)]
    pub(super) fn differences(&self, around: &mut Around, values: &[u64], west: u64) {
        let i = values.len();
        let base = self.value.number(west);
        for (to, &back) in around
            .numbers
            .as_flattened_mut()
            .iter_mut()
            .zip(&self.offsets)
        {
            *to = if back <= i {
                self.value.number(values[i - back]) - base
            } else {
                0.0
            };
        }
    }

    /// Hashes of the words of a text.
    pub(super) fn read_letter(&mut self, letter: u8) {
        if letter.is_ascii_alphanumeric() || letter >= 128 {
            self.word = hash2(self.word, u32::from(letter.to_ascii_lowercase()) + 1);
        } else if self.word != 0 {
            self.word_before = self.word;
            self.word = 0;
        }
    }
}
