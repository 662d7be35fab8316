//! Contexts of the adaptive stage, greedily: what lowers the bits of the sample most, then what
//! does beside it. Bits are counted by coding.

use super::super::adaptive::look::{By, Look, Seen};
use super::super::adaptive::{Adaptive, classes};
use super::super::column::Known;
use super::super::context::{Context, Source};
use super::super::encode::{Ready, Recipe, Settled, write_adapted};
use super::super::frame::{self, Memory};
use super::super::offsets::BitWriter;
use super::super::prediction::Prediction;
use super::super::rows::Table;
use super::super::stencil::Domain;
use super::super::word::Words;
use super::{Adapting, FEW_COLUMNS, FEWEST, Scene};
use crate::coder::BitCoder;
use crate::numeric::{ValueType, logistic};
use crate::parallel;

/// Columns to the left that are looked at, at most.
const PARENTS: usize = 4;
/// Levels of a value that is looked at.
const LEVELS: u8 = 32;
/// Contexts that are tried beside others, at most: the best alone.
const TRIED: usize = 12;
/// What a further context must gain, as a part of the bits.
const GAIN: f64 = 0.001;
/// Bits of a look and of each of its cuts, as far as the sample must pay for them: it is a part of
/// what they are said for.
const LOOK: f64 = 6.0;
const CUT: f64 = 4.0;
/// What offset bits by contexts must gain.
const TOPS_GAIN: f64 = 0.002;

/// Rows of a grid by which it is seen whether its words may be spelt out, and how many times the
/// bits of all rows those may not take.
const SPELT_ROWS: usize = 1 << 13;
const HOPELESS: f64 = 1.1;

/// Counts bits, of 256.
struct Counter {
    sum: u64,
    logistic: &'static logistic::Logistic,
}

impl Counter {
    fn new() -> Self {
        Counter {
            sum: 0,
            logistic: logistic::tables(),
        }
    }
}

impl BitCoder for Counter {
    const ENCODES: bool = true;

    #[inline(always)]
    fn code(&mut self, bit: u32, p1: u32) -> u32 {
        let p = if bit != 0 { p1 } else { 65536 - p1 };
        self.sum += u64::from(self.logistic.cost(p));
        bit
    }

    fn byte(&mut self, byte: u8) -> u8 {
        self.sum += 8 << 8;
        byte
    }

    fn nibble(&mut self, nibble: u8) -> u8 {
        self.sum += 4 << 8;
        nibble
    }
}

/// What the adaptive stage should look at for a column; nothing if it is not searched for, or the
/// column is too short or all one token.
pub(super) fn choose(
    scene: &Scene,
    recipe: &Recipe,
    ready: &Ready,
    settled: &Settled,
) -> Option<Adaptive> {
    let adapting = scene.effort.adapting?;
    if scene.row_n < FEWEST || settled.plan.constant().is_some() {
        return None;
    }
    let trial = Trial::new(scene, adapting, ready, settled);
    let candidates = candidates(scene, recipe, settled);
    let guessed = match &recipe.prediction {
        _ if !scene.is_sequence() || !adapting.second => None,
        Prediction::Stencil(stencil) => Some(stencil.domain),
        _ => Some(Domain::Numbers),
    };
    let mut best = trial.greedily(&candidates, guessed, adapting.contexts);
    if let Some(domain) = guessed {
        let other = match domain {
            Domain::Numbers => Domain::Words,
            Domain::Words => Domain::Numbers,
        };
        let mut with = best.1.clone();
        with.second = Some(other);
        best = smaller(best, (trial.bits(&with), with));
        best = smaller(best, trial.greedily(&candidates, None, adapting.contexts));
    }
    if best.1.second.is_none() {
        let mut with = best.1.clone();
        with.tops = 2;
        let bits = trial.bits(&with);
        if bits < best.0 * (1.0 - TOPS_GAIN) {
            best = (bits, with);
        }
    }
    Some(best.1)
}

/// A column whose words are spelt out, if that is smaller than `bits`, what it takes otherwise.
pub(super) fn spelt(
    table: &Table,
    vt: ValueType,
    first: u64,
    body: &[u8],
    bits: f64,
    adapting: Adapting,
) -> Option<(Vec<Recipe>, Memory, Vec<f64>)> {
    let row_n = body.len() / table.row_size;
    let of_first = |row_n: usize| {
        let mut recipes = vec![Recipe::spelt(vt)];
        let body = &body[..row_n * table.row_size];
        let (memory, bits) = frame::learn(table, &mut recipes, 0.0, first, body);
        (recipes, memory, bits)
    };
    // A grid is alike everywhere, and its first rows say what all of them come to.
    let some = SPELT_ROWS.min(row_n);
    if table.group > 2 && of_first(some).2[0] / some as f64 > bits / row_n as f64 * HOPELESS {
        return None;
    }
    let found = of_first(row_n);
    let smaller = found.2[0] < bits * (1.0 - adapting.spelt);
    (found.0[0].adaptive.is_some() && smaller).then_some(found)
}

fn smaller(a: (f64, Adaptive), b: (f64, Adaptive)) -> (f64, Adaptive) {
    if b.0 < a.0 { b } else { a }
}

/// Some rows that contexts are tried on.
struct Trial<'a> {
    scene: &'a Scene<'a>,
    known: Known,
    ready: Ready,
    settled: &'a Settled,
    row_n: usize,
}

impl<'a> Trial<'a> {
    fn new(scene: &'a Scene<'a>, adapting: Adapting, ready: &Ready, settled: &'a Settled) -> Self {
        let wanted = adapting.rows * (FEW_COLUMNS / scene.known.len()).max(1) / 2;
        let row_n = scene.row_n.min(wanted.max(adapting.rows));
        let me = scene.me();
        let exceptions = me.exceptions.iter();
        let exceptions = exceptions.filter(|&&(row, _)| (row as usize) < row_n);
        let words = match &me.words {
            Words::Narrow(words) => Words::Narrow(words[..row_n].to_vec()),
            Words::Wide(words) => Words::Wide(words[..row_n].to_vec()),
        };
        Trial {
            scene,
            known: Known::new(me.form, words, exceptions.copied().collect()),
            ready: ready.first(row_n),
            settled,
            row_n,
        }
    }

    /// Bits of the rows.
    fn bits(&self, adaptive: &Adaptive) -> f64 {
        let mut plan = self.settled.plan.clone();
        let tokens = &self.settled.tokens[..self.row_n];
        plan.adaptive = Some(Adaptive {
            classes: classes(tokens, plan.bins.token_n()),
            ..adaptive.clone()
        });
        let settled = Settled {
            plan,
            tokens: tokens.to_vec(),
            clusters: Vec::new(),
            bits: 0.0,
        };
        let (mut counter, mut offsets) = (Counter::new(), BitWriter::default());
        let (left, ready) = (self.scene.left(), &self.ready);
        write_adapted(
            &self.known,
            ready,
            &left,
            &settled,
            &mut counter,
            &mut offsets,
        );
        let cuts = |look: &Look| match &look.by {
            By::Cuts(cuts) => cuts.len(),
            By::Shift(_) | By::Ranks(_) => 0,
        };
        let looks = adaptive.contexts.iter().flatten();
        let said: f64 = looks.map(|look| LOOK + CUT * cuts(look) as f64).sum();
        counter.sum as f64 / 256.0 + offsets.finish().len() as f64 * 8.0 + said
    }

    /// The best contexts, one after another.
    fn greedily(
        &self,
        candidates: &[Vec<Look>],
        second: Option<Domain>,
        most: usize,
    ) -> (f64, Adaptive) {
        let with = |contexts: &[Vec<Look>], one: &Vec<Look>| Adaptive {
            contexts: contexts.iter().chain([one]).cloned().collect(),
            second,
            ..Adaptive::default()
        };
        let possible = |looks: &&Vec<Look>| {
            second.is_some() || !looks.iter().any(|look| look.seen.needs_second())
        };
        let mut left: Vec<&Vec<Look>> = candidates.iter().filter(possible).collect();
        let mut chosen: Vec<Vec<Look>> = Vec::new();
        let mut bits = f64::INFINITY;
        while chosen.len() < most && !left.is_empty() {
            let tried = parallel::map(self.scene.threads, &left, |one| {
                self.bits(&with(&chosen, one))
            });
            let mut ranked: Vec<(f64, usize)> = tried.into_iter().zip(0..).collect();
            ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
            let (least, at) = ranked[0];
            if least > bits * (1.0 - GAIN) {
                break;
            }
            bits = least;
            chosen.push(left[at].clone());
            let rest = ranked[1..].iter().take(TRIED).map(|&(_, at)| left[at]);
            left = rest.collect();
        }
        let adaptive = Adaptive {
            contexts: chosen,
            second,
            ..Adaptive::default()
        };
        (bits, adaptive)
    }
}

/// What may be worth a look.
fn candidates(scene: &Scene, recipe: &Recipe, settled: &Settled) -> Vec<Vec<Look>> {
    let plan = &settled.plan;
    let statics: Vec<Look> = plan.contexts.iter().map(cut).collect();
    let mut parents: Vec<u16> = Vec::new();
    for context in &plan.contexts {
        if let Source::Token(at) | Source::Value(at) | Source::Repeats(at) = context.source
            && !parents.contains(&at)
        {
            parents.push(at);
        }
    }
    if let Some(before) = scene.at.checked_sub(1)
        && !parents.contains(&(before as u16))
    {
        parents.push(before as u16);
    }
    let mut singles = Vec::new();
    for &at in parents.iter().take(PARENTS) {
        singles.push(Look::whole(Seen::Source(Source::Token(at))));
        singles.push(ranked(Source::Value(at)));
    }
    if recipe.prediction.is_foreseen() {
        singles.push(ranked(Source::Predicted));
    }
    let own = |distance: usize| Look::whole(Seen::Source(Source::Own(distance as u32)));
    let group = scene.geometry.group;
    singles.push(own(1));
    if group > 1 {
        singles.push(own(group));
    }
    if (2..1 << 12).contains(&group) {
        singles.push(Look::whole(Seen::Source(Source::Place)));
    }
    let mut all = vec![Vec::new(), statics.clone()];
    for (at, a) in singles.iter().enumerate() {
        all.push(vec![a.clone()]);
        all.extend(singles[at + 1..].iter().map(|b| vec![a.clone(), b.clone()]));
    }
    for (at, a) in statics.iter().enumerate() {
        all.push(vec![a.clone()]);
        all.push(vec![a.clone(), own(1)]);
        if statics.len() > 2 {
            all.extend(statics[at + 1..].iter().map(|b| vec![a.clone(), b.clone()]));
        }
    }
    all.push(vec![own(1), own(2)]);
    all.push([&statics[..], &[own(1)]].concat());
    if scene.is_sequence() {
        all.extend(of_sequence(scene, &statics));
    }
    let mut kept: Vec<Vec<Look>> = Vec::new();
    for mut looks in all {
        looks.sort_by_key(|look| look.seen.is_own());
        if !kept.contains(&looks) {
            kept.push(looks);
        }
    }
    kept
}

/// What may be worth a look in grids and single columns.
fn of_sequence(scene: &Scene, statics: &[Look]) -> Vec<Vec<Look>> {
    let (group, plane) = (scene.geometry.group, scene.geometry.plane);
    let row = if group > 2 { group as u32 } else { 2 };
    let above = if plane > 0 { plane as u32 } else { 2 * row };
    let by = |seen: Seen, shift: u8| Look {
        seen,
        by: By::Shift(shift),
    };
    let near = statics
        .iter()
        .find(|look| look.seen == Seen::Source(Source::Near));
    let mut all = vec![
        vec![by(Seen::Magnitude(1), 1), by(Seen::Magnitude(row), 1)],
        vec![by(Seen::Second, 0), by(Seen::SecondScale, 2)],
        vec![by(Seen::Second, 0)],
        vec![by(Seen::SecondScale, 1), by(Seen::FirstScale, 1)],
    ];
    if let Some(near) = near {
        let coarse = |level_n: usize| match &near.by {
            By::Cuts(cuts) => Look {
                seen: near.seen,
                by: By::Cuts(thinned(cuts, level_n)),
            },
            By::Shift(_) | By::Ranks(_) => near.clone(),
        };
        all.push(vec![near.clone(), by(Seen::Magnitude(above), 1)]);
        all.push(vec![coarse(6), by(Seen::Second, 0)]);
        all.push(vec![coarse(8), by(Seen::Expected, 1)]);
        let signs = [1, row, above].map(|distance| by(Seen::Sign(distance), 0));
        all.push([&[coarse(24)][..], &signs].concat());
    }
    all
}

/// About so many levels of those that these cuts make.
fn thinned(cuts: &[u64], level_n: usize) -> Vec<u64> {
    let step = (cuts.len() / level_n).max(1);
    cuts.iter().skip(step / 2).step_by(step).copied().collect()
}

fn cut(context: &Context) -> Look {
    let by = match context.source {
        Source::Value(_) | Source::Predicted => By::Ranks(context.level_n() as u8),
        _ => By::Cuts(context.cuts.clone()),
    };
    Look {
        seen: Seen::Source(context.source),
        by,
    }
}

/// A value of all rows, by its rank.
fn ranked(source: Source) -> Look {
    Look {
        seen: Seen::Source(source),
        by: By::Ranks(LEVELS),
    }
}
