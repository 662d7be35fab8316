//! Compression and decompression without I/O: bytes are pushed in and pulled out, jobs run on a
//! pool.
//!
//! The base of the `std::io` adapters and of asynchronous ones. Nothing here blocks but the two
//! `wait` functions: whatever takes longer than copying what is pushed is a job.
//! Invariant: memory is bounded by a few frames per thread; a session that is full takes no bytes
//! until it is pulled.

mod background;
mod decoder;
mod detection;
pub(crate) mod direction;
mod encoder;
mod opening;
mod outgoing;
mod pace;

pub use decoder::Decoder;
pub use direction::Session;
pub use encoder::Encoder;

/// What a session has for its caller.
#[derive(Debug, PartialEq, Eq)]
pub enum Pull {
    /// The next bytes of the output.
    Data(Vec<u8>),
    /// Jobs are running: wait, or push more if there is room.
    Pending,
    /// All that went in has come out: push more, or finish.
    Starved,
    /// All output has been pulled.
    End,
}

/// What went through a session so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Bytes pushed in.
    pub bytes_in: u64,
    /// Bytes pulled out.
    pub bytes_out: u64,
    /// Frames pulled out.
    pub frames: u64,
}
