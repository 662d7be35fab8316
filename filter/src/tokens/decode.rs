//! A column from tokens and offsets back to its words.
//!
//! Passes over all rows: predictions from columns to the left, contexts, tokens, offsets, and the
//! words put together. Whatever the streams hold, no pass does more than its share of work a row.

use std::cell::Cell;
use std::marker::PhantomData;

use super::bins::TOKENS;
use super::column::Known;
use super::context::{Activity, Context, Geometry, Source, View};
use super::form::Form;
use super::offsets::BitReader;
use super::plan::ColumnPlan;
use super::prediction::{Copy, LAST_SEEN, Prediction, last_seen, slot};
use super::rans::{self, CLUSTERS, LANES, Tables, lane_len};
use super::stencil::Stencil;
use super::word::{Word, Words, gather, with_words};
use crate::kernel::vector::Isa;
use crate::kernel::{Kernel, Task, run};
use crate::{Error, Result};

/// The streams that columns read one after another, and room for their tables.
pub struct Streams<'a> {
    tokens: rans::Decoder<'a>,
    offsets: BitReader,
    tables: Tables,
}

impl<'a> Streams<'a> {
    /// Begins with the first column.
    ///
    /// # Errors
    /// `Corrupt` if they are cut.
    pub fn new(words: &'a [u8], offsets: &'a [u8]) -> Result<Self> {
        Ok(Streams {
            tokens: rans::Decoder::new(words).map_err(damaged)?,
            offsets: BitReader::new(offsets),
            tables: rans::tables(),
        })
    }

    /// Ends behind the last.
    ///
    /// # Errors
    /// `Corrupt` if something else was read than was written.
    pub fn finish(self) -> Result<()> {
        self.tokens.finish().map_err(damaged)?;
        match self.offsets.is_whole() {
            true => Ok(()),
            false => Err(Error::corrupt("offsets of a frame")),
        }
    }
}

/// The columns to the left, and how the rows lie.
pub struct Left<'a> {
    pub known: &'a [Known],
    pub tokens: &'a [Vec<u8>],
    pub geometry: &'a Geometry,
    pub row_n: usize,
}

fn damaged(_: rans::Damaged) -> Error {
    Error::corrupt("tokens of a frame")
}

/// A column and its tokens from its streams.
///
/// # Errors
/// `Corrupt` of streams that no encoder writes.
pub fn column(plan: &ColumnPlan, left: &Left, streams: &mut Streams) -> Result<(Known, Vec<u8>)> {
    match plan.form.is_wide() {
        false => {
            let rows = Rows::<u32> {
                plan,
                left,
                streams,
                size: PhantomData,
            };
            let (words, exceptions, tokens) = run(Kernel::best(), rows)?;
            Ok((
                Known::new(plan.form, Words::Narrow(words), exceptions),
                tokens,
            ))
        }
        true => {
            let rows = Rows::<u64> {
                plan,
                left,
                streams,
                size: PhantomData,
            };
            let (words, exceptions, tokens) = run(Kernel::best(), rows)?;
            Ok((
                Known::new(plan.form, Words::Wide(words), exceptions),
                tokens,
            ))
        }
    }
}

/// Row and value of what words do not give back.
type Exceptions = Vec<(u32, u64)>;

/// A column's rows, compiled for each vector unit.
struct Rows<'a, 's, 'b, W> {
    plan: &'a ColumnPlan,
    left: &'a Left<'a>,
    streams: &'s mut Streams<'b>,
    size: PhantomData<W>,
}

impl<W: Word> Task for Rows<'_, '_, '_, W> {
    type Output = Result<(Vec<W>, Exceptions, Vec<u8>)>;

    #[inline(always)]
    fn run<I: Isa>(self) -> Self::Output {
        rows(self.plan, self.left, self.streams)
    }
}

#[inline(always)]
fn rows<W: Word>(
    plan: &ColumnPlan,
    left: &Left,
    streams: &mut Streams,
) -> Result<(Vec<W>, Exceptions, Vec<u8>)> {
    let predicted: Vec<W> = plan.prediction.words(&plan.form, left.known, left.row_n);
    let sees_predicted = plan
        .contexts
        .iter()
        .any(|context| context.source == Source::Predicted);
    if sees_predicted && predicted.len() != left.row_n {
        return Err(Error::corrupt(
            "a context of a prediction that needs the value",
        ));
    }
    let tokens = tokens(plan, left, &predicted, streams)?;
    let residuals = residuals::<W>(plan, &tokens, &mut streams.offsets);
    let (words, exceptions) = rebuild(plan, left, predicted, &tokens, residuals);
    Ok((words, exceptions, tokens))
}

/// All tokens.
#[inline(always)]
fn tokens<W: Word>(
    plan: &ColumnPlan,
    left: &Left,
    predicted: &[W],
    streams: &mut Streams,
) -> Result<Vec<u8>> {
    let row_n = left.row_n;
    if let Some(token) = plan.constant() {
        return Ok(vec![token; row_n]);
    }
    let mut tokens = vec![0; row_n];
    for (frequencies, slots) in plan.frequencies.iter().zip(streams.tables.iter_mut()) {
        rans::fill(frequencies, slots);
    }
    let (decoder, tables) = (&mut streams.tokens, &streams.tables);
    if plan.frequencies.len() == 1 {
        decoder.column(tables, &mut tokens, |_, _, _| 0);
        return Ok(tokens);
    }
    let own_at = plan
        .contexts
        .iter()
        .position(|context| context.source.is_own())
        .unwrap_or(plan.contexts.len());
    let (before, own) = plan.contexts.split_at(own_at);
    let base = combined(before, left, predicted);
    match own {
        [] => {
            let clusters: Vec<u8> =
                gather(base.iter().map(|&context| plan.map[usize::from(context)]));
            decoder.column(tables, &mut tokens, |_, row, _| clusters[row]);
        }
        [
            Context {
                source: Source::Own(distance),
                ..
            },
        ] => {
            by_own(
                plan,
                &own[0],
                *distance as usize,
                &base,
                decoder,
                tables,
                &mut tokens,
            );
        }
        _ if own
            .iter()
            .all(|context| matches!(context.source, Source::Near | Source::Above)) =>
        {
            by_activity::<W>(
                plan,
                own,
                left.geometry,
                &base,
                decoder,
                tables,
                &mut tokens,
            )?;
        }
        _ => return Err(Error::corrupt("contexts that do not go together")),
    }
    Ok(tokens)
}

/// The combined context of all rows, of sources that need no token of the column itself.
#[inline(always)]
fn combined<W: Word>(contexts: &[Context], left: &Left, predicted: &[W]) -> Vec<u16> {
    let view = View {
        row_n: left.row_n,
        geometry: left.geometry,
        known: left.known,
        tokens: left.tokens,
        predicted,
    };
    let mut all = vec![0u16; left.row_n];
    for context in contexts {
        let n = context.level_n() as u16;
        let levels = context.levels(&view);
        all.iter_mut()
            .zip(levels)
            .for_each(|(all, level)| *all = *all * n + u16::from(level));
    }
    all
}

/// Tokens whose distributions depend on the column's own token some rows above.
#[inline(always)]
fn by_own(
    plan: &ColumnPlan,
    context: &Context,
    distance: usize,
    base: &[u16],
    decoder: &mut rans::Decoder,
    tables: &Tables,
    tokens: &mut [u8],
) {
    let (levels, n) = (context.table::<TOKENS>(), context.level_n());
    decoder.column(tables, tokens, |step, row, tokens| {
        let own = if step >= distance {
            tokens[row - distance]
        } else {
            0
        };
        let level = if step >= distance {
            levels[usize::from(own)]
        } else {
            levels[0]
        };
        plan.map[usize::from(base[row]) * n + usize::from(level)]
    });
}

/// Tokens whose distributions depend on the magnitudes of tokens nearby.
#[inline(always)]
fn by_activity<W: Word>(
    plan: &ColumnPlan,
    own: &[Context],
    geometry: &Geometry,
    base: &[u16],
    decoder: &mut rans::Decoder,
    tables: &Tables,
    tokens: &mut [u8],
) -> Result<()> {
    let row_n = tokens.len();
    let len = lane_len(row_n);
    let activity = Activity::new(geometry).within(len);
    let magnitudes = plan.bins.magnitudes(W::BITS);
    let room = activity.reach + len;
    let mut lanes = vec![0u8; LANES * room];
    let level = |at: usize| {
        own.get(at)
            .map(|context| (context.source, context.table::<1024>(), context.level_n()))
    };
    let first = level(0);
    let second = level(1);
    if own.len() > 2 {
        return Err(Error::corrupt("contexts that do not go together"));
    }
    for step in 0..len {
        for lane in 0..LANES {
            let row = lane * len + step;
            if row >= row_n {
                continue;
            }
            let at = lane * room + activity.reach + step;
            let (near, above) = activity.sums(&lanes, at);
            let pick = |source: Source| if source == Source::Near { near } else { above };
            let mut context = usize::from(base[row]);
            for (source, levels, n) in first.iter().chain(&second) {
                context = context * n + usize::from(levels[pick(*source)]);
            }
            let token = decoder.token(lane, &tables[usize::from(plan.map[context]) % CLUSTERS]);
            tokens[row] = token;
            lanes[at] = magnitudes[usize::from(token)];
        }
    }
    Ok(())
}

/// Tokens and offsets as residuals; exceptions as their values.
#[inline(always)]
fn residuals<W: Word>(plan: &ColumnPlan, tokens: &[u8], offsets: &mut BitReader) -> Vec<W> {
    let exception_bits = if tokens.contains(&plan.bins.exception()) {
        plan.form.vt.bits()
    } else {
        0
    };
    let (lower, bits) = plan.bins.table::<W>(exception_bits);
    let sides = tokens
        .iter()
        .map(|&token| (lower[usize::from(token)], bits[usize::from(token)]));
    if bits.iter().all(|&bits| bits == 0) {
        gather(sides.map(|(lower, _)| lower))
    } else if W::BITS == 32 {
        gather(sides.map(|(lower, bits)| lower.plus(W::low(offsets.take(bits.into())))))
    } else {
        gather(sides.map(|(lower, bits)| lower.plus(W::low(offsets.take_wide(bits.into())))))
    }
}

/// Words from residuals, in place.
#[inline(always)]
fn rebuild<W: Word>(
    plan: &ColumnPlan,
    left: &Left,
    predicted: Vec<W>,
    tokens: &[u8],
    words: Vec<W>,
) -> (Vec<W>, Exceptions) {
    let candidates: Vec<W> = plan.copy.words(&plan.form, left.known);
    let mut parts = Parts {
        form: plan.form,
        copy: plan.bins.copy(),
        exception: plan.bins.exception(),
        tokens,
        words,
        exceptions: Vec::new(),
    };
    let excepts = plan
        .frequencies
        .iter()
        .any(|f| f[usize::from(parts.exception)] > 0)
        && tokens.contains(&parts.exception);
    match (&plan.prediction, &plan.copy) {
        (Prediction::Zero, Copy::None) if !excepts => {}
        (Prediction::Zero, Copy::Column(_) | Copy::Mirror(_) | Copy::Relation(_)) if !excepts => {
            for ((word, &token), &candidate) in parts.words.iter_mut().zip(tokens).zip(&candidates)
            {
                *word = if token == parts.copy {
                    candidate
                } else {
                    *word
                };
            }
        }
        (Prediction::Stencil(stencil), copy) => parts.by_stencil(stencil, copy, left, &candidates),
        (Prediction::Zero, copy) => parts.by_copy(copy, left, &candidates, |_, _| W::HALF),
        (Prediction::Row(1), copy) => {
            let above = |words: &[W], row: usize| if row > 0 { words[row - 1] } else { W::HALF };
            parts.by_copy(copy, left, &candidates, above);
        }
        (Prediction::Row(distance), copy) => {
            let distance = *distance as usize;
            let above = |words: &[W], row: usize| {
                row.checked_sub(distance)
                    .map_or(W::HALF, |above| words[above])
            };
            parts.by_copy(copy, left, &candidates, above);
        }
        (_, Copy::None) if !excepts => {
            for (word, &predicted) in parts.words.iter_mut().zip(&predicted) {
                *word = word.plus(predicted).minus(W::HALF);
            }
        }
        (_, Copy::Column(_) | Copy::Mirror(_) | Copy::Relation(_)) if !excepts => {
            let sides = tokens.iter().zip(&predicted).zip(&candidates);
            for (word, ((&token, &predicted), &candidate)) in parts.words.iter_mut().zip(sides) {
                *word = if token == parts.copy {
                    candidate
                } else {
                    word.plus(predicted).minus(W::HALF)
                };
            }
        }
        (_, copy) => parts.by_copy(copy, left, &candidates, |_, row| predicted[row]),
    }
    (parts.words, parts.exceptions)
}

/// A column that is put together row by row.
struct Parts<'a, W> {
    form: Form,
    copy: u8,
    exception: u8,
    tokens: &'a [u8],
    /// Residuals, and words up to the row under work.
    words: Vec<W>,
    exceptions: Exceptions,
}

impl<W: Word> Parts<'_, W> {
    /// All rows, given the predicted word of a row by the words before it.
    #[inline(always)]
    fn by_copy(
        &mut self,
        copy: &Copy,
        left: &Left,
        candidates: &[W],
        predicted: impl Fn(&[W], usize) -> W,
    ) {
        match *copy {
            Copy::None => self.each(predicted, |_, _| W::HALF, |_, _| {}),
            Copy::Fill(fill) => self.each(predicted, |_, _| W::low(fill), |_, _| {}),
            Copy::Row(1) => self.each(
                predicted,
                |words, row| if row > 0 { words[row - 1] } else { W::HALF },
                |_, _| {},
            ),
            Copy::Row(distance) => {
                let distance = distance as usize;
                let above = |words: &[W], row: usize| {
                    row.checked_sub(distance)
                        .map_or(W::HALF, |above| words[above])
                };
                self.each(predicted, above, |_, _| {});
            }
            Copy::LastSeen(at) => {
                let mut seen = last_seen::<W>();
                let seen = Cell::from_mut(&mut seen[..]).as_slice_of_cells();
                with_words!(&left.known[usize::from(at)].words, keys => {
                    let place = |row: usize| slot(keys[row].wide()) % LAST_SEEN;
                    self.each(predicted, |_, row| seen[place(row)].get(), |row, word| seen[place(row)].set(word));
                });
            }
            Copy::Relation(_) | Copy::Column(_) | Copy::Mirror(_) => {
                self.each(predicted, |_, row| candidates[row], |_, _| {});
            }
        }
    }

    #[inline(always)]
    fn each(
        &mut self,
        predicted: impl Fn(&[W], usize) -> W,
        candidate: impl Fn(&[W], usize) -> W,
        mut after: impl FnMut(usize, W),
    ) {
        for row in 0..self.words.len() {
            let token = self.tokens[row];
            let word = if token == self.copy {
                candidate(&self.words, row)
            } else if token == self.exception {
                self.except(row, self.words[row].wide())
            } else {
                self.words[row]
                    .plus(predicted(&self.words, row))
                    .minus(W::HALF)
            };
            self.words[row] = word;
            after(row, word);
        }
    }

    /// The word of a value that was written beside; one that no word gives back is kept, and its
    /// word is that of the row before.
    #[cold]
    fn except(&mut self, row: usize, value: u64) -> W {
        self.form.word(value).unwrap_or_else(|| {
            self.exceptions.push((row as u32, value));
            if row > 0 {
                self.words[row - 1]
            } else {
                W::HALF
            }
        })
    }

    /// All rows by a stencil.
    #[inline(always)]
    fn by_stencil(&mut self, stencil: &Stencil, copy: &Copy, left: &Left, candidates: &[W]) {
        let form = self.form;
        let fill = match copy {
            Copy::Fill(fill) => Some(W::low(*fill)),
            _ => None,
        };
        let mut seen = match copy {
            Copy::LastSeen(_) => last_seen(),
            _ => Vec::new(),
        };
        stencil.rebuild(&form, self.words.len(), |row, predicted| {
            let token = self.tokens[row];
            let residual = self.words[row];
            let word = if token == self.copy {
                match *copy {
                    Copy::Fill(fill) => W::low(fill),
                    Copy::Row(distance) => row
                        .checked_sub(distance as usize)
                        .map_or(W::HALF, |above| self.words[above]),
                    Copy::LastSeen(at) => seen[slot(left.known[usize::from(at)].words.at(row))],
                    Copy::None => W::HALF,
                    _ => candidates[row],
                }
            } else if token == self.exception {
                self.except(row, residual.wide())
            } else {
                residual.plus(predicted).minus(W::HALF)
            };
            if let Copy::LastSeen(at) = *copy {
                seen[slot(left.known[usize::from(at)].words.at(row))] = word;
            }
            self.words[row] = word;
            (fill != Some(word)).then_some(word)
        });
    }
}
