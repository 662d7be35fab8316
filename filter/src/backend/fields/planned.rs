//! The encoder's choice by prediction: a sample of each unit tells which codings are worth doing.
//!
//! Where two predictions are near one another, and where a frame has but few units, both codings are done and compared. Units that share values go to zstd
//! together, if that pays: `docs/decisions.md` has the figures.

use super::super::table::{Table, Unit, shuffle};
use super::super::{Effort, pco, zstd};
use super::{Choice, Mode, assemble};
use crate::plan::backends::{Backend, features, predict};

/// Predictions that are nearer than this, in bits a byte, are not told apart.
const NEAR: f32 = 0.25;
/// Columns that every backend is predicted to leave at this many bits a byte are stored.
const NOISE: f32 = 7.97;

/// Units below which nothing is left to prediction: there is no other whose error would make up for a wrong one.
const FEW: usize = 4;
/// Of the sample, every so many elements are compared with those of other units.
const COMPARED_EVERY: usize = 8;
/// Places that must differ from the place before, for units to be compared at all.
const COMPARED: usize = 16;
/// The share of equal values from which on two units are looked at together.
const ALIKE: f32 = 0.3;

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

/// The payload of a frame if it is smaller than `limit`. `offset` is the place of its first byte in the stream.
pub(in crate::backend) fn pack(
    table: &Table,
    effort: Effort,
    offset: u64,
    raw: &[u8],
    limit: usize,
) -> Option<Vec<u8>> {
    let rows = table.rows(offset, raw.len());
    if rows.n == 0 || table.is_bytes() {
        return None;
    }
    let records = &raw[rows.head..rows.head + rows.len];
    let edges = [&raw[..rows.head], &raw[rows.head + rows.len..]].concat();
    let mut estimator = zstd::Packer::new(effort.estimate_level())?;
    let mut last = zstd::Packer::new(effort.zstd_level())?;
    let mut best: Option<Vec<u8>> = None;
    // A grid that can be cut in two ways is a few columns at most: both are done.
    for &cut in table.cuts() {
        let units = table.units(offset, &rows, cut);
        let mut predicted: Vec<Predicted> = (units.iter())
            .map(|unit| Predicted::of(table, unit, records))
            .collect();
        group(&units, &mut predicted);
        let few = units.len() < FEW;
        let mut choices = Vec::with_capacity(units.len());
        let mut elements = Vec::new();
        for (unit, predicted) in units.iter().zip(&predicted) {
            elements.clear();
            table.gather(unit, records, &mut elements);
            choices.push(match few {
                true => smallest(unit, &elements, effort, &mut last)?,
                false => choose(unit, predicted, &elements, effort, &mut estimator)?,
            });
        }
        let payload = assemble(table, cut, &choices, &edges, &mut last)?;
        if payload.len() < best.as_ref().map_or(limit, Vec::len) {
            best = Some(payload);
        }
    }
    best
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
        let other_now = match other.together {
            true => 0.0,
            false => other.pco.min(other.zstd()) * bytes(at),
        };
        let other_then = match other.together {
            true => 0.0,
            false => other.zstd() * bytes(at),
        };
        let alone = other_now + unit.pco.min(unit.zstd()) * bytes(later);
        if other_then + unit.zstd() * (1.0 - share) * bytes(later) < alone {
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
    let width = unit.column.width;
    let choice = |mode, bytes: Vec<u8>| Choice {
        mode,
        bytes: bytes.into(),
    };
    if elements[width..] == elements[..elements.len() - width] {
        return Some(choice(Mode::Constant, elements[..width].to_vec()));
    }
    let mut best = (elements.len(), choice(Mode::Stored, elements.to_vec()));
    let mut planes = Vec::with_capacity(elements.len());
    shuffle(elements, width, &mut planes);
    for (mode, bytes) in [(Mode::Planes, planes), (Mode::Elements, elements.to_vec())] {
        let len = packer.compress(&bytes)?.len();
        if len < best.0 {
            best = (len, choice(mode, bytes));
        }
    }
    match pco::compress(&unit.column, elements, effort.pco_level()) {
        Some(bytes) if bytes.len() < best.0 => Some(choice(Mode::Pco, bytes)),
        _ => Some(best.1),
    }
}

fn choose(
    unit: &Unit,
    predicted: &Predicted,
    elements: &[u8],
    effort: Effort,
    estimator: &mut zstd::Packer,
) -> Option<Choice> {
    let width = unit.column.width;
    let choice = |mode, bytes: Vec<u8>| Choice {
        mode,
        bytes: bytes.into(),
    };
    if predicted.constant && elements[width..] == elements[..elements.len() - width] {
        return Some(choice(Mode::Constant, elements[..width].to_vec()));
    }
    let stored = || choice(Mode::Stored, elements.to_vec());
    if predicted.least() > NOISE && !predicted.together {
        return Some(stored());
    }
    let in_zstd = || match predicted.planes <= predicted.elements {
        true => {
            let mut planes = Vec::with_capacity(elements.len());
            shuffle(elements, width, &mut planes);
            choice(Mode::Planes, planes)
        }
        false => choice(Mode::Elements, elements.to_vec()),
    };
    if predicted.together || predicted.zstd() + NEAR < predicted.pco {
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
    if predicted.pco + NEAR < predicted.zstd() {
        return Some(choice(Mode::Pco, bytes));
    }
    let other = in_zstd();
    Some(
        match estimator.compress(&other.bytes)?.len() < bytes.len() {
            true => other,
            false => choice(Mode::Pco, bytes),
        },
    )
}
