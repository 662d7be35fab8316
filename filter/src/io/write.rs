//! Writers: bytes written come out compressed, or decompressed, in the writer beneath.

use std::io::{self, Write};

use crate::error::Result;
use crate::options::{CompressOptions, DecompressOptions};
use crate::session::{self, Pull, Session, Stats};

/// Writes what the session has; `all`: waits for all that is under way.
fn drain(session: &mut impl Session, inner: &mut impl Write, all: bool) -> io::Result<()> {
    loop {
        match session.pull()? {
            Pull::Data(data) => inner.write_all(&data)?,
            Pull::Pending if all => session.wait(),
            Pull::Pending | Pull::Starved | Pull::End => return Ok(()),
        }
    }
}

/// Pushes some of the bytes, at least one if there are any, and writes what comes of it; returns
/// how many.
fn write(session: &mut impl Session, inner: &mut impl Write, bytes: &[u8]) -> io::Result<usize> {
    loop {
        let taken = session.push(bytes)?;
        drain(session, inner, false)?;
        if taken > 0 || bytes.is_empty() {
            return Ok(taken);
        }
        session.wait();
    }
}

/// Compresses what is written to it into the writer beneath.
///
/// [`Encoder::finish`] ends the stream and reports errors. A stream whose encoder was dropped
/// without it has no end, and a decoder calls it truncated: a source that failed half-way must not
/// look like one that was short. Where dropping is the only way to end, [`Encoder::auto_finish`]
/// makes it one.
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
    inner: W,
}

impl<W: Write> Encoder<W> {
    /// A writer that compresses into `inner`.
    pub fn new(inner: W, options: CompressOptions) -> Result<Self> {
        Ok(Encoder {
            session: session::Encoder::new(options)?,
            inner,
        })
    }

    /// Ends the stream and gives the writer beneath back, not flushed.
    pub fn finish(mut self) -> io::Result<W> {
        self.session.finish()?;
        drain(&mut self.session, &mut self.inner, true)?;
        Ok(self.inner)
    }

    /// The same, ending its stream when it is dropped. Errors of that are lost, so
    /// [`Encoder::finish`] is to be preferred.
    pub fn auto_finish(self) -> AutoFinish<W> {
        AutoFinish {
            encoder: Some(self),
            broken: false,
        }
    }

    /// The writer beneath.
    pub fn get_ref(&self) -> &W {
        &self.inner
    }

    /// What went through so far.
    pub fn stats(&self) -> Stats {
        self.session.stats()
    }
}

impl<W: Write> Write for Encoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        write(&mut self.session, &mut self.inner, bytes)
    }

    /// Ends the current frame: all that was written can be decoded from what is beneath.
    fn flush(&mut self) -> io::Result<()> {
        self.session.flush()?;
        drain(&mut self.session, &mut self.inner, true)?;
        self.inner.flush()
    }
}

/// An encoder that ends its stream when it is dropped, except in a panic and after an error; see
/// [`Encoder::auto_finish`].
#[derive(Debug)]
pub struct AutoFinish<W: Write> {
    /// `None` only while it is dropped.
    encoder: Option<Encoder<W>>,
    broken: bool,
}

impl<W: Write> AutoFinish<W> {
    /// The writer beneath.
    pub fn get_ref(&self) -> Option<&W> {
        self.encoder.as_ref().map(Encoder::get_ref)
    }

    fn tried<T>(&mut self, act: impl FnOnce(&mut Encoder<W>) -> io::Result<T>) -> io::Result<T> {
        let Some(encoder) = &mut self.encoder else {
            return Err(io::Error::other("the encoder is finished"));
        };
        let result = act(encoder);
        self.broken |= result
            .as_ref()
            .is_err_and(|e| e.kind() != io::ErrorKind::Interrupted);
        result
    }
}

impl<W: Write> Write for AutoFinish<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.tried(|encoder| encoder.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tried(Encoder::flush)
    }
}

impl<W: Write> Drop for AutoFinish<W> {
    fn drop(&mut self) {
        if let Some(encoder) = self.encoder.take()
            && !self.broken
            && !std::thread::panicking()
        {
            // Drop cannot report; `finish` does.
            let _ = encoder.finish();
        }
    }
}

/// Decompresses what is written to it into the writer beneath.
///
/// Only bytes that have been checked are written. [`Decoder::finish`] tells whether the streams
/// were complete; dropping without it throws away what is under way.
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
        drain(&mut self.session, &mut self.inner, true)?;
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
}

impl<W: Write> Write for Decoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        write(&mut self.session, &mut self.inner, bytes)
    }

    /// Writes all frames that have arrived whole.
    fn flush(&mut self) -> io::Result<()> {
        drain(&mut self.session, &mut self.inner, true)?;
        self.inner.flush()
    }
}
