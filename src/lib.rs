#![doc = include_str!("../docs/library.md")]
// What may fail has an error, or an `expect` that says why it cannot fail.
#![cfg_attr(not(test), deny(clippy::unwrap_used))]

#[cfg(feature = "ndarray")]
pub use catena_filter::array;
#[doc(hidden)]
pub use catena_filter::engine;
pub use catena_filter::{
    Archive, ByteOrder, CompressOptions, Decoder, DecompressOptions, Encoder, Error, ErrorKind,
    Field, FrameHeader, FrameInfo, FrameKind, Kind, Layout, Level, Model, ModelId, Notify, Pull,
    Remains, Result, Stats, StreamHeader, block, compress, decompress, error, io, layout, level,
    model, options, pool, repair, session,
};
#[cfg(feature = "stream")]
pub use catena_stream as stream;
