//! A block back to raw bytes.

use std::sync::Arc;

use super::encode::{level, pool};
use super::header::{Coding, Header, prefix, raw_sum};
use super::options::BlockOptions;
use crate::Layout;
use crate::error::{Error, ErrorKind, Result};
use crate::flow::Wavefront;
use crate::flow::{Unpack, takes_turn};
use crate::frame::{Cursor, FrameHeader, FrameItem, FrameKind};
use crate::model::{self, Model};
use crate::pool::Pool;
use crate::predict::Spec;

/// One frame as it stands in the block.
struct Frame<'a> {
    kind: FrameKind,
    offset: u64,
    raw_len: usize,
    payload: &'a [u8],
}

/// Decodes a block with the layout, and the model if it names one, that it was encoded with.
///
/// # Errors
/// `Corrupt`, `Truncated` and `Version` of damaged blocks, and of blocks of another layout;
/// `MissingModel`; `MemoryLimit` of blocks that claim more raw bytes than the options allow.
pub fn decode(stored: &[u8], layout: &Layout, options: &BlockOptions) -> Result<Vec<u8>> {
    let (header, body) = Header::unwrap(stored)?;
    if header.raw_len > options.raw_limit {
        return Err(ErrorKind::MemoryLimit {
            needed: header.raw_len,
            limit: options.raw_limit,
        }
        .into());
    }
    let raw = match &header.coding {
        None => body.to_vec(),
        Some(coding) => {
            let raw_len = usize::try_from(header.raw_len)
                .map_err(|_| Error::corrupt("length of the block"))?;
            let frames = cut(body, coding.frame_len(layout.record_size()), raw_len)?;
            let spec = spec(layout, coding, options)?;
            decode_frames(&frames, spec, &pool(options.threads, raw_len))?
        }
    };
    if raw.len() as u64 != header.raw_len {
        return Err(Error::corrupt("length of the block"));
    }
    if raw_sum(&raw) != header.raw_sum {
        return Err(Error::corrupt("checksum of the block's raw bytes"));
    }
    Ok(raw)
}

fn spec(layout: &Layout, coding: &Coding, options: &BlockOptions) -> Result<Spec> {
    let spec = Spec::new(layout.clone(), level(coding.level)?, coding.lane_n);
    let column_n = layout.columns().columns.len();
    if coding.lane_n as usize > column_n {
        return Err(Error::corrupt("lanes of the block"));
    }
    let Some(wanted) = coding.model else {
        return Ok(spec);
    };
    let model = find_model(&wanted, options)?;
    model.fits(layout)?;
    spec.with_model(model)
}

/// The model whose hash begins like this.
fn find_model(wanted: &[u8], options: &BlockOptions) -> Result<Arc<Model>> {
    if let Some(model) = &options.model
        && prefix(&model.id()) == wanted
    {
        return Ok(Arc::clone(model));
    }
    model::by_prefix(wanted, options.model_search)
}

/// Where the frames of a block lie.
fn cut(body: &[u8], frame_len: usize, raw_len: usize) -> Result<Vec<Frame<'_>>> {
    let short = || Error::corrupt("a frame of the block is cut");
    let frame_n = raw_len.div_ceil(frame_len);
    let mut cursor = Cursor::new(body);
    let mut frames = Vec::new();
    for number in 0..frame_n {
        let tag = cursor.byte().ok_or_else(short)?;
        let kind =
            FrameKind::from_bits(tag).ok_or_else(|| Error::corrupt("kind of the block's frame"))?;
        let last = number + 1 == frame_n;
        let len = match last {
            true => cursor.rest().len(),
            false => usize::try_from(cursor.varint()?.ok_or_else(short)?).map_err(|_| short())?,
        };
        let offset = number * frame_len;
        frames.push(Frame {
            kind,
            offset: offset as u64,
            raw_len: frame_len.min(raw_len - offset),
            payload: cursor.take(len).ok_or_else(short)?,
        });
    }
    if frame_n == 0 {
        return Err(Error::corrupt("length of the block"));
    }
    Ok(frames)
}

fn decode_frames(frames: &[Frame<'_>], spec: Spec, pool: &Arc<Pool>) -> Result<Vec<u8>> {
    let frame_len = frames.first().map_or(1, |frame| frame.raw_len);
    let most = crate::flow::flight_max(pool, &spec, frame_len);
    // Frames after the last modelled one teach nobody.
    let modelled = |frame: &Frame<'_>| frame.kind == FrameKind::Modelled;
    let learned_n = frames.iter().rposition(modelled).map_or(0, |last| last + 1);
    if learned_n > 0 && !spec.level.learns() {
        return Err(Error::corrupt("a model at a level without one"));
    }
    let level = spec.level;
    let mut flow = Wavefront::new(Unpack::unchecked(spec), 1, pool.clone(), None);
    let mut left = frames.iter().enumerate();
    let mut out = Vec::new();
    for number in 0..frames.len() {
        let raw: Vec<u8> = loop {
            while flow.len() < most
                && let Some((at, frame)) = left.next()
            {
                let (key, learned) = (at == 0, at < learned_n);
                let item = frame.item(at as u64, key, learned);
                flow.submit(0, key, takes_turn(level, &item.header), item);
            }
            match flow.pop() {
                Some(raw) => break raw.map_err(|error| error.in_frame(number as u64))?,
                None if flow.len() == 0 => return Err(Error::corrupt("a frame is missing")),
                None => flow.wait(),
            }
        };
        match out.is_empty() {
            true => out = raw,
            false => out.extend_from_slice(&raw),
        }
    }
    Ok(out)
}

impl Frame<'_> {
    /// As the frame of a stream, without its checksums: the block has its own.
    fn item(&self, number: u64, key: bool, learned: bool) -> FrameItem {
        FrameItem {
            header: FrameHeader {
                kind: self.kind,
                key,
                learned,
                raw_len: self.raw_len,
                coded_len: self.payload.len(),
                raw_hash: 0,
                payload_crc: 0,
            },
            payload: self.payload.to_vec(),
            number,
            place: 0,
            raw_offset: self.offset,
            position: 0,
        }
    }
}
