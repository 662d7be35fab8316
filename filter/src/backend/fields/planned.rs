//! The encoder's choice by prediction: a sample of each unit tells which codings are worth doing.
//!
//! Where two predictions are near one another both codings are done and compared. Units that share
//! values go to zstd together, if that pays. Where a frame has but few units, or is cut into slabs,
//! nothing is predicted: all codings are done. `docs/plan.md` has the figures.

use super::super::table::{Cut, Table, Unit};
use super::super::{Effort, pco, zstd};
use super::{Choice, Mode, assemble, whole};
use crate::backend::predictor::{Backend, features, predict};
use crate::layout::Rows;

/// Predictions that are nearer than this, in bits a byte, are not told apart.
const NEAR: f32 = 0.25;
/// Columns that every backend is predicted to leave at this many bits a byte are stored.
const NOISE: f32 = 7.97;

/// Units below which nothing is left to prediction: there is no other whose error would make up for
/// a wrong one.
const FEW: usize = 4;
/// Of the sample, every so many elements are compared with those of other units.
const COMPARED_EVERY: usize = 8;
/// Places that must differ from the place before, for units to be compared at all.
const COMPARED: usize = 16;
/// The share of equal values from which on two units are looked at together.
const ALIKE: f32 = 0.3;

/// How far predictions are relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::backend) enum Trust {
    /// Nothing is done that was not predicted to be the smallest: what planning alone is worth.
    Always,
    /// Where it is not clear, both are done: level 1.
    WhereClear,
}

impl Trust {
    fn near(self) -> f32 {
        match self {
            Trust::Always => 0.0,
            Trust::WhereClear => NEAR,
        }
    }
}

/// What is predicted of a unit, in bits a byte.
struct Predicted {
    /// Some of the sample, to compare units by; nothing where it hardly changes.
    compared: Vec<u64>,
    /// It goes to zstd for the sake of another unit.
    together: bool,
    planes: f32,
    elements: f32,
    pco: f32,
    /// All elements of the sample are the same.
    constant: bool,
}

impl Predicted {
    fn of(table: &Table, unit: &Unit, records: &[u8]) -> Self {
        let sample = table.sample(unit, records);
        let bits = predict(&features(unit.column.element(), &sample, unit.n()));
        let of = |backend: Backend| bits[backend as usize];
        Predicted {
            planes: of(Backend::Planes),
            elements: match unit.column.width {
                1 => f32::INFINITY,
                _ => of(Backend::Elements),
            },
            pco: of(Backend::Pco),
            constant: sample.iter().all(|&x| x == sample[0]),
            together: false,
            compared: Self::changing(&sample),
        }
    }

    /// Every eighth element, if most of them are not just those before them.
    fn changing(sample: &[u64]) -> Vec<u64> {
        let some: Vec<u64> = sample.iter().copied().step_by(COMPARED_EVERY).collect();
        let changes = some.windows(2).filter(|pair| pair[0] != pair[1]).count();
        match changes >= COMPARED && 2 * changes > some.len() {
            true => some,
            false => Vec::new(),
        }
    }

    /// The share of values that another unit has in the same places.
    fn likeness(&self, other: &Predicted) -> f32 {
        let equal = self.compared.iter().zip(&other.compared);
        let equal = equal.filter(|(a, b)| a == b && **a != 0).count();
        equal as f32 / self.compared.len().max(1) as f32
    }

    fn zstd(&self) -> f32 {
        self.planes.min(self.elements)
    }

    fn least(&self) -> f32 {
        match self.constant {
            true => 0.0,
            false => self.zstd().min(self.pco),
        }
    }
}

/// The payload of a frame if it is smaller than `limit`. `offset` is the place of its first byte in
/// the stream.
pub(in crate::backend) fn pack(
    table: &Table,
    effort: Effort,
    trust: Trust,
    offset: u64,
    raw: &[u8],
    limit: usize,
) -> Option<Vec<u8>> {
    if table.is_bytes() {
        return None;
    }
    let (rows, records, edges) = whole(table, offset, raw)?;
    let mut estimator = zstd::Packer::new(effort.estimate_level())?;
    let mut last = zstd::Packer::new(effort.zstd_level())?;
    let mut best: Option<Vec<u8>> = None;
    // A grid that can be cut in two ways is a few columns at most: both are done.
    for cut in cuts(table, trust, &rows, records) {
        let units = table.units(&rows, cut);
        // Slabs are few where files hold columns one after another, and each is as long as a
        // column.
        let few = units.len() < FEW || cut == Cut::Slabs;
        let predicted = match few && trust == Trust::WhereClear {
            true => Vec::new(),
            false => predictions(table, &units, records),
        };
        let mut choices = Vec::with_capacity(units.len());
        let mut elements = Vec::new();
        for (at, unit) in units.iter().enumerate() {
            elements.clear();
            table.gather(unit, records, &mut elements);
            choices.push(match predicted.get(at) {
                None => smallest(unit, &elements, effort, &mut last)?,
                Some(predicted) => {
                    let near = trust.near();
                    choose(unit, predicted, near, &elements, effort, &mut estimator)?
                }
            });
        }
        let payload = assemble(table, cut, &choices, &edges, &mut last)?;
        if payload.len() < best.as_ref().map_or(limit, Vec::len) {
            best = Some(payload);
        }
    }
    best
}

/// The ways to cut a frame that are done.
fn cuts(table: &Table, trust: Trust, rows: &Rows, records: &[u8]) -> Vec<Cut> {
    if trust == Trust::WhereClear || table.cuts().len() == 1 {
        return table.cuts().to_vec();
    }
    let bits = |&cut: &Cut| {
        let units = table.units(rows, cut);
        let bits = units
            .iter()
            .map(|unit| Predicted::of(table, unit, records).least() * unit.len() as f32);
        bits.sum::<f32>()
    };
    let best = table
        .cuts()
        .iter()
        .min_by(|a, b| bits(a).total_cmp(&bits(b)));
    best.copied().into_iter().collect()
}

/// Bits a byte that the best of backends and experts is predicted to leave, each column by itself.
pub(in crate::backend) fn least(table: &Table, offset: u64, raw: &[u8]) -> f32 {
    let Some((rows, records, _)) = whole(table, offset, raw) else {
        return 8.0;
    };
    let units = table.units(&rows, Cut::Columns);
    let left = units.iter().map(|unit| {
        let sample = table.sample(unit, records);
        let bits = predict(&features(unit.column.element(), &sample, unit.n()));
        bits.into_iter().fold(8.0, f32::min) * unit.len() as f32
    });
    left.sum::<f32>() / records.len().max(1) as f32
}

fn predictions(table: &Table, units: &[Unit], records: &[u8]) -> Vec<Predicted> {
    let predicted = units.iter().map(|unit| Predicted::of(table, unit, records));
    let mut predicted = predicted.collect::<Vec<_>>();
    group(units, &mut predicted);
    predicted
}

/// Sends units to zstd together where one would take less for all of them than pco for each.
fn group(units: &[Unit], predicted: &mut [Predicted]) {
    for later in 1..predicted.len() {
        let (before, rest) = predicted.split_at_mut(later);
        let Some(unit) = rest.first_mut().filter(|unit| !unit.compared.is_empty()) else {
            continue;
        };
        let likest = before
            .iter_mut()
            .enumerate()
            .map(|(at, other)| (unit.likeness(other), at, other))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let Some((share, at, other)) = likest.filter(|(share, ..)| *share >= ALIKE) else {
            continue;
        };
        let bytes = |at: usize| units.get(at).map_or(0.0, |unit| unit.len() as f32);
        let (mut alone, mut joined) = (
            unit.pco.min(unit.zstd()) * bytes(later),
            unit.zstd() * (1.0 - share) * bytes(later),
        );
        if !other.together {
            alone += other.pco.min(other.zstd()) * bytes(at);
            joined += other.zstd() * bytes(at);
        }
        if joined < alone {
            (unit.together, other.together) = (true, true);
        }
    }
}

/// The smallest coding of a unit that has a zstd frame, if it goes there, nearly to itself.
fn smallest(
    unit: &Unit,
    elements: &[u8],
    effort: Effort,
    packer: &mut zstd::Packer,
) -> Option<Choice> {
    if let Some(constant) = Choice::constant(unit, elements) {
        return Some(constant);
    }
    let mut best = (elements.len(), Choice::new(Mode::Stored, elements));
    let in_zstd = [
        Choice::planes(unit, elements),
        Choice::new(Mode::Elements, elements),
    ];
    for choice in in_zstd {
        let len = packer.compress(&choice.bytes)?.len();
        if len < best.0 {
            best = (len, choice);
        }
    }
    match pco::compress(&unit.column, elements, effort.pco_level()) {
        Some(bytes) if bytes.len() < best.0 => Some(Choice::new(Mode::Pco, bytes)),
        _ => Some(best.1),
    }
}

/// The coding of a unit that is predicted to be the smallest.
fn choose(
    unit: &Unit,
    predicted: &Predicted,
    near: f32,
    elements: &[u8],
    effort: Effort,
    estimator: &mut zstd::Packer,
) -> Option<Choice> {
    if predicted.constant
        && let Some(constant) = Choice::constant(unit, elements)
    {
        return Some(constant);
    }
    let stored = || Choice::new(Mode::Stored, elements);
    if predicted.least() > NOISE && !predicted.together {
        return Some(stored());
    }
    let in_zstd = || match predicted.planes <= predicted.elements {
        true => Choice::planes(unit, elements),
        false => Choice::new(Mode::Elements, elements),
    };
    if predicted.together || predicted.zstd() + near < predicted.pco {
        return Some(in_zstd());
    }
    let Some(bytes) = pco::compress(&unit.column, elements, effort.pco_level())
        .filter(|bytes| bytes.len() < elements.len())
    else {
        return Some(match predicted.zstd() < NOISE {
            true => in_zstd(),
            false => stored(),
        });
    };
    if predicted.pco + near <= predicted.zstd() {
        return Some(Choice::new(Mode::Pco, bytes));
    }
    let other = in_zstd();
    Some(
        match estimator.compress(&other.bytes)?.len() < bytes.len() {
            true => other,
            false => Choice::new(Mode::Pco, bytes),
        },
    )
}
