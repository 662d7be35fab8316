//! An archive back to the file.

use catena_container::{Cursor, Reader, Section, parallel};
use std::io::{Read, Write};

use catena_filter::Layout;

use crate::error::{Error, Result};

use super::format::{FORMAT, PLAIN};
use super::piece::Stored;
use super::restore::restore;

/// What a caller may ask for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UnpackOptions {
    /// Threads; 0 means one a core.
    pub threads: usize,
    /// The most bytes that a segment's columns, and what is made of them, may take each. 1 GiB
    /// unless asked otherwise; archives made here need no more than 512 MiB.
    pub memory_limit: u64,
    /// Bytes of the file that may come out; what would be more is refused before it is decoded.
    /// `u64::MAX`, unless asked otherwise: any number.
    pub output_limit: u64,
}

impl Default for UnpackOptions {
    fn default() -> Self {
        UnpackOptions {
            threads: 0,
            memory_limit: 1 << 30,
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

    /// Sets the limit.
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

/// Restores the file; how many bytes it has. `on` is told how many bytes of it were restored since
/// the last time.
///
/// # Errors
/// `NotArchive`, `Version`, `Corrupt`, `Truncated`, `MemoryLimit`, `OutputLimit`, `Checksum` of
/// archives that are none, damaged or too large; what was written by then is worth nothing. `Io`.
pub fn unpack(
    input: impl Read,
    mut output: impl Write,
    options: &UnpackOptions,
    on: &dyn Fn(u64),
) -> Result<u64> {
    let mut reader =
        Reader::new(input, &FORMAT, options.memory_limit)?.with_output_limit(options.output_limit);
    let mut start = 0u64;
    while let Some(section) = reader.section(true)? {
        let file = file_bytes(&section, start, options)?;
        reader.restored(&file);
        output.write_all(&file)?;
        start = start
            .checked_add(file.len() as u64)
            .ok_or_else(|| Error::corrupt("a file longer than may be"))?;
        on(file.len() as u64);
    }
    output.flush()?;
    Ok(start)
}

/// The bytes of the file that a section stands for, which begin at `start`.
fn file_bytes(section: &Section, start: u64, options: &UnpackOptions) -> Result<Vec<u8>> {
    let limit = options.memory_limit;
    let payload = section.payload.as_slice();
    if section.kind != PLAIN {
        let threads = parallel::threads(options.threads);
        return restore(payload, section.file_len, start, limit, threads);
    }
    let mut cursor = Cursor::new(payload);
    let piece = Stored::read(&mut cursor, &mut limit.clone())?;
    let file = piece.decode(&Layout::bytes())?;
    if !cursor.is_at_end() || file.len() as u64 != section.file_len {
        return Err(Error::corrupt("a section of another length than it says"));
    }
    Ok(file)
}
