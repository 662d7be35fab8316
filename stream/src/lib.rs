//! Catena for tokio: compression and decompression as [`AsyncRead`](tokio::io::AsyncRead) and
//! [`AsyncWrite`](tokio::io::AsyncWrite).
//!
//! | | the caller reads | the caller writes |
//! |---|---|---|
//! | raw bytes in, Catena out | [`bufread::CatenaEncoder`] | [`write::CatenaEncoder`] |
//! | Catena in, raw bytes out | [`bufread::CatenaDecoder`] | [`write::CatenaDecoder`] |
//!
//! Names and behaviour are those of async-compression. The model runs on the codec's worker
//! threads, never on the runtime's; a stream holds a bounded number of bytes (`with_budget`), and a
//! slow reader or writer on one side slows the other side down. The adapters need no runtime
//! features: any executor that drives tokio's IO traits will do.
//!
//! ```
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! use catena_stream::{bufread::CatenaDecoder, write::CatenaEncoder};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let (client, server) = tokio::io::duplex(4096);
//! let send = async {
//!     let mut encoder = CatenaEncoder::new(client);
//!     encoder.write_all(b"events").await?;
//!     encoder.flush().await?; // "events" can be read now
//!     encoder.write_all(b" and more").await?;
//!     encoder.shutdown().await
//! };
//! let receive = async {
//!     let mut text = String::new();
//!     CatenaDecoder::new(tokio::io::BufReader::new(server)).read_to_string(&mut text).await?;
//!     Ok(text)
//! };
//! let ((), text) = tokio::try_join!(send, receive)?;
//! assert_eq!(text, "events and more");
//! # Ok(())
//! # }
//! ```
//!
//! Features: `compression-codecs` adds `codec`, the synchronous codec behind that crate's traits;
//! `decompress` adds `foreign`, which reads gzip, zstd, xz and bzip2 input; `segments` adds
//! `segment`, files that survive a crash.

// What may fail has an error, or an `expect` that says why it cannot fail.
#![cfg_attr(not(test), deny(clippy::unwrap_used))]

mod drive;
mod failure;

pub mod bufread;
#[cfg(feature = "segments")]
pub mod segment;
pub mod write;

#[cfg(feature = "compression-codecs")]
pub mod codec;
#[cfg(feature = "decompress")]
pub mod foreign;
#[cfg(feature = "decompress")]
mod padding;
#[cfg(feature = "decompress")]
mod signature;

pub use drive::DEFAULT_BUDGET;
#[cfg(feature = "decompress")]
pub use foreign::{Foreign, decode_foreign};
