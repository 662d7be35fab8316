//! The file's bytes, by position. Nothing is allocated for a range before it is known to lie inside
//! the file.

use std::io::{Read, Seek, SeekFrom};
use std::sync::Mutex;

use crate::error::{Error, ErrorKind, Result};

trait ReadSeek: Read + Seek + Send {}
impl<T: Read + Seek + Send> ReadSeek for T {}

/// A readable thing with a length; shared by all trees of a file, and by their threads.
pub(crate) struct Source {
    size: u64,
    memory_limit: u64,
    reader: Mutex<Box<dyn ReadSeek>>,
}

impl Source {
    pub fn new(mut reader: impl Read + Seek + Send + 'static, memory_limit: u64) -> Result<Self> {
        let size = reader.seek(SeekFrom::End(0))?;
        Ok(Source {
            size,
            memory_limit,
            reader: Mutex::new(Box::new(reader)),
        })
    }

    /// Bytes in the file.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Fails if one object of this many bytes is more than the caller allows.
    pub fn affordable(&self, bytes: u64) -> Result<()> {
        if bytes > self.memory_limit {
            return Err(ErrorKind::MemoryLimit {
                needed: bytes,
                limit: self.memory_limit,
            }
            .into());
        }
        Ok(())
    }

    /// These bytes; all of them, or an error that names `offset`.
    pub fn read(&self, offset: u64, len: u64) -> Result<Vec<u8>> {
        let inside = offset.checked_add(len).is_some_and(|end| end <= self.size);
        if !inside {
            return Err(Error::truncated().at(offset));
        }
        self.affordable(len)?;
        let len = usize::try_from(len).map_err(|_| Error::truncated().at(offset))?;
        let mut bytes = vec![0; len];
        // A panic of another thread left the reader at some place; we seek anyway.
        let mut reader = self.reader.lock().unwrap_or_else(|e| e.into_inner());
        reader
            .seek(SeekFrom::Start(offset))
            .and_then(|_| reader.read_exact(&mut bytes))
            .map_err(|e| Error::from(e).at(offset))?;
        Ok(bytes)
    }

    /// Up to `len` bytes: fewer where the file ends.
    pub fn read_up_to(&self, offset: u64, len: u64) -> Result<Vec<u8>> {
        self.read(offset, len.min(self.size.saturating_sub(offset)))
    }
}
