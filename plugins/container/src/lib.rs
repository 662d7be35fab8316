//! What the archives of Catena's integrations share, and no more than that: none of it knows the
//! codec, ROOT or tensors.
//!
//! [`Format`] says what tells one kind of archive from another; [`Writer`] and [`Reader`] frame
//! sections under checksums; [`Cursor`] and [`put_varint`] read and write the structures in them.
//! [`parallel`] and [`flow`] put work on threads such that no result depends on how many there are.
//! Nothing that input says is believed before its bytes are there, and nothing panics over it.

// What may fail has an error, or an `expect` that says why it cannot fail.
#![cfg_attr(not(test), deny(clippy::unwrap_used))]

mod cursor;
mod error;
mod sections;
mod varint;

pub mod flow;
pub mod parallel;

pub use cursor::Cursor;
pub use error::{Error, Result};
pub use sections::{Checksum, Format, Reader, Section, Writer};
pub use varint::{put_bytes, put_varint, unzigzag, zigzag};
