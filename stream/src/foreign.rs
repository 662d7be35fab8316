//! Input that arrives compressed by something else: gzip, zstd, xz or bzip2, recognised by its
//! first bytes.
//!
//! Decoding runs inside `poll_read`, a buffer at a time, through async-compression.

use std::io::{self, Cursor, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use async_compression::tokio::bufread::{BzDecoder, GzipDecoder, XzDecoder, ZstdDecoder};
use tokio::io::{AsyncBufRead, AsyncRead, AsyncReadExt, ReadBuf};

use crate::padding::Padded;
use crate::signature::{SIGNATURE_MAX, recognise};

pub use crate::signature::Foreign;

/// Reads through the foreign format: gives the bytes that were inside.
///
/// ```
/// use catena_stream::{Foreign, decode_foreign};
/// use tokio::io::AsyncReadExt;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let plain: &[u8] = b"no wrapping here";
/// let mut text = String::new();
/// decode_foreign(plain, Foreign::Auto).read_to_string(&mut text).await?;
/// assert_eq!(text, "no wrapping here");
/// # Ok(())
/// # }
/// ```
pub fn decode_foreign<R>(reader: R, format: Foreign) -> Box<dyn AsyncRead + Send + Unpin>
where
    R: AsyncBufRead + Send + Unpin + 'static,
{
    match format {
        Foreign::Auto => Box::new(Sniffer::Undecided {
            reader,
            start: Vec::with_capacity(SIGNATURE_MAX),
        }),
        known => open(reader, known),
    }
}

/// Reads a format that is known; the four decoders share their methods' names, not a trait.
fn open<R>(reader: R, format: Foreign) -> Box<dyn AsyncRead + Send + Unpin>
where
    R: AsyncBufRead + Send + Unpin + 'static,
{
    let decoder: Box<dyn AsyncRead + Send + Unpin> = match format {
        Foreign::Auto | Foreign::None => return Box::new(reader),
        Foreign::Gzip => Box::new(Padded::<_, GzipDecoder<_>>::new(reader)),
        Foreign::Zstd => {
            let mut decoder = ZstdDecoder::new(reader);
            decoder.multiple_members(true);
            Box::new(decoder)
        }
        Foreign::Xz => Box::new(Padded::<_, XzDecoder<_>>::new(reader)),
        Foreign::Bzip2 => {
            let mut decoder = BzDecoder::new(reader);
            decoder.multiple_members(true);
            Box::new(decoder)
        }
    };
    Box::new(Named { decoder, format })
}

/// Says in an error which of the two formats at hand is meant.
struct Named {
    decoder: Box<dyn AsyncRead + Send + Unpin>,
    format: Foreign,
}

impl AsyncRead for Named {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let format = self.format;
        Pin::new(&mut self.decoder)
            .poll_read(cx, buf)
            .map_err(|error| {
                let name = format.name();
                match error.kind() {
                    // liblzma's word for input that stops early arrives under this kind.
                    ErrorKind::OutOfMemory if format == Foreign::Xz => {
                        io::Error::new(ErrorKind::UnexpectedEof, "xz input: unexpected end of file")
                    }
                    kind => io::Error::new(kind, format!("{name} input: {error}")),
                }
            })
    }
}

/// Reads first bytes, which may come one at a time, until they tell the format.
enum Sniffer<R> {
    Undecided {
        reader: R,
        start: Vec<u8>,
    },
    Decided(Box<dyn AsyncRead + Send + Unpin>),
    /// Only while one state is turned into another.
    Between,
}

impl<R: AsyncBufRead + Send + Unpin + 'static> AsyncRead for Sniffer<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let format = match &mut *self {
                Sniffer::Undecided { reader, start } => {
                    let mut reader = Pin::new(reader);
                    let input = ready!(reader.as_mut().poll_fill_buf(cx))?;
                    let at_end = input.is_empty();
                    let n = input.len().min(SIGNATURE_MAX - start.len());
                    start.extend_from_slice(&input[..n]);
                    reader.consume(n);
                    match recognise(start) {
                        Some(format) => format,
                        None if at_end => Foreign::None,
                        None => continue,
                    }
                }
                Sniffer::Decided(reader) => return Pin::new(reader).poll_read(cx, buf),
                Sniffer::Between => return Poll::Ready(Ok(())),
            };
            if let Sniffer::Undecided { reader, start } =
                std::mem::replace(&mut *self, Sniffer::Between)
            {
                *self = Sniffer::Decided(open(Cursor::new(start).chain(reader), format));
            }
        }
    }
}
