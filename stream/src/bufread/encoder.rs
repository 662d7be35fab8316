//! Raw bytes from the inner reader, a Catena stream out by `AsyncRead`.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use catena_filter::{CompressOptions, Encoder, Result, Stats};
use pin_project_lite::pin_project;
use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};

use super::source::Source;

pin_project! {
    /// Reads raw bytes and gives a Catena stream.
    ///
    /// Reading is cancel-safe: a dropped future loses no byte.
    ///
    /// ```
    /// use tokio::io::AsyncReadExt;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let raw: &[u8] = &[7; 1000];
    /// let mut coded = Vec::new();
    /// catena_stream::bufread::CatenaEncoder::new(raw).read_to_end(&mut coded).await?;
    /// # let decoded = catena_filter::decompress(&coded, &Default::default()).unwrap();
    /// # assert_eq!(decoded, raw);
    /// # Ok(())
    /// # }
    /// ```
    pub struct CatenaEncoder<R> {
        #[pin]
        inner: Source<R, Encoder>,
    }
}

impl<R: AsyncBufRead> CatenaEncoder<R> {
    /// The default options: see [`CompressOptions`].
    pub fn new(reader: R) -> Self {
        let encoder = Encoder::new(CompressOptions::default()).expect("the defaults agree");
        CatenaEncoder {
            inner: Source::new(reader, encoder),
        }
    }

    /// With options; an error if they contradict each other.
    pub fn with_options(reader: R, options: CompressOptions) -> Result<Self> {
        Ok(CatenaEncoder {
            inner: Source::new(reader, Encoder::new(options)?),
        })
    }
}

impl<R> CatenaEncoder<R> {
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

impl<R: fmt::Debug> fmt::Debug for CatenaEncoder<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CatenaEncoder")
            .field("reader", self.get_ref())
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}

impl<R: AsyncBufRead> AsyncRead for CatenaEncoder<R> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.project().inner.poll_read(cx, buf)
    }
}

/// Writes past the codec, to the inner stream.
impl<R: AsyncWrite> AsyncWrite for CatenaEncoder<R> {
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
