//! The Catena filter for HDF5.
//!
//! As a shared library, `libh5catena.so`, it is a filter plugin of any libhdf5 from 1.10 on; as a
//! Rust library it is what tools need to read and write such chunks themselves. The modules stand
//! in the order in which data flows: the dataset's type becomes a layout, the layout and the user's
//! wishes become `cd_values`, by which chunks are encoded and decoded.

// What may fail has an error, or an `expect` that says why it cannot fail.
#![cfg_attr(not(test), deny(clippy::unwrap_used))]
#![deny(unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]

mod chunk;
mod code;
mod error;
mod plugin;
mod settings;
mod shuffle;
mod types;

pub use chunk::{decode_chunk, encode_chunk};
pub use error::{Error, Result};
pub use plugin::class_address;
pub use settings::{Parsed, Settings};
pub use shuffle::Shuffle;
pub use types::Type;

/// The filter's number in HDF5 files.
pub const FILTER_ID: u32 = 51838;
/// The most `cd_values` that this filter uses: what released versions of h5py can read.
pub const MAX_VALUES: usize = 16;
/// Values that are the user's: level, flags, two of the model's hash.
pub const USER_VALUES: usize = 4;
/// The group of a file in which models lie, each a dataset of bytes named by
/// [`Settings::model_name`].
pub const MODEL_GROUP: &str = "/.catena";
