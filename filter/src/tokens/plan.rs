//! What was found out about a column and what its tokens are coded by: one type, and one walk
//! through it for both directions.

mod adaptive;
mod parts;

use super::adaptive::Adaptive;
use super::adaptive::look::Seen;
use super::bins::Bins;
use super::context::{COMBINED, Context, SOURCES, Source};
use super::form::Form;
use super::prediction::{Copy, Prediction};
use super::rans::{CLUSTERS, TOTAL};
use super::side::{Side, Topic};
use crate::coder::BitCoder;
use crate::numeric::ValueType;
use crate::{Error, Result};
use adaptive::code_adaptive;
use parts::{code_bins, code_copy, code_cuts, code_prediction, code_transform};
pub use parts::{code_source, kept_weight};

/// A column's plan and tables.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnPlan {
    pub form: Form,
    pub prediction: Prediction,
    pub copy: Copy,
    pub bins: Bins,
    pub contexts: Vec<Context>,
    /// The distribution of each combination of levels.
    pub map: Vec<u8>,
    /// By distribution, then by token; each sums to [`TOTAL`].
    pub frequencies: Vec<Vec<u16>>,
    /// Tokens are coded by what is learned of them, not by these tables, of which there are none.
    pub adaptive: Option<Adaptive>,
}

/// Where a column stands: what its plan may refer to.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Type of the column.
    pub vt: ValueType,
    /// Columns to the left.
    pub left: usize,
}

fn corrupt(what: &'static str) -> Error {
    Error::corrupt(what)
}

impl ColumnPlan {
    /// A column that is nothing in particular: where reading begins.
    pub fn empty(vt: ValueType) -> Self {
        ColumnPlan {
            form: Form::plain(vt),
            prediction: Prediction::Zero,
            copy: Copy::None,
            bins: Bins::default(),
            contexts: Vec::new(),
            map: Vec::new(),
            frequencies: Vec::new(),
            adaptive: None,
        }
    }

    /// The sources that contexts of either stage look at.
    pub fn sources(&self) -> impl Iterator<Item = Source> {
        let looks = self.adaptive.iter().flat_map(|adaptive| &adaptive.contexts);
        let seen = looks.flatten().filter_map(|look| match look.seen {
            Seen::Source(source) => Some(source),
            _ => None,
        });
        let contexts = self.contexts.iter().map(|context| context.source);
        contexts.chain(seen)
    }

    /// Combinations of levels.
    pub fn combined(&self) -> usize {
        self.contexts.iter().map(Context::level_n).product()
    }

    /// The token that all rows have, if they have one.
    pub fn constant(&self) -> Option<u8> {
        let [only] = &self.frequencies[..] else {
            return None;
        };
        only.iter()
            .position(|&f| usize::from(f) == TOTAL)
            .map(|token| token as u8)
    }

    /// Writes or reads the plan, given that of the same column in the chain's frame before.
    /// `adapts`: it may be of the adaptive stage.
    ///
    /// # Errors
    /// `Corrupt` of what no encoder writes.
    pub fn code<C: BitCoder>(
        &mut self,
        side: &mut Side<C>,
        place: Place,
        (before, adapts): (Option<&ColumnPlan>, bool),
    ) -> Result<()> {
        if let Some(before) = before {
            if side.flag(self == before) {
                *self = before.clone();
                return Ok(());
            }
            let same = side.flag(self.differs_in_frequencies_alone(before));
            if same {
                let frequencies = std::mem::take(&mut self.frequencies);
                *self = ColumnPlan {
                    frequencies,
                    ..before.clone()
                };
                self.amend(side, before)?;
                return self.check_copy();
            }
        }
        self.form.vt = place.vt;
        code_transform(&mut self.form.transform, side, place.vt)?;
        code_prediction(&mut self.prediction, side, place)?;
        code_copy(&mut self.copy, side, place, self.form)?;
        let word_bits = if self.form.is_wide() { 64 } else { 32 };
        code_bins(&mut self.bins, side, (word_bits, self.copy.token_n()))?;
        if adapts {
            code_adaptive(&mut self.adaptive, side, place, &self.bins)?;
        }
        if let Some(adaptive) = &self.adaptive {
            let bare = self.prediction == Prediction::Zero && self.copy == Copy::None;
            if adaptive.spelt && !(bare && self.form.is_plain() && self.bins == Bins::default()) {
                return Err(corrupt("more than words that are spelt out"));
            }
            self.contexts.clear();
            self.map.clear();
            self.frequencies.clear();
            return Ok(());
        }
        self.code_contexts(side, place)?;
        self.code_tables(side)?;
        self.check_copy()
    }

    /// Entries of its tables and its map: what it costs to be read.
    pub fn entries(&self) -> usize {
        self.frequencies.len() * self.bins.token_n() + self.map.len()
    }

    /// Refuses a copy's token where there is no copy.
    fn check_copy(&self) -> Result<()> {
        let copy = usize::from(self.bins.copy());
        let copies = self
            .frequencies
            .iter()
            .any(|frequencies| frequencies[copy] > 0);
        match copies && self.copy == Copy::None {
            true => Err(corrupt("a copy of nothing")),
            false => Ok(()),
        }
    }

    fn differs_in_frequencies_alone(&self, other: &ColumnPlan) -> bool {
        self.frequencies.len() == other.frequencies.len()
            && self.form == other.form
            && self.prediction == other.prediction
            && self.copy == other.copy
            && self.bins == other.bins
            && self.contexts == other.contexts
            && self.map == other.map
            && self.adaptive == other.adaptive
    }

    fn code_contexts<C: BitCoder>(&mut self, side: &mut Side<C>, place: Place) -> Result<()> {
        let n = side.bounded(Topic::Count, self.contexts.len() as u64, SOURCES as u64)? as usize;
        self.contexts.resize(
            n,
            Context {
                source: Source::Predicted,
                cuts: Vec::new(),
            },
        );
        let mut own = false;
        for context in &mut self.contexts {
            code_source(&mut context.source, side, place)?;
            if own && !context.source.is_own() {
                return Err(corrupt("order of the contexts"));
            }
            own |= context.source.is_own();
            code_cuts(&mut context.cuts, side)?;
        }
        if self.combined() > COMBINED {
            return Err(corrupt("contexts"));
        }
        Ok(())
    }

    fn code_tables<C: BitCoder>(&mut self, side: &mut Side<C>) -> Result<()> {
        let n =
            side.bounded(Topic::Count, self.frequencies.len() as u64, CLUSTERS as u64)? as usize;
        if n == 0 {
            return Err(corrupt("a column without a distribution"));
        }
        let token_n = self.bins.token_n();
        self.frequencies.resize(n, Vec::new());
        let mut above = vec![0u16; token_n];
        for (at, frequencies) in self.frequencies.iter_mut().enumerate() {
            frequencies.resize(token_n, 0);
            let mut before = 0u16;
            for (frequency, &above) in frequencies.iter_mut().zip(&above) {
                let by = |f: u16| (16 - f.leading_zeros()) as usize;
                let value = u64::from(*frequency);
                let value = match at {
                    0 => side.number_by(Topic::First, by(before).min(13) / 3, value),
                    _ => side.number_by(Topic::Frequency, by(above), value),
                };
                if value > TOTAL as u64 {
                    return Err(corrupt("a frequency"));
                }
                *frequency = value as u16;
                before = *frequency;
            }
            check_sum(frequencies)?;
            above.copy_from_slice(frequencies);
        }
        self.map.resize(self.combined(), 0);
        if n > 1 {
            let mut before = 0;
            for cluster in &mut self.map {
                if !side.flag_by(Topic::Map, *cluster == before) {
                    *cluster = side.bounded(Topic::Map, (*cluster).into(), n as u64 - 1)? as u8;
                } else {
                    *cluster = before;
                }
                before = *cluster;
            }
        } else {
            self.map.fill(0);
        }
        Ok(())
    }

    /// Frequencies as differences to those of the frame before.
    fn amend<C: BitCoder>(&mut self, side: &mut Side<C>, before: &ColumnPlan) -> Result<()> {
        self.frequencies
            .resize(before.frequencies.len(), Vec::new());
        for (frequencies, before) in self.frequencies.iter_mut().zip(&before.frequencies) {
            frequencies.resize(before.len(), 0);
            if side.flag(frequencies == before) {
                frequencies.copy_from_slice(before);
                continue;
            }
            for (frequency, &before) in frequencies.iter_mut().zip(before) {
                let difference = i64::from(*frequency) - i64::from(before);
                let folded = (difference << 1 ^ difference >> 63) as u64;
                let folded = side.number_by(
                    Topic::Amended,
                    (16 - before.leading_zeros()) as usize,
                    folded,
                );
                if folded > 2 * TOTAL as u64 + 1 {
                    return Err(corrupt("a frequency"));
                }
                let difference = (folded >> 1) as i64 ^ -((folded & 1) as i64);
                let value = i64::from(before) + difference;
                *frequency = u16::try_from(value).map_err(|_| corrupt("a frequency"))?;
            }
            check_sum(frequencies)?;
        }
        Ok(())
    }
}

fn check_sum(frequencies: &[u16]) -> Result<()> {
    let sum: usize = frequencies.iter().map(|&f| usize::from(f)).sum();
    if sum == TOTAL {
        Ok(())
    } else {
        Err(corrupt("sum of the frequencies"))
    }
}
