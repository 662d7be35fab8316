//! An archive back to the file.

use catena_container::{Reader, parallel};
use std::io::{Read, Write};

use crate::error::{Error, ErrorKind, Result};

use super::format::{FORMAT, LOSSY, PLAIN, SEGMENT};
use super::{segment, streams};

/// How to unpack.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UnpackOptions {
    /// Threads, 0: one a core.
    pub threads: usize,
    /// Most bytes that a part's streams, and what becomes of them, may have.
    pub memory_limit: u64,
    /// Bytes of the file that may come out; what would be more is refused before it is decoded.
    /// `u64::MAX`, unless asked otherwise: any number.
    pub output_limit: u64,
}

impl Default for UnpackOptions {
    fn default() -> Self {
        UnpackOptions {
            threads: 0,
            memory_limit: 2 << 30,
            output_limit: u64::MAX,
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

    /// Sets the limit on what comes out, in bytes.
    pub fn with_output_limit(mut self, bytes: u64) -> Self {
        self.output_limit = bytes;
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

/// Unpacks an archive. What was written before an error is not to be used. `on` is told how many
/// bytes were restored since the last time.
///
/// # Errors
/// `NotArchive`, `Version`, `Corrupt`, `Truncated`, `MemoryLimit`, `OutputLimit`, `Checksum`,
/// `Codec`, `Io`.
pub fn unpack(
    input: impl Read,
    mut output: impl Write,
    options: &UnpackOptions,
    on: &(dyn Fn(u64) + Sync),
) -> Result<Restored> {
    let threads = parallel::threads(options.threads);
    let mut reader =
        Reader::new(input, &FORMAT, options.memory_limit)?.with_output_limit(options.output_limit);
    let mut bytes = 0;
    while let Some(section) = reader.section(true)? {
        let file = match section.kind {
            PLAIN => streams::decode_plain(&section.payload, options.memory_limit)?,
            SEGMENT => {
                let (spans, streams) =
                    streams::decode(&section.payload, options.memory_limit, threads)?;
                segment::restore(&spans, &streams, section.file_len)?
            }
            _ if section.file_len > 0 => {
                return Err(Error::corrupt("a catalogue that stands for bytes"));
            }
            _ => continue,
        };
        if file.len() as u64 != section.file_len {
            return Err(Error::corrupt("a part that is not as long as it says"));
        }
        output.write_all(&file)?;
        reader.restored(&file);
        bytes += section.file_len;
        on(section.file_len);
    }
    output.flush().map_err(ErrorKind::Io)?;
    Ok(Restored {
        bytes,
        lossy: reader.flags() & LOSSY != 0,
    })
}
