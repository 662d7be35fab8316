//! Blocks: a piece of data that stands alone, such as a chunk of an HDF5 dataset or of a zarr
//! array, as slim as it can be.
//!
//! A block knows less than a stream: its layout, and the model if there is one, are known to
//! whoever asks for it back. In between are the frames of one chain, whose memory goes from frame
//! to frame and ends with the block. Invariants: a block is never more than [`OVERHEAD_MAX`] bytes
//! larger than its raw bytes; every flipped bit of it is found; what it is depends on the raw
//! bytes, the layout, the level and the model alone, never on threads. `docs/format.md` has its
//! bytes.

mod decode;
mod encode;
mod header;
mod options;

pub use decode::decode;
pub use encode::encode;
pub use header::{BlockInfo, info};
pub use options::BlockOptions;

/// Most bytes that a block has beyond its raw bytes.
pub const OVERHEAD_MAX: usize = 20;
/// The version of the blocks that are written.
pub const BLOCK_VERSION: u8 = 2;
