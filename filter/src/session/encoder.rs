//! Raw bytes in, a stream out.

use std::sync::Arc;
use std::time::Instant;

use super::detection::Detection;
use super::outgoing::{Outgoing, Pace};
use super::pace::Scheduler;
use super::{Pull, Stats};
use crate::Layout;
use crate::error::{Error, Result};
use crate::flow::{Notify, Pack, Packed, Wavefront, flight_max, least};
use crate::frame::{MAX_FRAME_SIZE, MAX_LANES, StreamHeader};
use crate::options::CompressOptions;
use crate::pool::Pool;
use crate::predict::{self, Spec};
use crate::tokens::stage;

/// Records from which on a flushed frame may begin a chain: where to look for what is found out
/// there, once.
const FEWEST_RECORDS: usize = 100;

/// So many times the frames under way of a stream that keeps a speed.
const PACED_FLIGHT: usize = 4;

/// Compresses one stream.
///
/// The stream's bytes depend on the options, the input and the places of the flushes, not on how
/// the input was split into pushes nor on the number of threads.
pub struct Encoder {
    options: CompressOptions,
    pool: Arc<Pool>,
    notify: Option<Notify>,
    /// Raw bytes that are not in a frame yet.
    buffer: Vec<u8>,
    /// Known from the first frame on.
    layout: Option<Layout>,
    /// Has the buffer until the layout is found.
    detection: Option<Detection>,
    /// Raw bytes of a whole frame.
    frame_size: usize,
    /// Known once the first frame is cut.
    stream: Option<Outgoing>,
    /// What has been pushed is to go into frames, whole or not.
    cut: bool,
    finishing: bool,
    /// There was a flush before the end.
    flushed: bool,
    ended: bool,
    failed: bool,
    stats: Stats,
    /// For streams that keep a speed.
    pace: Option<Pace>,
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder")
            .field("options", &self.options)
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}

impl Encoder {
    /// A session whose jobs run on as many threads as the options say.
    pub fn new(options: CompressOptions) -> Result<Self> {
        let pool = Pool::for_threads(options.threads);
        Self::on_pool(options, pool)
    }

    /// A session whose jobs run on this pool.
    pub fn on_pool(options: CompressOptions, pool: Arc<Pool>) -> Result<Self> {
        options.check()?;
        let pace = options.min_speed.map(|speed| {
            let scheduler = Scheduler::new(speed, options.level.get(), pool.threads());
            (scheduler, Arc::default())
        });
        let mut encoder = Encoder {
            pace,
            frame_size: options.frame_size(),
            layout: None,
            detection: None,
            options,
            pool,
            notify: None,
            buffer: Vec::new(),
            stream: None,
            cut: false,
            finishing: false,
            flushed: false,
            ended: false,
            failed: false,
            stats: Stats::default(),
        };
        let model = encoder.options.model.as_ref();
        let known = encoder.options.layout.as_ref();
        let known = known.or(model.map(|model| model.layout())).cloned();
        if let Some(layout) = known {
            encoder.set_layout(layout);
        }
        Ok(encoder)
    }

    /// Takes raw bytes; returns how many. 0: full, pull first.
    pub fn push(&mut self, bytes: &[u8]) -> Result<usize> {
        self.check_usable()?;
        if self.finishing {
            return Err(Error::invalid("bytes after the end of the stream"));
        }
        if let Some((scheduler, _)) = &mut self.pace {
            scheduler.offered(Instant::now());
        }
        let mut taken = 0;
        loop {
            self.advance()?;
            let wanted = self.frame_size.max(self.searched());
            let room = wanted.saturating_sub(self.buffer.len());
            if self.cut || self.detection.is_some() || room == 0 || taken == bytes.len() {
                break;
            }
            let rest = &bytes[taken..];
            let part = &rest[..room.min(rest.len())];
            self.reserve(part.len());
            self.buffer.extend_from_slice(part);
            taken += part.len();
        }
        self.stats.bytes_in += taken as u64;
        if let Some((scheduler, _)) = &mut self.pace {
            scheduler.took(taken == bytes.len(), Instant::now());
        }
        Ok(taken)
    }

    /// Ends the current frame, so that all that was pushed can be decoded once it is pulled.
    pub fn flush(&mut self) -> Result<()> {
        self.check_usable()?;
        self.flushed |= !self.finishing;
        self.cut |= !self.buffer.is_empty() || self.detection.is_some();
        self.advance()
    }

    /// Says that no more bytes will come. The stream is complete when [`Pull::End`] is pulled.
    pub fn finish(&mut self) -> Result<()> {
        self.check_usable()?;
        self.finishing = true;
        self.flush()
    }

    /// The next bytes of the stream, if there are any yet.
    pub fn pull(&mut self) -> Result<Pull> {
        self.check_usable()?;
        self.advance()?;
        let packed = self.stream.as_mut().and_then(|stream| stream.flow.pop());
        // Whatever a job has said by now, nobody will be woken for any more.
        self.advance()?;
        if let Some(packed) = packed {
            let packed = packed.inspect_err(|_| self.failed = true)?;
            let data = self.deliver(packed);
            self.advance()?;
            return Ok(Pull::Data(data));
        }
        if self.in_flight() > 0 || self.detection.is_some() {
            return Ok(Pull::Pending);
        }
        if !self.finishing {
            return Ok(Pull::Starved);
        }
        if self.ended {
            return Ok(Pull::End);
        }
        self.ended = true;
        let index = self.options.index;
        let data = self.begin(0)?.end(index);
        if data.is_empty() {
            return Ok(Pull::End);
        }
        self.stats.bytes_out += data.len() as u64;
        Ok(Pull::Data(data))
    }

    /// Blocks until a job has ended since the last [`Encoder::pull`]; returns at once if none is
    /// under way.
    pub fn wait(&self) {
        if let Some(detection) = &self.detection {
            detection.wait();
        } else if let Some(stream) = &self.stream {
            stream.flow.wait();
        }
    }

    /// Sets a function that worker threads call whenever a job has ended.
    pub fn set_notify(&mut self, notify: Notify) {
        if let Some(stream) = &mut self.stream {
            stream.flow.set_notify(notify.clone());
        }
        if let Some(detection) = &self.detection {
            detection.set_notify(notify.clone());
        }
        self.notify = Some(notify);
    }

    /// Frames that were cut and not pulled.
    pub fn in_flight(&self) -> usize {
        self.stream.as_ref().map_or(0, Outgoing::len)
    }

    /// Raw bytes that were pushed and whose frames were not pulled.
    pub fn held(&self) -> usize {
        let detecting = self.detection.as_ref().map_or(0, Detection::held);
        let flying = self.stream.as_ref().map_or(0, |stream| stream.flying);
        self.buffer.len() + detecting + flying
    }

    /// What went through so far.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Raw bytes a second so far, the time left out in which there was nothing to do; `None` unless
    /// the options ask for a speed.
    pub fn speed(&self) -> Option<f64> {
        let (scheduler, _) = self.pace.as_ref()?;
        scheduler.achieved(self.stats.bytes_in, Instant::now())
    }

    /// Bytes of memory that a decoder of this stream needs at least, by its own estimate; `None`
    /// until the first frame is cut. What is above
    /// [`DecompressOptions::memory_limit`](crate::DecompressOptions::memory_limit) is refused.
    pub fn decoder_memory(&self) -> Option<u64> {
        self.stream.as_ref().map(|stream| stream.needs)
    }

    /// What the bytes are taken for; `None` until the first frame is cut, unless the options say
    /// it.
    pub fn layout(&self) -> Option<&Layout> {
        self.layout.as_ref()
    }

    fn check_usable(&self) -> Result<()> {
        if self.failed {
            return Err(Error::invalid("the encoder has failed before"));
        }
        Ok(())
    }

    /// Rounds the frame size to whole records. A record larger than the largest frame is cut like
    /// plain bytes.
    fn set_layout(&mut self, layout: Layout) {
        let record = layout.record_size() as usize;
        let size = self.options.frame_size_of(&layout);
        self.frame_size = (size - size % record).max(record).min(MAX_FRAME_SIZE);
        self.layout = Some(layout);
    }

    /// Cuts frames off the buffer while there is room for them.
    fn advance(&mut self) -> Result<()> {
        if let Some(detection) = &self.detection {
            let Some((layout, bytes)) = detection.take() else {
                return Ok(());
            };
            self.detection = None;
            self.buffer = bytes;
            self.set_layout(layout);
        }
        if let Some(stream) = &mut self.stream {
            stream.settle(&mut self.pace);
        }
        loop {
            if self.buffer.is_empty() {
                self.cut = false;
            }
            let target = self.next_len();
            if self.buffer.len() < target.max(self.searched()) && !self.cut {
                return Ok(());
            }
            if self.layout.is_none() {
                let bytes = std::mem::take(&mut self.buffer);
                let (pool, notify) = (self.pool.clone(), self.notify.clone());
                self.detection = Some(Detection::start(pool, bytes, notify));
                return Ok(());
            }
            let len = target.min(self.buffer.len());
            // An early flush must not leave the whole stream with the lanes of its first few
            // records.
            let first_len = if self.finishing { len } else { target };
            let stream = self.begin(first_len)?;
            if stream.len() >= stream.flight_max {
                return Ok(());
            }
            let rest = self.buffer.split_off(len);
            let bytes = std::mem::replace(&mut self.buffer, rest);
            self.submit(bytes, target);
        }
    }

    /// Raw bytes that are waited for before the first frame is cut: what tokens are found out on.
    fn searched(&self) -> usize {
        match self.stream {
            None if !self.options.level.learns() => stage::searched(self.frame_size),
            _ => 0,
        }
    }

    /// Raw bytes of the next whole frame: after a flush inside a record, up to a record's end.
    fn next_len(&self) -> usize {
        match (&self.layout, &self.stream) {
            (Some(layout), Some(stream)) => {
                let record = u64::from(layout.record_size());
                let phase = (stream.offset % record) as usize;
                if phase < self.frame_size {
                    self.frame_size - phase
                } else {
                    self.frame_size
                }
            }
            _ => self.frame_size,
        }
    }

    fn submit(&mut self, bytes: Vec<u8>, target: usize) {
        // Known of a short frame alone, whenever there is room for it: a whole one is cut before
        // the end is seen.
        let last =
            self.finishing && !self.flushed && self.buffer.is_empty() && bytes.len() < target;
        let Some(stream) = &mut self.stream else {
            return;
        };
        // What a chain learns of the columns must not be left to the chance of a few records
        // either.
        let record_n = bytes.len() / self.layout.as_ref().map_or(1, |l| l.record_size() as usize);
        let too_little =
            !self.finishing && record_n < FEWEST_RECORDS && bytes.len() < self.frame_size;
        stream.cut(bytes, (too_little, last), &mut self.pace);
    }

    /// The stream, begun with the length of its first frame if it is not yet.
    fn begin(&mut self, first_len: usize) -> Result<&mut Outgoing> {
        if self.stream.is_none() {
            let stream = self.new_stream(first_len);
            self.stream = Some(stream.inspect_err(|_| self.failed = true)?);
        }
        // There is one now, whatever the compiler knows.
        self.stream
            .as_mut()
            .ok_or_else(|| Error::invalid("the encoder has no stream"))
    }

    fn new_stream(&mut self, first_len: usize) -> Result<Outgoing> {
        let layout = self.layout.get_or_insert_with(Layout::bytes);
        let (level, model) = (self.options.level, self.options.model.clone());
        let lane_n = match &model {
            Some(_) if level.uses_network() => predict::network_lane_count(layout, first_len),
            _ => predict::lane_count(layout, level, first_len),
        };
        let lane_n = lane_n.clamp(1, MAX_LANES);
        let mut spec = Spec::new(layout.clone(), level, lane_n);
        let embedded = model.clone().filter(|_| self.options.embed_model);
        let header = StreamHeader {
            level,
            layout: layout.clone(),
            chains: self.options.chains(),
            lane_n: spec.lane_n,
            frame_size: self.frame_size,
            model: model.as_ref().map(|model| model.id()),
            embedded: embedded.as_ref().map(|model| model.file().len()),
            short: false,
        };
        let embedded = embedded.map_or_else(Vec::new, |model| model.file().to_vec());
        if let Some(model) = model {
            spec = spec.with_model(model)?;
        }
        let learns = Pack::learns(&spec);
        let mut flight_max = flight_max(&self.pool, &spec, self.frame_size);
        if self.pace.is_some() {
            // A modelled frame takes as long as many others, which come out behind it.
            flight_max *= PACED_FLIGHT;
        }
        let beginning = &self.buffer[..self.buffer.len().min(stage::searched(self.frame_size))];
        let meter = self.pace.as_ref().map(|(_, meter)| Arc::clone(meter));
        let flow = Wavefront::new(
            Pack::new(spec)
                .with_meter(meter)
                .with_threads(self.pool.threads())
                .with_text(self.options.text)
                .with_beginning(beginning),
            header.chains as usize,
            self.pool.clone(),
            self.notify.clone(),
        );
        let needs = least(&header);
        Ok(Outgoing::new(
            flow,
            (header, embedded),
            (learns, self.options.key_every),
            (flight_max, needs),
        ))
    }

    fn deliver(&mut self, packed: Packed) -> Vec<u8> {
        let stream = self.stream.as_mut();
        let data = stream.map_or_else(Vec::new, |stream| stream.deliver(packed));
        self.stats.frames += 1;
        self.stats.bytes_out += data.len() as u64;
        data
    }

    /// Makes room for bytes that have arrived: by doubling, up to a frame or what the input is
    /// known to have left.
    fn reserve(&mut self, more: usize) {
        let len = self.buffer.len() + more;
        if len > self.buffer.capacity() {
            let hint = self.options.size_hint.unwrap_or(u64::MAX);
            let left = hint.saturating_sub(self.stats.bytes_in);
            let most = usize::try_from(left).map_or(self.frame_size, |l| l.min(self.frame_size));
            let wanted = (2 * self.buffer.capacity()).min(most).max(len);
            self.buffer.reserve_exact(wanted - self.buffer.len());
        }
    }
}
