//! All tokens of a column, by the contexts that they have.

use super::super::activity::{Activity, Far, SUMS};
use super::super::bins::TOKENS;
use super::super::context::{Context, Geometry, Source, View};
use super::super::plan::ColumnPlan;
use super::super::rans::{self, LANES, Lanes, Tables};
use super::super::shelf;
use super::super::word::{Word, gather};
use super::{Left, Streams};
use crate::{Error, Result};

/// All tokens.
#[inline(always)]
pub(super) fn tokens<W: Word>(
    plan: &ColumnPlan,
    left: &Left,
    predicted: &[W],
    streams: &mut Streams,
) -> Result<Vec<u8>> {
    let row_n = left.row_n;
    if let Some(token) = plan.constant() {
        return Ok(vec![token; row_n]);
    }
    let mut tokens = shelf::take(row_n);
    for (frequencies, slots) in plan.frequencies.iter().zip(streams.tables.iter_mut()) {
        rans::fill(frequencies, slots);
    }
    let Some(decoder) = &mut streams.tokens else {
        return Err(Error::corrupt("a column without a stream of tokens"));
    };
    let tables = &streams.tables;
    let lanes = Lanes::new(row_n);
    if plan.frequencies.len() == 1 {
        let mut rows = rans::Foreseen {
            clusters: &[],
            tokens: &mut tokens,
        };
        decoder.steps(&lanes, (0, lanes.len), tables, &mut rows);
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
            let mut rows = rans::Foreseen {
                clusters: &clusters,
                tokens: &mut tokens,
            };
            decoder.steps(&lanes, (0, lanes.len), tables, &mut rows);
            shelf::give(clusters);
        }
        [
            Context {
                source: Source::Own(distance),
                ..
            },
        ] => {
            let (levels, level_n) = (own[0].table::<TOKENS>(), own[0].level_n());
            let mut rows = ByOwn {
                map: &plan.map,
                base: &base,
                levels,
                level_n,
                distance: *distance as usize,
                tokens: &mut tokens,
            };
            decoder.steps(&lanes, (0, lanes.len), tables, &mut rows);
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
    shelf::give(base);
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
    let mut all: Vec<u16> = shelf::take(left.row_n);
    for (at, context) in contexts.iter().enumerate() {
        let n = if at > 0 { context.level_n() as u16 } else { 0 };
        let levels = context.levels(&view);
        all.iter_mut()
            .zip(&levels)
            .for_each(|(all, &level)| *all = *all * n + u16::from(level));
        shelf::give(levels);
    }
    if contexts.is_empty() {
        all.fill(0);
    }
    all
}

/// Rows whose distributions depend on the column's own token some rows above.
struct ByOwn<'a> {
    map: &'a [u8],
    base: &'a [u16],
    levels: [u8; TOKENS],
    level_n: usize,
    distance: usize,
    tokens: &'a mut [u8],
}

impl rans::Rows for ByOwn<'_> {
    #[inline(always)]
    fn cluster(&self, _: usize, step: usize, row: usize) -> u8 {
        let above = match step >= self.distance {
            true => self.tokens[row - self.distance],
            false => 0,
        };
        let level = usize::from(self.levels[usize::from(above)]);
        self.map[usize::from(self.base[row]) * self.level_n + level]
    }

    #[inline(always)]
    fn put(&mut self, _: usize, _: usize, row: usize, token: u8) {
        self.tokens[row] = token;
    }
}

/// Rows whose distributions depend on the magnitudes of tokens nearby.
struct ByActivity<'a> {
    map: &'a [u8],
    base: &'a [u16],
    /// What a step of `base` comes to.
    after: u16,
    /// For each sum, the level that it comes to, times what the levels behind it come to.
    weighed: &'a [[u16; SUMS]; 2],
    of_token: &'a [u8; TOKENS],
    far: &'a Far,
    /// Each lane's begin with zeros.
    magnitudes: &'a mut [u8],
    room: usize,
    reach: usize,
    /// Step that the stretch begins with.
    start: usize,
    tokens: &'a mut [u8],
}

impl rans::Rows for ByActivity<'_> {
    #[inline(always)]
    fn cluster(&self, lane: usize, step: usize, row: usize) -> u8 {
        let at = lane * self.room + self.reach + step;
        let (near, above) = self
            .far
            .with_close(self.magnitudes, at, lane, step - self.start);
        let context = self.base[row] * self.after + self.weighed[0][near] + self.weighed[1][above];
        self.map[usize::from(context)]
    }

    #[inline(always)]
    fn put(&mut self, lane: usize, step: usize, row: usize, token: u8) {
        self.magnitudes[lane * self.room + self.reach + step] = self.of_token[usize::from(token)];
        self.tokens[row] = token;
    }
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
    if own.len() > 2 {
        return Err(Error::corrupt("contexts that do not go together"));
    }
    let lanes = Lanes::new(tokens.len());
    let activity = Activity::new(geometry).within(lanes.len);
    let of_token = plan.bins.magnitudes(W::BITS);
    // Each lane's magnitudes begin with zeros.
    let room = activity.reach + lanes.len;
    let mut magnitudes: Vec<u8> = shelf::take(LANES * room);
    magnitudes.fill(0);
    // The level that each sum comes to, times what the levels behind it come to.
    let mut weighed = [[0u16; SUMS]; 2];
    let mut after = 1u16;
    for context in own.iter().rev() {
        let weighed = &mut weighed[usize::from(context.source == Source::Above)];
        for (weighed, level) in weighed.iter_mut().zip(context.table::<SUMS>()) {
            *weighed += u16::from(level) * after;
        }
        after *= context.level_n() as u16;
    }
    let mut far = Far::new(&activity, lanes.len);
    let mut start = 0;
    while start < lanes.len {
        let end = (start + far.block).min(lanes.len);
        far.sum(&magnitudes, room, activity.reach + start, end - start);
        let mut rows = ByActivity {
            map: &plan.map,
            base,
            after,
            weighed: &weighed,
            of_token: &of_token,
            far: &far,
            magnitudes: &mut magnitudes,
            room,
            reach: activity.reach,
            start,
            tokens,
        };
        decoder.steps(&lanes, (start, end), tables, &mut rows);
        start = end;
    }
    shelf::give(magnitudes);
    Ok(())
}
