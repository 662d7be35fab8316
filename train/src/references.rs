//! Looks for what gives a column: another column, a formula over columns to its left, what is left
//! of a whole, a sum or a balance over a group.

use catena_filter::Kind;
use catena_filter::engine::survey::relations;
use catena_filter::model::{Group, Part, Reference};

use crate::records::Records;

/// Share of equal values from which on a column is another's reference.
const REPEATS: f64 = 0.05;
/// Rows in which formulas are searched for.
const FORMULA_ROWS: usize = 8192;
/// Rows on which references are compared.
const SAMPLE: usize = 4096;
/// Rows on which groups are tried.
const TRIAL: usize = 64;
/// Most columns of a group, and the farthest apart that they may stand.
const GROUP: u16 = 16;
const STRIDE: u16 = 8;
/// Relative error that half of the rows must keep for a group to be taken.
const ERROR: f64 = 0.02;

/// The best reference of a column, seen in the first `rows` rows.
pub fn find(records: &Records, column: usize, rows: usize) -> Option<Reference> {
    let value_type = records.types[column];
    let float = value_type.kind == Kind::Float;
    let mut candidates = Vec::new();
    for other in (0..column).filter(|&o| records.types[o] == value_type) {
        candidates.push(Reference::Same(other as u16));
        if float {
            candidates.push(Reference::Magnitude(other as u16));
        }
    }
    if float {
        let sample: Vec<Vec<u64>> = records.columns[..=column]
            .iter()
            .map(|c| c[..rows.min(FORMULA_ROWS)].to_vec())
            .collect();
        let relation = relations(&sample, &records.types[..=column])
            .pop()
            .flatten();
        candidates.extend(relation.map(Reference::Relation));
        let near = |back: usize| column.checked_sub(back).map_or(u16::MAX, |c| c as u16);
        candidates.push(Reference::Rest([near(1), near(2), u16::MAX]));
        candidates.push(Reference::Rest([near(1), near(2), near(3)]));
        candidates.extend(groups(records, column, rows));
    }
    let values = &records.columns[column][..rows];
    let sample: Vec<usize> = (0..rows).step_by((rows / SAMPLE).max(1)).collect();
    let bits = 8 * u32::from(value_type.width);
    let mut best = (sample.len() as f64 * REPEATS, None);
    for reference in candidates {
        let expect =
            |row: usize| reference.expect(value_type, &records.types, |c| records.columns[c][row]);
        if sample.iter().all(|&row| expect(row) == expect(0)) {
            continue;
        }
        // Every leading bit that agrees is worth something, from the ninth on: a float's sign and
        // exponent agree by chance.
        let worth: f64 = sample
            .iter()
            .map(|&row| {
                let off = expect(row) ^ values[row];
                let same = (off << (64 - bits)).leading_zeros().min(bits);
                f64::from(same.saturating_sub(9)) / f64::from(bits.saturating_sub(9).max(1))
            })
            .sum();
        if worth > best.0 {
            best = (worth, Some(reference));
        }
    }
    best.1
}

/// Sums and balances over groups of columns that come near the column.
fn groups(records: &Records, column: usize, rows: usize) -> Vec<Reference> {
    let sample: Vec<usize> = (0..rows)
        .step_by((rows / TRIAL).max(1))
        .take(TRIAL)
        .collect();
    // [column][row] of the sample.
    let numbers: Vec<Vec<f64>> = (0..=column)
        .map(|c| {
            let of = |&row: &usize| records.types[c].number(records.columns[c][row]);
            sample.iter().map(of).collect()
        })
        .collect();
    let trial = Trial {
        numbers: &numbers[..column],
        target: &numbers[column],
    };
    let mut found = Vec::new();
    let all: Vec<Group> = (1..=STRIDE)
        .flat_map(|stride| {
            (3..=GROUP).flat_map(move |count| {
                let span = usize::from(stride) * usize::from(count - 1);
                (0..column.saturating_sub(span)).map(move |first| Group {
                    first: first as u16,
                    stride,
                    count,
                })
            })
        })
        .filter(|group| trial.is_of_floats(*group, records))
        .collect();
    for &group in &all {
        for negative in [false, true] {
            trial.consider(Reference::Sum { group, negative }, &mut found);
        }
    }
    let angles: Vec<Group> = all
        .iter()
        .copied()
        .filter(|&g| trial.are_angles(g))
        .collect();
    for &lengths in all.iter().filter(|&&g| trial.are_lengths(g)) {
        for &angles in angles.iter().filter(|a| {
            a.count == lengths.count && a.stride == lengths.stride && a.first != lengths.first
        }) {
            for part in [Part::Length, Part::Angle] {
                let balance = Reference::Balance {
                    lengths,
                    angles,
                    part,
                };
                trial.consider(balance, &mut found);
            }
        }
    }
    found
}

struct Trial<'a> {
    numbers: &'a [Vec<f64>],
    target: &'a [f64],
}

impl Trial<'_> {
    fn is_of_floats(&self, group: Group, records: &Records) -> bool {
        group
            .columns()
            .all(|c| records.types[c].kind == Kind::Float)
    }

    fn are_angles(&self, group: Group) -> bool {
        let within = |v: &f64| v.abs() <= 3.2;
        let large = |v: &f64| v.abs() > 1.6;
        group.columns().all(|c| self.numbers[c].iter().all(within))
            && group.columns().any(|c| self.numbers[c].iter().any(large))
    }

    fn are_lengths(&self, group: Group) -> bool {
        group
            .columns()
            .all(|c| self.numbers[c].iter().all(|&v| v >= 0.0))
    }

    /// Takes a reference in if it is near the target in most rows.
    fn consider(&self, reference: Reference, found: &mut Vec<Reference>) {
        let near = |row: usize| {
            let target = self.target[row];
            let number = reference
                .number(|c| self.numbers[c][row])
                .unwrap_or(f64::NAN);
            target != 0.0 && (number - target).abs() <= ERROR * target.abs()
        };
        let rows = self.target.len();
        // Four rows first: most candidates are far off.
        if rows >= 8 && (0..8).filter(|&row| near(row)).count() < 3 {
            return;
        }
        if 2 * (0..rows).filter(|&row| near(row)).count() > rows {
            found.push(reference);
        }
    }
}
