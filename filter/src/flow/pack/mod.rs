//! A frame's way from raw bytes to its header and payload.

mod choose;

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use super::chain::Opener;
use super::meter::{Choice, Meter};
use super::wavefront::Work;
use crate::Level;
use crate::backend::{self, Table};
use crate::error::{Error, Result};
use crate::frame::{FrameHeader, FrameKind, put_varint, raw_hash};
use crate::predict::{Columns, FrameTokens, Lane, Plan, Spec};
use crate::tokens::search::Search;
use crate::tokens::stage;

/// Packs the frames of one stream.
pub(crate) struct Pack {
    spec: Spec,
    table: Table,
    /// The beginning of the stream, and what is found out there once it is asked for.
    beginning: Vec<u8>,
    search: OnceLock<Option<Arc<Search>>>,
    /// Threads that may work at a frame.
    threads: usize,
    /// Counts what frames take, for streams that keep a speed.
    meter: Option<Arc<Meter>>,
    /// Whether frames are tried as text; `None`: those that seem to be.
    text: Option<bool>,
}

/// A frame that its chain learns, before its lanes.
pub(crate) enum Opened {
    /// To be predicted.
    Modelled(Plan, Columns),
    /// To be written as tokens, by what its chain has begun with.
    Tokens(Arc<Search>),
    /// Packed: the first of its chain, or nothing is gained by tokens. Also, whether it brings what
    /// the chain begins with.
    Packed(FrameKind, Vec<u8>, bool),
    /// Nothing is to be gained by tokens.
    Plain,
}

/// A frame to pack.
pub(crate) struct Raw {
    /// Place of the first byte in the stream.
    pub(crate) offset: u64,
    pub(crate) key: bool,
    pub(crate) bytes: Vec<u8>,
    /// No other frame follows.
    pub(crate) last: bool,
    /// It is all of a stream.
    pub(crate) alone: bool,
    /// What the scheduler chose, and the nanoseconds that it expects; nothing where the level alone
    /// decides.
    pub(crate) choice: Option<(Choice, i64)>,
}

/// What a lane yields.
#[derive(Clone)]
pub(crate) struct Part {
    bytes: Arc<Vec<u8>>,
    /// What the network hands on, from this lane and all before it.
    tokens: FrameTokens,
}

/// A packed frame: its header, and header and payload as they are stored.
pub(crate) struct Packed {
    pub(crate) header: FrameHeader,
    pub(crate) bytes: Vec<u8>,
}

impl Packed {
    /// The payload alone.
    pub(crate) fn payload(&self) -> &[u8] {
        &self.bytes[self.bytes.len() - self.header.coded_len..]
    }
}

impl Pack {
    pub(crate) fn new(spec: Spec) -> Self {
        let table = Table::new(&spec.layout);
        Pack {
            spec,
            table,
            beginning: Vec::new(),
            search: OnceLock::new(),
            threads: 1,
            meter: None,
            text: None,
        }
    }

    /// One that works at a frame by so many threads.
    pub(crate) fn with_threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// One for a stream that begins with these bytes: as many as are to be searched. Without them
    /// nothing becomes tokens.
    pub(crate) fn with_beginning(mut self, bytes: &[u8]) -> Self {
        if stage::suits(&self.spec.layout) {
            self.beginning = bytes.to_vec();
        }
        self
    }

    /// One that counts what frames take.
    pub(crate) fn with_meter(mut self, meter: Option<Arc<Meter>>) -> Self {
        self.meter = meter;
        self
    }

    /// One that is told whether frames are text (`None`: it looks).
    pub(crate) fn with_text(mut self, text: Option<bool>) -> Self {
        self.text = text;
        self
    }

    /// Does a part of a frame's work, and counts its time if anybody wants to know.
    fn metered<T>(&self, choice: Choice, work: impl FnOnce() -> T) -> T {
        let Some(meter) = &self.meter else {
            return work();
        };
        let begun = Instant::now();
        let result = work();
        meter.worked(choice, begun.elapsed());
        result
    }

    /// Whether the model is predicted to be worth its time on a frame.
    pub(crate) fn model_gains(&self, offset: u64, raw: &[u8]) -> bool {
        backend::model_gains(&self.table, offset, raw)
    }

    /// Whether frames take turns in their chains.
    pub(crate) fn learns(spec: &Spec) -> bool {
        spec.level.learns() || stage::suits(&spec.layout)
    }

    /// What was found out at the stream's beginning; nothing if tokens gain nothing there.
    fn search(&self) -> Option<&Arc<Search>> {
        let found = || {
            let (expansion, mut level) = (self.spec.expansion(), self.spec.level);
            if level.learns() && self.beginning.len() <= backend::SMALL {
                // It costs little here, and models have little to learn from.
                level = Level::TABLES_MAX;
            }
            let found = stage::begin(&self.table, expansion, level, &self.beginning, self.threads);
            found.map(Arc::new)
        };
        self.search.get_or_init(found).as_ref()
    }
}

impl Work for Pack {
    type Input = Raw;
    type Opened = Opened;
    type Part = Part;
    type Output = Packed;

    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn open(&self, input: &Raw, opener: &mut Opener) -> Result<Self::Opened> {
        self.metered(Choice::Model, || {
            if self.spec.level.learns() {
                let (plan, columns) = opener.planner.plan(&self.spec, input.offset, &input.bytes);
                return Ok(Opened::Modelled(plan, columns));
            }
            let fits = |search: &&Arc<Search>| {
                stage::fits(
                    self.spec.expansion(),
                    search,
                    input.offset,
                    input.bytes.len(),
                )
            };
            if let Some(search) = &opener.search {
                return Ok(match fits(&search) {
                    true => Opened::Tokens(search.clone()),
                    false => Opened::Plain,
                });
            }
            if let Some(tables) = self.spec.tables()
                && let Some((kind, payload)) = self.by_model(tables, input)?
            {
                opener.search = Some(tables.search().clone());
                return Ok(Opened::Packed(kind, payload, false));
            }
            let Some(search) = self.search().filter(fits) else {
                return Ok(Opened::Plain);
            };
            let (kind, payload) = self.begin(search, input)?;
            let begins = kind.has_tokens();
            opener.search = begins.then(|| search.clone());
            Ok(Opened::Packed(kind, payload, begins))
        })
    }

    fn lane_n(&self, opened: &Opened) -> usize {
        match opened {
            Opened::Modelled(..) => self.spec.lane_n as usize,
            Opened::Tokens(_) | Opened::Packed(..) | Opened::Plain => 0,
        }
    }

    fn in_order(&self, _: &Self::Opened) -> bool {
        self.spec.engine().is_some()
    }

    fn lane(
        &self,
        opened: &Self::Opened,
        _: usize,
        lane: &mut Lane,
        before: &[Part],
    ) -> Result<Part> {
        let Opened::Modelled(plan, columns) = opened else {
            return Err(Error::invalid("a frame of tokens has no lanes"));
        };
        let mut tokens = before
            .last()
            .map_or_else(FrameTokens::default, |part| part.tokens.clone());
        let bytes = self.metered(Choice::Model, || {
            lane.encode(&self.spec, plan, columns, &mut tokens)
        });
        Ok(Part {
            bytes: Arc::new(bytes),
            tokens,
        })
    }

    fn close(
        &self,
        input: &Raw,
        opened: Option<&Self::Opened>,
        parts: Vec<Part>,
    ) -> Result<Packed> {
        let pack = || match opened {
            Some(Opened::Modelled(plan, _)) => {
                let mut payload = Vec::new();
                plan.write(&mut payload);
                // The last lane takes what is left.
                for part in &parts[..parts.len() - 1] {
                    put_varint(&mut payload, part.bytes.len() as u64);
                }
                parts
                    .iter()
                    .for_each(|part| payload.extend_from_slice(&part.bytes));
                let (kind, payload) = self.modelled(input, payload)?;
                Ok((kind, payload, true))
            }
            other => self.plain(input, other),
        };
        let (kind, payload, learned) = match input.choice {
            None => pack(),
            Some((choice, _)) => self.metered(choice, pack),
        }?;
        if let (Some(meter), Some((choice, expected))) = (&self.meter, input.choice) {
            meter.done(choice, input.bytes.len(), expected);
        }
        let header = FrameHeader::new(
            kind,
            (input.key, learned),
            (input.bytes.len(), raw_hash(&input.bytes, input.offset)),
            &payload,
        );
        let mut bytes = Vec::with_capacity(payload.len() + 32);
        header.write(&mut bytes);
        bytes.extend_from_slice(&payload);
        Ok(Packed { header, bytes })
    }
}
