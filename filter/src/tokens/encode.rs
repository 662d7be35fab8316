//! A column from its values to tokens and offsets, by a recipe.
//!
//! Three steps. *Prepare* computes words, predictions, copies and residuals, and needs nothing of
//! the chain. *Settle* decides on bins, contexts and distributions, given those of the chain's
//! frame before. *Write* codes tokens and offsets.

mod adapt;
mod amend;
mod finder;

use super::adaptive::Adaptive;
use super::bins::{Bins, Cutting};
use super::cluster::cluster;
use super::column::Known;
use super::context::{Context, Geometry, Source, View, cuts, own_values, rounded, values};
use super::form::Form;
use super::offsets::BitWriter;
use super::plan::ColumnPlan;
use super::prediction::{Copy, Prediction};
use super::rans::{CLUSTERS, TOTAL_BITS, normalise};
use super::word::{Word, Words};
use crate::numeric::ValueType;
use crate::numeric::functions::log2;
use adapt::{adapted, is_adapted_well};
pub use adapt::{said_bits, write_adapted};
use amend::amended;
use finder::Finder;

/// What the search decided of a column, for all frames of a stream.
#[derive(Clone, Debug)]
pub struct Recipe {
    pub form: Form,
    pub prediction: Prediction,
    pub copy: Copy,
    pub cutting: Cutting,
    /// Sources and how many levels to make of them; those that look at the column's own tokens
    /// last.
    pub sources: Vec<(Source, usize)>,
    /// What the adaptive stage looks at, if tokens are coded by that.
    pub adaptive: Option<Adaptive>,
}

impl Recipe {
    /// Of words that are spelt out.
    pub fn spelt(vt: ValueType) -> Self {
        Recipe {
            form: Form::plain(vt),
            prediction: Prediction::Zero,
            copy: Copy::None,
            cutting: Cutting {
                price: 40.0,
                bins: 64,
                exact: 96,
            },
            sources: Vec::new(),
            adaptive: Some(Adaptive {
                spelt: true,
                ..Adaptive::default()
            }),
        }
    }
}

/// A column's rows, ready for tokens.
#[derive(Debug)]
pub struct Prepared<W> {
    /// Empty where the prediction looks at the column itself.
    pub predicted: Vec<W>,
    pub residuals: Vec<W>,
    /// By row: which copy is met, from 1 on; 0 where none is.
    pub hits: Vec<u8>,
    /// Tokens that copies have.
    pub copy_n: usize,
}

/// The same for words of either size.
#[derive(Debug)]
pub enum Ready {
    Narrow(Prepared<u32>),
    Wide(Prepared<u64>),
}

/// Runs the same code on columns of either size.
macro_rules! with_ready {
    ($ready:expr, $name:ident => $body:expr) => {
        match $ready {
            Ready::Narrow($name) => $body,
            Ready::Wide($name) => $body,
        }
    };
}

impl Ready {
    /// The first rows alone.
    pub fn first(&self, row_n: usize) -> Self {
        fn cut<W: Word>(prepared: &Prepared<W>, row_n: usize) -> Prepared<W> {
            let predicted = &prepared.predicted;
            Prepared {
                predicted: predicted[..row_n.min(predicted.len())].to_vec(),
                residuals: prepared.residuals[..row_n].to_vec(),
                hits: prepared.hits[..row_n].to_vec(),
                copy_n: prepared.copy_n,
            }
        }
        match self {
            Ready::Narrow(prepared) => Ready::Narrow(cut(prepared, row_n)),
            Ready::Wide(prepared) => Ready::Wide(cut(prepared, row_n)),
        }
    }

    /// The predicted words, in 64 bits; nothing where the prediction looks at the column itself.
    pub fn predicted(&self) -> Vec<u64> {
        with_ready!(self, prepared => prepared.predicted.iter().map(|word| word.wide()).collect())
    }
}

/// A column ready to be written.
#[derive(Debug)]
pub struct Settled {
    pub plan: ColumnPlan,
    pub tokens: Vec<u8>,
    /// By row: which distribution.
    pub clusters: Vec<u8>,
    /// Bits of tokens, offsets and what is said of the column, about.
    pub bits: f64,
}

/// The known form of a column from its ordered integers.
pub fn known(form: Form, values: Words) -> Known {
    match values {
        Words::Narrow(values) => {
            let (words, exceptions) = form.words(values);
            Known::new(form, Words::Narrow(words), exceptions)
        }
        Words::Wide(values) => {
            let (words, exceptions) = form.words(values);
            Known::new(form, Words::Wide(words), exceptions)
        }
    }
}

/// Residuals and copies of the column that stands behind those to its left.
pub fn prepare(known: &[Known], at: usize, prediction: &Prediction, copy: &Copy) -> Ready {
    let (left, me) = (&known[..at], &known[at]);
    match &me.words {
        Words::Narrow(words) => Ready::Narrow(prepare_words(left, me, words, prediction, copy)),
        Words::Wide(words) => Ready::Wide(prepare_words(left, me, words, prediction, copy)),
    }
}

/// The same of words of one size.
pub fn prepare_words<W: Word>(
    left: &[Known],
    me: &Known,
    words: &[W],
    prediction: &Prediction,
    copy: &Copy,
) -> Prepared<W> {
    let hits = copy.hits(&me.form, left, words);
    let predicted = prediction.words(&me.form, left, words.len());
    let residuals = residuals(me, words, prediction, &predicted, copy);
    Prepared {
        predicted,
        residuals,
        hits,
        copy_n: copy.token_n(),
    }
}

/// What is left of words, around half of their range.
pub fn residuals<W: Word>(
    me: &Known,
    words: &[W],
    prediction: &Prediction,
    predicted: &[W],
    copy: &Copy,
) -> Vec<W> {
    let left = |word: &W, predicted: &W| word.minus(*predicted).plus(W::HALF);
    match prediction {
        Prediction::Zero => words.to_vec(),
        Prediction::Row(distance) => {
            let distance = (*distance as usize).min(words.len());
            let first = words[..distance].iter().map(|word| left(word, &W::HALF));
            first
                .chain(
                    words[distance..]
                        .iter()
                        .zip(words)
                        .map(|(word, above)| left(word, above)),
                )
                .collect()
        }
        Prediction::Stencil(stencil) => {
            let absent: Box<dyn Fn(usize) -> bool> = match *copy {
                Copy::Fill(fill) => Box::new(move |row| words[row].wide() == fill),
                _ => Box::new(|_| false),
            };
            let predicted = stencil.predict(&me.form, words, absent);
            words
                .iter()
                .zip(&predicted)
                .map(|(word, predicted)| left(word, predicted))
                .collect()
        }
        _ => words
            .iter()
            .zip(predicted)
            .map(|(word, predicted)| left(word, predicted))
            .collect(),
    }
}

/// Tokens of all rows by these bins; what lies in none is an exception.
pub fn tokens<W: Word>(bins: &Bins, prepared: &Prepared<W>, exceptions: &[(u32, u64)]) -> Vec<u8> {
    let (copy, exception) = (bins.copy(), bins.exception());
    let finder = Finder::new(bins);
    let token = |(&residual, &hit): (&W, &u8)| match hit {
        0 => finder.token(residual.wide()).unwrap_or(exception),
        which => copy + which - 1,
    };
    let mut tokens: Vec<u8> = prepared
        .residuals
        .iter()
        .zip(&prepared.hits)
        .map(token)
        .collect();
    for &(row, _) in exceptions {
        tokens[row as usize] = exception;
    }
    tokens
}

/// Everything that the contexts of a column may look at.
pub struct Left<'a> {
    pub known: &'a [Known],
    pub tokens: &'a [Vec<u8>],
    pub geometry: &'a Geometry,
}

impl Left<'_> {
    fn view<'a, W>(&'a self, row_n: usize, predicted: &'a [W]) -> View<'a, W> {
        View {
            row_n,
            geometry: self.geometry,
            known: self.known,
            tokens: self.tokens,
            predicted,
        }
    }
}

/// The combined context of all rows.
pub fn combined<W: Word>(
    contexts: &[Context],
    left: &Left,
    prepared: &Prepared<W>,
    tokens: &[u8],
    bins: &Bins,
) -> Vec<u16> {
    let view = left.view(tokens.len(), &prepared.predicted);
    let mut all = vec![0u16; tokens.len()];
    for context in contexts {
        let n = context.level_n() as u16;
        let levels = match context.source.is_own() {
            false => context.levels(&view),
            true => {
                let table = context.table::<1024>();
                let values = own_values(
                    context.source,
                    left.geometry,
                    &bins.magnitudes(W::BITS),
                    tokens,
                );
                values.iter().map(|&value| table[value as usize]).collect()
            }
        };
        all.iter_mut()
            .zip(levels)
            .for_each(|(all, level)| *all = *all * n + u16::from(level));
    }
    all
}

/// A column's plan and tables at the beginning of a chain.
#[derive(Clone, Copy, Debug)]
pub struct Before<'a> {
    pub plan: &'a ColumnPlan,
    /// Rows that they were made from.
    pub rows: usize,
    /// Bits a row at which nothing else is looked for.
    pub bits: f64,
}

/// Bins, contexts and distributions for a column of a frame: those of `before` where they are as
/// good.
pub fn settle(
    recipe: &Recipe,
    me: &Known,
    ready: &Ready,
    left: &Left,
    before: Option<Before>,
) -> Settled {
    with_ready!(ready, prepared => settle_words(recipe, me, prepared, left, before))
}

fn settle_words<W: Word>(
    recipe: &Recipe,
    me: &Known,
    prepared: &Prepared<W>,
    left: &Left,
    before: Option<Before>,
) -> Settled {
    if let Some(adaptive) = &recipe.adaptive {
        let kept = before.and_then(|before| adapted(before.plan, me, prepared));
        return kept
            .filter(is_adapted_well)
            .unwrap_or_else(|| adapt::fresh(recipe, adaptive, me, prepared, left));
    }
    let fresh = || fresh(recipe, me, prepared, left);
    let Some(before) = before else {
        return fresh();
    };
    let Some(amended) = amended(before.plan, me, prepared, left) else {
        return fresh();
    };
    let row_n = amended.tokens.len();
    // Few rows make no better tables than many, and what is no worse than was expected is good
    // enough for levels in haste.
    if row_n * 2 < before.rows
        || amended.bits <= before.bits * row_n as f64
        || amended.plan == *before.plan
    {
        return amended;
    }
    let settled = fresh();
    if settled.bits < amended.bits {
        settled
    } else {
        amended
    }
}

/// Bits of a settled column of the static stage, all counted.
pub fn counted_bits(me: &Known, settled: &Settled, left: usize) -> f64 {
    let plan = &settled.plan;
    let of = |(&cluster, &token): (&u8, &u8)| {
        let frequency = plan.frequencies[usize::from(cluster)][usize::from(token)];
        f64::from(TOTAL_BITS) - log2(f64::from(frequency.max(1)))
    };
    let tokens: f64 = settled.clusters.iter().zip(&settled.tokens).map(of).sum();
    tokens + offset_bits::<u64>(&plan.bins, me, &settled.tokens) + said_bits(plan, left)
}

/// Bits of the offsets of these tokens.
pub fn offset_bits<W: Word>(bins: &Bins, me: &Known, tokens: &[u8]) -> f64 {
    let (_, bits) = bins.table::<W>(me.form.vt.bits());
    tokens
        .iter()
        .map(|&token| f64::from(bits[usize::from(token)]))
        .sum()
}

/// Bins for these rows, and the tokens by them.
fn cut<W: Word>(recipe: &Recipe, me: &Known, prepared: &Prepared<W>) -> (Bins, Vec<u8>) {
    let mut coded = vec![true; prepared.residuals.len()];
    me.exceptions
        .iter()
        .for_each(|&(row, _)| coded[row as usize] = false);
    let wanted = prepared.residuals.iter().zip(&prepared.hits).zip(&coded);
    let wanted = wanted
        .filter(|((_, hit), coded)| **hit == 0 && **coded)
        .map(|((residual, _), _)| *residual);
    let bins = Bins::cut(wanted.collect(), recipe.cutting).with_copies(prepared.copy_n);
    let tokens = tokens(&bins, prepared, &me.exceptions);
    (bins, tokens)
}

/// Everything anew.
fn fresh<W: Word>(recipe: &Recipe, me: &Known, prepared: &Prepared<W>, left: &Left) -> Settled {
    let (bins, tokens) = cut(recipe, me, prepared);
    let contexts = contexts(&recipe.sources, &bins, prepared, left, &tokens);
    let combined = combined(&contexts, left, prepared, &tokens, &bins);
    let context_n: usize = contexts.iter().map(Context::level_n).product();
    let token_n = bins.token_n();
    let counts = count(&combined, &tokens, context_n, token_n);
    let found = cluster(&counts, token_n, CLUSTERS.min(20));
    let mut sums = vec![vec![0u32; token_n]; found.n];
    for (counts, &cluster) in counts.chunks(token_n).zip(&found.map) {
        let sum = &mut sums[usize::from(cluster)];
        sum.iter_mut()
            .zip(counts)
            .for_each(|(sum, &count)| *sum += count);
    }
    if sums.iter().flatten().filter(|&&n| n > 0).count() > 1 {
        // Later frames may hold what this one does not.
        sums.iter_mut()
            .for_each(|sum| sum[token_n - 1] = sum[token_n - 1].max(1));
    }
    let frequencies: Vec<Vec<u16>> = sums.iter().map(|sum| normalise(sum)).collect();
    let clusters = combined
        .iter()
        .map(|&context| found.map[usize::from(context)])
        .collect();
    let plan = ColumnPlan {
        form: recipe.form,
        prediction: recipe.prediction.clone(),
        copy: recipe.copy.clone(),
        bins,
        contexts,
        map: found.map,
        frequencies,
        adaptive: None,
    };
    let said = token_n as f64 * 14.0 + plan.contexts.len() as f64 * 200.0;
    let bits = found.bits + said + offset_bits::<W>(&plan.bins, me, &tokens);
    Settled {
        plan,
        tokens,
        clusters,
        bits,
    }
}

/// The recipe's sources, cut by what these rows hold.
pub fn contexts<W: Word>(
    sources: &[(Source, usize)],
    bins: &Bins,
    prepared: &Prepared<W>,
    left: &Left,
    tokens: &[u8],
) -> Vec<Context> {
    let view = left.view(tokens.len(), &prepared.predicted);
    let context = |&(source, level_n): &(Source, usize)| {
        let values = match source.is_own() {
            true => own_values(source, left.geometry, &bins.magnitudes(W::BITS), tokens),
            false => values(source, &view),
        };
        let cuts = cuts(&values, level_n);
        let cuts = match source {
            Source::Value(_) | Source::Predicted => rounded(cuts),
            _ => cuts,
        };
        Context { source, cuts }
    };
    sources
        .iter()
        .map(context)
        .filter(|context| !context.cuts.is_empty())
        .collect()
}

/// Counts of tokens by context.
pub fn count(combined: &[u16], tokens: &[u8], context_n: usize, token_n: usize) -> Vec<u32> {
    let mut counts = vec![0u32; context_n * token_n];
    for (&context, &token) in combined.iter().zip(tokens) {
        counts[usize::from(context) * token_n + usize::from(token)] += 1;
    }
    counts
}

/// Writes the offsets of a column.
pub fn write_offsets(me: &Known, ready: &Ready, settled: &Settled, writer: &mut BitWriter) {
    with_ready!(ready, prepared => offsets_of_words(me, prepared, settled, writer));
}

fn offsets_of_words<W: Word>(
    me: &Known,
    prepared: &Prepared<W>,
    settled: &Settled,
    writer: &mut BitWriter,
) {
    let bins = &settled.plan.bins;
    let (lower, bits) = bins.table::<W>(me.form.vt.bits());
    let exception = bins.exception();
    for (row, (&token, &residual)) in settled.tokens.iter().zip(&prepared.residuals).enumerate() {
        let at = usize::from(token);
        if bits[at] == 0 {
            continue;
        }
        let value = if token == exception {
            me.ordered(row)
        } else {
            residual.minus(lower[at]).wide()
        };
        writer.put(value, bits[at].into());
    }
}
