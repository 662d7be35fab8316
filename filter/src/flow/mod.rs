//! Frames under way: packed or unpacked over chains, lanes and threads, the same for streams,
//! blocks and archives.
//!
//! Between the engine, which knows one frame at a time, and what drives it: `session`, `block` and
//! `archive`. Invariant: what comes out depends on the frames and their order alone, never on when
//! or where a step ran.

mod admission;
mod chain;
mod meter;
mod pack;
mod segments;
mod unpack;
mod wavefront;

pub(crate) use admission::{Growth, admit, least};
pub(crate) use meter::{Choice, Meter};
pub(crate) use pack::{Pack, Packed, Raw};
pub(crate) use unpack::{Unpack, takes_turn};
pub use wavefront::Notify;
pub(crate) use wavefront::{Answer, Wavefront, panicked};

use crate::pool::Pool;
use crate::predict::Spec;

/// Most bytes of frames under way, raw or handed from lane to lane, beyond the first two frames.
const FLIGHT_MAX: u64 = 256 << 20;

/// Frames that may be under way: enough to keep all threads busy along a wavefront, within the
/// memory bound.
pub(crate) fn flight_max(pool: &Pool, spec: &Spec, frame_size: usize) -> usize {
    let wanted = pool.threads() + 2;
    let frame = (frame_size as u64).saturating_add(spec.token_bytes(frame_size));
    let fit = usize::try_from(FLIGHT_MAX / frame.max(1)).unwrap_or(usize::MAX);
    wanted.min(fit).max(2)
}
