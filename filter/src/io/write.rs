//! Writers: bytes written come out compressed, or decompressed, in the writer beneath.

use std::io::{self, Write};

use crate::error::Result;
use crate::options::{CompressOptions, DecompressOptions};
use crate::session::{self, Pull, Stats};

/// Compresses what is written to it into the writer beneath.
///
/// [`Encoder::finish`] ends the stream and reports errors; dropping ends it too, but says nothing.
///
/// ```
/// use std::io::Write;
/// use catena_filter::{CompressOptions, DecompressOptions, decompress, io::write::Encoder};
///
/// let mut encoder = Encoder::new(Vec::new(), CompressOptions::default())?;
/// encoder.write_all(b"one for all")?;
/// let packed = encoder.finish()?;
/// assert_eq!(decompress(&packed, &DecompressOptions::default())?, b"one for all");
/// # Ok::<(), catena_filter::Error>(())
/// ```
#[derive(Debug)]
pub struct Encoder<W: Write> {
    session: session::Encoder,
    /// `None` once [`Encoder::finish`] has given it back.
    inner: Option<W>,
    /// The writer beneath has failed: nothing more is written on drop.
    broken: bool,
}

impl<W: Write> Encoder<W> {
    /// A writer that compresses into `inner`.
    pub fn new(inner: W, options: CompressOptions) -> Result<Self> {
        Ok(Encoder {
            session: session::Encoder::new(options)?,
            inner: Some(inner),
            broken: false,
        })
    }

    /// Ends the stream and gives the writer beneath back, not flushed.
    pub fn finish(mut self) -> io::Result<W> {
        self.end()?;
        self.inner.take().ok_or_else(gone)
    }

    /// The writer beneath.
    pub fn get_ref(&self) -> Option<&W> {
        self.inner.as_ref()
    }

    /// What went through so far.
    pub fn stats(&self) -> Stats {
        self.session.stats()
    }

    fn end(&mut self) -> io::Result<()> {
        self.session.finish()?;
        self.drain(true)
    }

    /// Writes what there is; `all`: waits for all that is under way.
    fn drain(&mut self, all: bool) -> io::Result<()> {
        let inner = self.inner.as_mut().ok_or_else(gone)?;
        loop {
            match self.session.pull()? {
                Pull::Data(data) => {
                    if let Err(error) = inner.write_all(&data) {
                        self.broken = true;
                        return Err(error);
                    }
                }
                Pull::Pending if all => self.session.wait(),
                Pull::Pending | Pull::Starved | Pull::End => return Ok(()),
            }
        }
    }
}

impl<W: Write> Write for Encoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            let taken = self.session.push(bytes)?;
            self.drain(false)?;
            if taken > 0 || bytes.is_empty() {
                return Ok(taken);
            }
            self.session.wait();
        }
    }

    /// Ends the current frame: all that was written can be decoded from what is beneath.
    fn flush(&mut self) -> io::Result<()> {
        self.session.flush()?;
        self.drain(true)?;
        self.inner.as_mut().ok_or_else(gone)?.flush()
    }
}

impl<W: Write> Drop for Encoder<W> {
    fn drop(&mut self) {
        if self.inner.is_some() && !self.broken && !std::thread::panicking() {
            // Drop cannot report; `finish` does.
            let _ = self.end();
        }
    }
}

/// Decompresses what is written to it into the writer beneath.
///
/// Only bytes that have been checked are written. [`Decoder::finish`] tells whether the streams were complete; dropping
/// without it throws away what is under way.
#[derive(Debug)]
pub struct Decoder<W: Write> {
    session: session::Decoder,
    inner: W,
}

impl<W: Write> Decoder<W> {
    /// A writer that decompresses into `inner`.
    pub fn new(inner: W, options: DecompressOptions) -> Result<Self> {
        Ok(Decoder {
            session: session::Decoder::new(options)?,
            inner,
        })
    }

    /// Says that all has been written, and gives the writer beneath back, not flushed.
    pub fn finish(mut self) -> io::Result<W> {
        self.session.finish()?;
        self.drain(true)?;
        Ok(self.inner)
    }

    /// The writer beneath.
    pub fn get_ref(&self) -> &W {
        &self.inner
    }

    /// What went through so far.
    pub fn stats(&self) -> Stats {
        self.session.stats()
    }

    fn drain(&mut self, all: bool) -> io::Result<()> {
        loop {
            match self.session.pull()? {
                Pull::Data(data) => self.inner.write_all(&data)?,
                Pull::Pending if all => self.session.wait(),
                Pull::Pending | Pull::Starved | Pull::End => return Ok(()),
            }
        }
    }
}

impl<W: Write> Write for Decoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            let taken = self.session.push(bytes)?;
            self.drain(false)?;
            if taken > 0 || bytes.is_empty() {
                return Ok(taken);
            }
            self.session.wait();
        }
    }

    /// Writes all frames that have arrived whole.
    fn flush(&mut self) -> io::Result<()> {
        self.drain(true)?;
        self.inner.flush()
    }
}

fn gone() -> io::Error {
    io::Error::other("the encoder is finished")
}
