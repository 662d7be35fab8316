//! `std::io` adapters over the sessions, named and behaving as those of flate2 and zstd.
//!
//! [`mod@write`] holds writers, [`read`] holds readers; both have an `Encoder` and a `Decoder`.
//! They block in the thread that calls them while the jobs run on the session's pool.

pub mod read;
pub mod write;
