//! A lane: a group of columns, coded one after another into bytes of their own.
//!
//! With a network it also needs the keys and values of the positions before it in the frame, in
//! both directions, and hands on its own.
//!
//! Its bytes: the length of the raw planes (LEB128), those planes, in lane 0 the frame's bytes
//! beside the records, then the range coder's.

use std::ops::Range;
use std::sync::Arc;

use super::carried::{Carried, FrameTokens};
use super::column::{Effort, Full, Thorough};
use super::frame::{Columns, Rows};
use super::network::{ColumnPass, Tokens};
use super::series::{Left, Series, Strides};
use super::shared_aid::ColumnStart;
use super::{Plan, PlaneMode, Spec};
use crate::coder::{BitCoder, Mark, RangeDecoder, RangeEncoder};
use crate::kernel::vector::Isa;
use crate::kernel::{self, Kernel, Task};
use crate::{Error, Layout, Level, Result};

/// Raw bytes of a first frame from which on another lane pays.
const BYTES_A_LANE: usize = 64 << 10;
/// The same where a network makes the lanes of a frame wait for one another: its frames are
/// smaller.
const BYTES_A_NETWORK_LANE: usize = 24 << 10;
/// Most lanes.
const MOST: usize = 16;
/// Memory for the contexts of all columns of a chain.
const CONTEXT_BYTES: usize = 16 << 20;
/// Memory for the contexts of one column at most.
const COLUMN_BYTES: usize = 16 << 20;

/// The number of lanes for a stream whose first frame has `frame_len` raw bytes. Stored in the
/// stream's header.
pub fn lane_count(layout: &Layout, level: Level, frame_len: usize) -> u32 {
    let _ = level;
    let columns = layout.columns().columns.len();
    (frame_len / BYTES_A_LANE).clamp(1, MOST).min(columns) as u32
}

/// The same for a stream with a network.
pub fn network_lane_count(layout: &Layout, frame_len: usize) -> u32 {
    let columns = layout.columns().columns.len();
    (frame_len / BYTES_A_NETWORK_LANE)
        .clamp(1, MOST)
        .min(columns) as u32
}

/// The columns of a lane: about equal bytes a row for each.
fn columns_of(spec: &Spec, index: u32) -> Range<usize> {
    let total: usize = spec.types.iter().map(|t| usize::from(t.width)).sum();
    let lane_n = spec.lane_n.max(1) as usize;
    let border = |lane: usize| {
        let mut sum = 0;
        spec.types
            .iter()
            .position(|t| {
                let here = sum;
                sum += usize::from(t.width);
                here * lane_n >= lane * total
            })
            .unwrap_or(spec.types.len())
    };
    border(index as usize)..if index as usize + 1 == lane_n {
        spec.types.len()
    } else {
        border(index as usize + 1)
    }
}

/// The state of one lane of one chain: all that its frames hand to one another.
#[derive(Debug)]
pub struct Lane {
    index: u32,
    columns: Range<usize>,
    series: Vec<Series>,
    kernel: Kernel,
    /// What the network hands from frame to frame.
    carried: Option<Carried>,
}

/// The finished columns of one lane of one frame. Cheap to clone.
#[derive(Clone, Debug)]
pub struct LaneColumns {
    pub(super) columns: Arc<Vec<Vec<u64>>>,
    pub(super) rest: Arc<Vec<u8>>,
    /// Of this lane and all before it.
    tokens: FrameTokens,
}

impl Lane {
    /// An empty state, for a chain's first frame and for key frames.
    pub fn new(spec: &Spec, index: u32) -> Self {
        let columns = columns_of(spec, index);
        Lane {
            index,
            carried: spec
                .engine()
                .map(|engine| Carried::new(engine, columns.clone())),
            columns,
            series: Vec::new(),
            kernel: Kernel::best(),
        }
    }

    /// The same on another vector unit; the bytes do not depend on it.
    pub fn with_kernel(mut self, kernel: Kernel) -> Self {
        self.kernel = kernel;
        self
    }

    /// Which of a frame's lanes it is.
    pub fn index(&self) -> u32 {
        self.index
    }

    /// Cost of each plane of each column in 1/256 bit since it was last asked for, and of values
    /// coded whole.
    pub fn take_costs(&mut self) -> Vec<([u64; 8], u64)> {
        self.series.iter_mut().map(Series::take_costs).collect()
    }

    /// How each plane of each column was coded in the last frame, the first byte of the ordered
    /// value first.
    pub fn plane_modes(&self) -> Vec<[PlaneMode; 8]> {
        self.series.iter().map(Series::plane_modes).collect()
    }

    /// Bytes of a lane's payload that are stored as they are.
    pub(crate) fn raw_len(payload: &[u8]) -> Result<usize> {
        split_raw(payload).map(|(raw, _)| raw.len())
    }

    /// Mean start weights learned by the columns' mixers.
    pub fn mixer_means(&self) -> Vec<Vec<f64>> {
        self.series
            .iter()
            .map(|s| s.model().mixer_means())
            .collect()
    }

    /// Codes this lane of a frame and learns from it. Infallible: any bytes can be coded.
    ///
    /// `tokens` holds what the lanes before it in the frame left there, and gets what this one
    /// leaves. It stays empty without a network; the lanes may then run in any order.
    pub fn encode(
        &mut self,
        spec: &Spec,
        plan: &Plan,
        columns: &Columns,
        tokens: &mut FrameTokens,
    ) -> Vec<u8> {
        let mut coder = RangeEncoder::default();
        if self.index == 0 {
            columns.rest.iter().for_each(|&b| {
                coder.byte(b);
            });
        }
        let known: Vec<&[u64]> = columns.values.iter().map(Vec::as_slice).collect();
        let (left, known) = known[..self.columns.end].split_at(self.columns.start);
        self.run(spec, plan, left, Some(known), &mut coder, tokens);
        let (coded, raw) = coder.finish();
        let mut out = Vec::with_capacity(coded.len() + raw.len() + 5);
        let mut n = raw.len();
        while n >= 128 {
            out.push(n as u8 | 128);
            n >>= 7;
        }
        out.push(n as u8);
        out.extend_from_slice(&raw);
        out.extend_from_slice(&coded);
        out
    }

    /// Decodes this lane of a frame, given the finished lanes before it, and learns from it exactly
    /// as `encode` did.
    pub fn decode(
        &mut self,
        spec: &Spec,
        plan: &Plan,
        payload: &[u8],
        before: &[LaneColumns],
    ) -> Result<LaneColumns> {
        let (raw, coded) = split_raw(payload)?;
        let mut coder = RangeDecoder::new(coded, raw);
        let rest = if self.index == 0 {
            (0..plan.rows.head + plan.rows.tail)
                .map(|_| coder.byte(0))
                .collect()
        } else {
            Vec::new()
        };
        let left: Vec<&[u64]> = before
            .iter()
            .flat_map(|lane| lane.columns.iter().map(Vec::as_slice))
            .collect();
        if left.len() != self.columns.start || left.iter().any(|column| column.len() != plan.rows.n)
        {
            return Err(Error::corrupt("a lane is missing"));
        }
        let mut tokens = before
            .last()
            .map_or_else(FrameTokens::default, |lane| lane.tokens.clone());
        let columns = self.run(spec, plan, &left, None, &mut coder, &mut tokens);
        Ok(LaneColumns {
            columns: Arc::new(columns),
            rest: Arc::new(rest),
            tokens,
        })
    }

    /// Runs the experts of level 7 over known columns with any coder, one that only listens say.
    pub(super) fn listen<C: BitCoder>(
        &mut self,
        spec: &Spec,
        plan: &Plan,
        columns: &Columns,
        coder: &mut C,
    ) {
        let known: Vec<&[u64]> = columns.values.iter().map(Vec::as_slice).collect();
        let (left, known) = known[..self.columns.end].split_at(self.columns.start);
        let mut tokens = FrameTokens::default();
        self.run_at::<Thorough, C>(spec, plan, left, Some(known), coder, &mut tokens);
    }

    fn run<C: BitCoder>(
        &mut self,
        spec: &Spec,
        plan: &Plan,
        left: &[&[u64]],
        known: Option<&[&[u64]]>,
        coder: &mut C,
        tokens: &mut FrameTokens,
    ) -> Vec<Vec<u64>> {
        match self.carried.is_some() {
            false => self.run_at::<Thorough, C>(spec, plan, left, known, coder, tokens),
            true => self.run_at::<Full, C>(spec, plan, left, known, coder, tokens),
        }
    }

    fn run_at<E: Effort, C: BitCoder>(
        &mut self,
        spec: &Spec,
        plan: &Plan,
        left: &[&[u64]],
        known: Option<&[&[u64]]>,
        coder: &mut C,
        tokens: &mut FrameTokens,
    ) -> Vec<Vec<u64>> {
        let rows = plan.rows;
        if E::NETWORK
            && let Some(carried) = &mut self.carried
        {
            carried.start(rows);
        }
        let mut done: Vec<Vec<u64>> = Vec::with_capacity(self.columns.len());
        let strides = Strides::new(&spec.expansion.shape);
        let share = (CONTEXT_BYTES / spec.types.len()).min(COLUMN_BYTES);
        for at in self.columns.clone() {
            let here = at - self.columns.start;
            // What is to the left: finished lanes, then this lane's own columns.
            let mut columns: Vec<&[u64]> = left.to_vec();
            match known {
                Some(known) => columns.extend_from_slice(&known[..here]),
                None => columns.extend(done.iter().map(Vec::as_slice)),
            }
            let view = Left {
                columns: &columns,
                types: &spec.types,
            };
            if self.series.len() == here {
                let none = super::ColumnSetup::default();
                let setup = plan
                    .setups
                    .as_ref()
                    .and_then(|s| s.get(at))
                    .unwrap_or(&none);
                let start = match &spec.aid {
                    Some(aid) if E::NETWORK => aid.column(at, spec.level),
                    _ => ColumnStart::default(),
                };
                let mut series = Series::new::<E>(
                    at,
                    view,
                    spec.family(),
                    strides,
                    setup,
                    start,
                    plan.rows.n,
                    share,
                );
                if let Some(other) = self.series.last() {
                    series.inherit(other);
                }
                self.series.push(series);
            }
            coder.mark(Mark::Column(at));
            let pass = if let Some(carried) = self.carried.as_mut().filter(|_| E::NETWORK) {
                carried.begin(spec.engine(), at, rows, &columns, tokens)
            } else {
                None
            };
            let task = CodeColumn::<E, C> {
                series: &mut self.series[here],
                coder,
                rows,
                left: view,
                known: known.map_or(&[][..], |k| k[here]),
                pass,
                effort: std::marker::PhantomData,
            };
            let (values, left_behind) = kernel::run(self.kernel, task);
            tokens.extend(left_behind);
            done.push(values);
        }
        if E::NETWORK
            && let Some(carried) = &mut self.carried
        {
            let own = done.iter().map(Vec::as_slice);
            carried.end(rows, left.iter().copied().chain(own));
        }
        done
    }
}

/// Codes one column, on whichever vector unit.
struct CodeColumn<'a, E, C> {
    series: &'a mut Series,
    coder: &'a mut C,
    rows: Rows,
    left: Left<'a>,
    known: &'a [u64],
    pass: Option<ColumnPass<'a>>,
    effort: std::marker::PhantomData<E>,
}

impl<E: Effort, C: BitCoder> Task for CodeColumn<'_, E, C> {
    type Output = (Vec<u64>, Option<Tokens>);

    #[inline(always)]
    fn run<I: Isa>(mut self) -> Self::Output {
        let values = self.series.code::<E, I, C>(
            self.coder,
            self.rows,
            self.left,
            self.known,
            self.pass.as_mut(),
        );
        let tokens = if E::NETWORK {
            self.pass.map(|pass| pass.finish::<I>(&values))
        } else {
            None
        };
        (values, tokens)
    }
}

/// Parts a lane's bytes into raw planes and range coder's bytes.
fn split_raw(payload: &[u8]) -> Result<(&[u8], &[u8])> {
    let mut n = 0usize;
    for (i, &byte) in payload.iter().take(5).enumerate() {
        n |= usize::from(byte & 127) << (7 * i);
        if byte < 128 {
            return payload[i + 1..]
                .split_at_checked(n)
                .ok_or_else(|| Error::corrupt("raw planes are cut"));
        }
    }
    Err(Error::corrupt("no length of the raw planes"))
}
