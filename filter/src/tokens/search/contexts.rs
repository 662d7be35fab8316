//! Contexts, greedily: what lowers the bits of the tokens most, then what does beside it, up to
//! three.

use super::super::bins::Bins;
use super::super::cluster::{cluster, entropy};
use super::super::context::{Context, Source, View, cuts, own_values, values};
use super::super::encode::{Prepared, count};
use super::super::word::Word;
use super::{GRID_SOURCES, Scene};

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
struct Option2 {
    source: Source,
    levels: [Vec<u8>; 2],
    level_n: [usize; 2],
}

impl Option2 {
    fn new(source: Source, values: &[u64]) -> Option<Self> {
        let by = |level_n: usize| {
            let context = Context {
                source,
                cuts: cuts(values, level_n),
            };
            let n = context.level_n();
            let level = |value: &u64| context.cuts.partition_point(|cut| cut <= value) as u8;
            (values.iter().map(level).collect::<Vec<u8>>(), n)
        };
        let (fine, fine_n) = by(LEVELS[0]);
        if fine_n < 2 {
            return None;
        }
        let (coarse, coarse_n) = by(LEVELS[1]);
        Some(Option2 {
            source,
            levels: [fine, coarse],
            level_n: [fine_n, coarse_n],
        })
    }
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
    let options = options(scene, prepared, bins, tokens);
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
    let own = |at: usize| options[at].source.is_own();
    let none = full(&[]);
    let mut best: (f64, Vec<usize>) = (none, Vec::new());
    let mut chosen: Vec<usize> = Vec::new();
    let mut bits = none;
    for (price, tries) in STEPS.into_iter().take(scene.effort.contexts) {
        let mut ranked: Vec<(f64, usize)> = (0..options.len())
            .filter(|at| !chosen.contains(at))
            .filter(|&at| !own(at) || !chosen.iter().any(|&c| own(c)))
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
    chosen.sort_by_key(|&at| own(at));
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

fn options<W: Word>(
    scene: &Scene,
    prepared: &Prepared<W>,
    bins: &Bins,
    tokens: &[u8],
) -> Vec<Option2> {
    let row_n = tokens.len();
    let view = View {
        row_n,
        geometry: scene.geometry,
        known: &scene.known[..scene.at],
        tokens: scene.tokens,
        predicted: &prepared.predicted,
    };
    let mut sources: Vec<Source> = Vec::new();
    for at in scene.reach() {
        sources.push(Source::Token(at as u16));
        if scene.effort.values {
            sources.extend([Source::Value(at as u16), Source::Repeats(at as u16)]);
        }
    }
    if !prepared.predicted.is_empty() && scene.effort.values {
        sources.push(Source::Predicted);
    }
    if scene.geometry.group > 1 && scene.geometry.group < 1 << 12 {
        sources.push(Source::Place);
    }
    let mut options: Vec<Option2> = Vec::new();
    for source in sources {
        let values = values(source, &view);
        if let Source::Repeats(_) = source {
            let met = values.iter().filter(|&&v| v > 0).count();
            if met * 20 < row_n || met * 20 > row_n * 19 {
                continue;
            }
        }
        options.extend(Option2::new(source, &values));
    }
    let magnitudes = bins.magnitudes(W::BITS);
    let mut owns = vec![Source::Own(1)];
    if scene.geometry.group > 1 {
        owns.push(Source::Own(scene.geometry.group as u32));
    }
    owns.push(Source::Near);
    for source in owns {
        options.extend(Option2::new(
            source,
            &own_values(source, scene.geometry, &magnitudes, tokens),
        ));
    }
    options
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
