//! One column through all frames of its chain: the model, what was before, and where to look.

mod around;
mod modes;
mod noise;

use super::column::{Around, ColumnModel, Effort, Family, PlaneMode, REFS, Shape};
use super::experts::ols::MAX_REGRESSORS;
use super::frame::Rows;
use super::matches::{RowMatch, SequenceMatch};
use super::network::ColumnPass;
use super::setup::ColumnSetup;
use super::shared_aid::ColumnStart;
use crate::coder::BitCoder;
use crate::kernel::vector::Isa;
use crate::model::Reference;
use crate::numeric::{Lattice, Relation, ValueType};

/// Most values of a single column that are kept across frames.
const KEPT: usize = 1 << 22;

/// The same while they run over.
pub(crate) const KEPT_MOST: usize = KEPT + KEPT / 2;

/// Most columns that count as stored one after another, and the rows they must have; an unknown
/// number of them counts as few.
const STORED_COLUMNS: usize = 16;
const STORED_ROWS: usize = 1024;

/// Lengths of the grid's axes below a value: the row, the plane; 0 where there is none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Strides {
    /// Values a row.
    pub row: usize,
    /// Values a plane.
    pub plane: usize,
    /// Columns stored one after another, if that is what the rows are: few of them, and long.
    pub columns: usize,
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
                    columns: 0,
                }
            }
            [n, x] => {
                let row = limit(*x);
                let few = *n <= STORED_COLUMNS as u64 && row >= STORED_ROWS;
                Strides {
                    row,
                    plane: 0,
                    columns: if few { STORED_COLUMNS } else { 0 },
                }
            }
            _ => Strides::default(),
        }
    }
}

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
    /// What a model expects the value to be made of, where the plan found nothing.
    reference: Option<Reference>,
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
    /// Halves of planes that the model could not predict in the frame before: 1 the lower, 2 the
    /// upper.
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
    #[expect(clippy::too_many_arguments)]
    pub fn new<E: Effort>(
        at: usize,
        left: Left<'_>,
        family: Family,
        strides: Strides,
        setup: &ColumnSetup,
        start: ColumnStart<'_>,
        rows: usize,
        share: usize,
    ) -> Self {
        let value = left.types[at];
        let offsets = around::offsets(family, strides);
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
            model: Box::new(ColumnModel::new::<E>(
                &shape,
                start,
                lines_for(rows, lines_cap),
            )),
            value,
            family,
            strides,
            offsets,
            refs: setup.refs.clone(),
            regressors,
            relation: setup.relation,
            reference: start.reference(),
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

    /// See [`super::Lane::plane_modes`].
    pub fn plane_modes(&self) -> [PlaneMode; 8] {
        self.modes
    }

    /// The model, for statistics.
    pub fn model(&self) -> &ColumnModel {
        &self.model
    }

    /// Codes the column of one frame; `known` are its values where they are known already, `pass`
    /// is the network if it has a say here. Returns the values.
    #[inline(always)]
    pub fn code<E: Effort, I: Isa, C: BitCoder>(
        &mut self,
        coder: &mut C,
        rows: Rows,
        left: Left<'_>,
        known: &[u64],
        mut pass: Option<&mut ColumnPass<'_>>,
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
            self.choose_modes::<E, I>(left, known);
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
            if E::NETWORK
                && let Some(pass) = &mut pass
            {
                pass.row::<I>(row, &values[from..]);
            }
            let value = self.model.code::<E, I, C>(
                coder,
                &around,
                actual,
                &modes,
                hits,
                pass.as_deref_mut(),
            );
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
}

const _: () = assert!(REFS <= 3 && MAX_REGRESSORS >= 21);
