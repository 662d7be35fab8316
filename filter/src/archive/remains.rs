//! What a crash has left of an input, and how to end it: every whole frame is kept, the index is
//! made anew.
//!
//! A frame counts as whole if its header and its payload pass their checksums; nothing is decoded.
//! Invariant: the first [`Remains::kept_len`] bytes of the input followed by [`Remains::ending`]
//! are a finished input, and doing it again changes nothing.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};

use crate::error::{Error, ErrorKind, Result};
use crate::frame::{Item, Parser};
use crate::options::DecompressOptions;

/// Bytes read at a time.
const PIECE: usize = 1 << 16;

/// What is left of an input.
#[derive(Debug)]
pub struct Remains {
    streams: u64,
    frames: u64,
    raw_len: u64,
    kept_len: u64,
    input_len: u64,
    ending: Vec<u8>,
    damage: Option<Error>,
}

impl Remains {
    /// Looks through an input from its start to its end.
    ///
    /// # Errors
    /// Those of reading; an input without a single whole stream header, of which nothing can be
    /// kept; a frame or a model that takes more memory than [`DecompressOptions`] allow unless told
    /// otherwise.
    pub fn examine<R: Read>(reader: R) -> Result<Self> {
        Self::examine_within(reader, DecompressOptions::default().memory_limit)
    }

    /// The same within so many bytes of memory.
    ///
    /// # Errors
    /// As [`Remains::examine`].
    pub fn examine_within<R: Read>(mut reader: R, memory_limit: u64) -> Result<Self> {
        let mut parser = Parser::new().with_memory_limit(memory_limit);
        let mut remains = Remains {
            streams: 0,
            frames: 0,
            raw_len: 0,
            kept_len: 0,
            input_len: 0,
            ending: Vec::new(),
            damage: None,
        };
        let mut piece = vec![0; PIECE];
        loop {
            let len = match reader.read(&mut piece) {
                Ok(len) => len,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            remains.input_len += len as u64;
            if len == 0 {
                break;
            }
            // After damage the rest is only counted.
            if remains.damage.is_none() {
                remains.take(&mut parser, &piece[..len]);
            }
        }
        if remains.damage.is_none() {
            remains.damage = parser.finish().err();
        }
        match remains.damage.take() {
            Some(error) if remains.streams == 0 => Err(error),
            // What is too large here may be whole.
            Some(error) if matches!(error.kind(), ErrorKind::MemoryLimit { .. }) => Err(error),
            damage => {
                remains.damage = damage;
                Ok(remains)
            }
        }
    }

    fn take(&mut self, parser: &mut Parser, mut piece: &[u8]) {
        loop {
            let taken = parser.push(piece);
            piece = &piece[taken..];
            match parser.next() {
                Ok(None) if piece.is_empty() => return,
                Ok(None) => continue,
                Ok(Some(Item::Stream(..))) => self.streams += 1,
                Ok(Some(Item::Frame(frame))) => {
                    self.frames += 1;
                    self.raw_len += frame.header.raw_len as u64;
                }
                Ok(Some(Item::End)) => {
                    self.kept_len = parser.position();
                    self.ending.clear();
                    continue;
                }
                Err(error) => {
                    self.damage = Some(error);
                    return;
                }
            }
            self.kept_len = parser.position();
            self.ending = parser.ending();
        }
    }

    /// Whether nothing is missing.
    pub fn is_whole(&self) -> bool {
        self.damage.is_none()
    }

    /// Where the input stops making sense, and why; `None` if it is whole.
    pub fn damage(&self) -> Option<&Error> {
        self.damage.as_ref()
    }

    /// Streams with a whole header.
    pub fn streams(&self) -> u64 {
        self.streams
    }

    /// Whole frames before the damage.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Their raw bytes.
    pub fn raw_len(&self) -> u64 {
        self.raw_len
    }

    /// Bytes of the input up to the end of the last whole frame.
    pub fn kept_len(&self) -> u64 {
        self.kept_len
    }

    /// Bytes of the input after them.
    pub fn lost_len(&self) -> u64 {
        self.input_len - self.kept_len
    }

    /// Does to the file that was examined what [`repair`] does.
    ///
    /// # Errors
    /// Those of writing.
    pub fn mend(&self, file: &mut File) -> Result<()> {
        if !self.is_whole() {
            file.set_len(self.kept_len)?;
            file.seek(SeekFrom::End(0))?;
            file.write_all(&self.ending)?;
            file.sync_all()?;
        }
        Ok(())
    }

    /// What is to stand behind the kept bytes: end record, index and tail of the last stream. Empty
    /// if it has its own.
    pub fn ending(&self) -> &[u8] {
        &self.ending
    }
}

/// Makes a file whole in place: cuts off what follows its last whole frame, appends the end, and
/// waits until it is on disk. A whole file is not touched. If this is interrupted, it can be done
/// again.
///
/// # Errors
/// As [`Remains::examine`], with the file as it was; those of writing.
pub fn repair(file: &mut File) -> Result<Remains> {
    file.seek(SeekFrom::Start(0))?;
    let remains = Remains::examine(&mut *file)?;
    remains.mend(file)?;
    Ok(remains)
}
