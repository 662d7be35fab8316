//! Opening what is damaged: frames before the damage by walking, those after it by the index at the
//! input's end, counted from behind. Streams behind that have none at their end, short ones, are
//! looked for by their first bytes.
//!
//! Invariant: as in `open`, places come from lengths that were added up. Where they are wrong all
//! the same, the frames' own checksums, which know their places, refuse them when they are read.

use std::io::{Read, Seek, SeekFrom};

use super::Archive;
use crate::error::Result;
use crate::frame::{EndRecord, FrameHeader, FrameKind, IndexEntry, MAGIC, check};
use crate::options::DecompressOptions;

/// Bytes that are searched at a time.
const PIECE: usize = 1 << 16;
/// Places that may be taken for a stream's beginning in vain.
const MISTAKES: usize = 64;

impl<R: Read + Seek> Archive<R> {
    /// Opens what is left of an input: all frames before the first byte that makes no sense as a
    /// header and, if the index at the end is whole, those behind it, also where bytes between them
    /// are lost or too many; if there is none, those of the streams behind it. [`Archive::damage`]
    /// tells what was found.
    ///
    /// Frames that were found may be damaged themselves: [`Archive::read_frame`] tells of each.
    ///
    /// # Errors
    /// Those of reading; an input that does not begin with a stream's header.
    pub fn recover(reader: R, options: DecompressOptions) -> Result<Self> {
        let mut archive = Self::empty(reader, options);
        let end = archive.reader.seek(SeekFrom::End(0))?;
        let mut stopped = 0;
        match archive.walk_from(&mut stopped, end) {
            Ok(()) => Ok(archive),
            Err(error) if archive.parts.is_empty() => Err(error),
            Err(error) => {
                if !archive.enter_from_behind(end) {
                    archive.enter_from_within(stopped + 1, end);
                }
                archive.damage = Some(error);
                Ok(archive)
            }
        }
    }

    /// After a walk that has stopped: enters the streams behind that follow one another up to the
    /// end, and what the index before them knows.
    fn enter_from_within(&mut self, from: u64, end: u64) {
        if let Some(mut next) = self.find_streams(from, end) {
            self.enter_from_behind(next);
            // It stops, if at all, where there is no room for more beside what is entered.
            let _ = self.walk_from(&mut next, end);
        }
    }

    /// The first place from which streams follow one another up to the end. Those inside a payload
    /// do not.
    fn find_streams(&mut self, mut from: u64, end: u64) -> Option<u64> {
        let (parts, frames) = (self.parts.len(), self.frames.len());
        let (len, held) = (self.len, self.held);
        for _ in 0..MISTAKES {
            let first = self.find_magic(from)?;
            let mut position = first;
            let walked = self.walk_from(&mut position, end);
            self.parts.truncate(parts);
            self.frames.truncate(frames);
            (self.len, self.held) = (len, held);
            match walked {
                Ok(()) => return Some(first),
                Err(_) => from = position + 1,
            }
        }
        None
    }

    /// The first place from `from` on with the first bytes of a stream.
    fn find_magic(&mut self, mut from: u64) -> Option<u64> {
        loop {
            let bytes = self.bytes_at(from, PIECE).ok()?;
            if let Some(at) = bytes.windows(MAGIC.len()).position(|it| it == MAGIC) {
                return Some(from + at as u64);
            }
            if bytes.len() < PIECE {
                return None;
            }
            from += (PIECE - MAGIC.len() + 1) as u64;
        }
    }

    /// After a walk that has stopped: enters what the index of the stream in which it did knows,
    /// and the streams behind. Leaves what the walk has found, and says no, if there is no index or
    /// it makes no sense.
    fn enter_from_behind(&mut self, end: u64) -> bool {
        let Some(part) = self.parts.last().filter(|part| !part.header.short) else {
            return false;
        };
        let start = part.start;
        let Ok((record, record_at, later)) = self.streams_behind(start, end) else {
            return false;
        };
        let Ok(Some(entries)) = record.read_entries(self.options.memory_limit) else {
            return false;
        };
        let found = self.take_last_part();
        if self.enter_around(start, record_at, &entries).is_err() {
            self.take_last_part();
            self.put_part(found);
            return false;
        }
        for (start, record_at, record) in later.into_iter().rev() {
            let entered = match record.read_entries(self.options.memory_limit) {
                Ok(Some(entries)) => self.enter_indexed(start, record_at, &entries),
                Ok(None) => self.walk_stream(start).map(drop),
                Err(error) => Err(error),
            };
            if entered.is_err() {
                break;
            }
        }
        true
    }

    /// The end record of the stream that begins at `start`, its place, and the streams behind it,
    /// the last one first.
    #[allow(clippy::type_complexity)]
    fn streams_behind(
        &mut self,
        start: u64,
        end: u64,
    ) -> Result<(EndRecord, u64, Vec<(u64, u64, EndRecord)>)> {
        let mut later = Vec::new();
        let mut rest = end;
        loop {
            let (record, at) = self.end_record(rest)?;
            match at.checked_sub(record.frames_len) {
                // Lengths that add up: another stream.
                Some(begin) if begin > start && self.is_stream(begin) => {
                    later.push((begin, at, record));
                    rest = begin;
                }
                _ => return Ok((record, at, later)),
            }
        }
    }

    fn is_stream(&mut self, start: u64) -> bool {
        let known = self.parts.len();
        let is = self.enter_stream(start).is_ok();
        self.parts.truncate(known);
        is
    }

    /// Enters the stream at `start` whose end record is at `end`: frames from the front for as long
    /// as their headers are there, then from behind.
    fn enter_around(&mut self, start: u64, end: u64, entries: &[IndexEntry]) -> Result<()> {
        let first = start + self.enter_stream(start)?;
        let all: u64 = entries.iter().map(stored_len).sum();
        // What is missing is below 0.
        let gap = i128::from(end) - i128::from(first) - i128::from(all);
        let mut before = gap != 0;
        let (mut position, mut offset) = (i128::from(first), 0);
        for entry in entries {
            if before && !self.is_frame(place(position), offset, entry) {
                before = false;
                position += gap;
            }
            // What is missing may begin before the input does: there is no frame then.
            self.enter_frame(place(position), entry)?;
            position += i128::from(stored_len(entry));
            offset += entry.raw_len;
        }
        Ok(())
    }

    /// Whether this frame is there. The header says so, and of stored frames, which are often as
    /// long as their neighbours, the bytes.
    fn is_frame(&mut self, position: u64, offset: u64, entry: &IndexEntry) -> bool {
        let len = FrameHeader::len(entry.raw_len, entry.coded_len);
        let stored = entry.kind == FrameKind::Stored;
        let wanted = if stored {
            len + entry.coded_len as usize
        } else {
            len
        };
        let Ok(bytes) = self.bytes_at(position, wanted) else {
            return false;
        };
        match FrameHeader::parse(&bytes, entry.raw_len as usize) {
            Ok(Some((header, len))) if IndexEntry::of(&header) == *entry => {
                !stored || check(&bytes[len..], offset, header.raw_hash).is_ok()
            }
            _ => false,
        }
    }
}

/// A place in the input.
fn place(position: i128) -> u64 {
    u64::try_from(position).unwrap_or(0)
}

/// Bytes that a frame takes.
fn stored_len(entry: &IndexEntry) -> u64 {
    FrameHeader::len(entry.raw_len, entry.coded_len) as u64 + entry.coded_len
}
