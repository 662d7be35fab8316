//! A frame's way from its payload back to raw bytes, and to what its chain learns from it.

use std::ops::Range;
use std::sync::Arc;

use super::chain::Opener;
use super::segments;
use super::wavefront::Work;
use crate::Level;
use crate::backend::{self, Table};
use crate::error::{Error, Result};
use crate::frame::{Cursor, FrameHeader, FrameItem, FrameKind, check};
use crate::predict::{Columns, FrameTokens, Lane, LaneColumns, Plan, Spec, assemble};
use crate::text;
use crate::tokens::frame::Memory;
use crate::tokens::stage;

/// Unpacks the frames of one stream.
pub(crate) struct Unpack {
    spec: Spec,
    table: Table,
    /// Whether each frame has a checksum of its own; a block's have one together.
    checked: bool,
}

/// A frame that its chain learns, before its lanes.
pub(crate) enum Opened {
    /// To be predicted: the payload and where each lane's part lies in it.
    Modelled {
        plan: Plan,
        payload: Vec<u8>,
        lanes: Vec<Range<usize>>,
    },
    /// Tokens: the memory of the chain, and where in the payload what it has coded begins.
    Tokens(Arc<Memory>, usize),
    /// Decoded by a backend: the lanes only learn it.
    Learning {
        plan: Plan,
        columns: Columns,
        raw: Vec<u8>,
    },
}

/// What a lane yields.
#[derive(Clone)]
pub(crate) enum Part {
    Decoded(LaneColumns),
    /// What the network hands on, from this lane and all before it.
    Learned(FrameTokens),
}

impl Unpack {
    pub(crate) fn new(spec: Spec) -> Self {
        let table = Table::new(&spec.layout);
        Unpack {
            spec,
            table,
            checked: true,
        }
    }

    /// The same for frames whose raw bytes the caller checks.
    pub(crate) fn unchecked(spec: Spec) -> Self {
        Unpack {
            checked: false,
            ..Unpack::new(spec)
        }
    }

    /// Checks the raw bytes of a frame.
    fn check(&self, raw: &[u8], item: &FrameItem) -> Result<()> {
        match self.checked {
            true => check(raw, item.raw_offset, item.header.raw_hash),
            false => Ok(()),
        }
    }

    /// The raw bytes of a frame that is not modelled, checked.
    fn by_backend(&self, item: &FrameItem) -> Result<Vec<u8>> {
        let header = &item.header;
        if header.kind.has_tokens() {
            let (memory, at) = self.own_memory(item)?;
            let none = || Error::corrupt("tokens of a chain that has not begun");
            let memory = memory.ok_or_else(none)?;
            return self.by_tokens(item, &memory, at);
        }
        let (offset, raw_len) = (item.raw_offset, header.raw_len);
        let raw = match header.kind {
            FrameKind::Segments => {
                let parts = (self.spec.expansion(), &self.table);
                segments::unpack(parts, offset, raw_len, &item.payload)?
            }
            FrameKind::Text => text::unpack(&self.spec.layout, &item.payload, raw_len)?,
            kind => backend::unpack(&self.table, kind, offset, raw_len, &item.payload)?,
        };
        self.check(&raw, item)?;
        Ok(raw)
    }

    /// The memory that a frame of tokens begins a chain with, if it does, and its length.
    fn own_memory(&self, item: &FrameItem) -> Result<(Option<Arc<Memory>>, usize)> {
        stage::open(
            self.spec.expansion(),
            item.header.kind,
            item.raw_offset,
            item.header.raw_len,
            &item.payload,
        )
    }

    /// The raw bytes of a frame of tokens, checked.
    fn by_tokens(&self, item: &FrameItem, memory: &Memory, at: usize) -> Result<Vec<u8>> {
        let (offset, raw_len) = (item.raw_offset, item.header.raw_len);
        let raw = stage::unpack(
            self.spec.expansion(),
            memory,
            offset,
            raw_len,
            &item.payload[at..],
        )?;
        self.check(&raw, item)?;
        Ok(raw)
    }

    /// Bytes of a frame that its lanes store as they are.
    pub(crate) fn raw_plane_bytes(&self, item: &FrameItem) -> Result<usize> {
        let mut payload = item.payload.as_slice();
        if item.header.kind != FrameKind::Modelled {
            return Ok(0);
        }
        Plan::read(
            &self.spec,
            item.raw_offset,
            item.header.raw_len,
            &mut payload,
        )?;
        let lanes = self.cut(payload)?;
        lanes
            .into_iter()
            .map(|lane| Lane::raw_len(&payload[lane]))
            .sum()
    }

    /// Where the lanes' parts lie: lengths of all lanes but the last come first.
    fn cut(&self, payload: &[u8]) -> Result<Vec<Range<usize>>> {
        let short = || Error::corrupt("lanes are cut");
        let mut cursor = Cursor::new(payload);
        let mut lens = Vec::new();
        for _ in 1..self.spec.lane_n {
            let len = cursor.varint()?.ok_or_else(short)?;
            lens.push(usize::try_from(len).map_err(|_| short())?);
        }
        let mut start = cursor.position();
        let mut lanes = Vec::with_capacity(lens.len() + 1);
        for len in lens {
            let end = start.checked_add(len).ok_or_else(short)?;
            lanes.push(start..end);
            start = end;
        }
        if start > payload.len() {
            return Err(short());
        }
        lanes.push(start..payload.len());
        Ok(lanes)
    }
}

/// Whether a frame takes a turn in its chain: those of tokens need what the chain began with, also
/// where they leave nothing to others.
pub(crate) fn takes_turn(level: Level, header: &FrameHeader) -> bool {
    header.learned || (header.kind.has_tokens() && !level.learns())
}

impl Work for Unpack {
    type Input = FrameItem;
    type Opened = Opened;
    type Part = Part;
    type Output = Vec<u8>;

    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn open(&self, item: &FrameItem, opener: &mut Opener) -> Result<Opened> {
        if !self.spec.level.learns() {
            if !item.header.kind.has_tokens() || !stage::suits(&self.spec.layout) {
                return Err(Error::corrupt("a model at a level without one"));
            }
            let (own, at) = self.own_memory(item)?;
            if self.checked && own.is_some() != item.header.learned {
                return Err(Error::corrupt("a frame that begins its chain, or does not"));
            }
            if own.is_some() {
                opener.memory = own;
            }
            let none = || Error::corrupt("tokens of a chain that has not begun");
            let memory = opener.memory.clone().ok_or_else(none)?;
            if stage::kind(&memory) != item.header.kind {
                return Err(Error::corrupt("tokens of another stage than the chain's"));
            }
            return Ok(Opened::Tokens(memory, at));
        }
        if item.header.kind != FrameKind::Modelled {
            let raw = self.by_backend(item)?;
            let (plan, columns) = opener.planner.plan(&self.spec, item.raw_offset, &raw);
            return Ok(Opened::Learning { plan, columns, raw });
        }
        let mut payload = item.payload.as_slice();
        let plan = Plan::read(
            &self.spec,
            item.raw_offset,
            item.header.raw_len,
            &mut payload,
        )?;
        Ok(Opened::Modelled {
            plan,
            lanes: self.cut(payload)?,
            payload: payload.to_vec(),
        })
    }

    fn lane_n(&self, opened: &Opened) -> usize {
        match opened {
            Opened::Tokens(..) => 0,
            _ => self.spec.lane_n as usize,
        }
    }

    fn in_order(&self, opened: &Opened) -> bool {
        matches!(opened, Opened::Modelled { .. }) || self.spec.engine().is_some()
    }

    fn lane(
        &self,
        opened: &Opened,
        index: usize,
        lane: &mut Lane,
        before: &[Self::Part],
    ) -> Result<Self::Part> {
        match opened {
            Opened::Tokens(..) => Err(Error::corrupt("a frame of tokens has no lanes")),
            Opened::Learning { plan, columns, .. } => {
                let mut tokens = match before.last() {
                    Some(Part::Learned(tokens)) => tokens.clone(),
                    _ => FrameTokens::default(),
                };
                lane.encode(&self.spec, plan, columns, &mut tokens);
                Ok(Part::Learned(tokens))
            }
            Opened::Modelled {
                plan,
                payload,
                lanes,
            } => {
                let before = decoded(before.iter().cloned());
                let part = &payload[lanes[index].clone()];
                lane.decode(&self.spec, plan, part, &before)
                    .map(Part::Decoded)
            }
        }
    }

    fn close(
        &self,
        item: &FrameItem,
        opened: Option<&Opened>,
        parts: Vec<Self::Part>,
    ) -> Result<Vec<u8>> {
        match opened {
            None => self.by_backend(item),
            Some(Opened::Tokens(memory, at)) => self.by_tokens(item, memory, *at),
            Some(Opened::Learning { raw, .. }) => Ok(raw.clone()),
            Some(Opened::Modelled { plan, .. }) => {
                let lanes = decoded(parts.into_iter());
                let raw = assemble(&self.spec, plan, &lanes)?;
                if raw.len() != item.header.raw_len {
                    return Err(Error::corrupt("length of the decoded frame"));
                }
                self.check(&raw, item)?;
                Ok(raw)
            }
        }
    }
}

/// The lanes' columns.
fn decoded(parts: impl Iterator<Item = Part>) -> Vec<LaneColumns> {
    parts
        .filter_map(|part| match part {
            Part::Decoded(columns) => Some(columns),
            Part::Learned(_) => None,
        })
        .collect()
}
