//! Raw bytes in by `AsyncWrite`, a Catena stream out to the inner writer.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use catena_filter::{CompressOptions, Encoder, Result, Stats};
use pin_project_lite::pin_project;
use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};

use super::sink::Sink;

pin_project! {
    /// Takes raw bytes and writes a Catena stream.
    ///
    /// `flush` makes everything written so far decodable on the other side; each flush ends a
    /// frame, so it costs ratio. `shutdown` writes what is left and the trailer: a stream without
    /// it is cut short. Every method is cancel-safe: a dropped future loses no byte and writes none
    /// twice (a dropped `write_all` does not say how far it came).
    ///
    /// ```
    /// use tokio::io::AsyncWriteExt;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let mut encoder = catena_stream::write::CatenaEncoder::new(Vec::new());
    /// encoder.write_all(&[7; 1000]).await?;
    /// encoder.shutdown().await?; // the last frames and the trailer
    /// let coded = encoder.into_inner();
    /// # let raw = catena_filter::decompress(&coded, &Default::default()).unwrap();
    /// # assert_eq!(raw, [7; 1000]);
    /// # Ok(())
    /// # }
    /// ```
    pub struct CatenaEncoder<W> {
        #[pin]
        inner: Sink<W, Encoder>,
    }
}

impl<W: AsyncWrite> CatenaEncoder<W> {
    /// The default options: see [`CompressOptions`].
    pub fn new(writer: W) -> Self {
        let encoder = Encoder::new(CompressOptions::default()).expect("the defaults agree");
        CatenaEncoder {
            inner: Sink::new(writer, encoder),
        }
    }

    /// With options; an error if they contradict each other.
    pub fn with_options(writer: W, options: CompressOptions) -> Result<Self> {
        Ok(CatenaEncoder {
            inner: Sink::new(writer, Encoder::new(options)?),
        })
    }
}

impl<W> CatenaEncoder<W> {
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

impl<W: fmt::Debug> fmt::Debug for CatenaEncoder<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CatenaEncoder")
            .field("writer", self.get_ref())
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}

impl<W: AsyncWrite> AsyncWrite for CatenaEncoder<W> {
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
impl<W: AsyncRead> AsyncRead for CatenaEncoder<W> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.get_pin_mut().poll_read(cx, buf)
    }
}

/// Reads past the codec, from the inner stream.
impl<W: AsyncBufRead> AsyncBufRead for CatenaEncoder<W> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        self.get_pin_mut().poll_fill_buf(cx)
    }

    fn consume(self: Pin<&mut Self>, n: usize) {
        self.get_pin_mut().consume(n);
    }
}
