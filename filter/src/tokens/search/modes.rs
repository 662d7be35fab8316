//! Predictions and copies: all that may fit are listed, pairs are compared by the entropy of their
//! tokens on some rows, and the best are followed up with contexts and several ways to cut.

use super::super::bins::{Bins, Cutting};
use super::super::cluster::{entropy, table_bits};
use super::super::encode::{self, Prepared, Recipe};
use super::super::prediction::{Copy, Prediction, ROWS};
use super::super::word::Word;
use super::{Found, Scene, contexts, curve, linear, stencils};
use crate::{Kind, parallel};

/// A copy must be met by one row in so many.
const SELDOM: usize = 50;
/// One value in so many rows makes it a filling.
const FILLING: usize = 50;
/// How pairs are cut for comparison.
const ROUGH: Cutting = Cutting {
    price: 40.0,
    bins: 120,
    exact: 64,
};
/// Ways to cut: price, and bins at most.
const CUTTINGS: [Cutting; 3] = [
    Cutting {
        price: 40.0,
        bins: 64,
        exact: 96,
    },
    Cutting {
        price: 10.0,
        bins: 200,
        exact: 96,
    },
    Cutting {
        price: 300.0,
        bins: 32,
        exact: 96,
    },
];
const GRID_CUTTING: Cutting = Cutting {
    price: 20.0,
    bins: 160,
    exact: 32,
};

/// A prediction and a copy that may go well together.
pub(super) type Mode = (Prediction, Copy);

/// The most promising modes of a column. Looks at values alone, not at tokens.
pub(super) fn promising<W: Word>(scene: &Scene, words: &[W]) -> Vec<Mode> {
    let me = scene.me();
    let left = &scene.known[..scene.at];
    let copies = copies(scene, words);
    let hits: Vec<Vec<u8>> = copies
        .iter()
        .map(|copy| copy.hits(&me.form, left, words))
        .collect();
    let fill = copies
        .iter()
        .find(|copy| matches!(copy, Copy::Fill(_)))
        .cloned();
    let mut predictions = predictions(scene, words, fill.as_ref());
    predictions.iter_mut().for_each(Prediction::keep);
    let compared = parallel::map(scene.threads, &predictions, |prediction| {
        let predicted = prediction.words(&me.form, left, words.len());
        let copy = match (prediction, &fill) {
            (Prediction::Stencil(_), Some(fill)) => fill.clone(),
            _ => Copy::None,
        };
        let residuals = encode::residuals(me, words, prediction, &predicted, &copy);
        compare(scene, prediction, &residuals, &copies, &hits)
    });
    let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
    for (p, compared) in compared.into_iter().enumerate() {
        pairs.extend(compared.into_iter().map(|(bits, c)| (bits, p, c)));
    }
    let mode = |(p, c): (usize, usize)| (predictions[p].clone(), copies[c].clone());
    best(scene, pairs).into_iter().map(mode).collect()
}

/// The best of the promising modes, with contexts.
pub(super) fn search<W: Word>(scene: &Scene, words: &[W], modes: &[Mode]) -> Found {
    let me = scene.me();
    let found = parallel::map(scene.threads, modes, |(prediction, copy)| {
        let left = &scene.known[..scene.at];
        let prepared = encode::prepare_words(left, me, words, prediction, copy);
        follow(scene, prediction, copy, &prepared)
    });
    let nothing = || Found {
        recipe: Recipe {
            form: me.form,
            prediction: Prediction::Zero,
            copy: Copy::None,
            cutting: CUTTINGS[0],
            sources: Vec::new(),
            adaptive: None,
        },
        bits: 0.0,
    };
    let fewest = found.into_iter().min_by(|a, b| a.bits.total_cmp(&b.bits));
    fewest.unwrap_or_else(nothing)
}

fn predictions<W: Word>(scene: &Scene, words: &[W], fill: Option<&Copy>) -> Vec<Prediction> {
    let me = scene.me();
    let is_float = me.form.vt.kind == Kind::Float;
    let mut all = vec![Prediction::Zero, Prediction::Row(1)];
    if scene.geometry.group > 1 {
        all.push(Prediction::Row(scene.geometry.group as u32));
    }
    if let Some(relation) = scene.relation {
        all.push(Prediction::Relation(relation));
    }
    for &column in scene.references.iter().take(3) {
        let other = &scene.known[usize::from(column)];
        if scene.effort.terms > 2 {
            all.push(Prediction::Curve {
                column,
                knots: curve::knots(&other.words, words),
            });
        }
        if other.form.vt.kind == me.form.vt.kind {
            all.push(Prediction::Column(column));
            if is_float {
                all.push(Prediction::Mirror(column));
            }
        }
    }
    if is_float && scene.effort.terms > 0 && scene.at > 0 {
        all.extend(linear::predictions(scene));
    }
    all.extend(stencils::predictions(scene, words, fill));
    all
}

fn copies<W: Word>(scene: &Scene, words: &[W]) -> Vec<Copy> {
    let me = scene.me();
    let mut all = vec![Copy::None, Copy::Row(1)];
    if scene.geometry.group > 1 {
        all.push(Copy::Row(scene.geometry.group as u32));
    }
    if scene.geometry.plane > 1 {
        all.push(Copy::Row(scene.geometry.plane as u32));
    }
    if scene.is_sequence() && scene.effort.modes > 1 {
        all.extend(distances(words).map(Copy::Rows));
    }
    if scene.is_grid() {
        all.extend(filling(words).map(Copy::Fill));
    }
    if scene.relation.is_some() {
        all.extend(scene.relation.map(Copy::Relation));
    }
    for &column in scene.references.iter().take(3) {
        let other = &scene.known[usize::from(column)];
        if other.form.vt.kind == me.form.vt.kind {
            all.push(Copy::Column(column));
            if me.form.vt.kind == Kind::Float {
                all.push(Copy::Mirror(column));
            }
        }
        all.push(Copy::LastSeen(column));
    }
    all
}

/// The rows above at which most words stand already, each beside those before it; nothing if there
/// are not several.
fn distances<W: Word>(words: &[W]) -> Option<Vec<u32>> {
    let row_n = words.len();
    if row_n == 0 {
        return None;
    }
    let mut order: Vec<u32> = (0..row_n as u32).collect();
    order.sort_unstable_by_key(|&row| (words[row as usize], row));
    // Rows at which a word comes again, and how far above it stood the last times.
    let mut left: Vec<(u32, [u32; MET])> = Vec::new();
    for run in order.chunk_by(|&a, &b| words[a as usize] == words[b as usize]) {
        for at in 1..run.len() {
            let before = |which: usize| at.checked_sub(which + 1).map_or(0, |to| run[at] - run[to]);
            left.push((run[at], std::array::from_fn(before)));
        }
    }
    let fewest = (row_n / SELDOM_ROWS).max(FEW) as u32;
    let mut counts = vec![0u32; row_n];
    let mut found = Vec::new();
    while found.len() < ROWS {
        counts.fill(0);
        for &distance in left.iter().flat_map(|(_, distances)| distances) {
            counts[distance as usize] += 1;
        }
        // Those of no row above.
        counts[0] = 0;
        let most = *counts.iter().max()?;
        if most < fewest {
            break;
        }
        let distance = counts.iter().position(|&count| count == most)?;
        found.push(distance as u32);
        left.retain(|&(row, _)| {
            let above = (row as usize).checked_sub(distance);
            above.is_none_or(|above| words[above] != words[row as usize])
        });
    }
    (found.len() > 1).then_some(found)
}

/// Rows above that a word is remembered from, and the fewest rows that a distance is taken for: one
/// in so many, and so many.
const MET: usize = 4;
const SELDOM_ROWS: usize = 256;
const FEW: usize = 8;

/// The word that fills holes, if one is frequent.
fn filling<W: Word>(words: &[W]) -> Option<u64> {
    let mut sorted = words.to_vec();
    sorted.sort_unstable();
    let longest = sorted.chunk_by(|a, b| a == b).max_by_key(|run| run.len())?;
    (longest.len() * FILLING > words.len()).then(|| longest[0].wide())
}

/// Bits that a prediction comes to with each copy that goes with it.
fn compare<W: Word>(
    scene: &Scene,
    prediction: &Prediction,
    residuals: &[W],
    copies: &[Copy],
    hits: &[Vec<u8>],
) -> Vec<(f64, usize)> {
    let row_n = scene.row_n;
    let step = (row_n / scene.effort.compared).max(1);
    let has_filling = copies.iter().any(|copy| matches!(copy, Copy::Fill(_)));
    let mut sorted: Vec<(W, u32)> = (0..row_n)
        .step_by(step)
        .map(|row| (residuals[row], row as u32))
        .collect();
    sorted.sort_unstable();
    let mut compared = Vec::new();
    for (c, (copy, hits)) in copies.iter().zip(hits).enumerate() {
        let seldom =
            *copy != Copy::None && hits.iter().filter(|hit| **hit > 0).count() * SELDOM < row_n;
        let own = matches!((prediction, copy), (Prediction::Row(a), Copy::Row(b)) if a == b);
        // Fillings are what a stencil's arithmetic leaves out, so the two go together.
        let filled = matches!(copy, Copy::Fill(_));
        let stencil = matches!(prediction, Prediction::Stencil(_));
        if seldom || own || (stencil && has_filling && !filled) || (filled && !stencil) {
            continue;
        }
        let wanted: Vec<W> = sorted
            .iter()
            .filter(|(_, row)| hits[*row as usize] == 0)
            .map(|(residual, _)| *residual)
            .collect();
        let bins = Bins::cut_sorted(&wanted, ROUGH);
        let (mut counts, offsets) = bins.counts(&wanted);
        let mut copied = vec![0; copy.token_n() + 1];
        for &(_, row) in &sorted {
            let which = hits[row as usize];
            copied[usize::from(which).wrapping_sub(1).min(copy.token_n())] += u32::from(which > 0);
        }
        counts.append(&mut copied);
        let bits = (entropy(&counts) + offsets) * step as f64 + table_bits(&counts);
        compared.push((bits, c));
    }
    compared
}

/// The most promising pairs of prediction and copy, as places.
fn best(scene: &Scene, mut pairs: Vec<(f64, usize, usize)>) -> Vec<(usize, usize)> {
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut kept: Vec<(usize, usize)> = pairs
        .iter()
        .take(scene.effort.modes)
        .map(|&(_, p, c)| (p, c))
        .collect();
    if scene.is_grid() {
        // The entropy of all tokens together says little of grids, where activity decides.
        kept = pairs
            .iter()
            .take(scene.effort.stencils.max(2))
            .map(|&(_, p, c)| (p, c))
            .collect();
    } else if scene.effort.modes > 1 {
        for plain in [(0, 0), (0, 1)] {
            if pairs.iter().any(|&(_, p, c)| (p, c) == plain) && !kept.contains(&plain) {
                kept.push(plain);
            }
        }
    }
    kept
}

/// A pair with contexts and the best way to cut.
fn follow<W: Word>(
    scene: &Scene,
    prediction: &Prediction,
    copy: &Copy,
    prepared: &Prepared<W>,
) -> Found {
    let me = scene.me();
    let rough = if scene.is_grid() {
        GRID_CUTTING
    } else {
        CUTTINGS[0]
    };
    let cut = |cutting: Cutting| {
        let wanted = prepared
            .residuals
            .iter()
            .zip(&prepared.hits)
            .filter(|(_, hit)| **hit == 0)
            .map(|(r, _)| *r)
            .collect();
        let bins = Bins::cut(wanted, cutting).with_copies(prepared.copy_n);
        let tokens = encode::tokens(&bins, prepared, &me.exceptions);
        let offsets = encode::offset_bits::<W>(&bins, me, &tokens);
        (bins, tokens, offsets)
    };
    let (bins, tokens, offsets) = cut(rough);
    let chosen = contexts::choose(scene, prepared, &bins, &tokens);
    let extra = match prediction {
        Prediction::Curve { .. } => 1200.0,
        Prediction::Linear { columns, .. } => 60.0 * columns.len() as f64,
        Prediction::Stencil(stencil) => 60.0 * stencil.terms.len() as f64,
        _ => 0.0,
    };
    let bits = |bins: &Bins, tokens: &[u8], offsets: f64| {
        contexts::bits(scene, prepared, bins, tokens, &chosen)
            + offsets
            + bins.token_n() as f64 * 14.0
            + chosen.len() as f64 * 200.0
            + extra
    };
    let mut best = (bits(&bins, &tokens, offsets), rough);
    if !scene.is_grid() {
        for &cutting in &CUTTINGS[1..scene.effort.cuttings] {
            let (bins, tokens, offsets) = cut(cutting);
            let bits = bits(&bins, &tokens, offsets);
            if bits < best.0 {
                best = (bits, cutting);
            }
        }
    }
    let (bits, cutting) = best;
    let recipe = Recipe {
        form: me.form,
        prediction: prediction.clone(),
        copy: copy.clone(),
        cutting,
        sources: chosen,
        adaptive: None,
    };
    Found { recipe, bits }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_cover_what_those_before_leave() {
        let mut words: Vec<u32> = (0..4000).map(|row| row * 7919 % 100_003).collect();
        for row in 0..words.len() {
            match row % 10 {
                0..4 if row >= 33 => words[row] = words[row - 33],
                4 | 5 if row >= 700 => words[row] = words[row - 700],
                _ => {}
            }
        }
        assert_eq!(distances(&words), Some(vec![33, 700]));
        words
            .iter_mut()
            .zip(0..)
            .for_each(|(word, row)| *word = row);
        assert_eq!(distances(&words), None);
        assert_eq!(distances::<u64>(&[]), None);
    }
}
