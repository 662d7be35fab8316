//! Files as their users see them: a file, its trees of either kind, columns in batches, and what is
//! in it all.
//!
//! Everything below (`container`, `streamer`, `entry`, `tree`, `ntuple`) is put together here and
//! nowhere else.

mod batch;
mod file;
pub mod info;
mod tree;

pub use batch::{Batch, Batches};
#[cfg(feature = "hdf5")]
pub(crate) use file::listed;
pub use file::{File, OpenOptions, Storage, TreeKey};
pub use tree::Tree;
