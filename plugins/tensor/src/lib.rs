//! Archives of tensor files (`.ctensor`): safetensors, npy and npz.
//!
//! Data flows: [`source`] finds where a file's tensors lie and of what type they are; `archive`
//! takes the file apart into streams of one layout each, codes them with the codec, and gives the
//! same file back, byte for byte; `lossy`, on request alone, puts integers in the place of floats.
//! `docs/tensor.md` says what for, `docs/format.md` has the bytes.

// What may fail has an error, or an `expect` that says why it cannot fail.
#![cfg_attr(not(test), deny(clippy::unwrap_used))]

pub mod source;

mod dtype;
mod error;
mod lossy;

pub mod archive;

pub use dtype::Dtype;
pub use error::{Error, ErrorKind, Result};
pub use lossy::{Loss, LossyOptions};
