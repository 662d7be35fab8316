//! A column from tokens and offsets back to its words.
//!
//! Passes over all rows: predictions from columns to the left, contexts, tokens, offsets, and the
//! words put together. Whatever the streams hold, no pass does more than its share of work a row.

pub mod rebuild;
mod tokens;

use std::marker::PhantomData;

use super::adaptive::Adaptive;
use super::adaptive::rows::{self as adaptive, Along, Scene};
use super::adaptive::spell;
use super::column::Known;
use super::context::{Geometry, Source, View};
use super::offsets::BitReader;
use super::plan::ColumnPlan;
use super::rans::{self, Tables};
use super::shelf;
use super::word::{Word, Words};
use crate::coder::RangeDecoder;
use crate::kernel::vector::Isa;
use crate::kernel::{Kernel, Task, run};
use crate::{Error, Result};
use rebuild::{Feed, Rebuild, residuals};

/// The streams that columns read one after another, and room for their tables.
pub struct Streams<'a> {
    /// Of the static stage, if a column has it.
    tokens: Option<rans::Decoder<'a>>,
    /// Of the adaptive stage.
    coder: RangeDecoder<'a>,
    offsets: BitReader,
    tables: Tables,
}

impl<'a> Streams<'a> {
    /// Begins with the first column.
    ///
    /// # Errors
    /// `Corrupt` if they are cut.
    pub fn new(words: Option<&'a [u8]>, coded: &'a [u8], offsets: &'a [u8]) -> Result<Self> {
        let tokens = words.map(rans::Decoder::new);
        Ok(Streams {
            tokens: tokens.transpose().map_err(damaged)?,
            coder: RangeDecoder::new(coded, &[]),
            offsets: BitReader::new(offsets),
            tables: rans::tables(),
        })
    }

    /// Ends behind the last.
    ///
    /// # Errors
    /// `Corrupt` if something else was read than was written.
    pub fn finish(self) -> Result<()> {
        if let Some(tokens) = self.tokens {
            tokens.finish().map_err(damaged)?;
        }
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
    let (words, exceptions, tokens) = match plan.form.is_wide() {
        false => {
            let (words, exceptions, tokens) = of_size::<u32>(plan, left, streams)?;
            (Words::Narrow(words), exceptions, tokens)
        }
        true => {
            let (words, exceptions, tokens) = of_size::<u64>(plan, left, streams)?;
            (Words::Wide(words), exceptions, tokens)
        }
    };
    Ok((Known::new(plan.form, words, exceptions), tokens))
}

/// The same in words of one size, on the widest vector unit.
fn of_size<W: Word>(plan: &ColumnPlan, left: &Left, streams: &mut Streams) -> Decoded<W> {
    let rows = Rows {
        plan,
        left,
        streams,
        size: PhantomData,
    };
    run(Kernel::best(), rows)
}

/// Row and value of what words do not give back.
type Exceptions = Vec<(u32, u64)>;
/// Words, exceptions and tokens of a column.
type Decoded<W> = Result<(Vec<W>, Exceptions, Vec<u8>)>;

/// A column's rows, compiled for each vector unit.
struct Rows<'a, 's, 'b, W> {
    plan: &'a ColumnPlan,
    left: &'a Left<'a>,
    streams: &'s mut Streams<'b>,
    size: PhantomData<W>,
}

impl<W: Word> Task for Rows<'_, '_, '_, W> {
    type Output = Decoded<W>;

    #[inline(always)]
    fn run<I: Isa>(self) -> Self::Output {
        rows(self.plan, self.left, self.streams)
    }
}

#[inline(always)]
fn rows<W: Word>(plan: &ColumnPlan, left: &Left, streams: &mut Streams) -> Decoded<W> {
    let predicted: Vec<W> = plan.prediction.words(&plan.form, left.known, left.row_n);
    let sees_it = plan.sources().any(|source| source == Source::Predicted);
    if sees_it && predicted.len() != left.row_n {
        return Err(Error::corrupt(
            "a context of a prediction that needs the value",
        ));
    }
    let rebuild = Rebuild {
        plan,
        left,
        predicted: &predicted,
    };
    let (tokens, (words, exceptions)) = match &plan.adaptive {
        Some(adaptive) => adapted(&rebuild, adaptive, streams),
        None => {
            let tokens = tokens::tokens(plan, left, &predicted, streams)?;
            let residuals = residuals::<W>(plan, &tokens, &mut streams.offsets);
            let rebuilt = rebuild.rebuild(&tokens, residuals);
            (tokens, rebuilt)
        }
    };
    shelf::give(predicted);
    Ok((words, exceptions, tokens))
}

/// The rows of a column of the adaptive stage.
#[inline(never)]
fn adapted<W: Word>(
    rebuild: &Rebuild<W>,
    adaptive: &Adaptive,
    streams: &mut Streams,
) -> (Vec<u8>, (Vec<W>, Exceptions)) {
    let left = rebuild.left;
    if adaptive.spelt {
        let plan = rebuild.plan;
        let words = spell::read(plan.form.vt, left.row_n, &mut streams.coder);
        return (vec![plan.bins.exception(); left.row_n], (words, Vec::new()));
    }
    let view = View {
        row_n: left.row_n,
        geometry: left.geometry,
        known: left.known,
        tokens: left.tokens,
        predicted: rebuild.predicted,
    };
    let scene = Scene {
        plan: rebuild.plan,
        adaptive,
        view: &view,
    };
    let (coder, offsets) = (&mut streams.coder, &mut streams.offsets);
    if adaptive.second.is_some() {
        return adaptive::read_along(scene, coder, offsets, rebuild);
    }
    let (tokens, residuals) = adaptive::read(scene, coder, offsets);
    let rebuilt = rebuild.rebuild(&tokens, residuals);
    (tokens, rebuilt)
}

impl<W: Word> Along<W> for &Rebuild<'_, W> {
    type Output = (Vec<W>, Exceptions);

    fn run(self, feed: &mut impl Feed<W>) -> Self::Output {
        self.row_by_row(vec![W::HALF; self.left.row_n], feed)
    }
}
