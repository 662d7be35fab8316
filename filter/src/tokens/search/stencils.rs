//! Stencils: fixed ones (Lorenzo: Ibarria et al. 2003) and those with weights fitted to the sample.

use super::super::prediction::{Copy, Prediction};
use super::super::stencil::{Domain, Stencil};
use super::super::word::Word;
use super::Scene;
use super::linear::{normal, solve};
use crate::Kind;

/// Rows that weights are fitted on.
const ROWS: usize = 30_000;

/// How weights are fitted: in numbers or words, how far large errors are distrusted, and rounds.
const WAYS: [(Domain, f64, usize); 3] = [
    (Domain::Numbers, 0.3, 4),
    (Domain::Words, 0.1, 6),
    (Domain::Numbers, 0.03, 8),
];

pub(super) fn predictions<W: Word>(
    scene: &Scene,
    words: &[W],
    fill: Option<&Copy>,
) -> Vec<Prediction> {
    let (w, p) = (scene.geometry.group, scene.geometry.plane);
    if words.len() < 256 {
        return Vec::new();
    }
    let is_number = scene.me().form.vt.kind == Kind::Float && scene.me().form.vt.width >= 4;
    if !scene.is_grid() {
        // A sequence: a few values before.
        let alone = scene.known.len() == 1;
        let sets: &[usize] = match scene.effort.stencils {
            _ if !alone => &[],
            ..=2 => &[2],
            3..=4 => &[2, 4],
            _ => &[2, 4, 8, 16],
        };
        let fitted = sets.iter().flat_map(|&n| {
            let offsets: Vec<usize> = (1..=n).collect();
            WAYS[..2]
                .iter()
                .filter_map(move |&way| fit(scene, words, fill, &offsets, 4, way, is_number))
        });
        return fitted.map(Prediction::Stencil).collect();
    }
    let row = w as u32;
    let fixed = |terms: &[(usize, f64)], domain: Domain| {
        let terms = terms
            .iter()
            .map(|&(distance, weight)| (distance as u32, weight))
            .collect();
        Prediction::Stencil(Stencil {
            domain,
            row,
            bias: 0.0,
            terms,
        })
    };
    let domain = if is_number {
        Domain::Numbers
    } else {
        Domain::Words
    };
    let mut all = vec![fixed(&[(1, 1.0), (w, 1.0), (w + 1, -1.0)], domain)];
    let mut sets: Vec<Vec<usize>> = Vec::new();
    if p > 0 {
        all.push(fixed(
            &[
                (1, 1.0),
                (w, 1.0),
                (w + 1, -1.0),
                (p, 1.0),
                (p + 1, -1.0),
                (p + w, -1.0),
                (p + w + 1, 1.0),
            ],
            domain,
        ));
        sets.push(vec![1, w, w + 1, p, p + 1, p + w, p + w + 1]);
        sets.push(vec![1, w, w + 1, w - 1, p, p + 1, p + w, p - 1, p - w, 2]);
        if scene.effort.stencils > 4 {
            sets.push(vec![
                1,
                2,
                w,
                w + 1,
                w - 1,
                2 * w,
                p,
                p + 1,
                p - 1,
                p + w,
                p - w,
                p + w + 1,
                p - w + 1,
                p + w - 1,
                p - w - 1,
                2 * p,
            ]);
            sets.push(vec![
                1,
                2,
                3,
                w,
                w + 1,
                w - 1,
                w + 2,
                w - 2,
                2 * w,
                2 * w + 1,
                2 * w - 1,
                p,
                p + 1,
                p - 1,
                p + 2,
                p - 2,
                p + w,
                p - w,
                p + w + 1,
                p - w + 1,
                p + w - 1,
                p - w - 1,
                2 * p,
                3 * w,
            ]);
        }
    } else {
        sets.push(vec![1, w, w + 1, w - 1]);
        sets.push(vec![1, 2, w, w + 1, w - 1, 2 * w]);
        if scene.effort.stencils > 4 {
            sets.push(vec![
                1,
                2,
                3,
                w,
                w + 1,
                w - 1,
                w + 2,
                w - 2,
                2 * w,
                2 * w + 1,
                2 * w - 1,
                3 * w,
            ]);
        }
    }
    let ways = if scene.effort.stencils > 8 { 3 } else { 2 };
    for offsets in &sets {
        for &way in &WAYS[..ways] {
            all.extend(
                fit(scene, words, fill, offsets, w, way, is_number).map(Prediction::Stencil),
            );
        }
    }
    all
}

/// A stencil over these rows above, fitted by least squares that trust large errors little.
fn fit<W: Word>(
    scene: &Scene,
    words: &[W],
    fill: Option<&Copy>,
    offsets: &[usize],
    row: usize,
    (domain, caution, rounds): (Domain, f64, usize),
    is_number: bool,
) -> Option<Stencil> {
    if domain == Domain::Numbers && !is_number {
        return None;
    }
    let fill = match fill {
        Some(Copy::Fill(fill)) => Some(W::low(*fill)),
        _ => None,
    };
    let form = &scene.me().form;
    let value = |at: usize| match domain {
        Domain::Numbers => form.vt.number(form.ordered(words[at])),
        Domain::Words => words[at].wide() as f64,
    };
    let reach = *offsets.iter().max()?;
    let w = if scene.geometry.group > 8 {
        scene.geometry.group
    } else {
        usize::MAX
    };
    let inside = |at: usize| w == usize::MAX || (2..w - 2).contains(&(at % w));
    let step = (words.len().checked_sub(reach)? / ROWS).max(1);
    let present = |at: usize| Some(words[at]) != fill && value(at).abs() < 1e30;
    let rows: Vec<usize> = (reach..words.len())
        .step_by(step)
        .filter(|&at| inside(at) && present(at) && offsets.iter().all(|&o| present(at - o)))
        .collect();
    let n = offsets.len() + usize::from(domain == Domain::Words);
    if rows.len() < 8 * n {
        return None;
    }
    let centre = match domain {
        Domain::Numbers => 0.0,
        Domain::Words => rows.iter().map(|&at| value(at)).sum::<f64>() / rows.len() as f64,
    };
    // The constant is taken in a unit of the others' size.
    let unit = centre.abs().max(1.0) * 1e-3;
    let mut inputs = Vec::with_capacity(rows.len() * n);
    for &at in &rows {
        inputs.extend(offsets.iter().map(|&o| value(at - o) - centre));
        inputs.extend((domain == Domain::Words).then_some(unit));
    }
    let targets: Vec<f64> = rows.iter().map(|&at| value(at) - centre).collect();
    let mut trust = vec![1.0; rows.len()];
    let mut weights = vec![0.0; n];
    for round in 0..=rounds {
        weights = solve(normal(&inputs, &targets, &trust, n), n)?;
        if round < rounds {
            let error = |(x, y): (&[f64], &f64)| {
                (y - x.iter().zip(&weights).map(|(x, w)| x * w).sum::<f64>()).abs()
            };
            let errors: Vec<f64> = inputs.chunks(n).zip(&targets).map(error).collect();
            let mut sorted = errors.clone();
            sorted.sort_unstable_by(f64::total_cmp);
            let median = sorted[sorted.len() / 2].max(1e-300);
            trust
                .iter_mut()
                .zip(&errors)
                .for_each(|(trust, e)| *trust = 1.0 / ((e / median) * (e / median) + caution));
        }
    }
    let sum: f64 = weights[..offsets.len()].iter().sum();
    let bias = match domain {
        Domain::Numbers => 0.0,
        Domain::Words => centre * (1.0 - sum) + unit * weights[n - 1],
    };
    let terms: Vec<(u32, f64)> = offsets
        .iter()
        .zip(&weights)
        .map(|(&o, &weight)| (o as u32, weight))
        .collect();
    let finite = bias.is_finite() && terms.iter().all(|term| term.1.is_finite());
    finite.then_some(Stencil {
        domain,
        row: row as u32,
        bias,
        terms,
    })
}
