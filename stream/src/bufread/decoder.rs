//! A Catena stream from the inner reader, the raw bytes out by `AsyncRead`.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use catena_filter::pool::Pool;
use catena_filter::{Decoder, DecompressOptions, Result, Stats};
use pin_project_lite::pin_project;
use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};

use super::source::Source;

pin_project! {
    /// Reads a Catena stream and gives the raw bytes.
    ///
    /// Bytes are given out only after their frame's checksum was verified. Reading is cancel-safe:
    /// a dropped future loses no byte. A damaged stream gives all good frames before the damage and
    /// then an error that names the frame, with kind `InvalidData`, or `UnexpectedEof` where the
    /// stream is cut short.
    ///
    /// ```
    /// use tokio::io::AsyncReadExt;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # let coded = catena_filter::compress(&[7; 1000], &Default::default()).unwrap();
    /// let mut raw = Vec::new();
    /// catena_stream::bufread::CatenaDecoder::new(&coded[..]).read_to_end(&mut raw).await?;
    /// assert_eq!(raw, [7; 1000]);
    /// # Ok(())
    /// # }
    /// ```
    pub struct CatenaDecoder<R> {
        #[pin]
        inner: Source<R, Decoder>,
    }
}

impl<R: AsyncBufRead> CatenaDecoder<R> {
    /// The default options: see [`DecompressOptions`].
    pub fn new(reader: R) -> Self {
        let decoder = Decoder::on_pool(DecompressOptions::default(), Pool::shared());
        CatenaDecoder {
            inner: Source::new(reader, decoder),
        }
    }

    /// With options; an error if they contradict each other.
    pub fn with_options(reader: R, options: DecompressOptions) -> Result<Self> {
        Ok(CatenaDecoder {
            inner: Source::new(reader, Decoder::new(options)?),
        })
    }
}

impl<R> CatenaDecoder<R> {
    /// Bounds the bytes that this stream holds: input waiting, in work and finished. A frame in
    /// work and one on its way out are let in however small the budget is. The default is
    /// [`DEFAULT_BUDGET`](crate::DEFAULT_BUDGET).
    #[must_use]
    pub fn with_budget(mut self, bytes: usize) -> Self {
        self.inner.driver_mut().set_budget(bytes);
        self
    }

    /// Bytes that came in and went out so far.
    pub fn stats(&self) -> Stats {
        self.inner.driver().stats()
    }

    /// Bytes that this stream holds now: input waiting, in work and finished.
    pub fn in_flight(&self) -> usize {
        self.inner.driver().in_flight()
    }

    /// Whether another stream may follow the first one in the same input, as with gzip; on unless
    /// switched off. When off, the inner reader stands at the first byte after the stream when the
    /// end has been read.
    pub fn multiple_members(&mut self, enabled: bool) {
        self.inner
            .driver_mut()
            .session()
            .set_multiple_members(enabled);
    }

    /// The inner reader.
    pub fn get_ref(&self) -> &R {
        self.inner.get_ref()
    }

    /// The inner reader. Bytes read from it are missing in the middle of the stream.
    pub fn get_mut(&mut self) -> &mut R {
        self.inner.get_mut()
    }

    /// The inner reader, pinned; see [`get_mut`](Self::get_mut).
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Pin<&mut R> {
        self.project().inner.get_pin_mut()
    }

    /// Gives the inner reader back. What was read ahead is discarded, and its jobs are cancelled.
    pub fn into_inner(self) -> R {
        self.inner.into_inner()
    }
}

impl<R: fmt::Debug> fmt::Debug for CatenaDecoder<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CatenaDecoder")
            .field("reader", self.get_ref())
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}

impl<R: AsyncBufRead> AsyncRead for CatenaDecoder<R> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.project().inner.poll_read(cx, buf)
    }
}

/// Writes past the codec, to the inner stream.
impl<R: AsyncWrite> AsyncWrite for CatenaDecoder<R> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_pin_mut().poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_pin_mut().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_pin_mut().poll_shutdown(cx)
    }
}
