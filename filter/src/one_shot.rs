//! Whole inputs in memory.

use std::sync::Arc;

use crate::error::Result;
#[cfg(feature = "ndarray")]
use crate::error::{Error, ErrorKind};
#[cfg(feature = "ndarray")]
use crate::frame::StreamHeader;
use crate::options::{CompressOptions, DecompressOptions};
use crate::pool::Pool;
use crate::session::{Decoder, Encoder, Pull, Session};

/// Inputs below this size are not worth a thread.
const INLINE_MAX: usize = 1 << 16;

/// Compresses a whole input into one stream.
///
/// ```
/// use catena_filter::{CompressOptions, DecompressOptions, compress, decompress};
///
/// let raw = b"to and fro, to and fro, to and fro".repeat(3);
/// let packed = compress(&raw, &CompressOptions::default())?;
/// assert_eq!(decompress(&packed, &DecompressOptions::default())?, raw);
/// # Ok::<(), catena_filter::Error>(())
/// ```
pub fn compress(input: &[u8], options: &CompressOptions) -> Result<Vec<u8>> {
    let options = options.clone().with_size_hint(input.len() as u64);
    let pool = pool(options.threads, input.len());
    let mut encoder = Encoder::on_pool(options, pool)?;
    run(&mut encoder, input)
}

/// Decompresses a whole input: one stream, or several that follow one another.
pub fn decompress(input: &[u8], options: &DecompressOptions) -> Result<Vec<u8>> {
    run_decoder(input, options).map(|(raw, _)| raw)
}

/// Decompresses a whole input and tells the header of its last stream.
#[cfg(feature = "ndarray")]
pub(crate) fn decompress_with_header(
    input: &[u8],
    options: &DecompressOptions,
) -> Result<(Vec<u8>, StreamHeader)> {
    let (raw, decoder) = run_decoder(input, options)?;
    let header = decoder.header().cloned();
    Ok((
        raw,
        header.ok_or_else(|| Error::from(ErrorKind::Truncated))?,
    ))
}

fn run_decoder(input: &[u8], options: &DecompressOptions) -> Result<(Vec<u8>, Decoder)> {
    let mut decoder = Decoder::on_pool(options.clone(), pool(options.threads, input.len()));
    let raw = run(&mut decoder, input)?;
    Ok((raw, decoder))
}

/// Moves a whole input through a session.
fn run(session: &mut impl Session, input: &[u8]) -> Result<Vec<u8>> {
    let mut rest = input;
    let mut out = Vec::new();
    loop {
        let mut taken = 0;
        if rest.is_empty() {
            session.finish()?;
        } else {
            taken = session.push(rest)?;
            rest = &rest[taken..];
        }
        match session.pull()? {
            Pull::Data(data) => append(&mut out, data),
            Pull::Pending if taken == 0 => session.wait(),
            Pull::Pending | Pull::Starved => {}
            Pull::End => return Ok(out),
        }
    }
}

fn append(out: &mut Vec<u8>, mut data: Vec<u8>) {
    if out.is_empty() {
        *out = data;
    } else {
        out.append(&mut data);
    }
}

fn pool(threads: usize, len: usize) -> Arc<Pool> {
    if threads == 1 || len < INLINE_MAX {
        Pool::caller()
    } else {
        Pool::for_threads(threads)
    }
}
