//! Adapters that read from an [`AsyncBufRead`] and give the result by [`AsyncRead`].
//!
//! While the caller is busy with what it has read, the workers go on with what lies within the
//! budget. An inner reader that has nothing just now does not end a frame: the same input gives the
//! same bytes, however it trickles in.

mod decoder;
mod encoder;
mod source;

pub use decoder::CatenaDecoder;
pub use encoder::CatenaEncoder;

#[cfg(doc)]
use tokio::io::{AsyncBufRead, AsyncRead};
