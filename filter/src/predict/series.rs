//! One column through all frames of its chain: the model, what was before, and where to look.

use super::column::{Around, ColumnModel, Effort, Family, PlaneMode, REFS, Shape};
use super::experts::lattice::Lattice;
use super::experts::ols::{MAX_REGRESSORS, Ols};
use super::experts::relation::Relation;
use super::experts::slots::hash2;
use super::frame::Rows;
use super::matches::{RowMatch, SequenceMatch};
use super::setup::ColumnSetup;
use super::value::ValueType;
use crate::coder::BitCoder;
use crate::kernel::vector::Isa;
use crate::plan::noise;

/// Most values of a single column that are kept across frames.
const KEPT: usize = 1 << 22;
/// Share of a frame's values, in percent, from which on exact copies get a bit of their own.
const HITS_PAY: usize = 30;
/// The same where only one plane varies.
const HITS_PAY_SHORT: usize = 95;

/// Lengths of the grid's axes below a value: the row, the plane; 0 where there is none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Strides {
    /// Values a row.
    pub row: usize,
    /// Values a plane.
    pub plane: usize,
}

impl Strides {
    /// From a grid's shape, slowest axis first.
    pub fn new(shape: &[u64]) -> Self {
        let limit = |n: u64| {
            usize::try_from(n)
                .ok()
                .filter(|&n| n > 1 && n <= KEPT / 4)
                .unwrap_or(0)
        };
        match shape {
            [.., y, x] if shape.len() >= 3 => {
                let row = limit(*x);
                let plane = if row == 0 {
                    0
                } else {
                    limit(x.saturating_mul(*y))
                };
                Strides {
                    row,
                    plane: if plane == row { 0 } else { plane },
                }
            }
            [_, x] => Strides {
                row: limit(*x),
                plane: 0,
            },
            _ => Strides::default(),
        }
    }
}

/// Where a column's numeric regressors come from.
fn offsets(family: Family, s: Strides) -> Vec<usize> {
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

/// Bits for half a byte from which the model counts as without hope, and frames after which it may try again.
const HOPELESS: f64 = 3.992;
const RETRY: u32 = 8;

/// The column.
#[derive(Debug)]
pub struct Series {
    model: Box<ColumnModel>,
    value: ValueType,
    family: Family,
    strides: Strides,
    offsets: Vec<usize>,
    refs: Vec<u16>,
    regressors: Vec<u16>,
    relation: Option<Relation>,
    lattice: Option<Lattice>,
    history: Vec<u64>,
    next_row: u64,
    seen: usize,
    lines_cap: usize,
    rows_match: Option<RowMatch>,
    sequence: Option<SequenceMatch>,
    modes: [PlaneMode; 8],
    hits: bool,
    modes_before: [PlaneMode; 8],
    hits_before: bool,
    /// Halves of planes that the model could not predict in the frame before: 1 the lower, 2 the upper.
    hopeless: [u8; 8],
    frames: u32,
    fresh: bool,
    word: u32,
    word_before: u32,
}

/// What a series needs to know of the columns to its left in a frame.
#[derive(Clone, Copy)]
pub struct Left<'a> {
    /// Their values.
    pub columns: &'a [&'a [u64]],
    /// Their types, and this column's and those after it.
    pub types: &'a [ValueType],
}

fn lines_for(rows: usize, cap: usize) -> usize {
    (rows * 2).next_power_of_two().clamp(64, cap.max(64))
}

impl Series {
    /// A column that starts anew. `share` is the memory in bytes for its contexts.
    pub fn new<E: Effort>(
        at: usize,
        left: Left<'_>,
        family: Family,
        strides: Strides,
        setup: &ColumnSetup,
        rows: usize,
        share: usize,
    ) -> Self {
        let value = left.types[at];
        let offsets = offsets(family, strides);
        let mut regressors: Vec<u16> = Vec::new();
        if family == Family::Record {
            regressors.extend(setup.refs.iter().copied());
            for j in (0..at).rev() {
                let column = left.columns[j];
                let moves = column.iter().any(|v| *v != column[0]);
                if regressors.len() < E::REGRESSORS && moves && !regressors.contains(&(j as u16)) {
                    regressors.push(j as u16);
                }
            }
        }
        let regressor_n = if family == Family::Record {
            regressors.len() + 3
        } else {
            offsets.len()
        };
        let shape = Shape {
            value,
            refs: setup
                .refs
                .iter()
                .map(|&j| left.types[usize::from(j)])
                .collect(),
            family,
            cube: strides.plane > 0,
            regressor_n,
            lattice: setup.lattice,
        };
        let cap = (share / 64).max(64);
        let lines_cap = if cap.is_power_of_two() {
            cap
        } else {
            cap.next_power_of_two() / 2
        };
        let sequence = (family != Family::Record)
            .then(|| SequenceMatch::new(usize::from(value.width), rows * 2));
        Series {
            model: Box::new(ColumnModel::new::<E>(&shape, lines_for(rows, lines_cap))),
            value,
            family,
            strides,
            offsets,
            refs: setup.refs.clone(),
            regressors,
            relation: setup.relation,
            lattice: setup.lattice,
            history: Vec::new(),
            next_row: 0,
            seen: 0,
            lines_cap,
            rows_match: (family == Family::Record).then(|| RowMatch::new(rows)),
            sequence,
            modes: [PlaneMode::Modelled; 8],
            hits: false,
            modes_before: [PlaneMode::Modelled; 8],
            hits_before: false,
            hopeless: [0; 8],
            frames: 0,
            fresh: true,
            word: 0,
            word_before: 0,
        }
    }

    /// Starts from what another column has learned.
    pub fn inherit(&mut self, other: &Series) {
        self.model.inherit(&other.model);
    }

    /// See [`super::Lane::take_costs`].
    pub fn take_costs(&mut self) -> ([u64; 8], u64) {
        self.model.take_costs()
    }

    /// The model, for statistics.
    pub fn model(&self) -> &ColumnModel {
        &self.model
    }

    /// Codes the column of one frame; `known` are its values where they are known already. Returns them.
    #[inline(always)]
    pub fn code<E: Effort, I: Isa, C: BitCoder>(
        &mut self,
        coder: &mut C,
        rows: Rows,
        left: Left<'_>,
        known: &[u64],
    ) -> Vec<u64> {
        if rows.n == 0 {
            return Vec::new();
        }
        if rows.first != self.next_row {
            // Frames in between went to other chains: what was before is not what is nearest.
            self.history.clear();
            if let Some(sequence) = &mut self.sequence {
                *sequence = SequenceMatch::new(usize::from(self.value.width), rows.n * 2);
            }
        }
        self.next_row = rows.first + rows.n as u64;
        self.seen = self.seen.saturating_add(rows.n);
        self.model.grow(lines_for(self.seen, self.lines_cap));
        if C::ENCODES {
            self.choose_modes::<I>(left, known);
        }
        self.code_modes(coder);
        let mut values = std::mem::take(&mut self.history);
        let from = values.len();
        values.reserve(rows.n);
        let modes = self.modes;
        let hits = self.hits;
        let mut around = Around::default();
        for row in 0..rows.n {
            let key = self.look_around(&mut around, &values, row, rows.first, left);
            let actual = if C::ENCODES { known[row] } else { 0 };
            let value = self
                .model
                .code::<E, I, C>(coder, &around, actual, &modes, hits);
            values.push(value);
            if let Some(matches) = &mut self.rows_match {
                matches.put(key, value);
            } else if let Some(sequence) = &mut self.sequence {
                sequence.put(&values);
            }
            if self.family == Family::Bytes {
                self.read_letter(value as u8);
            }
        }
        self.judge(rows.n);
        let own = values[from..].to_vec();
        self.keep(values);
        own
    }

    /// Remembers which halves of planes cost as much as raw bits; forgets it now and then, so that they are tried again.
    fn judge(&mut self, rows: usize) {
        self.frames = self.frames.wrapping_add(1);
        let costs = self.model.end_frame();
        if self.frames % RETRY == 0 {
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

    /// Hashes of the words of a text.
    fn read_letter(&mut self, letter: u8) {
        if letter.is_ascii_alphanumeric() || letter >= 128 {
            self.word = hash2(self.word, u32::from(letter.to_ascii_lowercase()) + 1);
        } else if self.word != 0 {
            self.word_before = self.word;
            self.word = 0;
        }
    }

    /// Keeps the end of the values for the next frame.
    fn keep(&mut self, mut values: Vec<u64>) {
        let most = match self.family {
            Family::Record => (self.strides.row + 2).max(4),
            _ => KEPT,
        };
        // Dropping costs time: let it run over by half.
        if values.len() > most + most / 2 {
            let by = values.len() - most;
            values.drain(..by);
            if let Some(sequence) = &mut self.sequence {
                sequence.forget(by);
            }
        }
        self.history = values;
    }

    /// Decides which planes are modelled, and whether copies get a bit of their own.
    #[inline(always)]
    fn choose_modes<I: Isa>(&mut self, left: Left<'_>, known: &[u64]) {
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
            lattice: self.lattice,
        });
        if self.family != Family::Record {
            // Smooth and rough regions may lie far apart in a grid: a sample proves nothing, but a whole frame that was modelled in vain does.
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
                    HITS_PAY
                } else {
                    HITS_PAY_SHORT
                };
    }

    /// What least squares would expect of the sample that the planes are judged by: on ordered integers and on numbers.
    #[inline(always)]
    fn fit<I: Isa>(&self, left: Left<'_>, known: &[u64]) -> Vec<Vec<u64>> {
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
    fn code_modes<C: BitCoder>(&mut self, coder: &mut C) {
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

    /// What a relation gives for a row, if it is a number.
    #[inline(always)]
    fn related(&self, relation: Relation, left: Left<'_>, row: usize) -> Option<f64> {
        let [a, b, c] = relation
            .columns
            .map(|j| left.types[usize::from(j)].number(left.columns[usize::from(j)][row]));
        let v = relation.formula.of(a, b, c);
        (v.abs() < 1e30).then_some(v)
    }

    /// Gathers what is around the next value; returns the key of the row match.
    #[inline(always)]
    fn look_around(
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
                around.relation = self.relation.and_then(|r| self.related(r, left, row));
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
    fn differences(&self, around: &mut Around, values: &[u64], west: u64) {
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
}

fn finite(v: f64) -> f64 {
    if v.abs() < 1e30 { v } else { 0.0 }
}

const _: () = assert!(REFS <= 3 && MAX_REGRESSORS >= 21);
