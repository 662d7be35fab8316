//! Catena's codec: bytes in, bytes out.
//!
//! The modules stand in the order in which data flows through the encoder.

pub mod coder;
pub mod error;
#[allow(clippy::needless_range_loop)]
pub mod kernel;
pub mod options;
#[allow(clippy::needless_range_loop)]
pub mod plan;

pub mod layout;
pub mod level;
// `!(x < y)` is meant to be true of NaN.
#[allow(clippy::neg_cmp_op_on_partial_ord)]
pub mod numeric;

pub mod model;
// Numeric loops run over parallel arrays by index; `!(x < y)` is meant to be true of NaN.
#[allow(clippy::needless_range_loop, clippy::neg_cmp_op_on_partial_ord)]
pub mod predict;

mod backend;
pub mod frame;

mod archive;
#[cfg(feature = "ndarray")]
pub mod array;
pub mod block;
mod chain;
pub mod io;
mod one_shot;
pub mod pool;
pub mod session;
mod wavefront;

pub use archive::{Archive, FrameInfo, Remains, repair};
pub use error::{Error, ErrorKind, Result};
pub use frame::{FrameHeader, FrameKind, StreamHeader};
pub use layout::{ByteOrder, Field, Kind, Layout};
pub use level::Level;
pub use model::{Model, ModelId};
pub use one_shot::{compress, decompress};
pub use options::{CompressOptions, DecompressOptions};
pub use session::{Decoder, Encoder, Pull, Stats};
pub use wavefront::Notify;
