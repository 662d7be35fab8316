//! An archive back to the file.

use catena_filter::parallel;
use std::io::{Read, Write};

use crate::error::{Error, ErrorKind, Result};

use super::container::{PartKind, Reader};
use super::{segment, streams};

/// How to unpack.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UnpackOptions {
    /// Threads, 0: one a core.
    pub threads: usize,
    /// Most bytes that a part's streams, and what becomes of them, may have.
    pub memory_limit: u64,
}

impl Default for UnpackOptions {
    fn default() -> Self {
        UnpackOptions {
            threads: 0,
            memory_limit: 2 << 30,
        }
    }
}

impl UnpackOptions {
    /// Sets the threads.
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Sets the memory limit, in bytes.
    pub fn with_memory_limit(mut self, bytes: u64) -> Self {
        self.memory_limit = bytes;
        self
    }
}

/// What was unpacked.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Restored {
    /// Bytes that were written.
    pub bytes: u64,
    /// Whether they are not those of the file that was packed.
    pub lossy: bool,
}

/// Unpacks an archive. What was written before an error is not to be used. `on` is told how many bytes were restored since the last time.
///
/// # Errors
/// `NotArchive`, `Version`, `Corrupt`, `Truncated`, `MemoryLimit`, `Checksum`, `Codec`, `Io`.
pub fn unpack(
    input: impl Read,
    mut output: impl Write,
    options: &UnpackOptions,
    on: &(dyn Fn(u64) + Sync),
) -> Result<Restored> {
    let threads = parallel::threads(options.threads);
    let mut reader = Reader::new(input, options.memory_limit)?;
    let mut bytes = 0;
    while let Some(part) = reader.part(true)? {
        let file = match part.kind {
            PartKind::Plain => streams::decode_plain(&part.payload, options.memory_limit)?,
            PartKind::Segment => {
                let (spans, streams) =
                    streams::decode(&part.payload, options.memory_limit, threads)?;
                segment::restore(&spans, &streams, part.file_len)?
            }
            PartKind::Catalogue => continue,
        };
        if file.len() as u64 != part.file_len {
            return Err(Error::corrupt("a part that is not as long as it says"));
        }
        output.write_all(&file)?;
        reader.restored(&file);
        bytes += part.file_len;
        on(part.file_len);
    }
    output.flush().map_err(ErrorKind::Io)?;
    Ok(Restored {
        bytes,
        lossy: reader.lossy,
    })
}
