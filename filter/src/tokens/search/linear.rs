//! Linear predictions: columns are added one by one while the typical error falls, weights by least
//! squares that trust large errors little.

use super::super::prediction::{Prediction, summand};
use super::Scene;
use crate::Kind;
use crate::numeric::functions::log2;

/// Columns to the left that are considered.
const REACH: usize = 24;
/// Rows that columns are chosen on, and that weights are fitted on.
const CHOOSING: usize = 1000;
const FITTING: usize = 6000;
/// Bits of error that a further column must save.
const SAVING: f64 = 0.03;
/// A weight so near to a whole number is that number.
const SNAP: f64 = 1e-4;
/// Rounds of reweighting.
const ROUNDS: usize = 4;

/// Linear predictions by the best column and by the best few.
pub(super) fn predictions(scene: &Scene) -> Vec<Prediction> {
    let is_float = |&at: &usize| scene.known[at].form.vt.kind == Kind::Float;
    let candidates: Vec<usize> = (scene.at.saturating_sub(REACH)..scene.at)
        .filter(is_float)
        .collect();
    let (mut chosen, mut error) = (Vec::new(), f64::INFINITY);
    for _ in 0..scene.effort.terms {
        let mut best = (error - SAVING, None);
        for &at in candidates.iter().filter(|at| !chosen.contains(*at)) {
            let with = [&chosen[..], &[at]].concat();
            if let Some((_, error)) = fit(scene, &with, CHOOSING)
                && error < best.0
            {
                best = (error, Some(at));
            }
        }
        let (now, Some(at)) = best else { break };
        chosen.push(at);
        error = now;
    }
    let mut all = Vec::new();
    for n in [1, chosen.len()] {
        if n == 0 || n > chosen.len() || (n == 1 && !all.is_empty()) {
            continue;
        }
        if let Some((weights, _)) = fit(scene, &chosen[..n], FITTING) {
            all.push(Prediction::Linear {
                columns: chosen[..n].iter().map(|&at| at as u16).collect(),
                weights,
            });
        }
    }
    all
}

/// Weights, the constant first, and the mean of the logarithm of the error.
fn fit(scene: &Scene, columns: &[usize], most: usize) -> Option<(Vec<f64>, f64)> {
    let mine = scene.known[scene.at].numbers();
    let n = columns.len() + 1;
    let step = (mine.len() / most).max(1);
    let rows: Vec<usize> = (0..mine.len())
        .step_by(step)
        .filter(|&row| summand(mine[row]) == mine[row] && mine[row] != 0.0)
        .collect();
    if rows.len() < 4 * n {
        return None;
    }
    let mut inputs = vec![1.0; rows.len() * n];
    for (k, &at) in columns.iter().enumerate() {
        let numbers = scene.known[at].numbers();
        rows.iter()
            .enumerate()
            .for_each(|(r, &row)| inputs[r * n + k + 1] = summand(numbers[row]));
    }
    let targets: Vec<f64> = rows.iter().map(|&row| mine[row]).collect();
    let mut trust = vec![1.0; rows.len()];
    let (mut weights, mut error) = (vec![0.0; n], 0.0);
    for round in 0..ROUNDS {
        weights = solve(normal(&inputs, &targets, &trust, n), n)?;
        let errors: Vec<f64> = inputs
            .chunks(n)
            .zip(&targets)
            .map(|(x, y)| (y - x.iter().zip(&weights).map(|(x, w)| x * w).sum::<f64>()).abs())
            .collect();
        let mut sorted = errors.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let median = sorted[sorted.len() / 2].max(1e-300);
        let log = |e: &f64| log2((e / median + 0.01).min(1e12));
        error = errors.iter().map(log).sum::<f64>() / errors.len() as f64 + log2(median);
        if round + 1 < ROUNDS {
            trust
                .iter_mut()
                .zip(&errors)
                .for_each(|(trust, e)| *trust = 1.0 / (e / median + 0.1));
        }
    }
    for weight in weights.iter_mut().skip(1) {
        if (*weight - weight.round()).abs() < SNAP {
            *weight = weight.round();
        }
    }
    if weights[1..].iter().all(|w| w.fract() == 0.0)
        && (weights[0] - weights[0].round()).abs() < SNAP
    {
        weights[0] = weights[0].round();
    }
    weights
        .iter()
        .all(|w| w.is_finite())
        .then_some((weights, error))
}

/// The normal equations, with the right-hand side as the last column.
pub(super) fn normal(inputs: &[f64], targets: &[f64], trust: &[f64], n: usize) -> Vec<f64> {
    let mut sums = vec![0.0; n * (n + 1)];
    for ((x, &y), &trust) in inputs.chunks(n).zip(targets).zip(trust) {
        for (p, &left) in x.iter().enumerate() {
            let left = trust * left;
            let row = &mut sums[p * (n + 1)..(p + 1) * (n + 1)];
            row.iter_mut()
                .zip(x)
                .for_each(|(sum, &right)| *sum += left * right);
            row[n] += left * y;
        }
    }
    sums
}

/// Solves them by elimination with pivots; none if they are singular.
pub(super) fn solve(mut a: Vec<f64>, n: usize) -> Option<Vec<f64>> {
    let width = n + 1;
    for p in 0..n {
        a[p * width + p] = a[p * width + p] * (1.0 + 1e-12) + 1e-300;
    }
    for p in 0..n {
        let pivot =
            (p..n).max_by(|&r, &s| a[r * width + p].abs().total_cmp(&a[s * width + p].abs()))?;
        if pivot != p {
            for k in 0..width {
                a.swap(pivot * width + k, p * width + k);
            }
        }
        let lead = a[p * width + p];
        if !(lead.abs() >= 1e-200) {
            return None;
        }
        for r in (0..n).filter(|&r| r != p) {
            let factor = a[r * width + p] / lead;
            for k in p..width {
                a[r * width + k] -= factor * a[p * width + k];
            }
        }
    }
    Some(
        (0..n)
            .map(|p| a[p * width + n] / a[p * width + p])
            .collect(),
    )
}
