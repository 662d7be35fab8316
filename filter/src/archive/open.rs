//! Finding the frames: from the index at the end, or by walking over the frame headers from the
//! start.
//!
//! Invariant: places come from adding up lengths that are consistent with one another and with the
//! input's length, so a hostile index can neither overlap nor loop, and takes no more memory than
//! its own bytes justify.

use std::io::{Read, Seek, SeekFrom};

use super::{Archive, FrameInfo, Part};
use crate::error::{Error, ErrorKind, Result};
use crate::frame::{
    EndRecord, FrameHeader, IndexBuilder, IndexEntry, MAGIC, MAX_END_BODY, ShortHead, Start,
    StreamHeader, TAIL_LEN, Tail, is_end,
};
use crate::options::DecompressOptions;
use crate::pool::Pool;

/// Bytes read for a header at first.
const HEAD_LEN: usize = 256;
/// Bytes that a stream takes beside its fields, at most about.
const PART_BYTES: usize = 1 << 10;
/// Bytes that tag, length and checksum take around an end record's body, at most.
const END_FRAMING: usize = 16;

/// Up to this many bytes from here on; fewer at the end of the input. Memory grows with what
/// arrives.
fn read_up_to<R: Read>(reader: &mut R, len: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(len as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl<R: Read + Seek> Archive<R> {
    /// Opens a finished input with the default options.
    pub fn open(reader: R) -> Result<Self> {
        Self::open_with(reader, DecompressOptions::default())
    }

    /// Opens a finished input: by its index if it has one, else by a walk over its frame headers.
    pub fn open_with(reader: R, options: DecompressOptions) -> Result<Self> {
        let mut archive = Self::empty(reader, options);
        let end = archive.reader.seek(SeekFrom::End(0))?;
        match archive.open_behind(end) {
            Ok(()) => Ok(archive),
            Err(error) if matches!(error.kind(), ErrorKind::Io(_)) => Err(error),
            // Whatever it was, the walk finds it, and says where.
            Err(_) => {
                archive.clear();
                archive.walk(end)?;
                Ok(archive)
            }
        }
    }

    pub(super) fn empty(reader: R, options: DecompressOptions) -> Self {
        Archive {
            reader,
            pool: Pool::for_threads(options.threads),
            options,
            parts: Vec::new(),
            frames: Vec::new(),
            held: 0,
            len: 0,
            damage: None,
            flow: None,
            last: None,
        }
    }

    fn clear(&mut self) {
        self.parts.clear();
        self.frames.clear();
        self.held = 0;
        self.len = 0;
    }

    /// Counts bytes that stay until the archive is closed, against the limit on memory.
    fn charge(&mut self, bytes: usize) -> Result<()> {
        self.held += bytes as u64;
        match (self.held, self.options.memory_limit) {
            (needed, limit) if needed > limit => {
                Err(ErrorKind::MemoryLimit { needed, limit }.into())
            }
            _ => Ok(()),
        }
    }

    pub(super) fn bytes_at(&mut self, position: u64, len: usize) -> Result<Vec<u8>> {
        self.reader.seek(SeekFrom::Start(position))?;
        read_up_to(&mut self.reader, len)
    }

    /// Finds all streams from their ends backwards.
    fn open_behind(&mut self, end: u64) -> Result<()> {
        let mut streams = Vec::new();
        let mut rest = end;
        while rest > 0 {
            let (record, record_at) = self.end_record(rest)?;
            let start = record_at
                .checked_sub(record.frames_len)
                .filter(|&start| start < record_at)
                .ok_or_else(|| Error::corrupt("lengths at the end of the stream"))?;
            streams.push((start, record_at, record));
            rest = start;
        }
        if streams.is_empty() {
            return Err(ErrorKind::Truncated.into());
        }
        for (start, record_at, record) in streams.into_iter().rev() {
            match record.read_entries(self.options.memory_limit)? {
                Some(entries) => self.enter_indexed(start, record_at, &entries)?,
                None => {
                    self.walk_stream(start)?;
                }
            }
        }
        Ok(())
    }

    /// The end record before `end`, and its place.
    pub(super) fn end_record(&mut self, end: u64) -> Result<(EndRecord, u64)> {
        let corrupt = || Error::corrupt("end of the stream");
        let tail_at = end.checked_sub(TAIL_LEN as u64).ok_or_else(corrupt)?;
        let tail = Tail::parse(&self.bytes_at(tail_at, TAIL_LEN)?)?.ok_or_else(corrupt)?;
        let len = tail.end_len as usize;
        if len > MAX_END_BODY + END_FRAMING {
            return Err(corrupt());
        }
        // Its bytes, and the entries among them.
        let (needed, limit) = (2 * len as u64, self.options.memory_limit);
        if needed > limit {
            return Err(ErrorKind::MemoryLimit { needed, limit }.into());
        }
        let at = tail_at.checked_sub(len as u64).ok_or_else(corrupt)?;
        let bytes = self.bytes_at(at, len)?;
        match EndRecord::parse(&bytes)? {
            Some((record, parsed)) if parsed == len => Ok((record, at)),
            _ => Err(corrupt()),
        }
    }

    pub(super) fn enter_indexed(
        &mut self,
        start: u64,
        end: u64,
        entries: &[IndexEntry],
    ) -> Result<()> {
        let mut position = start + self.enter_stream(start)?;
        for entry in entries {
            position = self.enter_frame(position, entry)?;
        }
        if position != end {
            return Err(Error::corrupt("index disagrees with the stream's length"));
        }
        Ok(())
    }

    /// Reads the stream header at `start` and enters the stream, which is not a short one; the
    /// length of all before the first frame.
    pub(super) fn enter_stream(&mut self, start: u64) -> Result<u64> {
        match self.start_at(start)? {
            Start::Long(header, len) => self.enter_header(start, header, len),
            Start::Short(_) => Err(Error::corrupt("an end behind a short stream")),
        }
    }

    /// Reads how the stream at `start` begins.
    pub(super) fn start_at(&mut self, start: u64) -> Result<Start> {
        let mut want = HEAD_LEN;
        loop {
            let bytes = self.bytes_at(start, want)?;
            if let Some(found) = Start::parse(&bytes)? {
                return Ok(found);
            }
            if bytes.len() < want {
                return Err(ErrorKind::Truncated.into());
            }
            want *= 4;
        }
    }

    fn enter_header(&mut self, start: u64, header: StreamHeader, len: usize) -> Result<u64> {
        let next = self.frames.len();
        let model_at = start + len as u64;
        let len = len + header.embedded.unwrap_or(0);
        let fields = header.layout.fields();
        let names: usize = fields.iter().map(|field| field.name.len()).sum();
        self.charge(PART_BYTES + names + size_of_val(fields))?;
        self.parts.push(Part {
            header,
            start,
            model_at,
            frames: next..next,
        });
        Ok(len as u64)
    }

    /// Enters a short stream; the place after it. Its checksum is left to who reads its frame, as
    /// those of payloads are, if its lengths lead to another stream or to the end.
    fn enter_short(&mut self, start: u64, head: ShortHead) -> Result<u64> {
        let next = start + head.len as u64;
        let behind = self.bytes_at(next - 1, 1 + MAGIC.len())?;
        let Some((_, behind)) = behind.split_first() else {
            return Err(ErrorKind::Truncated.into());
        };
        if head.frame.is_none() || (!behind.is_empty() && behind != MAGIC) {
            head.open(&self.bytes_at(start, head.len)?)?;
        }
        self.enter_header(start, head.header, head.len)?;
        if let Some(frame) = head.frame {
            self.enter(start, &IndexEntry::of(&frame))?;
        }
        Ok(next)
    }

    /// Enters a frame of the last stream; the place after it.
    pub(super) fn enter_frame(&mut self, position: u64, entry: &IndexEntry) -> Result<u64> {
        self.enter(position, entry)?;
        let head_len = FrameHeader::len(entry.raw_len, entry.coded_len) as u64;
        Ok(position + head_len + entry.coded_len)
    }

    fn enter(&mut self, position: u64, entry: &IndexEntry) -> Result<()> {
        let stream = self.parts.len() - 1;
        let part = &self.parts[stream];
        let place = part.frames.len() as u64;
        if entry.raw_len > part.header.frame_size as u64 {
            return Err(Error::corrupt("frame is larger than the stream's frames"));
        }
        if !entry.key && place < u64::from(part.header.chains) {
            return Err(Error::corrupt("a chain begins without a key frame"));
        }
        // Vectors grow by doubling.
        self.charge(2 * size_of::<FrameInfo>())?;
        let part = &mut self.parts[stream];
        self.frames.push(FrameInfo {
            kind: entry.kind,
            key: entry.key,
            learned: entry.learned,
            stream,
            chain: (place % u64::from(part.header.chains)) as u32,
            offset: self.len,
            raw_len: entry.raw_len as usize,
            position,
            coded_len: entry.coded_len as usize,
        });
        part.frames.end += 1;
        self.len += entry.raw_len;
        Ok(())
    }

    /// Finds all frames by walking over their headers.
    pub(super) fn walk(&mut self, end: u64) -> Result<()> {
        self.walk_from(&mut 0, end)
    }

    /// The same for the streams from `position` on, which stays at the one that stops it.
    pub(super) fn walk_from(&mut self, position: &mut u64, end: u64) -> Result<()> {
        while *position < end || self.parts.is_empty() {
            *position = self.walk_stream(*position)?;
        }
        Ok(())
    }

    /// Walks over one stream; the place after it.
    pub(super) fn walk_stream(&mut self, start: u64) -> Result<u64> {
        let located = |error: Error| error.at_offset(start);
        let head_len = match self.start_at(start).map_err(located)? {
            Start::Short(head) => return self.enter_short(start, head).map_err(located),
            Start::Long(header, len) => self.enter_header(start, header, len).map_err(located)?,
        };
        let mut index = IndexBuilder::new(head_len as usize);
        let mut position = start + head_len;
        loop {
            let bytes = self.bytes_at(position, HEAD_LEN)?;
            let number = self.frames.len() as u64;
            let place = |error: Error| error.in_frame(number).at_offset(position);
            let cut = || place(ErrorKind::Truncated.into());
            if is_end(*bytes.first().ok_or_else(cut)?) {
                return self.walk_end(position, &index).map_err(place);
            }
            let frame_size = self.parts[self.parts.len() - 1].header.frame_size;
            let (header, _) = FrameHeader::parse(&bytes, frame_size)
                .map_err(place)?
                .ok_or_else(cut)?;
            let entry = IndexEntry::of(&header);
            let next = self.enter_frame(position, &entry).map_err(place)?;
            if self.bytes_at(next - 1, 1)?.is_empty() {
                self.forget_last_frame();
                return Err(cut());
            }
            index.add(&header);
            position = next;
        }
    }

    /// Checks the end record at `position`; the place after the stream.
    fn walk_end(&mut self, position: u64, index: &IndexBuilder) -> Result<u64> {
        let cut = || Error::from(ErrorKind::Truncated);
        let mut want = HEAD_LEN;
        let (record, len, bytes) = loop {
            let bytes = self.bytes_at(position, want)?;
            if EndRecord::body_len(&bytes)?.is_some_and(|len| len > index.body_max()) {
                return Err(Error::corrupt("length of the index"));
            }
            match EndRecord::parse(&bytes)? {
                Some((record, len)) if bytes.len() >= len + TAIL_LEN => break (record, len, bytes),
                _ if bytes.len() < want => return Err(cut()),
                _ => want *= 4,
            }
        };
        if !index.agrees(&record) {
            return Err(Error::corrupt("index disagrees with the frames"));
        }
        let tail = Tail::parse(&bytes[len..])?.ok_or_else(cut)?;
        if tail.end_len as usize != len {
            return Err(Error::corrupt("length at the end of the stream"));
        }
        Ok(position + (len + TAIL_LEN) as u64)
    }

    /// Takes back a frame whose payload is cut.
    fn forget_last_frame(&mut self) {
        if let (Some(frame), Some(part)) = (self.frames.pop(), self.parts.last_mut()) {
            part.frames.end -= 1;
            self.len -= frame.raw_len as u64;
        }
    }
    /// Takes the last stream out.
    pub(super) fn take_last_part(&mut self) -> Option<(Part, Vec<FrameInfo>)> {
        let part = self.parts.pop()?;
        let frames = self.frames.split_off(part.frames.start);
        self.len -= frames.iter().map(|frame| frame.raw_len as u64).sum::<u64>();
        Some((part, frames))
    }

    /// Puts it back.
    pub(super) fn put_part(&mut self, part: Option<(Part, Vec<FrameInfo>)>) {
        let Some((part, frames)) = part else { return };
        self.len += frames.iter().map(|frame| frame.raw_len as u64).sum::<u64>();
        self.parts.push(part);
        self.frames.extend(frames);
    }
}
