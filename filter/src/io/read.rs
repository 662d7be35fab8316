//! Readers: bytes read from them are those of the reader beneath, compressed or decompressed.

use std::io::{self, BufRead, Read};

use crate::error::Result;
use crate::options::{CompressOptions, DecompressOptions};
use crate::session::{self, Pull, Session, Stats};

/// Bytes of the last pull that have not been read.
#[derive(Debug, Default)]
struct Output {
    bytes: Vec<u8>,
    done: usize,
}

impl Output {
    fn read(&mut self, into: &mut [u8]) -> usize {
        let rest = &self.bytes[self.done..];
        let len = rest.len().min(into.len());
        into[..len].copy_from_slice(&rest[..len]);
        self.done += len;
        len
    }

    fn is_empty(&self) -> bool {
        self.done == self.bytes.len()
    }

    fn fill(&mut self, bytes: Vec<u8>) {
        *self = Output { bytes, done: 0 };
    }
}

/// Pulls the next output of the session, feeding it from the reader beneath; `None` at the end.
fn next<S: Session, R: BufRead>(
    session: &mut S,
    inner: &mut R,
    inner_ended: &mut bool,
) -> io::Result<Option<Vec<u8>>> {
    loop {
        let waiting = match session.pull()? {
            Pull::Data(data) => return Ok(Some(data)),
            Pull::End => return Ok(None),
            Pull::Pending => true,
            Pull::Starved => false,
        };
        if !*inner_ended {
            // More input keeps the pool busy while the oldest frame is worked on.
            let bytes = inner.fill_buf()?;
            if bytes.is_empty() {
                *inner_ended = true;
                session.finish()?;
                continue;
            }
            let taken = session.push(bytes)?;
            inner.consume(taken);
            if taken > 0 {
                continue;
            }
        }
        if waiting {
            session.wait();
        }
    }
}

/// Reads the reader beneath to its end, compressed.
#[derive(Debug)]
pub struct Encoder<R: BufRead> {
    session: session::Encoder,
    inner: R,
    inner_ended: bool,
    output: Output,
}

impl<R: BufRead> Encoder<R> {
    /// A reader of the compressed bytes of `inner`.
    pub fn new(inner: R, options: CompressOptions) -> Result<Self> {
        Ok(Encoder {
            session: session::Encoder::new(options)?,
            inner,
            inner_ended: false,
            output: Output::default(),
        })
    }

    /// The reader beneath.
    pub fn get_ref(&self) -> &R {
        &self.inner
    }

    /// Gives the reader beneath back; what was taken from it and not read is lost.
    pub fn into_inner(self) -> R {
        self.inner
    }

    /// What went through so far.
    pub fn stats(&self) -> Stats {
        self.session.stats()
    }
}

impl<R: BufRead> Read for Encoder<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.output.is_empty() && !into.is_empty() {
            match next(&mut self.session, &mut self.inner, &mut self.inner_ended)? {
                Some(data) => self.output.fill(data),
                None => return Ok(0),
            }
        }
        Ok(self.output.read(into))
    }
}

/// Reads the reader beneath to its end, decompressed. Only bytes that have been checked are read.
///
/// ```
/// use std::io::Read;
/// use catena_filter::{CompressOptions, DecompressOptions, compress, io::read::Decoder};
///
/// let packed = compress(b"all for one", &CompressOptions::default())?;
/// let mut text = String::new();
/// Decoder::new(packed.as_slice(), DecompressOptions::default())?.read_to_string(&mut text)?;
/// assert_eq!(text, "all for one");
/// # Ok::<(), catena_filter::Error>(())
/// ```
#[derive(Debug)]
pub struct Decoder<R: BufRead> {
    session: session::Decoder,
    inner: R,
    inner_ended: bool,
    output: Output,
}

impl<R: BufRead> Decoder<R> {
    /// A reader of the raw bytes of the streams in `inner`.
    pub fn new(inner: R, options: DecompressOptions) -> Result<Self> {
        Ok(Decoder {
            session: session::Decoder::new(options)?,
            inner,
            inner_ended: false,
            output: Output::default(),
        })
    }

    /// The reader beneath.
    pub fn get_ref(&self) -> &R {
        &self.inner
    }

    /// Gives the reader beneath back; what was taken from it and not read is lost.
    pub fn into_inner(self) -> R {
        self.inner
    }

    /// What went through so far.
    pub fn stats(&self) -> Stats {
        self.session.stats()
    }
}

impl<R: BufRead> Read for Decoder<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.output.is_empty() && !into.is_empty() {
            match next(&mut self.session, &mut self.inner, &mut self.inner_ended)? {
                Some(data) => self.output.fill(data),
                None => return Ok(0),
            }
        }
        Ok(self.output.read(into))
    }
}
