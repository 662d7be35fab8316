//! How the bytes of an entry become values: codecs, built from StreamerInfo and names of types.

mod build;
mod codec;
mod packed;
mod references;
#[cfg(test)]
mod tests;

pub(crate) use build::Builder;
pub(crate) use codec::{Codec, Step};
pub(crate) use packed::{Packed, Range};
