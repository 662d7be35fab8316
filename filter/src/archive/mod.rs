//! Random access: any bytes of a finished input, through the index or by walking over the frames.
//!
//! A frame that is not modelled is decoded alone; a modelled one after its chain's frames from the
//! last key frame on, or from where the chain stands after the read before. Invariant: what is read
//! has been checked, and a damaged frame spoils no other but those of its chain up to the next key
//! frame.

mod load;
mod open;
mod recover;
mod remains;

pub use remains::{Remains, repair};

use std::collections::VecDeque;
use std::io::{Read, Seek};
use std::ops::Range;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::flow::Unpack;
use crate::flow::Wavefront;
use crate::flow::{Growth, admit};
use crate::frame::{FrameHeader, FrameKind, StreamHeader};
use crate::options::DecompressOptions;
use crate::pool::Pool;
use crate::predict::Spec;
use crate::{Layout, Level, Model};

/// A frame of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FrameInfo {
    /// How the payload is coded.
    pub kind: FrameKind,
    /// Decoding can begin here.
    pub key: bool,
    /// The frame's chain has learned it.
    pub learned: bool,
    /// Number of the stream, for inputs of several streams.
    pub stream: usize,
    /// Number of the chain in the stream.
    pub chain: u32,
    /// Raw bytes before it in the whole archive.
    pub offset: u64,
    /// Raw bytes.
    pub raw_len: usize,
    /// The header's first byte in the compressed input.
    pub position: u64,
    /// Bytes of the payload. The frame's header takes about 23 more.
    pub coded_len: usize,
}

/// One of the streams that follow one another.
#[derive(Debug)]
struct Part {
    header: StreamHeader,
    /// Its first byte.
    start: u64,
    /// Where an embedded model would stand: behind the header.
    model_at: u64,
    /// Its frames' numbers in the archive.
    frames: Range<usize>,
}

/// A finished input, opened for reading anywhere.
///
/// ```
/// use std::io::Cursor;
/// use catena_filter::{Archive, CompressOptions, compress};
///
/// let raw: Vec<u8> = (0..1 << 16).map(|i| (i / 300) as u8).collect();
/// let packed = compress(&raw, &CompressOptions::default().with_frame_size(10_000))?;
/// let mut archive = Archive::open(Cursor::new(packed))?;
/// let mut some = [0; 100];
/// archive.read_at(33_333, &mut some)?;
/// assert_eq!(some, raw[33_333..33_433]);
/// # Ok::<(), catena_filter::Error>(())
/// ```
pub struct Archive<R> {
    reader: R,
    options: DecompressOptions,
    pool: Arc<Pool>,
    parts: Vec<Part>,
    frames: Vec<FrameInfo>,
    /// Bytes that headers and frames take here, at most about.
    held: u64,
    len: u64,
    damage: Option<Error>,
    flow: Option<Flow>,
    /// The frame that was read last.
    last: Option<(usize, Vec<u8>)>,
}

/// The stream that is being decoded, and how far.
struct Flow {
    part: usize,
    wavefront: Wavefront<Unpack>,
    flight_max: usize,
    growth: Growth,
    /// The frame that each chain has learned last.
    learned: Vec<Option<usize>>,
}

/// A frame to decode.
struct Step {
    frame: usize,
    fresh: bool,
    learn: bool,
    wanted: bool,
}

impl<R> std::fmt::Debug for Archive<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Archive")
            .field("frames", &self.frames.len())
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

impl<R> Archive<R> {
    /// Raw bytes of all frames.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are no raw bytes.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What the bytes are (of the first stream, if there are several).
    pub fn layout(&self) -> &Layout {
        &self.parts[0].header.layout
    }

    /// The level of the first stream.
    pub fn level(&self) -> Level {
        self.parts[0].header.level
    }

    /// The headers of all streams.
    pub fn streams(&self) -> impl ExactSizeIterator<Item = &StreamHeader> {
        self.parts.iter().map(|part| &part.header)
    }

    /// All frames, in order.
    pub fn frames(&self) -> &[FrameInfo] {
        &self.frames
    }

    /// Where and why the walk over the frames ended early, after [`Archive::recover`]. Frames
    /// behind may have been found all the same.
    pub fn damage(&self) -> Option<&Error> {
        self.damage.as_ref()
    }

    /// Gives the reader beneath back.
    pub fn into_inner(self) -> R {
        self.reader
    }
}

impl<R: Read + Seek> Archive<R> {
    /// Fills `into` with the raw bytes from `offset` on. Bytes beyond the end are an error.
    pub fn read_at(&mut self, offset: u64, into: &mut [u8]) -> Result<()> {
        let end = offset.checked_add(into.len() as u64);
        if end.is_none_or(|end| end > self.len) {
            return Err(Error::invalid(format!(
                "{} bytes from {offset} on, of {} in all",
                into.len(),
                self.len
            )));
        }
        let mut done = 0;
        while done < into.len() {
            let at = offset + done as u64;
            let first = self.frames.partition_point(|f| f.offset <= at) - 1;
            let part = &self.parts[self.frames[first].stream];
            let wanted_end = offset + into.len() as u64;
            let last = self.frames[..part.frames.end].partition_point(|f| f.offset < wanted_end);
            let starts: Vec<u64> = self.frames[first..last].iter().map(|f| f.offset).collect();
            self.decode(first..last, |frame, raw| {
                let skip = (offset + done as u64 - starts[frame - first]) as usize;
                let len = (raw.len() - skip).min(into.len() - done);
                into[done..done + len].copy_from_slice(&raw[skip..skip + len]);
                done += len;
            })?;
        }
        Ok(())
    }

    /// The raw bytes of one frame.
    pub fn read_frame(&mut self, frame: usize) -> Result<Vec<u8>> {
        if frame >= self.frames.len() {
            return Err(Error::invalid(format!("no frame {frame}")));
        }
        let mut bytes = Vec::new();
        self.decode(frame..frame + 1, |_, raw| bytes = raw.to_vec())?;
        Ok(bytes)
    }

    /// The header and the payload of one frame, as they are stored.
    pub fn read_payload(&mut self, frame: usize) -> Result<(FrameHeader, Vec<u8>)> {
        if frame >= self.frames.len() {
            return Err(Error::invalid(format!("no frame {frame}")));
        }
        let item = self.load(frame)?;
        Ok((item.header, item.payload))
    }

    /// Bytes of a modelled frame's payload that are noise stored as it is: planes of columns, or
    /// their lower halves (and the parts of records that a flush cut). 0 for frames of other kinds.
    /// Read from the payload, without decoding it.
    pub fn raw_plane_bytes(&mut self, frame: usize) -> Result<usize> {
        let Some(info) = self.frames.get(frame) else {
            return Err(Error::invalid(format!("no frame {frame}")));
        };
        let header = &self.parts[info.stream].header;
        let spec = Spec::new(header.layout.clone(), header.level, header.lane_n);
        let item = self.load(frame)?;
        Unpack::new(spec)
            .raw_plane_bytes(&item)
            .map_err(|error| self.locate(error, frame))
    }

    /// What a frame of text holds; nothing of frames of other kinds. Read from the payload's head.
    #[doc(hidden)]
    pub fn describe_text(&mut self, frame: usize) -> Result<Option<crate::text::Description>> {
        let item = self.load(frame)?;
        if item.header.kind != FrameKind::Text {
            return Ok(None);
        }
        let described = crate::text::describe(&item.payload, item.header.raw_len);
        described
            .map(Some)
            .map_err(|error| self.locate(error, frame))
    }

    /// The file of the model that is embedded in a stream, not looked at; `None` if there is none.
    pub fn embedded_model(&mut self, stream: usize) -> Result<Option<Vec<u8>>> {
        if stream >= self.parts.len() {
            return Err(Error::invalid(format!("no stream {stream}")));
        }
        self.read_model(stream)
    }

    /// The model that a stream needs, from wherever it is; `None` of a stream that needs none.
    ///
    /// # Errors
    /// As decoding its frames.
    pub fn model(&mut self, stream: usize) -> Result<Option<Arc<Model>>> {
        let embedded = self.embedded_model(stream)?;
        let (spec, ..) = self.admit(stream, embedded.as_deref())?;
        Ok(spec.model)
    }

    fn read_model(&mut self, part: usize) -> Result<Option<Vec<u8>>> {
        let Part {
            header, model_at, ..
        } = &self.parts[part];
        let (Some(len), at) = (header.embedded, *model_at) else {
            return Ok(None);
        };
        header.check_embedded(self.options.memory_limit)?;
        let file = self.bytes_at(at, len)?;
        if file.len() < len {
            return Err(Error::from(ErrorKind::Truncated).at_offset(at));
        }
        Ok(Some(file))
    }

    /// Decodes frames of one stream and hands them over in order.
    fn decode(&mut self, wanted: Range<usize>, mut sink: impl FnMut(usize, &[u8])) -> Result<()> {
        if let Some((frame, raw)) = &self.last
            && wanted == (*frame..*frame + 1)
        {
            sink(*frame, raw);
            return Ok(());
        }
        let mut flow = self.take_flow(self.frames[wanted.start].stream)?;
        let steps = self.steps(wanted, &mut flow.learned);
        let mut under_way = VecDeque::new();
        let mut steps = steps.into_iter();
        loop {
            while under_way.len() < flow.flight_max
                && let Some(step) = steps.next()
            {
                let item = self.load(step.frame)?;
                let chain = self.frames[step.frame].chain as usize;
                let header = FrameHeader {
                    key: step.fresh,
                    learned: step.learn,
                    ..item.header
                };
                let room = flow.growth.admit(chain, &header);
                room.map_err(|error| self.locate(error, step.frame))?;
                let level = self.parts[self.frames[step.frame].stream].header.level;
                let turn = step.learn || (item.header.kind.has_tokens() && !level.learns());
                flow.wavefront.submit(chain, step.fresh, turn, item);
                under_way.push_back(step);
            }
            let Some(step) = under_way.front() else {
                // The chains stand where they were left; after an error they are gone.
                self.flow = Some(flow);
                return Ok(());
            };
            match flow.wavefront.pop() {
                Some(raw) => {
                    let frame = step.frame;
                    let raw = raw.map_err(|error| self.locate(error, frame))?;
                    if step.wanted {
                        sink(frame, &raw);
                        self.last = Some((frame, raw));
                    }
                    under_way.pop_front();
                }
                None => flow.wavefront.wait(),
            }
        }
    }

    /// The decoding state for a stream: as the last read has left it, or new.
    fn take_flow(&mut self, part: usize) -> Result<Flow> {
        if let Some(flow) = self.flow.take()
            && flow.part == part
        {
            return Ok(flow);
        }
        // Whatever another stream left is gone before this one begins.
        self.last = None;
        let embedded = self.read_model(part)?;
        let (spec, flight_max, growth) = self.admit(part, embedded.as_deref())?;
        let chain_n = self.parts[part].header.chains as usize;
        Ok(Flow {
            part,
            wavefront: Wavefront::new(Unpack::new(spec), chain_n, self.pool.clone(), None),
            flight_max,
            growth,
            learned: vec![None; chain_n],
        })
    }

    /// Admits a stream beside what the archive holds: its frames' places, the frame that was read
    /// last, and a copy of it for the caller.
    fn admit(&self, part: usize, embedded: Option<&[u8]>) -> Result<(Spec, usize, Growth)> {
        let header = &self.parts[part].header;
        let held = self.held + 2 * header.frame_size as u64;
        admit(header, embedded, held, &self.options, &self.pool)
    }

    /// The frames to decode for the wanted ones, in order, given what the chains have learned last.
    fn steps(&self, wanted: Range<usize>, learned: &mut [Option<usize>]) -> Vec<Step> {
        let mut steps = Vec::new();
        for target in wanted {
            let info = &self.frames[target];
            let learns = self.parts[info.stream].header.level.learns();
            if info.kind.has_tokens() && !learns {
                self.step_to_tokens(target, learned, &mut steps);
                continue;
            }
            if info.kind != FrameKind::Modelled {
                steps.push(Step {
                    frame: target,
                    fresh: false,
                    learn: false,
                    wanted: true,
                });
                continue;
            }
            let (stride, chain) = (learned.len(), info.chain as usize);
            let mut way = Vec::new();
            let mut frame = target;
            let mut fresh = true;
            loop {
                let info = &self.frames[frame];
                if info.learned {
                    way.push(frame);
                }
                if info.key {
                    break;
                }
                frame -= stride;
                if learned[chain] == Some(frame) {
                    fresh = false;
                    break;
                }
            }
            for &frame in way.iter().rev() {
                steps.push(Step {
                    frame,
                    fresh: std::mem::take(&mut fresh),
                    learn: true,
                    wanted: frame == target,
                });
            }
            learned[chain] = Some(target);
        }
        steps
    }

    /// The same for a frame of tokens: it needs the one that its chain began with, and none
    /// between.
    fn step_to_tokens(&self, target: usize, learned: &mut [Option<usize>], steps: &mut Vec<Step>) {
        let (stride, chain) = (learned.len(), self.frames[target].chain as usize);
        let first = self.parts[self.frames[target].stream].frames.start;
        let mut begun = target;
        while !self.frames[begun].learned && !self.frames[begun].key && begun >= first + stride {
            begun -= stride;
        }
        if !self.frames[begun].learned {
            // Its chain has not begun: a decoder that reads from the front would refuse it too.
            learned[chain] = None;
            steps.push(Step {
                frame: target,
                fresh: true,
                learn: true,
                wanted: true,
            });
            return;
        }
        if learned[chain] != Some(begun) {
            steps.push(Step {
                frame: begun,
                fresh: true,
                learn: true,
                wanted: begun == target,
            });
            learned[chain] = Some(begun);
            if begun == target {
                return;
            }
        }
        steps.push(Step {
            frame: target,
            fresh: false,
            learn: false,
            wanted: true,
        });
    }

    fn locate(&self, error: Error, frame: usize) -> Error {
        error
            .in_frame(frame as u64)
            .at_offset(self.frames[frame].position)
    }
}
