//! Zstandard. Parameters: level (a signed byte), flags: 1 without the raw size, 2 with a checksum.
//!
//! ROOT and uproot compress a whole basket at once, at level 5 and 3 unless told otherwise.
//! Versions of zstd differ in what they make of a level.

use zstd::zstd_safe::zstd_sys::ZSTD_EndDirective;
use zstd::zstd_safe::{CCtx, CParameter, InBuffer, OutBuffer};

const NO_SIZE: u8 = 1;
const CHECKSUM: u8 = 2;

pub(super) fn candidates(coded: &[u8]) -> Vec<[u8; 4]> {
    let Some(&descriptor) = coded.get(4) else {
        return Vec::new();
    };
    let single = descriptor & 0x20 != 0;
    let mut flags = 0;
    if descriptor >> 6 == 0 && !single {
        flags |= NO_SIZE;
    }
    if descriptor & 4 != 0 {
        flags |= CHECKSUM;
    }
    let likely = [
        5i8, 3, 1, 2, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, -1, -5,
    ];
    likely.map(|level| [level as u8, flags, 0, 0]).to_vec()
}

fn context(params: [u8; 4]) -> Option<CCtx<'static>> {
    let [level, flags, ..] = params;
    let mut context = CCtx::create();
    let set = [
        CParameter::CompressionLevel((level as i8).into()),
        CParameter::ContentSizeFlag(flags & NO_SIZE == 0),
        CParameter::ChecksumFlag(flags & CHECKSUM != 0),
    ];
    for parameter in set {
        context.set_parameter(parameter).ok()?;
    }
    Some(context)
}

/// The beginning of what `raw_len` bytes become that begin with the sample.
pub(super) fn begin(sample: &[u8], raw_len: usize, params: [u8; 4]) -> Option<Vec<u8>> {
    let mut context = context(params)?;
    context.set_pledged_src_size(Some(raw_len as u64)).ok()?;
    let mut out = Vec::with_capacity(zstd::zstd_safe::compress_bound(sample.len()) + 64);
    let mut output = OutBuffer::around(&mut out);
    let mut input = InBuffer::around(sample);
    let flush = ZSTD_EndDirective::ZSTD_e_flush;
    let left = context
        .compress_stream2(&mut output, &mut input, flush)
        .ok()?;
    (left == 0).then_some(out)
}

pub(super) fn encode(raw: &[u8], params: [u8; 4]) -> Option<Vec<u8>> {
    let mut context = context(params)?;
    let mut out = Vec::with_capacity(zstd::zstd_safe::compress_bound(raw.len()));
    context.compress2(&mut out, raw).ok()?;
    Some(out)
}
