//! Adapters that take bytes by [`AsyncWrite`] and write the result to another [`AsyncWrite`].
//!
//! A write returns as soon as the bytes are with the codec; what finished in the meantime goes to
//! the inner writer on the way. When the budget is used up, a write waits for a job or for the
//! inner writer: a slow sink slows the source down. The last bytes leave in
//! [`shutdown`](tokio::io::AsyncWriteExt::shutdown); dropping an adapter cancels its jobs.

mod decoder;
mod encoder;
mod sink;

pub use decoder::CatenaDecoder;
pub use encoder::CatenaEncoder;

#[cfg(doc)]
use tokio::io::AsyncWrite;
