//! A stretch of the file taken apart: what becomes a segment, as it grows.
//!
//! Short tensors of one type share a stream, for a model of its own would cost more than it gains;
//! longer ones have one each.

use catena_filter::{Layout, Level};

use crate::lossy::{Lossy, Values};
use crate::source::Tensor;

use super::deflate::Setting;
use super::segment::Span;
use super::streams::{Stream, layouts};

/// Tensors of fewer bytes share a stream.
const SHARED_MAX: usize = 32 << 10;
/// Level for what is compressed already.
const KEPT_LEVEL: Level = Level::MIN;

/// A segment that grows.
pub(super) struct Splitter {
    pub spans: Vec<Span>,
    pub streams: Vec<Stream>,
    /// For each stream, the tensors that it has bytes of, and how many of each.
    pub shares: Vec<Vec<(usize, u64)>>,
    level: Level,
    /// By dtype string, the stream that short tensors share.
    shared: Vec<(Layout, usize)>,
    kept: Option<usize>,
}

impl Splitter {
    pub fn new(level: Level) -> Self {
        Splitter {
            spans: Vec::new(),
            streams: vec![Stream::bytes(level)],
            shares: vec![Vec::new()],
            level,
            shared: Vec::new(),
            kept: None,
        }
    }

    /// Plain bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        if let Some(stream) = self.streams.first_mut() {
            stream.raw.extend_from_slice(bytes);
        }
        match self.spans.last_mut() {
            Some(Span::Bytes(len)) => *len += bytes.len() as u64,
            _ => self.spans.push(Span::Bytes(bytes.len() as u64)),
        }
    }

    /// Bytes that are compressed already.
    pub fn kept(&mut self, bytes: &[u8]) {
        let stream = match self.kept {
            Some(stream) => stream,
            None => {
                let stream = self.add(Stream::bytes(KEPT_LEVEL));
                *self.kept.insert(stream)
            }
        };
        self.append(stream, None, bytes);
        self.spans.push(Span::Elements {
            stream,
            len: bytes.len() as u64,
        });
    }

    /// Elements of a tensor: all of them, or whole rows.
    pub fn tensor(&mut self, number: usize, tensor: &Tensor, bytes: &[u8]) {
        let candidates = layouts(tensor.dtype.layouts(), &tensor.axes());
        let stream = self.stream_for(candidates, bytes.len());
        self.append(stream, Some(number), bytes);
        self.spans.push(Span::Elements {
            stream,
            len: bytes.len() as u64,
        });
    }

    /// The same with a loss, if the tensor can be lost of. Returns whether it was.
    pub fn lossy(
        &mut self,
        number: usize,
        tensor: &Tensor,
        bytes: &[u8],
        lossy: &mut Lossy,
    ) -> bool {
        let Some((float, big)) = tensor.dtype.float() else {
            return false;
        };
        let values = Values { bytes, float, big };
        let Some(mut taken) = lossy.quantise(number, &tensor.axes(), &values) else {
            return false;
        };
        let mut axes = tensor.axes();
        if let Some(first) = axes.first_mut() {
            *first = taken.quantised.channels;
        }
        let candidates = layouts(&[taken.quantised.integers().to_owned()], &axes);
        let stream = self.stream_for(candidates, taken.integers.len());
        self.append(stream, Some(number), &taken.integers);
        taken.quantised.stream = stream;
        let flat = tensor
            .dtype
            .layouts()
            .first()
            .and_then(|it| Layout::parse(it).ok());
        let scales = self.stream_for(vec![flat.unwrap_or_else(Layout::bytes)], 0);
        self.append(scales, Some(number), &taken.scales);
        taken.quantised.scales = scales;
        self.append(0, Some(number), &taken.bytes);
        self.spans.push(Span::Quantised(taken.quantised));
        true
    }

    /// Makes the spans from this one on the inside of a deflated one.
    pub fn deflate(&mut self, from: usize, setting: Setting) {
        let inner = self.spans.split_off(from.min(self.spans.len()));
        self.spans.push(Span::Deflated(setting, inner));
    }

    /// Makes the next bytes a span of their own.
    pub fn begin_span(&mut self) -> usize {
        self.spans.push(Span::Bytes(0));
        self.spans.len() - 1
    }

    fn stream_for(&mut self, candidates: Vec<Layout>, len: usize) -> usize {
        if len >= SHARED_MAX {
            return self.add(Stream {
                layouts: candidates,
                level: self.level,
                raw: Vec::new(),
            });
        }
        let flat = candidates.into_iter().next().unwrap_or_else(Layout::bytes);
        if let Some((_, stream)) = self.shared.iter().find(|(layout, _)| *layout == flat) {
            return *stream;
        }
        let layouts = vec![flat.clone()];
        let stream = self.add(Stream {
            layouts,
            level: self.level,
            raw: Vec::new(),
        });
        self.shared.push((flat, stream));
        stream
    }

    fn add(&mut self, stream: Stream) -> usize {
        self.streams.push(stream);
        self.shares.push(Vec::new());
        self.streams.len() - 1
    }

    fn append(&mut self, stream: usize, tensor: Option<usize>, bytes: &[u8]) {
        if let Some(stream) = self.streams.get_mut(stream) {
            stream.raw.extend_from_slice(bytes);
        }
        if let (Some(shares), Some(tensor)) = (self.shares.get_mut(stream), tensor) {
            shares.push((tensor, bytes.len() as u64));
        }
    }
}
