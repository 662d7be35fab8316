#![doc = include_str!("../README.md")]

pub use catena_filter as filter;
pub use catena_filter::*;
#[cfg(feature = "stream")]
pub use catena_stream as stream;
