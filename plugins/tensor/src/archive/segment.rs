//! A segment: what a part of the file is made of. Spans, in the order of the file, each of which
//! takes its bytes from the front of streams.
//!
//! Stream 0 is plain bytes; the others have a layout each. Spans come from an archive, so nothing
//! is believed: what is put out is bounded by the part's length, and all streams must be used up.

use catena_filter::Layout;

use crate::error::{Error, Result};
use crate::lossy::Quantised;
use catena_container::{Cursor, put_bytes, put_varint};

use super::deflate::Setting;

const BYTES: u64 = 0;
const ELEMENTS: u64 = 1;
const DEFLATED: u64 = 2;
const QUANTISED: u64 = 3;
/// Most bytes of a stream's dtype string.
const DTYPE_MAX: usize = 1 << 20;

/// Some bytes of the file.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Span {
    /// So many bytes of stream 0.
    Bytes(u64),
    /// So many bytes of a stream.
    Elements { stream: usize, len: u64 },
    /// What these spans give, deflated. They are of the first two kinds.
    Deflated(Setting, Vec<Span>),
    /// Floats made of integers.
    Quantised(Quantised),
}

/// A stream as the description has it.
#[derive(Clone, Debug)]
pub(super) struct StreamHeader {
    pub layout: Layout,
    /// Bytes of its block.
    pub coded_len: u64,
}

/// Spans and streams as bytes.
pub(super) fn write(spans: &[Span], streams: &[StreamHeader]) -> Vec<u8> {
    let mut out = Vec::new();
    put_varint(&mut out, streams.len() as u64);
    for stream in streams {
        put_bytes(&mut out, stream.layout.to_string().as_bytes());
        let shape = stream.layout.shape();
        put_varint(&mut out, shape.len() as u64);
        shape.iter().for_each(|&len| put_varint(&mut out, len));
        put_varint(&mut out, stream.coded_len);
    }
    put_spans(&mut out, spans);
    out
}

fn put_spans(out: &mut Vec<u8>, spans: &[Span]) {
    put_varint(out, spans.len() as u64);
    for span in spans {
        match span {
            Span::Bytes(len) => {
                put_varint(out, BYTES);
                put_varint(out, *len);
            }
            Span::Elements { stream, len } => {
                put_varint(out, ELEMENTS);
                put_varint(out, *stream as u64);
                put_varint(out, *len);
            }
            Span::Deflated(setting, inner) => {
                put_varint(out, DEFLATED);
                put_varint(out, setting.level().into());
                put_spans(out, inner);
            }
            Span::Quantised(quantised) => {
                put_varint(out, QUANTISED);
                quantised.write(out);
            }
        }
    }
}

/// Back from [`write`].
pub(super) fn read(bytes: &[u8]) -> Result<(Vec<Span>, Vec<StreamHeader>)> {
    let mut cursor = Cursor::new(bytes);
    let n = cursor.count(1)?;
    let streams = (0..n).map(|_| stream(&mut cursor)).collect::<Result<_>>()?;
    let spans = read_spans(&mut cursor, true)?;
    cursor.end()?;
    Ok((spans, streams))
}

fn stream(cursor: &mut Cursor<'_>) -> Result<StreamHeader> {
    let bad = |_| Error::corrupt("a layout that is none");
    let dtype = cursor.text()?;
    if dtype.len() > DTYPE_MAX {
        return Err(Error::corrupt("a layout that is too long"));
    }
    let axes = cursor.count(1)?;
    let shape = (0..axes)
        .map(|_| cursor.varint())
        .collect::<catena_container::Result<Vec<_>>>()?;
    let layout = Layout::parse(dtype).map_err(bad)?;
    let layout = match shape.is_empty() {
        true => layout,
        false => layout.with_shape(&shape).map_err(bad)?,
    };
    Ok(StreamHeader {
        layout,
        coded_len: cursor.varint()?,
    })
}

fn read_spans(cursor: &mut Cursor<'_>, outermost: bool) -> Result<Vec<Span>> {
    let n = cursor.count(1)?;
    let mut spans = Vec::new();
    for _ in 0..n {
        spans.push(match cursor.varint()? {
            BYTES => Span::Bytes(cursor.varint()?),
            ELEMENTS => Span::Elements {
                stream: cursor.size()?,
                len: cursor.varint()?,
            },
            DEFLATED if outermost => {
                let level = u8::try_from(cursor.varint()?).unwrap_or(0);
                Span::Deflated(Setting::new(level)?, read_spans(cursor, false)?)
            }
            QUANTISED if outermost => Span::Quantised(Quantised::read(cursor)?),
            _ => return Err(Error::corrupt("a span of no known kind")),
        });
    }
    Ok(spans)
}

/// The bytes that spans make of streams: at most `most` of them.
pub(super) fn restore(spans: &[Span], streams: &[Vec<u8>], most: u64) -> Result<Vec<u8>> {
    let mut cursors: Vec<Cursor<'_>> = streams.iter().map(|it| Cursor::new(it)).collect();
    let mut out = Vec::new();
    join(spans, &mut cursors, most, &mut out)?;
    match cursors.iter().all(|it| it.remaining() == 0) {
        true => Ok(out),
        false => Err(Error::corrupt("streams that are not used up")),
    }
}

fn join(spans: &[Span], streams: &mut [Cursor<'_>], most: u64, out: &mut Vec<u8>) -> Result<()> {
    for span in spans {
        match span {
            Span::Bytes(len) => out.extend_from_slice(take(streams, 0, *len)?),
            Span::Elements { stream, len } => out.extend_from_slice(take(streams, *stream, *len)?),
            Span::Deflated(setting, inner) => {
                // Raw bytes are those of streams, which are bounded already.
                let mut raw = Vec::new();
                join(inner, streams, u64::MAX, &mut raw)?;
                let coded = setting.encode(&raw);
                out.extend(
                    coded.ok_or_else(|| Error::corrupt("a member that zlib does not deflate"))?,
                );
            }
            Span::Quantised(quantised) => quantised.join(streams, most, out)?,
        }
        if out.len() as u64 > most {
            return Err(Error::corrupt("a part that is longer than it says"));
        }
    }
    Ok(())
}

/// So many bytes from the front of a stream.
fn take<'a>(streams: &mut [Cursor<'a>], stream: usize, len: u64) -> Result<&'a [u8]> {
    let stream = streams
        .get_mut(stream)
        .ok_or_else(|| Error::corrupt("a stream that is not there"))?;
    Ok(stream.bytes(usize::try_from(len).map_err(|_| Error::truncated())?)?)
}
