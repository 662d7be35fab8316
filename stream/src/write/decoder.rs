//! A Catena stream in by `AsyncWrite`, the raw bytes out to the inner writer.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use catena_filter::pool::Pool;
use catena_filter::{Decoder, DecompressOptions, Result, Stats};
use pin_project_lite::pin_project;
use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};

use super::sink::Sink;

pin_project! {
    /// Takes a Catena stream and writes the raw bytes.
    ///
    /// `flush` writes out every frame that has arrived whole. `shutdown` says that the input is
    /// complete. Bytes reach the inner writer only after their frame's checksum was verified. Every
    /// method is cancel-safe. A damaged stream gives all good frames before the damage and then an
    /// error that names the frame, with kind `InvalidData`, or `UnexpectedEof` where the stream is
    /// cut short.
    ///
    /// ```
    /// use tokio::io::AsyncWriteExt;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # let coded = catena_filter::compress(&[7; 1000], &Default::default()).unwrap();
    /// let mut decoder = catena_stream::write::CatenaDecoder::new(Vec::new());
    /// decoder.write_all(&coded).await?;
    /// decoder.shutdown().await?; // an error if the stream was cut short
    /// assert_eq!(decoder.into_inner(), [7; 1000]);
    /// # Ok(())
    /// # }
    /// ```
    pub struct CatenaDecoder<W> {
        #[pin]
        inner: Sink<W, Decoder>,
    }
}

impl<W: AsyncWrite> CatenaDecoder<W> {
    /// The default options: see [`DecompressOptions`].
    pub fn new(writer: W) -> Self {
        let decoder = Decoder::on_pool(DecompressOptions::default(), Pool::shared());
        CatenaDecoder {
            inner: Sink::new(writer, decoder),
        }
    }

    /// With options; an error if they contradict each other.
    pub fn with_options(writer: W, options: DecompressOptions) -> Result<Self> {
        Ok(CatenaDecoder {
            inner: Sink::new(writer, Decoder::new(options)?),
        })
    }
}

impl<W> CatenaDecoder<W> {
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
    /// switched off. When off, bytes after the first stream are an error.
    pub fn multiple_members(&mut self, enabled: bool) {
        self.inner
            .driver_mut()
            .session()
            .set_multiple_members(enabled);
    }

    /// The inner writer.
    pub fn get_ref(&self) -> &W {
        self.inner.get_ref()
    }

    /// The inner writer. Bytes written to it land in the middle of the stream.
    pub fn get_mut(&mut self) -> &mut W {
        self.inner.get_mut()
    }

    /// The inner writer, pinned; see [`get_mut`](Self::get_mut).
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Pin<&mut W> {
        self.project().inner.get_pin_mut()
    }

    /// Gives the inner writer back. What was not shut down is discarded, and its jobs are
    /// cancelled.
    pub fn into_inner(self) -> W {
        self.inner.into_inner()
    }
}

impl<W: fmt::Debug> fmt::Debug for CatenaDecoder<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CatenaDecoder")
            .field("writer", self.get_ref())
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}

impl<W: AsyncWrite> AsyncWrite for CatenaDecoder<W> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_shutdown(cx)
    }
}

/// Reads past the codec, from the inner stream.
impl<W: AsyncRead> AsyncRead for CatenaDecoder<W> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.get_pin_mut().poll_read(cx, buf)
    }
}

/// Reads past the codec, from the inner stream.
impl<W: AsyncBufRead> AsyncBufRead for CatenaDecoder<W> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        self.get_pin_mut().poll_fill_buf(cx)
    }

    fn consume(self: Pin<&mut Self>, n: usize) {
        self.get_pin_mut().consume(n);
    }
}
