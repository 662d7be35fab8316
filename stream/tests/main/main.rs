//! All integration tests of the adapters but the daemon's, one program. Grouped by promise.

mod common;

// The same bytes, however they come and go.
mod chunking;
#[cfg(feature = "compression-codecs")]
mod codec;
mod flush;
#[cfg(feature = "decompress")]
mod foreign;
mod members;

// Nothing is lost: not by damage, not by a dropped future, not by a crash.
mod cancel;
mod corruption;
#[cfg(feature = "segments")]
mod segments;

// Memory and threads are the caller's.
mod budget;
mod runtime;

mod examples;
