//! Contexts, greedily: what lowers the bits of the tokens most, then what does beside it, up to
//! three.

use super::super::bins::Bins;
use super::super::cluster::{cluster, entropy};
use super::super::column::Known;
use super::super::context::{Context, Source, View, cuts_of_sample, own_values, sample, values};
use super::super::encode::{Prepared, count};
use super::super::word::Word;
use super::{Effort, GRID_SOURCES, Scene};

/// Levels of one or two contexts, and of three.
const LEVELS: [usize; 2] = [16, 8];
/// Bits that a further context must save.
const SAVING: f64 = 60.0;
/// Distributions while searching.
const CLUSTERS: usize = 16;
/// For each further context: bits a token in use of a context costs in the quick estimate, and how
/// many of the best are tried in full.
const STEPS: [(f64, usize); 3] = [(4.0, 2), (2.0, 2), (1.2, 1)];

/// A source with its levels in the sample, finely and coarsely.
pub(super) struct Leveled {
    source: Source,
    levels: [Vec<u8>; 2],
    level_n: [usize; 2],
}

impl Leveled {
    fn new(source: Source, values: &[u64]) -> Option<Self> {
        let sorted = sample(values);
        let by = |level_n: usize| {
            let cuts = cuts_of_sample(&sorted, level_n);
            let level = |value: &u64| cuts.iter().map(|cut| u8::from(cut <= value)).sum::<u8>();
            let levels: Vec<u8> = values.iter().map(level).collect();
            (levels, cuts.len() + 1)
        };
        let (fine, fine_n) = by(LEVELS[0]);
        if fine_n < 2 {
            return None;
        }
        let (coarse, coarse_n) = by(LEVELS[1]);
        Some(Leveled {
            source,
            levels: [fine, coarse],
            level_n: [fine_n, coarse_n],
        })
    }
}

/// What the columns to the right of a column may look at there.
pub(super) fn offered(effort: Effort, at: usize, known: &Known, tokens: &[u8]) -> Vec<Leveled> {
    let column = at as u16;
    let row_n = tokens.len();
    let of_tokens: Vec<u64> = tokens.iter().map(|&token| token.into()).collect();
    let mut all = Vec::from_iter(Leveled::new(Source::Token(column), &of_tokens));
    if effort.values {
        let words = known.words.sampled(0..row_n);
        all.extend(Leveled::new(Source::Value(column), &words));
        let repeats: Vec<u64> = (0..row_n)
            .map(|row| u64::from(row > 0 && words[row] == words[row - 1]))
            .collect();
        let met = repeats.iter().filter(|&&v| v > 0).count();
        if met * 20 >= row_n && met * 20 <= row_n * 19 {
            all.extend(Leveled::new(Source::Repeats(column), &repeats));
        }
    }
    all
}

/// The sources to use, those of the column's own tokens last, with how many levels to make of them.
pub(super) fn choose<W: Word>(
    scene: &Scene,
    prepared: &Prepared<W>,
    bins: &Bins,
    tokens: &[u8],
) -> Vec<(Source, usize)> {
    if scene.is_grid() && scene.known.len() == 1 {
        return GRID_SOURCES.to_vec();
    }
    let mine = own(scene, prepared, bins, tokens);
    let left = scene.offered[scene.reach()].iter().flatten();
    let options: Vec<&Leveled> = left.chain(&mine).collect();
    let token_n = bins.token_n();
    let combine = |chosen: &[usize], coarse: usize| {
        let mut all = vec![0u16; tokens.len()];
        let mut n = 1;
        for &at in chosen {
            let option = &options[at];
            let level_n = option.level_n[coarse];
            all.iter_mut()
                .zip(&option.levels[coarse])
                .for_each(|(all, &level)| *all = *all * level_n as u16 + u16::from(level));
            n *= level_n;
        }
        (all, n)
    };
    let full = |chosen: &[usize]| {
        let (combined, n) = combine(chosen, usize::from(chosen.len() > 2));
        cluster(&count(&combined, tokens, n, token_n), token_n, CLUSTERS).bits
    };
    let quick = |chosen: &[usize], price: f64| {
        let (combined, n) = combine(chosen, usize::from(chosen.len() > 1));
        let counts = count(&combined, tokens, n, token_n);
        let of = |counts: &[u32]| {
            entropy(counts) + counts.iter().filter(|&&c| c > 0).count() as f64 * price
        };
        counts.chunks(token_n).map(of).sum::<f64>()
    };
    let is_own = |at: usize| options[at].source.is_own();
    let none = full(&[]);
    let mut best: (f64, Vec<usize>) = (none, Vec::new());
    let mut chosen: Vec<usize> = Vec::new();
    let mut bits = none;
    for (price, tries) in STEPS.into_iter().take(scene.effort.contexts) {
        let mut ranked: Vec<(f64, usize)> = (0..options.len())
            .filter(|at| !chosen.contains(at))
            .filter(|&at| !is_own(at) || !chosen.iter().any(|&c| is_own(c)))
            .map(|at| (quick(&[&chosen[..], &[at]].concat(), price), at))
            .collect();
        ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
        let tried = ranked.iter().take(tries).map(|&(_, at)| {
            let with = [&chosen[..], &[at]].concat();
            (full(&with), with)
        });
        let Some((now, with)) = tried.min_by(|a, b| a.0.total_cmp(&b.0)) else {
            break;
        };
        if now < best.0 {
            best = (now, with.clone());
        }
        if now > bits - SAVING {
            break;
        }
        (bits, chosen) = (now, with);
    }
    let mut chosen = best.1;
    chosen.sort_by_key(|&at| is_own(at));
    let level_n = if chosen.len() > 2 {
        LEVELS[1] + 4
    } else {
        LEVELS[0]
    };
    chosen
        .iter()
        .map(|&at| (options[at].source, level_n))
        .collect()
}

/// What only this column may look at: its prediction, its place, its own tokens.
fn own<W: Word>(scene: &Scene, prepared: &Prepared<W>, bins: &Bins, tokens: &[u8]) -> Vec<Leveled> {
    let view = View {
        row_n: tokens.len(),
        geometry: scene.geometry,
        known: &scene.known[..scene.at],
        tokens: scene.tokens,
        predicted: &prepared.predicted,
    };
    let group = scene.geometry.group;
    let mut all = Vec::new();
    if !prepared.predicted.is_empty() && scene.effort.values {
        all.extend(Leveled::new(
            Source::Predicted,
            &values(Source::Predicted, &view),
        ));
    }
    if group > 1 && group < 1 << 12 {
        all.extend(Leveled::new(Source::Place, &values(Source::Place, &view)));
    }
    let magnitudes = bins.magnitudes(W::BITS);
    let above = (group > 1).then_some(Source::Own(group as u32));
    for source in [Source::Own(1)]
        .into_iter()
        .chain(above)
        .chain([Source::Near])
    {
        all.extend(Leveled::new(
            source,
            &own_values(source, scene.geometry, &magnitudes, tokens),
        ));
    }
    all
}

/// Bits of the tokens by these sources.
pub(super) fn bits<W: Word>(
    scene: &Scene,
    prepared: &Prepared<W>,
    bins: &Bins,
    tokens: &[u8],
    sources: &[(Source, usize)],
) -> f64 {
    let left = scene.left();
    let contexts = super::super::encode::contexts(sources, bins, prepared, &left, tokens);
    let combined = super::super::encode::combined(&contexts, &left, prepared, tokens, bins);
    let n: usize = contexts.iter().map(Context::level_n).product();
    let token_n = bins.token_n();
    cluster(&count(&combined, tokens, n, token_n), token_n, CLUSTERS).bits
}
