//! Archives: a tensor file taken apart into streams of one layout each, and put together again.
//!
//! Data flows: `pack` cuts a file into parts, `split` and `segment` are what a part is made of,
//! `streams` codes it, `format` frames it; `unpack` goes back. Invariants: unpacking gives the file
//! back byte for byte, unless it was packed with a loss, which the archive says; a part is restored
//! and compared before it is written; the archive depends on the file, the level and the kind of
//! loss alone, never on threads; it is longer than the file by at most [`OVERHEAD_MAX`] bytes and
//! 64 for every [`PART`] of it.

mod catalogue;
mod deflate;
mod format;
mod info;
mod pack;
mod segment;
mod split;
mod streams;
mod unpack;

pub use catalogue::TensorInfo;
pub use info::{ArchiveInfo, info};
pub use pack::{PackOptions, Summary, pack};
pub use unpack::{Restored, UnpackOptions, unpack};

/// The first bytes of an archive.
pub const MAGIC: [u8; 4] = [0xCA, 0x7E, 0x4E, 0xA4];
/// Most bytes that an archive of a small file has beyond the file.
pub const OVERHEAD_MAX: u64 = 128;
/// Bytes of a file that a part stands for, unless something that cannot be cut is longer.
pub const PART: u64 = 32 << 20;
