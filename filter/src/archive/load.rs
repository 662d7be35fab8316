//! A frame's bytes from the input, checked against what the index says of it.

use std::io::{Read, Seek};

use super::{Archive, FrameInfo};
use crate::error::{Error, ErrorKind, Result};
use crate::frame::{FrameHeader, FrameItem, Start};

impl<R: Read + Seek> Archive<R> {
    /// Reads a frame's header and payload and checks them against what the archive knows of it.
    pub(super) fn load(&mut self, frame: usize) -> Result<FrameItem> {
        self.load_item(frame)
            .map_err(|error| self.locate(error, frame))
    }

    /// A frame as the index has it, for decoding.
    fn load_item(&mut self, frame: usize) -> Result<FrameItem> {
        let info = self.frames[frame];
        let changed = || Error::corrupt("frame is not what the index says");
        let (header, payload) = match self.parts[info.stream].header.short {
            true => self.read_short(&info)?,
            false => self.read_long(&info)?,
        }
        .ok_or_else(changed)?;
        let known = (
            info.kind,
            info.key,
            info.learned,
            info.raw_len,
            info.coded_len,
        );
        let found = (
            header.kind,
            header.key,
            header.learned,
            header.raw_len,
            header.coded_len,
        );
        if known != found {
            return Err(changed());
        }
        let part = &self.parts[info.stream];
        Ok(FrameItem {
            header,
            payload,
            number: frame as u64,
            place: (frame - part.frames.start) as u64,
            raw_offset: info.offset - self.frames[part.frames.start].offset,
            position: info.position,
        })
    }

    /// A frame's header and payload, checked against one another; nothing if its bytes are not
    /// those of a frame of this length.
    fn read_long(&mut self, info: &FrameInfo) -> Result<Option<(FrameHeader, Vec<u8>)>> {
        let frame_size = self.parts[info.stream].header.frame_size;
        let head_len = FrameHeader::len(info.raw_len as u64, info.coded_len as u64);
        let mut bytes = self.bytes_at(info.position, head_len + info.coded_len)?;
        match FrameHeader::parse(&bytes, frame_size)? {
            Some((header, len)) if bytes.len() == len + info.coded_len => {
                bytes.drain(..len);
                header.check_payload(&bytes)?;
                Ok(Some((header, bytes)))
            }
            _ => Ok(None),
        }
    }

    /// The same of a short stream, all of which is read and checked.
    fn read_short(&mut self, info: &FrameInfo) -> Result<Option<(FrameHeader, Vec<u8>)>> {
        match self.start_at(info.position)? {
            Start::Short(head) if head.header == self.parts[info.stream].header => {
                let bytes = self.bytes_at(info.position, head.len)?;
                if bytes.len() < head.len {
                    return Err(ErrorKind::Truncated.into());
                }
                head.open(&bytes)
            }
            _ => Ok(None),
        }
    }
}
