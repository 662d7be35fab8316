//! The model of one column: every expert, the mixers over them and the refinement, carried from
//! frame to frame.

mod aid;
mod code;
mod contexts;
mod effort;
mod hit;
mod learn;

pub use effort::{Effort, Full, Thorough};

use super::experts::cells::{Cell, history_cells};
use super::experts::lattice::Span;
use super::experts::numeric::{Bank, EXPERTS};
use super::experts::ols::{Ols, Row as Regressors};
use super::experts::slots::Slots;
use super::mixer::{MAX_BLOCKS, MAX_SUMS, Second, WeightSets};
use super::refine::Refinement;
use super::shared_aid::ColumnStart;
use super::start;
use crate::numeric::{
    Lattice, ValueType,
    logistic::{BUCKETS, Logistic, tables},
};
use aid::Aid;
use contexts::{Lead, leads};
use effort::{MAX_CONTEXTS, MAX_MAPPED, MAX_MIXERS};

/// Candidates for an exact copy: the value before, a match, the first reference (or the value
/// above), the expected value, a relation (or the plane above).
pub const COPIES: usize = 5;
/// References a column may look at.
pub const REFS: usize = 3;
/// Contexts by which an expert's scale is told apart.
const SCALES: usize = 64;
/// Records of hits and misses that a copy's cell is chosen by.
const RECORDS: usize = 32;

/// Hashed contexts of the bit that says whether a value is a copy, and the size of their tables.
const HIT_CONTEXTS: usize = 4;
const HIT_BITS: usize = 10;

/// How a column's values lie to one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// One of a record's columns: other columns of the row are known.
    Record,
    /// The only column, on a grid of two or more axes.
    Grid,
    /// The only column, in a row.
    Sequence,
    /// The only column, of single bytes, in a row: text and the like.
    Bytes,
}

/// How one byte plane of a column is coded in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaneMode {
    /// By the model.
    Modelled,
    /// Its upper four bits by the model, the lower as they are.
    Half,
    /// As it is.
    Raw,
    /// The same byte throughout.
    Constant(u8),
}

/// The middle of a bucket, of 65536.
fn bucket_start(bucket: usize) -> u32 {
    let middle = (bucket as f32 + 0.5) * (16.8 / BUCKETS as f32) - 8.4;
    ((tables().squash(middle) * 65536.0) as u32).clamp(16, 65519)
}

/// Probabilities of the partial bytes of each plane, of 65536: even, or what a model knows of them.
fn directs(width: usize, start: ColumnStart<'_>, logistic: &Logistic) -> Vec<u16> {
    let mut directs = vec![32768; width * 256];
    for (plane, priors) in start.priors() {
        let nodes = directs.iter_mut().skip(plane * 256);
        for (to, &prior) in nodes.zip(priors) {
            // Within 1/16 * 128 = 8, and squash's table.
            *to = (logistic.squash(f32::from(prior) * (1.0 / 16.0)) * 65535.0) as u16;
        }
    }
    directs
}

/// What is known around a value before it is coded.
#[derive(Clone, Debug, Default)]
pub struct Around {
    /// The values before it, nearest first; zero where there are none.
    pub before: [u64; 2],
    /// Grids: north, north-west, north-east, above, above-west, above-north, above-north-west.
    /// Sequences: the values 3, 4, 8, 16 and 32 before.
    pub grid: [u64; 7],
    /// Values of the reference columns in the same row.
    pub refs: [u64; REFS],
    /// Regressors of the least squares on ordered integers; unused ones zero.
    pub integers: Regressors,
    /// Regressors of the least squares on numbers; unused ones zero.
    pub numbers: Regressors,
    /// What a relation between columns gives.
    pub relation: Option<f64>,
    /// The value that followed the same surroundings earlier.
    pub matched: Option<u64>,
    /// The place along the fastest axis.
    pub place: u32,
    /// Bytes: the last eight, hashes of this word and the one before.
    pub recent: u64,
    /// See `recent`.
    pub word: u32,
    /// See `recent`.
    pub word_before: u32,
}

/// What a column's model is made for.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Its values' type.
    pub value: ValueType,
    /// Types of the references, at most [`REFS`].
    pub refs: Vec<ValueType>,
    /// How values lie.
    pub family: Family,
    /// Whether there is a plane above (three axes or more).
    pub cube: bool,
    /// Regressors in use, of integers and of numbers.
    pub regressor_n: usize,
    /// Step of the values, if they have one.
    pub lattice: Option<Lattice>,
}

/// The model.
#[derive(Clone)]
pub struct ColumnModel {
    value: ValueType,
    ref_values: [ValueType; REFS],
    ref_n: usize,
    family: Family,
    cube: bool,
    lattice: Option<Lattice>,
    span: Span,
    logistic: &'static Logistic,
    leads: [Lead; MAX_CONTEXTS],
    slots: Slots,
    /// By plane, then by context.
    cells: Vec<[Cell; 256]>,
    direct: Vec<u16>,
    bank: Bank,
    scales: Vec<f64>,
    scale_n: Vec<u8>,
    biases: [f64; REFS],
    mean: f64,
    mse: [f64; EXPERTS],
    last_error: u32,
    integers: Option<Box<Ols>>,
    numbers: Box<Ols>,
    /// The same with a longer memory, on grids and rows.
    steady: Option<Box<Ols>>,
    /// By bit of the value, then by mapped expert, then by what it said.
    maps: Vec<[Cell; BUCKETS]>,
    lattice_map: Refinement,
    records: [u32; COPIES],
    /// By bit of the value, then by copy, then by its record.
    copy_cells: Vec<[Cell; RECORDS]>,
    hit_cells: Vec<Cell>,
    hit_hashed: Vec<Cell>,
    hit_mixer: WeightSets,
    mirror_score: [i32; 2],
    mixers: Vec<WeightSets>,
    /// Whether a model says what they begin with.
    own_start: bool,
    /// Inputs of a mixer that are in use.
    inputs: usize,
    last_mixer: Second,
    by_node: Refinement,
    by_expected: Refinement,
    /// What it makes of the network; nothing at levels without one.
    aid: Aid,
    /// Cost of each plane in 1/256 bit, and values, since they were last taken.
    pub(super) cost: [u64; 8],
    pub(super) whole_cost: u64,
    /// Cost of the upper half of each plane's bits in this frame, cost of the planes when it began,
    /// and values coded bit by bit.
    upper_cost: [u64; 8],
    cost_before: [u64; 8],
    coded: u64,
}

impl std::fmt::Debug for ColumnModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ColumnModel")
            .field("value", &self.value)
            .field("family", &self.family)
            .finish_non_exhaustive()
    }
}

impl ColumnModel {
    /// A model that has seen nothing; mixers, cells and refinement begin with built-in values.
    pub fn new<E: Effort>(shape: &Shape, start: ColumnStart<'_>, lines: usize) -> Self {
        let logistic = tables();
        let width = usize::from(shape.value.width);
        let mut ref_values = [shape.value; REFS];
        for (to, from) in ref_values.iter_mut().zip(&shape.refs) {
            *to = *from;
        }
        let mut weights = [[0.0f32; 16]; MAX_BLOCKS];
        start::weights::<E>(shape.family, start.weights, weights.as_flattened_mut());
        let mut hit_start = [0.0f32; 16];
        hit_start[..HIT_CONTEXTS + 1].fill(0.35);
        let mut last = [0.0f32; MAX_SUMS];
        last[..E::MIXERS].fill(1.15 / E::MIXERS as f32);
        let scale = if shape.family == Family::Record {
            shape.value.max_ordered() as f64 / 4096.0
        } else {
            1.0
        };
        let sets = if E::MIXERS == 1 {
            [width * 64; 4]
        } else {
            [width * 8, width * 64, width * 256, width * 256]
        };
        ColumnModel {
            value: shape.value,
            ref_values,
            ref_n: shape.refs.len().min(REFS),
            family: shape.family,
            cube: shape.cube,
            lattice: shape.lattice,
            span: Span::whole(),
            logistic,
            leads: leads(shape.family),
            slots: Slots::new(lines),
            cells: vec![history_cells(logistic); E::CONTEXTS * width],
            direct: directs(width, start, logistic),
            bank: Bank::default(),
            scales: vec![scale; EXPERTS * SCALES],
            scale_n: vec![0; EXPERTS * SCALES],
            biases: [0.0; REFS],
            mean: start.median().unwrap_or(0) as f64,
            mse: [1.0; EXPERTS],
            last_error: 0,
            integers: (shape.family == Family::Record)
                .then(|| Box::new(Ols::new(shape.regressor_n, 0.9998, E::OLS_PERIOD))),
            steady: (shape.family != Family::Record)
                .then(|| Box::new(Ols::new(shape.regressor_n, 0.9998, E::OLS_PERIOD))),
            numbers: Box::new(Ols::new(
                shape.regressor_n,
                if shape.family == Family::Record {
                    0.9998
                } else {
                    0.998
                },
                E::OLS_PERIOD,
            )),
            maps: vec![
                std::array::from_fn(|b| Cell::new(bucket_start(b), logistic));
                E::MAPPED * width * 8
            ],
            lattice_map: Refinement::new(width * 8 * 4, 0.02, logistic),
            records: [0; COPIES],
            copy_cells: vec![[Cell::new(49152, logistic); RECORDS]; COPIES * width * 8],
            hit_cells: vec![Cell::new(49152, logistic); COPIES * RECORDS * 8],
            hit_hashed: vec![Cell::new(49152, logistic); HIT_CONTEXTS << HIT_BITS],
            hit_mixer: WeightSets::new(COPIES, &[hit_start, [0.0; 16], [0.0; 16], [0.0; 16]]),
            mirror_score: [0; 2],
            mixers: (0..E::MIXERS)
                .map(|m| WeightSets::new(sets[m % MAX_MIXERS], &weights))
                .collect(),
            own_start: start.weights.is_some(),
            inputs: E::INPUTS,
            last_mixer: Second::new(width * 8, last),
            by_node: Refinement::new(width * 256, 0.02, logistic),
            by_expected: Refinement::new(width * 7 * 16, 0.02, logistic),
            aid: Aid::new(if E::NETWORK { width } else { 0 }, start.adapts, logistic),
            cost: [0; 8],
            whole_cost: 0,
            upper_cost: [0; 8],
            cost_before: [0; 8],
            coded: 0,
        }
    }

    /// Takes over what another column's model has learned that is of use to this one: how to weigh
    /// the experts.
    pub fn inherit(&mut self, other: &ColumnModel) {
        if self.value != other.value || self.family != other.family {
            return;
        }
        if !self.own_start {
            self.mixers.clone_from(&other.mixers);
        }
        self.last_mixer.clone_from(&other.last_mixer);
        self.cells.clone_from(&other.cells);
        self.maps.clone_from(&other.maps);
        self.copy_cells.clone_from(&other.copy_cells);
        self.hit_cells.clone_from(&other.hit_cells);
        self.hit_mixer.clone_from(&other.hit_mixer);
        self.by_node.clone_from(&other.by_node);
        self.by_expected.clone_from(&other.by_expected);
        self.aid.clone_from(&other.aid);
    }

    /// Room for more contexts as the chain grows longer.
    pub fn grow(&mut self, lines: usize) {
        self.slots.grow(lines);
    }

    /// Ends a frame: mean cost of the upper and the lower half of each plane, in bits a value, if
    /// any value was coded.
    pub fn end_frame(&mut self) -> Option<[(f64, f64); 8]> {
        let n = std::mem::take(&mut self.coded);
        let upper = std::mem::take(&mut self.upper_cost);
        let before = std::mem::replace(&mut self.cost_before, self.cost);
        (n > 0).then(|| {
            std::array::from_fn(|k| {
                let whole = self.cost[k] - before[k].min(self.cost[k]);
                let bits = |c: u64| c as f64 / (256.0 * n as f64);
                (bits(upper[k]), bits(whole - upper[k].min(whole)))
            })
        })
    }

    /// Costs of the planes and of whole values since they were last taken.
    pub fn take_costs(&mut self) -> ([u64; 8], u64) {
        // What a frame costs is told from this difference: asking must not change what is coded.
        self.cost_before = [0; 8];
        (
            std::mem::take(&mut self.cost),
            std::mem::take(&mut self.whole_cost),
        )
    }

    /// Mean weights of the first mixer, one for each input, for start values.
    pub fn mixer_means(&self) -> Vec<f64> {
        let mut means = self.mixers[0].mean();
        means.truncate(self.inputs);
        means
    }
}

const _: () = assert!(MAX_MAPPED <= EXPERTS);
