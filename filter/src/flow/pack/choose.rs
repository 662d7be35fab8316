//! What a frame is written as: each of its codings that may be the smallest is tried.

use super::{Opened, Pack, Raw};
use crate::Level;
use crate::backend::{self, Effort};
use crate::error::Result;
use crate::flow::meter::Choice;
use crate::flow::segments;
use crate::frame::FrameKind;
use crate::text;
use crate::tokens::search::Search;
use crate::tokens::stage;
use crate::tokens::tables::Tables;

impl Pack {
    /// The smallest coding of a frame that is not predicted bit by bit, and whether its chain
    /// begins with it.
    pub(super) fn plain(
        &self,
        input: &Raw,
        opened: Option<&Opened>,
    ) -> Result<(FrameKind, Vec<u8>, bool)> {
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
        let alone = is_alone(input, backend::SMALL) && self.spec.level > Level::MIN;
        let thorough = alone || self.spec.level.get() >= backend::THOROUGH;
        // A single column is what byte codecs do best; what they come to is no guess.
        let one_row = segments::is_one_row(self.spec.expansion()) && self.spec.level > Level::MIN;
        if one_row && input.choice.is_none() {
            let effort = if thorough {
                Effort::Best
            } else {
                Effort::Quick
            };
            return Some(backend::pack(table, effort, offset, raw));
        }
        let thorough = thorough && input.choice.is_none();
        backend::near(table, thorough, offset, raw, tokens)
    }

    /// The first frame of a chain by the model's tables. One that is quite unlike what they were
    /// made from is also tried without: nothing if its own tables do better.
    pub(super) fn by_model(
        &self,
        tables: &Tables,
        input: &Raw,
    ) -> Result<Option<(FrameKind, Vec<u8>)>> {
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
    pub(super) fn begin(&self, search: &Search, input: &Raw) -> Result<(FrameKind, Vec<u8>)> {
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
    pub(super) fn modelled(&self, input: &Raw, payload: Vec<u8>) -> Result<(FrameKind, Vec<u8>)> {
        let (offset, raw) = (input.offset, &input.bytes[..]);
        let other = match is_alone(input, backend::SMALL) {
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
/// A chain begins where its first frame alone gains one part in so many.
const GAIN: usize = 8;

/// A text is compared on so many bytes first: where byte codecs quickly come to so much of it, no
/// better one reaches it.
const COMPARED: usize = 1 << 19;
const CLEARLY: f64 = 5.0 / 3.0;

/// Up to so many bytes tokens of a single frame cost little, and, at level 1, its other codings.
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
