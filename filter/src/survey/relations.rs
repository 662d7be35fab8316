//! Finds formulas that give a column from columns before it.

use super::references::sample_rows;
use crate::Kind;
use crate::numeric::{FORMULAS, Formula, Relation, ValueType};

/// Rows on which a formula is judged.
const ROWS: usize = 48;
/// Rows on which it is tried first, two of which must agree.
const TRIAL: usize = 3;
/// How far to the left its columns may lie.
const REACH: usize = 40;
/// Largest relative error on a trial row.
const TRIAL_ERROR: f64 = 1e-3;
/// Largest relative error that six rows of ten must keep.
const ERROR: f64 = 2e-4;

/// For each column the best formula, if there is one.
pub fn relations(columns: &[Vec<u64>], types: &[ValueType]) -> Vec<Option<Relation>> {
    let n = columns.first().map_or(0, Vec::len);
    (0..columns.len())
        .map(|c| {
            if types[c].kind == Kind::Float && n >= 32 {
                search(columns, types, c)
            } else {
                None
            }
        })
        .collect()
}

fn live(v: f64) -> bool {
    v != 0.0 && v.abs() < 1e30
}

/// Numbers of one row: a column's value, its square and cosh squared.
struct Row {
    value: Vec<f64>,
    square: Vec<f64>,
    cosh2: Vec<f64>,
}

struct Search<'a> {
    rows: Vec<Row>,
    target: Vec<f64>,
    candidates: &'a [usize],
    best: Option<(f64, Relation)>,
}

fn search(columns: &[Vec<u64>], types: &[ValueType], c: usize) -> Option<Relation> {
    let target = &columns[c];
    let mut places: Vec<usize> = sample_rows(target.len(), 4096)
        .filter(|&i| live(types[c].number(target[i])))
        .collect();
    let step = (places.len() / ROWS).max(1);
    places = places.into_iter().step_by(step).take(ROWS).collect();
    let mut distinct: Vec<u64> = places.iter().map(|&i| target[i]).collect();
    distinct.sort_unstable();
    distinct.dedup();
    if places.len() < 16 || distinct.len() < 12 {
        return None;
    }
    let candidates: Vec<usize> = (c.saturating_sub(REACH)..c)
        .filter(|&j| types[j].kind == Kind::Float)
        .collect();
    let rows = places
        .iter()
        .map(|&i| {
            let value: Vec<f64> = candidates
                .iter()
                .map(|&j| types[j].number(columns[j][i]))
                .collect();
            let square = value.iter().map(|v| v * v).collect();
            let cosh2 = value
                .iter()
                .map(|&v| {
                    let k = Formula::ACoshB.of([1.0, v, 0.0, 0.0]);
                    k * k
                })
                .collect();
            Row {
                value,
                square,
                cosh2,
            }
        })
        .collect();
    let mut search = Search {
        rows,
        target: places.iter().map(|&i| types[c].number(target[i])).collect(),
        candidates: &candidates,
        best: None,
    };
    search.all();
    search.best.map(|(_, relation)| relation)
}

impl Search<'_> {
    fn all(&mut self) {
        let n = self.candidates.len();
        for (formula, arity) in FORMULAS {
            match arity {
                1 => (0..n).for_each(|i| self.try_one(formula, [i; 4])),
                2 => {
                    for i in 0..n {
                        for j in (0..n).filter(|&j| j != i) {
                            self.try_one(formula, [i, j, i, i]);
                        }
                    }
                }
                3 => self.triples(formula),
                _ => self.fours(formula),
            }
        }
    }

    /// Four columns: a vector, whose three parts stand side by side, and any other.
    fn fours(&mut self, formula: Formula) {
        let n = self.candidates.len();
        for i in 2..n {
            for j in (0..n).filter(|j| !(i - 2..=i).contains(j)) {
                self.try_one(formula, [i - 2, i - 1, i, j]);
            }
        }
    }

    /// Three columns: a necessary condition on squares, cheap to test, goes first.
    fn triples(&mut self, formula: Formula) {
        let n = self.candidates.len();
        for i in 0..n {
            for j in (0..n).filter(|&j| j != i) {
                for k in (0..n).filter(|&k| k != i && k != j) {
                    let symmetric = match formula {
                        Formula::Hypot3 => i < j && j < k,
                        Formula::Leg3 => j < k,
                        Formula::Eta => i < j,
                        _ => true,
                    };
                    if !symmetric {
                        continue;
                    }
                    let mut agree = 0;
                    for (row, t) in self.rows.iter().zip(&self.target).take(TRIAL) {
                        let (a, b, c) = (row.square[i], row.square[j], row.square[k]);
                        let t2 = t * t;
                        let (got, want) = match formula {
                            Formula::EnergyOfPtEtaMass => (a * row.cosh2[j] + c, t2),
                            Formula::MassOfPtEtaEnergy => (c - a * row.cosh2[j], t2),
                            Formula::Hypot3 => (a + b + c, t2),
                            Formula::Leg3 => (a - b - c, t2),
                            _ => {
                                let sinh = Formula::ASinhB.of([1.0, *t, 0.0, 0.0]);
                                ((a + b) * sinh * sinh, c)
                            }
                        };
                        agree += usize::from((got - want).abs() < 4.0 * TRIAL_ERROR * want.abs());
                    }
                    if agree + 1 >= TRIAL {
                        self.try_one(formula, [i, j, k, i]);
                    }
                }
            }
        }
    }

    fn try_one(&mut self, formula: Formula, at: [usize; 4]) {
        let error = |row: &Row, t: f64| {
            let e = ((formula.of(at.map(|at| row.value[at])) - t) / t).abs();
            if e.is_nan() { f64::INFINITY } else { e }
        };
        let agree = self
            .rows
            .iter()
            .zip(&self.target)
            .take(TRIAL)
            .filter(|(row, t)| error(row, **t) < TRIAL_ERROR)
            .count();
        if agree + 1 < TRIAL {
            return;
        }
        let mut errors: Vec<f64> = self
            .rows
            .iter()
            .zip(&self.target)
            .map(|(row, &t)| error(row, t))
            .collect();
        errors.sort_by(f64::total_cmp);
        let e = errors[errors.len() * 6 / 10];
        if e < ERROR && self.best.is_none_or(|(best, _)| e < best * 0.7) {
            let columns = at.map(|i| self.candidates[i] as u16);
            self.best = Some((e, Relation { formula, columns }));
        }
    }
}
