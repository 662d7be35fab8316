//! zstd over whole pieces, bounded on both sides.

use super::Effort;
use crate::error::{Error, Result};

/// Most bytes that one zstd block yields, and the fewest that a block takes (RFC 8878, 3.1.1.2).
const BLOCK_RAW_MAX: usize = 128 << 10;
const BLOCK_CODED_MIN: usize = 4;
/// What the largest zstd level takes off a middle one's size, at most, in practice: guides what is
/// worth trying.
const BEST_GAIN: f64 = 0.85;

/// Level for [`Effort::Zstd`].
const LEAST_LEVEL: i32 = 1;
/// Level for [`Effort::Quick`] and for estimates.
const QUICK_LEVEL: i32 = 3;
/// log2 of the bytes that [`BEST_LEVEL`] looks back.
const BEST_WINDOW_LOG: u32 = 24;
/// Up to so many bytes any gain is worth looking for; up to so few, whatever a lower level says.
const SHORT: usize = 1 << 16;
const SHORTEST: usize = 1 << 10;
/// Level for [`Effort::Best`].
const BEST_LEVEL: i32 = 19;

/// Compresses piece after piece at one level, keeping its tables.
pub(super) struct Packer(::zstd::bulk::Compressor<'static>);

impl Packer {
    pub(super) fn new(level: i32) -> Option<Self> {
        let mut compressor = ::zstd::bulk::Compressor::new(level).ok()?;
        compressor.include_contentsize(false).ok()?;
        compressor.include_checksum(false).ok()?;
        if level == BEST_LEVEL {
            // A whole frame; zstd's own window at this level is half of it. What is shorter gets a
            // smaller one.
            let window = ::zstd::zstd_safe::CParameter::WindowLog(BEST_WINDOW_LOG);
            compressor.set_parameter(window).ok()?;
        }
        Some(Packer(compressor))
    }

    /// A zstd frame without content size and checksum: both stand in the frame's header.
    pub(super) fn compress(&mut self, raw: &[u8]) -> Option<Vec<u8>> {
        self.0.compress(raw).ok()
    }
}

/// The smallest zstd frame of these bytes if it is smaller than `limit`.
pub(super) fn pack(effort: Effort, raw: &[u8], limit: usize) -> Option<Vec<u8>> {
    let level = match effort {
        Effort::Zstd => LEAST_LEVEL,
        _ => QUICK_LEVEL,
    };
    let quick = Packer::new(level)?.compress(raw)?;
    let best = match effort {
        Effort::Best if quick.len() as f64 * BEST_GAIN < limit as f64 => {
            Packer::new(BEST_LEVEL)?.compress(raw)
        }
        _ => None,
    };
    let packed = match best {
        Some(best) if best.len() < quick.len() => best,
        _ => quick,
    };
    (packed.len() < limit).then_some(packed)
}

/// Whether bytes look like noise: neither their frequencies nor what has been there before, however
/// far away, gain a five-hundredth; of few bytes, anything.
pub(super) fn finds_nothing(raw: &[u8]) -> bool {
    use ::zstd::zstd_safe::CParameter::{EnableLongDistanceMatching, WindowLog};
    let packed = || {
        // As fast on noise as the lower levels, which miss what it finds in a short piece.
        let mut packer = Packer::new(QUICK_LEVEL)?;
        packer.0.set_parameter(WindowLog(BEST_WINDOW_LOG)).ok()?;
        packer
            .0
            .set_parameter(EnableLongDistanceMatching(true))
            .ok()?;
        packer.compress(raw)
    };
    if raw.len() <= SHORTEST {
        return false;
    }
    let gain = match raw.len() {
        ..=SHORT => 0,
        len => len / 500,
    };
    packed().is_some_and(|packed| packed.len() + gain > raw.len())
}

/// Exactly `raw_len` bytes from zstd frames.
pub(super) fn decompress(payload: &[u8], raw_len: usize) -> Result<Vec<u8>> {
    let corrupt = || Error::corrupt("zstd data");
    if raw_len.div_ceil(BLOCK_RAW_MAX) > payload.len() / BLOCK_CODED_MIN {
        return Err(corrupt());
    }
    let mut raw = Vec::with_capacity(raw_len);
    let mut decompressor = ::zstd::bulk::Decompressor::new().map_err(|_| corrupt())?;
    decompressor
        .decompress_to_buffer(payload, &mut raw)
        .map_err(|_| corrupt())?;
    if raw.len() != raw_len {
        return Err(corrupt());
    }
    Ok(raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounded_by_the_length_that_was_promised() {
        let raw = vec![7u8; 1 << 20];
        let payload = Packer::new(QUICK_LEVEL).unwrap().compress(&raw).unwrap();
        assert_eq!(decompress(&payload, raw.len()).unwrap(), raw);
        assert!(decompress(&payload, raw.len() - 1).is_err());
        assert!(decompress(&payload, raw.len() + 1).is_err());
        assert!(decompress(&payload, 1 << 40).is_err());
    }
}
