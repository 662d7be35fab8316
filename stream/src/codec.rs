//! The codec behind the traits of compression-codecs, for code that is generic over them.
//!
//! Those traits know no waiting: a call that needs a job's result blocks until it is there. On a
//! runtime use the adapters of this crate; here is what a thread of one's own, or a test harness,
//! can drive.

use std::io::{Error, ErrorKind, Result};

use catena_filter::{CompressOptions, Decoder, DecompressOptions, Encoder, Pull};
use compression_codecs::core::util::{PartialBuffer, WriteBuffer};
use compression_codecs::{DecodeV2, EncodeV2};

/// Encodes one stream; blocks while jobs run.
pub struct CatenaEncoder {
    session: Encoder,
    output: PartialBuffer<Vec<u8>>,
    unflushed: bool,
    finished: bool,
}

impl CatenaEncoder {
    /// An error if the options contradict each other.
    pub fn new(options: CompressOptions) -> catena_filter::Result<Self> {
        Ok(CatenaEncoder {
            session: Encoder::new(options)?,
            output: PartialBuffer::default(),
            unflushed: false,
            finished: false,
        })
    }

    /// Writes out what there is, waiting for jobs; true when nothing is left, false when `output`
    /// is full.
    fn drain(&mut self, output: &mut WriteBuffer<'_>) -> Result<bool> {
        loop {
            output.copy_unwritten_from(&mut self.output);
            if !self.output.unwritten().is_empty() {
                return Ok(false);
            }
            match self.session.pull()? {
                Pull::Data(chunk) => self.output = PartialBuffer::new(chunk),
                Pull::Pending => self.session.wait(),
                Pull::Starved | Pull::End => return Ok(true),
            }
        }
    }
}

impl EncodeV2 for CatenaEncoder {
    fn encode(
        &mut self,
        input: &mut PartialBuffer<&[u8]>,
        output: &mut WriteBuffer<'_>,
    ) -> Result<()> {
        if self.finished {
            return Err(Error::other("encode after finish"));
        }
        loop {
            output.copy_unwritten_from(&mut self.output);
            if input.unwritten().is_empty() || output.has_no_spare_space() {
                return Ok(());
            }
            let taken = self.session.push(input.unwritten())?;
            input.advance(taken);
            self.unflushed |= taken > 0;
            if taken > 0 {
                continue;
            }
            match self.session.pull()? {
                Pull::Data(chunk) => self.output = PartialBuffer::new(chunk),
                Pull::Pending => self.session.wait(),
                Pull::Starved | Pull::End => {
                    return Err(Error::other("the codec neither takes nor gives bytes"));
                }
            }
        }
    }

    fn flush(&mut self, output: &mut WriteBuffer<'_>) -> Result<bool> {
        if std::mem::take(&mut self.unflushed) {
            self.session.flush()?;
        }
        self.drain(output)
    }

    fn finish(&mut self, output: &mut WriteBuffer<'_>) -> Result<bool> {
        if !std::mem::replace(&mut self.finished, true) {
            self.unflushed = false;
            self.session.finish()?;
        }
        self.drain(output)
    }
}

/// Decodes one stream; blocks while jobs run. What follows the stream is left in the input.
pub struct CatenaDecoder {
    options: DecompressOptions,
    session: Decoder,
    output: PartialBuffer<Vec<u8>>,
    finished: bool,
}

impl CatenaDecoder {
    /// An error if the options contradict each other.
    pub fn new(options: DecompressOptions) -> catena_filter::Result<Self> {
        let session = single(&options)?;
        Ok(CatenaDecoder {
            options,
            session,
            output: PartialBuffer::default(),
            finished: false,
        })
    }

    /// Writes out what there is, waiting for jobs, until the stream needs input (false), has ended
    /// (true), or `output` is full (false).
    fn drain(&mut self, output: &mut WriteBuffer<'_>) -> Result<bool> {
        loop {
            output.copy_unwritten_from(&mut self.output);
            if !self.output.unwritten().is_empty() {
                return Ok(false);
            }
            match self.session.pull()? {
                Pull::Data(chunk) => self.output = PartialBuffer::new(chunk),
                Pull::Pending => self.session.wait(),
                Pull::Starved => return Ok(false),
                Pull::End => return Ok(true),
            }
        }
    }
}

fn single(options: &DecompressOptions) -> catena_filter::Result<Decoder> {
    let mut session = Decoder::new(options.clone())?;
    session.set_multiple_members(false);
    Ok(session)
}

impl DecodeV2 for CatenaDecoder {
    fn reinit(&mut self) -> Result<()> {
        self.session = single(&self.options)?;
        self.output = PartialBuffer::default();
        self.finished = false;
        Ok(())
    }

    fn decode(
        &mut self,
        input: &mut PartialBuffer<&[u8]>,
        output: &mut WriteBuffer<'_>,
    ) -> Result<bool> {
        loop {
            // As much as fits first, so that the workers share it.
            while !input.unwritten().is_empty() {
                match self.session.push(input.unwritten())? {
                    0 => break,
                    taken => input.advance(taken),
                }
            }
            let ended = self.drain(output)?;
            if ended || output.has_no_spare_space() || input.unwritten().is_empty() {
                return Ok(ended);
            }
        }
    }

    fn flush(&mut self, output: &mut WriteBuffer<'_>) -> Result<bool> {
        self.drain(output)?;
        Ok(self.output.unwritten().is_empty())
    }

    fn finish(&mut self, output: &mut WriteBuffer<'_>) -> Result<bool> {
        if !std::mem::replace(&mut self.finished, true) {
            self.session.finish()?;
        }
        let ended = self.drain(output)?;
        if !ended && self.output.unwritten().is_empty() {
            return Err(Error::new(
                ErrorKind::UnexpectedEof,
                "the stream is cut short",
            ));
        }
        Ok(ended)
    }
}
