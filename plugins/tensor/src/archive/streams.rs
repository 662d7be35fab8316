//! Streams to blocks and back. Which layout reads a stream best is tried, not guessed: values in a
//! row, along the tensor's axes, or as records of a short last axis.

use catena_container::parallel;
use catena_filter::block::{self, BlockOptions};
use catena_filter::{Layout, Level};

use crate::error::{Error, ErrorKind, Result};
use catena_container::{Cursor, put_bytes};

use super::segment::{Span, StreamHeader, read, write};

/// Of longer streams the layouts are tried on so many bytes from the middle.
const SAMPLE: usize = 256 << 10;
/// Longest last axis that becomes a record.
const RECORD_MAX: u64 = 16;

/// A stream that is not coded yet.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    /// The layouts to choose from; at least one.
    pub layouts: Vec<Layout>,
    pub level: Level,
    pub raw: Vec<u8>,
}

impl Stream {
    /// Plain bytes.
    pub fn bytes(level: Level) -> Self {
        Stream {
            layouts: vec![Layout::bytes()],
            level,
            raw: Vec::new(),
        }
    }

    /// The block of the best layout.
    fn code(&self) -> Result<(Layout, Vec<u8>)> {
        let options = BlockOptions::new().with_threads(1).with_level(self.level);
        let encode = |raw: &[u8], layout: &Layout| -> Result<Vec<u8>> {
            block::encode(raw, layout, &options).map_err(|e| ErrorKind::Codec(e).into())
        };
        let whole = self.raw.len() <= SAMPLE || self.layouts.len() == 1;
        let mut best: Option<(&Layout, Vec<u8>)> = None;
        for layout in &self.layouts {
            let sample = if whole {
                &self.raw
            } else {
                self.sample(layout)
            };
            let coded = encode(sample, layout)?;
            if best.as_ref().is_none_or(|(_, it)| coded.len() < it.len()) {
                best = Some((layout, coded));
            }
        }
        let (layout, coded) = best.ok_or_else(|| Error::corrupt("a stream without a layout"))?;
        let coded = if whole {
            coded
        } else {
            encode(&self.raw, layout)?
        };
        Ok((layout.clone(), coded))
    }

    /// Whole rows from the middle.
    fn sample(&self, layout: &Layout) -> &[u8] {
        let rows = layout
            .shape()
            .iter()
            .skip(1)
            .try_fold(1u64, |n, &len| n.checked_mul(len));
        let row = rows.and_then(|n| n.checked_mul(layout.record_size().into()));
        let row = row
            .and_then(|it| usize::try_from(it).ok())
            .unwrap_or(1)
            .max(1);
        let from = (self.raw.len() - SAMPLE) / 2;
        self.raw
            .get(from - from % row..)
            .and_then(|it| it.get(..SAMPLE))
            .unwrap_or(&self.raw)
    }
}

/// The layouts that a tensor's elements may be read with: `axes` as they lie in memory, slowest
/// first, of which the first may have been cut.
pub(super) fn layouts(dtypes: &[String], axes: &[u64]) -> Vec<Layout> {
    let mut layouts: Vec<Layout> = dtypes
        .iter()
        .filter_map(|it| Layout::parse(it).ok())
        .collect();
    let axes: Vec<u64> = axes.iter().copied().filter(|&len| len > 1).collect();
    if let (Some(flat), [_, inner @ .., last]) = (layouts.first().cloned(), axes.as_slice()) {
        // The first axis may be cut, so its length is left open.
        let mut shape = vec![0];
        shape.extend_from_slice(inner);
        shape.push(*last);
        layouts.extend(flat.with_shape(&shape));
        let single = dtypes
            .first()
            .filter(|it| !it.contains(',') && !it.starts_with(|c: char| c.is_ascii_digit()));
        if let Some(dtype) = single.filter(|_| *last <= RECORD_MAX) {
            layouts.extend(Layout::parse(&format!("{last}{dtype}")));
        }
    }
    if layouts.is_empty() {
        layouts.push(Layout::bytes());
    }
    layouts
}

/// A coded segment, and how long each stream's block is.
pub(super) struct Coded {
    pub payload: Vec<u8>,
    pub lens: Vec<u64>,
}

/// Codes all streams. `on` is told of raw bytes that are done.
pub(super) fn code(
    spans: &[Span],
    streams: &[Stream],
    level: Level,
    threads: usize,
    on: &(dyn Fn(u64) + Sync),
) -> Result<Coded> {
    let coded = parallel::map(threads, streams, |stream| {
        let coded = stream.code();
        on(stream.raw.len() as u64);
        coded
    });
    let coded: Vec<(Layout, Vec<u8>)> = coded.into_iter().collect::<Result<_>>()?;
    let lens: Vec<u64> = coded.iter().map(|(_, it)| it.len() as u64).collect();
    let headers: Vec<StreamHeader> = coded
        .iter()
        .map(|(layout, it)| StreamHeader {
            layout: layout.clone(),
            coded_len: it.len() as u64,
        })
        .collect();
    let description = Stream {
        raw: write(spans, &headers),
        ..Stream::bytes(level)
    };
    let mut payload = Vec::new();
    put_bytes(&mut payload, &description.code()?.1);
    coded
        .iter()
        .for_each(|(_, it)| payload.extend_from_slice(it));
    Ok(Coded { payload, lens })
}

/// Spans and raw streams of a payload, of at most so many bytes together.
pub(super) fn decode(
    payload: &[u8],
    memory_limit: u64,
    threads: usize,
) -> Result<(Vec<Span>, Vec<Vec<u8>>)> {
    let mut cursor = Cursor::new(payload);
    let mut budget = Budget {
        limit: memory_limit,
        used: 0,
    };
    let description = cursor.sized()?;
    budget.take(description)?;
    let (spans, headers) = read(&decode_block(description, &Layout::bytes())?)?;
    let mut blocks = Vec::new();
    for header in headers {
        let len = usize::try_from(header.coded_len).map_err(|_| Error::truncated())?;
        let block = cursor.bytes(len)?;
        budget.take(block)?;
        blocks.push((header.layout, block));
    }
    cursor.end()?;
    let raw = parallel::map(threads, &blocks, |(layout, block)| {
        decode_block(block, layout)
    });
    Ok((spans, raw.into_iter().collect::<Result<_>>()?))
}

/// One block of plain bytes.
pub(super) fn decode_plain(payload: &[u8], memory_limit: u64) -> Result<Vec<u8>> {
    Budget {
        limit: memory_limit,
        used: 0,
    }
    .take(payload)?;
    decode_block(payload, &Layout::bytes())
}

/// Raw bytes that blocks may still claim.
struct Budget {
    limit: u64,
    used: u64,
}

impl Budget {
    fn take(&mut self, coded: &[u8]) -> Result<()> {
        let info = block::info(coded).map_err(ErrorKind::Codec)?;
        self.used = self.used.saturating_add(info.raw_len);
        match self.used <= self.limit {
            true => Ok(()),
            false => Err(ErrorKind::MemoryLimit {
                needed: self.used,
                limit: self.limit,
            }
            .into()),
        }
    }
}

fn decode_block(coded: &[u8], layout: &Layout) -> Result<Vec<u8>> {
    let options = BlockOptions::new().with_threads(1).with_model_search(false);
    block::decode(coded, layout, &options).map_err(|e| ErrorKind::Codec(e).into())
}
