//! A frame's way from raw bytes to its header and payload.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use super::chain::Opener;
use super::meter::{Choice, Meter};
use super::segments;
use super::wavefront::Work;
use crate::Level;
use crate::backend::{self, Effort, Table};
use crate::error::{Error, Result};
use crate::frame::{FrameHeader, FrameKind, put_varint, raw_hash};
use crate::predict::{Columns, FrameTokens, Lane, Plan, Spec};
use crate::text;
use crate::tokens::search::Search;
use crate::tokens::stage;
use crate::tokens::tables::Tables;

/// Packs the frames of one stream.
pub(crate) struct Pack {
    spec: Spec,
    table: Table,
    /// The beginning of the stream, and what is found out there once it is asked for.
    beginning: Vec<u8>,
    search: OnceLock<Option<Arc<Search>>>,
    /// Threads that may search.
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

    /// One for a stream that begins with these bytes: as many as are to be searched, by so many
    /// threads. Without them nothing becomes tokens.
    pub(crate) fn with_beginning(mut self, bytes: &[u8], threads: usize) -> Self {
        if stage::suits(&self.spec.layout) {
            self.beginning = bytes.to_vec();
            self.threads = threads;
        }
        self
    }

    /// One that counts what frames take.
    pub(crate) fn with_meter(mut self, meter: Option<Arc<Meter>>) -> Self {
        self.meter = meter;
        self
    }

    /// One that is told whether frames are text (`None`: it looks), and works at them by so many
    /// threads.
    pub(crate) fn with_text(mut self, text: Option<bool>, threads: usize) -> Self {
        self.text = text;
        self.threads = self.threads.max(threads);
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
            if level.learns() && self.beginning.len() <= SMALL {
                // It costs little here, and models have little to learn from.
                level = Level::TABLES_MAX;
            }
            let found = stage::begin(&self.table, expansion, level, &self.beginning, self.threads);
            found.map(Arc::new)
        };
        self.search.get_or_init(found).as_ref()
    }

    /// The smallest coding of a frame that is not predicted bit by bit, and whether its chain
    /// begins with it.
    fn plain(&self, input: &Raw, opened: Option<&Opened>) -> Result<(FrameKind, Vec<u8>, bool)> {
        let (table, offset, raw) = (&self.table, input.offset, &input.bytes[..]);
        let expansion = self.spec.expansion();
        let search = match opened {
            Some(Opened::Packed(kind, payload, begins)) => {
                return Ok((*kind, payload.clone(), *begins));
            }
            _ if is_constant(raw) => {
                let (kind, payload) = backend::pack(table, Effort::Quick, offset, raw);
                return Ok((kind, payload, false));
            }
            Some(Opened::Tokens(search)) => search,
            _ => {
                let text = self.text(input)?;
                if let Some(text) = self.clearly(input, &text) {
                    return Ok((FrameKind::Text, text.clone(), false));
                }
                let (kind, payload) = backend::pack(table, self.effort(input), offset, raw);
                if let Some(text) = text.filter(|text| text.len() < payload.len()) {
                    return Ok((FrameKind::Text, text, false));
                }
                return self.or_segments(input, (kind, payload, false));
            }
        };
        let tokens = stage::pack(expansion, search, offset, raw, false)?;
        let found = match self.other(input, tokens.len()) {
            Some((kind, payload)) if payload.len() <= tokens.len() => (kind, payload, false),
            _ => (stage::kind(&search.memory), tokens, false),
        };
        self.or_segments(input, found)
    }

    /// A frame's coding as text, if it has one.
    fn text(&self, input: &Raw) -> Result<Option<Vec<u8>>> {
        let looked_for = text::possible(&self.spec.layout) && self.text != Some(false);
        if !looked_for || input.choice.is_some() {
            return Ok(None);
        }
        let asked = self.text == Some(true);
        text::pack(&input.bytes, asked, self.spec.level, self.threads)
    }

    /// A text that is so much smaller than what byte codecs quickly come to that the best of them
    /// need not be tried.
    fn clearly<'a>(&self, input: &Raw, text: &'a Option<Vec<u8>>) -> Option<&'a Vec<u8>> {
        let text = text.as_ref()?;
        // A piece from the middle tells.
        let from = input.bytes.len().saturating_sub(COMPARED) / 2;
        let piece = &input.bytes[from..(from + COMPARED).min(input.bytes.len())];
        let rate = text.len() as f64 / input.bytes.len() as f64;
        let enough = (rate * CLEARLY * piece.len() as f64) as usize;
        let other = backend::fall_back(&self.table, input.offset, piece, enough);
        other.is_none().then_some(text)
    }

    /// A frame's coding, or its segments if they are shorter.
    fn or_segments(
        &self,
        input: &Raw,
        found: (FrameKind, Vec<u8>, bool),
    ) -> Result<(FrameKind, Vec<u8>, bool)> {
        let expansion = self.spec.expansion();
        let looked_for = segments::looked_for(self.spec.level.get(), expansion);
        if !looked_for || input.choice.is_some() || found.0 == FrameKind::Stored {
            return Ok(found);
        }
        let (parts, limit) = ((expansion, &self.table), found.1.len());
        let how = (self.spec.level, self.threads);
        let cut = segments::pack(parts, input.offset, &input.bytes, limit, how)?;
        Ok(cut.map_or(found, |payload| (FrameKind::Segments, payload, false)))
    }

    /// A frame's tokens, with its memory; of a few bytes that are all of a stream the fewest by the
    /// searches of lower levels, too: a longer one may end in a worse place.
    fn tokens(&self, search: &Search, input: &Raw) -> Result<(FrameKind, Vec<u8>)> {
        let (expansion, offset, raw) = (self.spec.expansion(), input.offset, &input.bytes[..]);
        let payload = stage::pack(expansion, search, offset, raw, true)?;
        let mut best = (stage::kind(&search.memory), payload);
        let lower = match is_alone(input, TINY) {
            true => 1..self.spec.level.get().min(stage::LONGEST),
            false => 0..0,
        };
        for level in lower.filter_map(Level::new) {
            if let Some(search) = stage::begin(&self.table, expansion, level, raw, self.threads)
                && stage::fits(expansion, &search, offset, raw.len())
            {
                let tokens = stage::pack(expansion, &search, offset, raw, true)?;
                if tokens.len() < best.1.len() {
                    best = (stage::kind(&search.memory), tokens);
                }
            }
        }
        Ok(best)
    }

    /// Another coding of a frame, if one comes near to so many bytes of tokens.
    fn other(&self, input: &Raw, tokens: usize) -> Option<(FrameKind, Vec<u8>)> {
        let (table, offset, raw) = (&self.table, input.offset, &input.bytes[..]);
        let alone = is_alone(input, SMALL) && self.spec.level > Level::MIN;
        let thorough = alone || self.spec.level.get() >= THOROUGH;
        let quick = match input.choice {
            // A single column is what byte codecs do best; what they come to is no guess.
            None if segments::is_one_row(self.spec.expansion()) && self.spec.level > Level::MIN => {
                let effort = if thorough {
                    Effort::Best
                } else {
                    Effort::Quick
                };
                return Some(backend::pack(table, effort, offset, raw));
            }
            _ => backend::fall_back(table, offset, raw, tokens + tokens / NEAR)?,
        };
        Some(match thorough && input.choice.is_none() {
            true => backend::pack(table, Effort::Best, offset, raw),
            false => quick,
        })
    }

    /// The first frame of a chain by the model's tables. One that is quite unlike what they were
    /// made from is also tried without: nothing if its own tables do better.
    fn by_model(&self, tables: &Tables, input: &Raw) -> Result<Option<(FrameKind, Vec<u8>)>> {
        let (offset, raw) = (input.offset, &input.bytes[..]);
        let (expansion, search) = (self.spec.expansion(), tables.search());
        let tokens = stage::pack(expansion, search, offset, raw, false)?;
        let expected = search.rate() / 8.0 * raw.len() as f64;
        let other = match tokens.len() as f64 > expected * UNLIKE + UNLIKE_BYTES {
            false => self.other(input, tokens.len()),
            true => {
                if let Some(own) = self.search()
                    && stage::fits(expansion, own, offset, raw.len())
                    && stage::pack(expansion, own, offset, raw, true)?.len() < tokens.len()
                {
                    return Ok(None);
                }
                Some(backend::pack(&self.table, self.effort(input), offset, raw))
            }
        };
        let other = other.filter(|(_, payload)| payload.len() <= tokens.len());
        Ok(Some(other.unwrap_or((stage::kind(&search.memory), tokens))))
    }

    /// How hard a frame's other codings are tried where tokens are hopeless.
    fn effort(&self, input: &Raw) -> Effort {
        match input.choice {
            Some((Choice::Backend(effort), _)) => effort,
            _ if self.spec.level > Level::MIN || is_alone(input, TINY) => Effort::Best,
            _ => Effort::Quick,
        }
    }

    /// The first frame of a chain: as tokens behind what the chain begins with, if that pays or
    /// will.
    fn begin(&self, search: &Search, input: &Raw) -> Result<(FrameKind, Vec<u8>)> {
        let (offset, raw) = (input.offset, &input.bytes[..]);
        if is_constant(raw) {
            return Ok(backend::pack(&self.table, Effort::Quick, offset, raw));
        }
        let expansion = self.spec.expansion();
        let (tokens_kind, tokens) = self.tokens(search, input)?;
        let other = self.other(input, tokens.len());
        let best = match other {
            Some((kind, payload)) if payload.len() <= tokens.len() => (kind, payload, false),
            _ => (tokens_kind, tokens.clone(), false),
        };
        let (kind, payload, _) = self.or_segments(input, best)?;
        if kind == tokens_kind {
            return Ok((kind, tokens));
        }
        // What is said once is worth its bytes if what is said of each frame gains.
        let alone = stage::pack(expansion, search, offset, raw, false)?.len();
        let pays = !input.last && tokens.len() < raw.len() && alone + alone / GAIN < payload.len();
        Ok(if pays {
            (tokens_kind, tokens)
        } else {
            (kind, payload)
        })
    }

    /// The smallest coding of a frame that was predicted bit by bit.
    fn modelled(&self, input: &Raw, payload: Vec<u8>) -> Result<(FrameKind, Vec<u8>)> {
        let (offset, raw) = (input.offset, &input.bytes[..]);
        let other = match is_alone(input, SMALL) {
            true => Some(backend::pack(&self.table, Effort::Best, offset, raw))
                .filter(|(_, other)| other.len() <= payload.len()),
            false => backend::fall_back(&self.table, offset, raw, payload.len()),
        };
        let mut best = other.unwrap_or((FrameKind::Modelled, payload));
        if let Some(search) = self.search()
            && stage::fits(self.spec.expansion(), search, offset, raw.len())
        {
            let tokens = self.tokens(search, input)?;
            if tokens.1.len() < best.1.len() {
                best = tokens;
            }
        }
        if let Some(text) = self.text(input)?
            && text.len() < best.1.len()
        {
            best = (FrameKind::Text, text);
        }
        let (kind, payload, _) = self.or_segments(input, (best.0, best.1, true))?;
        Ok((kind, payload))
    }
}

/// A frame that comes to so much of what a model's tables expect, and so many bytes, is tried
/// without them.
const UNLIKE: f64 = 1.06;
const UNLIKE_BYTES: f64 = 100.0;
/// Other codings are looked for harder where they come within one part in so many of the tokens,
/// from this level on.
pub(super) const NEAR: usize = 10;
pub(super) const THOROUGH: u8 = 4;
/// A chain begins where its first frame alone gains one part in so many.
const GAIN: usize = 8;

/// A text is compared on so many bytes first: where byte codecs quickly come to so much of it, no
/// better one reaches it.
const COMPARED: usize = 1 << 19;
const CLEARLY: f64 = 5.0 / 3.0;

/// Up to so many bytes a single frame costs little, however hard its other codings are tried, or
/// its tokens and, at level 1, both.
const SMALL: usize = 1 << 16;
const TINY: usize = 1 << 14;

/// Whether a frame is all of a stream, has so many bytes at most, and need not keep a speed.
fn is_alone(input: &Raw, most: usize) -> bool {
    input.alone && input.bytes.len() <= most && input.choice.is_none()
}

/// Whether all bytes are the same.
fn is_constant(raw: &[u8]) -> bool {
    raw.split_first()
        .is_none_or(|(_, rest)| rest == &raw[..rest.len()])
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
