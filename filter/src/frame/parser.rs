//! Compressed bytes in any pieces to stream headers, frames and ends: the decoder's front.
//!
//! Invariant: the buffer holds what has arrived and at most one piece ahead of what is needed;
//! everything a header says is checked (checksum, limits, the frames before) before it is acted
//! upon.

use super::frame_header::FrameHeader;
use super::index::{EndRecord, IndexBuilder, TAIL_LEN, Tail, is_end};
use super::short::ShortHead;
use super::stream_header::{Start, StreamHeader};
use crate::error::{Error, ErrorKind, Result};

/// Bytes that are taken ahead of what is needed.
const READ_AHEAD: usize = 1 << 16;

/// A frame with its payload, both checked.
#[derive(Debug)]
pub(crate) struct FrameItem {
    pub(crate) header: FrameHeader,
    pub(crate) payload: Vec<u8>,
    /// Frames before this one in the whole input.
    pub(crate) number: u64,
    /// Frames before this one in its stream.
    pub(crate) place: u64,
    /// Raw bytes before this frame in its stream.
    pub(crate) raw_offset: u64,
    /// The header's first byte in the whole input.
    pub(crate) position: u64,
}

/// The file of a model that a stream carries, not looked at.
#[derive(Debug)]
pub(crate) struct EmbeddedModel {
    pub(crate) file: Vec<u8>,
    /// Its first byte in the whole input.
    pub(crate) position: u64,
}

/// What the parser finds.
#[derive(Debug)]
pub(crate) enum Item {
    /// A stream's header, and what is embedded behind it.
    Stream(StreamHeader, Option<EmbeddedModel>),
    Frame(FrameItem),
    End,
}

#[derive(Debug)]
enum State {
    /// Between streams.
    Start,
    /// Behind a stream header, before an embedded model of this length.
    Model(usize),
    /// In a stream, before a frame or the end.
    Frames,
    /// After this frame header.
    Payload(FrameHeader),
    /// After an end record of this length.
    Tail(usize),
    /// Behind a short stream; its frame, until it is given.
    Short(Option<FrameItem>),
}

/// Takes the compressed bytes apart.
#[derive(Debug)]
pub(crate) struct Parser {
    buffer: Vec<u8>,
    /// Bytes at the buffer's front that are done with.
    done: usize,
    /// Place of the first byte that is not, in the whole input.
    position: u64,
    /// Place of the current frame header, or of the stream header or end record, in the whole
    /// input.
    item_start: u64,
    state: State,
    header: Option<StreamHeader>,
    index: IndexBuilder,
    frames_before: u64,
    stream_n: u64,
    /// Bytes that the next item needs at least.
    need: usize,
    /// Bytes that are taken ahead of what is needed.
    ahead: usize,
    /// Most bytes that an embedded model, or a payload, may take here.
    memory_limit: u64,
}

impl Parser {
    pub(crate) fn new() -> Self {
        Parser {
            buffer: Vec::new(),
            done: 0,
            position: 0,
            item_start: 0,
            state: State::Start,
            header: None,
            index: IndexBuilder::new(0),
            frames_before: 0,
            stream_n: 0,
            need: 1,
            ahead: READ_AHEAD,
            memory_limit: u64::MAX,
        }
    }

    /// Refuses embedded models and payloads that would take more than this, before they are waited
    /// for.
    pub(crate) fn with_memory_limit(mut self, bytes: u64) -> Self {
        self.memory_limit = bytes;
        self
    }

    /// Takes nothing ahead from now on: what follows a stream stays with the caller.
    pub(crate) fn take_exactly(&mut self) {
        self.ahead = 1;
    }

    /// Bytes that have arrived and belong to no item yet.
    pub(crate) fn held(&self) -> usize {
        self.rest().len()
    }

    /// Bytes of the whole input that belong to items which have been given.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// End record and tail that make a stream of the frames given so far.
    pub(crate) fn ending(&self) -> Vec<u8> {
        let mut out = Vec::new();
        // What there is of a short stream is whole.
        if self.header.as_ref().is_some_and(|header| !header.short) {
            self.index.write(true, &mut out);
        }
        out
    }

    /// Takes bytes; returns how many (none once more than the next item is there).
    pub(crate) fn push(&mut self, bytes: &[u8]) -> usize {
        let room = self.need.max(self.ahead).saturating_sub(self.rest().len());
        let len = room.min(bytes.len());
        if self.done == self.buffer.len() || self.done >= READ_AHEAD {
            self.buffer.drain(..self.done);
            self.done = 0;
        }
        self.buffer.extend_from_slice(&bytes[..len]);
        len
    }

    /// The next item; `None` if bytes are missing.
    pub(crate) fn next(&mut self) -> Result<Option<Item>> {
        self.step().map_err(|e| self.locate(e))
    }

    /// Says that no bytes will come: an error unless the last stream has ended.
    pub(crate) fn finish(&self) -> Result<()> {
        if matches!(self.state, State::Start) && self.rest().is_empty() && self.stream_n > 0 {
            return Ok(());
        }
        Err(self.locate(ErrorKind::Truncated.into()))
    }

    fn locate(&self, error: Error) -> Error {
        let error = error.at_offset(self.item_start);
        match self.state {
            State::Frames | State::Payload(_) => error.in_frame(self.number()),
            State::Start | State::Model(_) | State::Tail(_) | State::Short(_) => error,
        }
    }

    fn number(&self) -> u64 {
        self.frames_before + self.index.frame_n()
    }

    fn step(&mut self) -> Result<Option<Item>> {
        loop {
            match &mut self.state {
                State::Start => {
                    self.item_start = self.position;
                    if self.rest().is_empty() {
                        return Ok(None);
                    }
                    let (header, len) = match Start::parse(self.rest())? {
                        None => return Ok(self.starve(None)),
                        Some(Start::Short(head)) => return self.short(head),
                        Some(Start::Long(header, len)) => (header, len),
                    };
                    header.check_embedded(self.memory_limit)?;
                    self.consume(len);
                    self.index = IndexBuilder::new(len + header.embedded.unwrap_or(0));
                    self.header = Some(header.clone());
                    self.stream_n += 1;
                    if let Some(len) = header.embedded {
                        self.state = State::Model(len);
                        continue;
                    }
                    self.state = State::Frames;
                    return Ok(Some(Item::Stream(header, None)));
                }
                &mut State::Model(len) => {
                    self.item_start = self.position;
                    if self.rest().len() < len {
                        return Ok(self.starve(Some(len)));
                    }
                    let model = EmbeddedModel {
                        file: self.rest()[..len].to_vec(),
                        position: self.position,
                    };
                    self.consume(len);
                    self.state = State::Frames;
                    let header = self.header.clone();
                    return Ok(header.map(|header| Item::Stream(header, Some(model))));
                }
                State::Frames => {
                    self.item_start = self.position;
                    let Some(&tag) = self.rest().first() else {
                        return Ok(None);
                    };
                    if is_end(tag) {
                        let body_len = EndRecord::body_len(self.rest())?;
                        if body_len.is_some_and(|len| len > self.index.body_max()) {
                            return Err(Error::corrupt("length of the index"));
                        }
                        let Some((end, len)) = EndRecord::parse(self.rest())? else {
                            return Ok(self.starve(None));
                        };
                        if !self.index.agrees(&end) {
                            return Err(Error::corrupt("index disagrees with the frames"));
                        }
                        self.consume(len);
                        self.state = State::Tail(len);
                        continue;
                    }
                    let frame_size = self.header.as_ref().map_or(0, |h| h.frame_size);
                    let Some((frame, len)) = FrameHeader::parse(self.rest(), frame_size)? else {
                        return Ok(self.starve(None));
                    };
                    let chains = self.header.as_ref().map_or(1, |h| h.chains);
                    if !frame.key && self.index.frame_n() < u64::from(chains) {
                        return Err(Error::corrupt("a chain begins without a key frame"));
                    }
                    self.check_memory(frame.coded_len)?;
                    self.consume(len);
                    self.state = State::Payload(frame);
                }
                &mut State::Payload(header) => {
                    if self.rest().len() < header.coded_len {
                        return Ok(self.starve(Some(header.coded_len)));
                    }
                    let payload = self.rest()[..header.coded_len].to_vec();
                    header.check_payload(&payload)?;
                    self.consume(header.coded_len);
                    let item = FrameItem {
                        header,
                        payload,
                        number: self.number(),
                        place: self.index.frame_n(),
                        raw_offset: self.index.raw_len(),
                        position: self.item_start,
                    };
                    self.index.add(&header);
                    self.state = State::Frames;
                    return Ok(Some(Item::Frame(item)));
                }
                &mut State::Tail(end_len) => {
                    let Some(tail) = Tail::parse(self.rest())? else {
                        return Ok(self.starve(Some(TAIL_LEN)));
                    };
                    if tail.end_len as usize != end_len {
                        return Err(Error::corrupt("length at the end of the stream"));
                    }
                    self.consume(TAIL_LEN);
                    return Ok(Some(self.end()));
                }
                State::Short(frame) => {
                    let item = frame.take().map(Item::Frame);
                    return Ok(Some(item.unwrap_or_else(|| self.end())));
                }
            }
        }
    }

    /// Ends the stream.
    fn end(&mut self) -> Item {
        self.frames_before += self.index.frame_n();
        self.state = State::Start;
        Item::End
    }

    /// The stream of this head, once all of it is there.
    fn short(&mut self, head: ShortHead) -> Result<Option<Item>> {
        let coded_len = head.frame.map_or(0, |frame| frame.coded_len);
        self.check_memory(coded_len)?;
        if self.rest().len() < head.len {
            return Ok(self.starve(Some(head.len)));
        }
        let number = self.frames_before;
        let opened = head.open(self.rest());
        let frame = opened.map_err(|error| error.in_frame(number))?;
        self.consume(head.len);
        self.index = IndexBuilder::new(0);
        let item = frame.map(|(header, payload)| {
            self.index.add(&header);
            FrameItem {
                header,
                payload,
                number,
                place: 0,
                raw_offset: 0,
                position: self.item_start,
            }
        });
        self.stream_n += 1;
        self.header = Some(head.header.clone());
        self.state = State::Short(item);
        Ok(Some(Item::Stream(head.header, None)))
    }

    /// Refuses a payload that takes too much: as it arrives, in a buffer that grows by doubling,
    /// and as it is given.
    fn check_memory(&self, coded_len: usize) -> Result<()> {
        let (needed, limit) = (3 * coded_len as u64, self.memory_limit);
        if needed > limit {
            return Err(ErrorKind::MemoryLimit { needed, limit }.into());
        }
        Ok(())
    }

    /// Notes that more bytes are needed: this many, or else more than there are.
    fn starve(&mut self, need: Option<usize>) -> Option<Item> {
        self.need = need.unwrap_or(self.rest().len() + self.ahead);
        None
    }

    fn rest(&self) -> &[u8] {
        &self.buffer[self.done..]
    }

    fn consume(&mut self, len: usize) {
        self.done += len;
        self.position += len as u64;
        self.need = 1;
    }
}
