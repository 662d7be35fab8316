//! Deflate. Parameters: level, the two bytes of zlib's header, memory level (always zlib's default,
//! 8).
//!
//! ROOT's bundled zlib is the plain one up to 6.12 and Cloudflare's since, on some machines; uproot
//! uses Python's. Level 1 of all but Cloudflare's agrees.

use flate2::{Compress, Compression, FlushCompress, Status};

/// What stands before deflate's data in zlib's format.
const HEADER: usize = 2;

pub(super) fn candidates(coded: &[u8]) -> Vec<[u8; 4]> {
    let Some(&[cmf, flags]) = coded.first_chunk::<HEADER>() else {
        return Vec::new();
    };
    // The header says roughly which level it was; levels set by hand may disagree.
    let likely: [u8; 10] = match flags >> 6 {
        0 => [1, 0, 6, 9, 5, 4, 7, 8, 3, 2],
        1 => [5, 4, 3, 2, 6, 1, 7, 8, 9, 0],
        2 => [6, 7, 5, 8, 9, 4, 3, 2, 1, 0],
        _ => [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
    };
    likely.map(|level| [level, cmf, flags, 8]).to_vec()
}

pub(super) fn plain_candidates() -> Vec<[u8; 4]> {
    [1, 6, 9, 5, 4, 7, 8, 3, 2]
        .map(|level| [level, 0, 0, 8])
        .to_vec()
}

pub(super) fn encode(raw: &[u8], params: [u8; 4], zlib: bool) -> Option<Vec<u8>> {
    let [level, cmf, flags, memory] = params;
    if level > 9 || memory != 8 {
        return None;
    }
    let mut context = Compress::new(Compression::new(level.into()), zlib);
    // What deflate adds to data that it cannot compress is less than this.
    let mut out = Vec::with_capacity(raw.len() + raw.len() / 1000 + 64);
    match context.compress_vec(raw, &mut out, FlushCompress::Finish) {
        Ok(Status::StreamEnd) => {}
        _ => return None,
    }
    if zlib {
        *out.first_chunk_mut::<HEADER>()? = [cmf, flags];
    }
    Some(out)
}
