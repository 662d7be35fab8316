#![doc = include_str!("../docs/library.md")]

pub use catena_filter as filter;
pub use catena_filter::*;
#[cfg(feature = "stream")]
pub use catena_stream as stream;
