//! Catena's codec: bytes in, bytes out.
//!
//! The modules stand in the order in which data flows through the encoder, above a ground floor
//! that all of them use: each needs only modules that stand before it here, which a test holds them
//! to. What an application uses is public; the engine's parts are behind the hidden module
//! `engine`, which promises nothing.

// What may fail has an error, or an `expect` that says why it cannot fail.
#![cfg_attr(not(test), deny(clippy::unwrap_used))]

// The ground floor: names, errors, threads.
mod id;

pub mod error;

pub mod level;
mod parallel;
pub mod pool;

// What the bytes are, and the numbers in them.
pub mod layout;

// `!(x < y)` is meant to be true of NaN.
#[allow(clippy::neg_cmp_op_on_partial_ord)]
mod numeric;

// How streams store it.
mod frame;

mod coder;
#[allow(clippy::needless_range_loop)]
mod kernel;

// A frame's bytes to fewer, by simple codecs.
mod backend;

// What columns tell of one another.
mod survey;

// Values as tokens and offsets.
// Numeric loops run over parallel arrays by index; `!(x < y)` is meant to be true of NaN.
#[allow(
    missing_docs,
    clippy::needless_range_loop,
    clippy::neg_cmp_op_on_partial_ord
)]
mod tokens;

// Text as columns of numbers, each coded as such columns are.
mod text;

// What is known before a stream begins, and what may be asked for.
pub mod model;

pub mod options;

// A frame's bytes to fewer, by prediction.
// As in `tokens`.
#[allow(clippy::needless_range_loop, clippy::neg_cmp_op_on_partial_ord)]
mod predict;

// Frames over threads.
mod flow;

// What callers hold: streams, blocks, archives.
pub mod session;

pub mod block;
pub mod io;

mod archive;
mod one_shot;

#[cfg(feature = "ndarray")]
pub mod array;

#[doc(hidden)]
pub mod engine;

#[cfg(test)]
mod arrows;

pub use archive::{Archive, FrameInfo, Remains, repair};
pub use error::{Error, ErrorKind, Result};
pub use flow::Notify;
pub use frame::{FrameHeader, FrameKind, StreamHeader};
pub use layout::{ByteOrder, Field, Kind, Layout};
pub use level::Level;
pub use model::{Model, ModelId};
pub use one_shot::{compress, decompress};
pub use options::{CompressOptions, DecompressOptions};
pub use session::{Decoder, Encoder, Pull, Stats};
