//! Streams in, raw bytes out.

use std::collections::VecDeque;
use std::sync::Arc;

use super::opening::{Opened, Opening, open};
use super::{Pull, Stats};
use crate::error::{Error, ErrorKind, Result};
use crate::flow::{Growth, Notify, Unpack, Wavefront, takes_turn};
use crate::frame::{Item, Parser, StreamHeader};
use crate::options::DecompressOptions;
use crate::pool::Pool;

/// Decompresses one stream, or several that follow one another.
///
/// What is pulled has been checked. An error is reported after all bytes before the damage have
/// been pulled.
pub struct Decoder {
    options: DecompressOptions,
    pool: Arc<Pool>,
    notify: Option<Notify>,
    parser: Parser,
    /// What the parser has found and there was no room for.
    held: Option<Item>,
    stream: Option<Stream>,
    /// The stream after it, whose model is being read.
    opening: Option<Opening>,
    input_ended: bool,
    /// Only the first stream is wanted.
    single: bool,
    /// Most bytes to hold.
    budget: usize,
    /// Where parsing stopped: reported when the frames before it are out.
    error: Option<Error>,
    failed: bool,
    done: bool,
    stats: Stats,
    /// Raw bytes of all frames that were let in.
    admitted: u64,
}

/// The stream that is being decoded.
struct Stream {
    header: StreamHeader,
    flow: Wavefront<Unpack>,
    flight_max: usize,
    growth: Growth,
    /// Raw bytes of the frames under way.
    flying: usize,
    /// Number and place of the frames under way, for errors.
    places: VecDeque<(u64, u64)>,
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder")
            .field("options", &self.options)
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}

impl Decoder {
    /// A session whose jobs run on as many threads as the options say.
    pub fn new(options: DecompressOptions) -> Result<Self> {
        let pool = Pool::for_threads(options.threads);
        Ok(Self::on_pool(options, pool))
    }

    /// A session whose jobs run on this pool.
    pub fn on_pool(options: DecompressOptions, pool: Arc<Pool>) -> Self {
        Decoder {
            parser: Parser::new().with_memory_limit(options.memory_limit),
            options,
            pool,
            notify: None,
            held: None,
            stream: None,
            opening: None,
            input_ended: false,
            single: false,
            budget: usize::MAX,
            error: None,
            failed: false,
            done: false,
            stats: Stats::default(),
            admitted: 0,
        }
    }

    /// Takes compressed bytes; returns how many. 0: full, pull first.
    pub fn push(&mut self, bytes: &[u8]) -> Result<usize> {
        self.check_usable()?;
        if self.input_ended {
            return Err(Error::invalid("bytes after the end of the input"));
        }
        let mut taken = 0;
        while taken < bytes.len() && !self.is_full() && self.error.is_none() && !self.done {
            taken += self.parser.push(&bytes[taken..]);
            self.advance();
        }
        self.stats.bytes_in += taken as u64;
        Ok(taken)
    }

    /// Says that no more bytes will come. Whether they were complete, [`Decoder::pull`] tells.
    pub fn finish(&mut self) -> Result<()> {
        self.check_usable()?;
        self.input_ended = true;
        self.advance();
        Ok(())
    }

    /// The next raw bytes, if there are any yet.
    pub fn pull(&mut self) -> Result<Pull> {
        self.check_usable()?;
        self.advance();
        if let Some(stream) = &mut self.stream
            && let Some(raw) = stream.flow.pop()
        {
            let (number, position) = stream.places.pop_front().unwrap_or_default();
            let raw = raw.map_err(|error| {
                self.failed = true;
                error.in_frame(number).at_offset(position)
            })?;
            self.stats.frames += 1;
            self.stats.bytes_out += raw.len() as u64;
            stream.flying = stream.flying.saturating_sub(raw.len());
            self.advance();
            return Ok(Pull::Data(raw));
        }
        if self.in_flight() > 0 || self.opening.is_some() {
            return Ok(Pull::Pending);
        }
        if let Some(error) = self.error.take() {
            self.failed = true;
            return Err(error);
        }
        Ok(if self.done { Pull::End } else { Pull::Starved })
    }

    /// Blocks until a job has ended since the last [`Decoder::pull`]; returns at once if none is
    /// under way.
    pub fn wait(&self) {
        if let Some(opening) = &self.opening {
            opening.wait();
        } else if let Some(stream) = &self.stream {
            stream.flow.wait();
        }
    }

    /// Sets a function that worker threads call whenever a job has ended.
    pub fn set_notify(&mut self, notify: Notify) {
        if let Some(stream) = &mut self.stream {
            stream.flow.set_notify(notify.clone());
        }
        if let Some(opening) = &self.opening {
            opening.set_notify(notify.clone());
        }
        self.notify = Some(notify);
    }

    /// Frames that were taken in and not pulled.
    pub fn in_flight(&self) -> usize {
        self.stream.as_ref().map_or(0, |stream| stream.flow.len())
    }

    /// Bytes held: compressed ones that wait, and raw ones of frames that were taken in and not
    /// pulled.
    pub fn held(&self) -> usize {
        let waiting = match &self.held {
            Some(Item::Frame(frame)) => frame.payload.len(),
            Some(Item::Stream(_, Some(model))) => model.file.len(),
            _ => 0,
        };
        let flying = self.stream.as_ref().map_or(0, |stream| stream.flying);
        let opening = self.opening.as_ref().map_or(0, Opening::held);
        self.parser.held() + waiting + opening + flying
    }

    /// Lets no frame in that would raise what is [held](Self::held) above this, unless none is
    /// under way.
    pub fn set_budget(&mut self, bytes: usize) {
        self.budget = bytes;
    }

    /// Whether streams that follow the first one are decoded too, which they are at first. If not,
    /// [`Decoder::push`] takes no byte beyond the stream and [`Pull::End`] comes without
    /// [`Decoder::finish`]. To be set before any push.
    pub fn set_multiple_members(&mut self, enabled: bool) {
        self.single = !enabled;
        if self.single {
            self.parser.take_exactly();
        }
    }

    /// What went through so far.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// The header of the stream that is being decoded; `None` before the first.
    pub fn header(&self) -> Option<&StreamHeader> {
        self.stream.as_ref().map(|stream| &stream.header)
    }

    /// Whether nothing can be taken in before something is pulled or ends.
    fn is_full(&self) -> bool {
        self.held.is_some() || self.opening.is_some()
    }

    fn check_usable(&self) -> Result<()> {
        if self.failed {
            return Err(Error::invalid("the decoder has failed before"));
        }
        Ok(())
    }

    /// Starts what has arrived, as far as there is room.
    fn advance(&mut self) {
        while self.error.is_none() && !self.done {
            if let Some(opening) = &self.opening {
                let Some(opened) = opening.take() else {
                    return;
                };
                self.opening = None;
                match opened {
                    Ok(opened) => self.stream = Some(self.begin(opened)),
                    Err(error) => self.error = Some(error),
                }
                continue;
            }
            let item = match self.held.take() {
                Some(item) => item,
                None => match self.parser.next() {
                    Ok(Some(item)) => item,
                    Ok(None) => {
                        if self.input_ended {
                            self.error = self.parser.finish().err();
                            self.done = true;
                        }
                        return;
                    }
                    Err(error) => {
                        self.error = Some(error);
                        return;
                    }
                },
            };
            match self.admit(item) {
                Ok(None) => {}
                Ok(held) => {
                    self.held = held;
                    return;
                }
                Err(error) => self.error = Some(error),
            }
        }
    }

    /// Starts an item, or gives it back if there is no room.
    fn admit(&mut self, item: Item) -> Result<Option<Item>> {
        match item {
            Item::Stream(header, model) => {
                if self.in_flight() > 0 {
                    return Ok(Some(Item::Stream(header, model)));
                }
                // The frames of the stream before are out.
                if header.model.is_some() {
                    let (options, pool) = (self.options.clone(), self.pool.clone());
                    let notify = self.notify.clone();
                    self.opening = Some(Opening::start(header, model, options, pool, notify));
                } else {
                    let opened = open(header, model.as_ref(), &self.options, &self.pool)?;
                    self.stream = Some(self.begin(opened));
                }
            }
            Item::Frame(frame) => {
                let Some(stream) = &mut self.stream else {
                    return Err(Error::corrupt("a frame before the stream header"));
                };
                let over = self.parser.held() + stream.flying + frame.header.raw_len > self.budget;
                if stream.flow.len() >= stream.flight_max || (over && stream.flow.len() > 0) {
                    return Ok(Some(Item::Frame(frame)));
                }
                let limit = self.options.output_limit;
                let admitted = self.admitted.saturating_add(frame.header.raw_len as u64);
                if admitted > limit {
                    let error = Error::from(ErrorKind::OutputLimit { limit });
                    return Err(error.in_frame(frame.number).at_offset(frame.position));
                }
                self.admitted = admitted;
                let chain = (frame.place % u64::from(stream.header.chains)) as usize;
                let room = stream.growth.admit(chain, &frame.header);
                room.map_err(|e| e.in_frame(frame.number).at_offset(frame.position))?;
                stream.places.push_back((frame.number, frame.position));
                let key = frame.header.key;
                let learned = takes_turn(stream.header.level, &frame.header);
                stream.flying += frame.header.raw_len;
                stream.flow.submit(chain, key, learned, frame);
            }
            Item::End => self.done = self.single,
        }
        Ok(None)
    }

    fn begin(&self, opened: Opened) -> Stream {
        let Opened {
            header,
            spec,
            flight_max,
            growth,
        } = opened;
        let flow = Wavefront::new(
            Unpack::new(spec),
            header.chains as usize,
            self.pool.clone(),
            self.notify.clone(),
        );
        Stream {
            flight_max,
            growth,
            header,
            flow,
            flying: 0,
            places: VecDeque::new(),
        }
    }
}
