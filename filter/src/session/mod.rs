//! Compression and decompression without I/O: bytes are pushed in and pulled out, jobs run on a pool.
//!
//! The base of the `std::io` adapters and of asynchronous ones. Nothing here blocks but the two `wait` functions.
//! Invariant: memory is bounded by a few frames per thread; a session that is full takes no bytes until it is pulled.

mod admission;
mod background;
mod decoder;
mod detection;
mod encoder;
mod opening;
pub(crate) mod pack;
pub(crate) mod unpack;

pub(crate) use admission::{Growth, admit, least};

pub use decoder::Decoder;
pub use encoder::Encoder;

use crate::pool::Pool;
use crate::predict::Spec;

/// Most bytes of frames under way, raw or handed from lane to lane, beyond the first two frames.
const FLIGHT_MAX: u64 = 256 << 20;

/// What a session has for its caller.
#[derive(Debug, PartialEq, Eq)]
pub enum Pull {
    /// The next bytes of the output.
    Data(Vec<u8>),
    /// Jobs are running: wait, or push more if there is room.
    Pending,
    /// All that went in has come out: push more, or finish.
    Starved,
    /// All output has been pulled.
    End,
}

/// What went through a session so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Bytes pushed in.
    pub bytes_in: u64,
    /// Bytes pulled out.
    pub bytes_out: u64,
    /// Frames pulled out.
    pub frames: u64,
}

/// Frames that may be under way: enough to keep all threads busy along a wavefront, within the memory bound.
pub(crate) fn flight_max(pool: &Pool, spec: &Spec, frame_size: usize) -> usize {
    let wanted = pool.threads() + 2;
    let frame = (frame_size as u64).saturating_add(spec.token_bytes(frame_size));
    let fit = usize::try_from(FLIGHT_MAX / frame.max(1)).unwrap_or(usize::MAX);
    wanted.min(fit).max(2)
}
