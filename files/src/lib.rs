//! Files that a program writes for its user.
//!
//! What an output goes through, in order: [`Inputs`] refuses a place that is a file of the same
//! call; [`Unfinished`] vets the place, takes a temporary name beside it and gives the file its own
//! name when it is whole and on the disk; [`Attributes`] are what it then has; [`removal`] is how a
//! signal finds what is not finished. Invariant: under the final name there is never a half-written
//! file, and what stood there before stays until the new one is on the disk.

// What may fail has an error, or an `expect` that says why it cannot fail.
#![cfg_attr(not(test), deny(clippy::unwrap_used))]

mod attributes;
mod holes;
mod identity;
pub mod removal;
mod shown;
mod unfinished;

pub use attributes::Attributes;
pub use holes::Holes;
pub use identity::{Identity, Inputs};
pub use shown::{printable, shown};
pub use unfinished::{Place, Scratch, Unfinished};
