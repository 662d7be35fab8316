//! Archives of ROOT files, which give back the same file, byte for byte.
//!
//! Packing: the file's own description tells where its baskets are and what they hold (`map`). Each
//! is decompressed, and a setting is found with which compressing it again gives the same bytes
//! (`recode`). Its entries are taken apart into columns (`shape`, `split`, `segment`), the columns
//! of all baskets of a branch are coded as one, together with those of the same structure (`group`,
//! `piece`), and framed (`format`). Unpacking goes the other way (`join`, `restore`) and needs
//! nothing but the archive. What cannot be restored from its raw bytes is kept as it is.
//!
//! Invariants: an archive is at most 64 bytes longer than the file; memory is bounded by segments
//! of 32 MiB of the file and 128 MiB of raw bytes; nothing that an archive says is believed before
//! it is paid for.

mod basket;
mod domain;
mod embedded;
mod format;
mod group;
mod header;
mod info;
mod join;
mod map;
mod meta;
mod pack;
mod piece;
mod recode;
mod restore;
mod segment;
mod shape;
mod shapes_of;
mod split;
mod unpack;

pub use info::{ArchiveInfo, info};
pub use pack::{PackOptions, Summary, pack};
pub use unpack::{UnpackOptions, unpack};
