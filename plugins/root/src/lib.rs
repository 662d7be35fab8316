//! A reader of ROOT files: TTrees and RNTuples as columns of numbers, lists and texts.
//!
//! ```no_run
//! use catena_root::File;
//!
//! let file = File::open("events.root")?;
//! let tree = file.tree("Events")?;
//! for branch in tree.branches() {
//!     println!("{}: {:?}", branch.path(), branch.content());
//! }
//! let branches = tree.select(&["MET_pt", "Jet_pt"])?;
//! let mut sum = 0.0;
//! for batch in tree.read(&branches, 0..tree.entries())? {
//!     let batch = batch?;
//!     // Jets as in awkward-array: all values, and where each event's begin and end.
//!     let [met, jets] = &batch.columns[..] else { unreachable!() };
//!     let met = met.as_f32().expect("MET_pt is float32");
//!     for (event, met) in met.iter().enumerate() {
//!         let (pt, start, end) = jets.list(event).expect("Jet_pt is a list");
//!         sum += met + pt.as_f32().expect("of float32")[start..end].iter().sum::<f32>();
//!     }
//! }
//! # Ok::<(), catena_root::Error>(())
//! ```
//!
//! What cannot be read is known before anything is read: [`Branch::content`] gives the reason.
//! Input is not trusted: damage is an error that names tree, branch and basket, memory is bounded
//! by the data and by [`OpenOptions`].
//!
//! The format's facts come from ROOT's documentation of its file format, the RNTuple specification,
//! and from looking at files; uproot (BSD) served to check values. No code was taken from either.

// What may fail has an error, or an `expect` that says why it cannot fail.
#![cfg_attr(not(test), deny(clippy::unwrap_used))]
#![deny(unsafe_code)]
// Some things in the lower rooms are there for archives alone.
#![cfg_attr(not(feature = "archive"), allow(dead_code, unused_imports))]

mod column;
mod error;

mod container;
mod streamer;

mod entry;

mod ntuple;
mod tree;

mod reader;

pub mod write;

#[cfg(feature = "archive")]
pub mod archive;
#[cfg(feature = "hdf5")]
pub mod convert;
#[cfg(feature = "hdf5")]
pub mod export;

pub use column::{Branch, Column, Compression, Content, Field, Kind, Strings, Type, Values};
pub use error::{Error, ErrorKind, Result};
pub use reader::{Batch, Batches, File, OpenOptions, Storage, Tree, TreeKey, info};
