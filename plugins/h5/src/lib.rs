//! HDF5 files with Catena's filter: packed, unpacked, compared, described. `catena h5` is this
//! crate and its messages.
//!
//! One file becomes another in four steps, which the modules follow: the source's objects are found
//! (`tree`), what becomes of each dataset is decided (`plan`), chunks go through worker threads
//! (`recode`), everything else is copied (`copy`). Invariants: the library is called from one
//! thread alone; no more than a few chunks are in memory; what the destination's caller does not
//! read again by name (types, attributes, links, references, fill values) is the same in both
//! files.

// What may fail has an error, or an `expect` that says why it cannot fail.
#![cfg_attr(not(test), deny(clippy::unwrap_used))]

mod codec;
mod copy;
mod error;
mod info;
mod models;
mod pack;
mod plan;
mod recode;
mod rewrite;
mod tree;
mod types;
mod unpack;
mod verify;

/// The library's calls, for whoever makes files to test with.
pub use catena_hdf5_calls as calls;
pub use codec::register_filter;
pub use error::{Error, Result};
pub use info::{DatasetInfo, FileInfo, info};
pub use pack::{PackOptions, Trainer, Training, pack};
pub use plan::Chunking;
pub use rewrite::{Event, Summary, open_file};
pub use unpack::{UnpackOptions, unpack};
pub use verify::{Difference, verify};

/// Threads that `n` asks for: 0 means one a core.
fn threads(n: usize) -> usize {
    catena_container::parallel::threads(n)
}
