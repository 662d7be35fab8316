//! Members of gzip and streams of xz, one after another, with zeros between and behind them: tapes
//! and block devices pad files with zeros, and gzip and xz read over them.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use async_compression::tokio::bufread::{GzipDecoder, XzDecoder};
use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};

/// A decoder of one member, which stops behind it.
pub(crate) trait Member<R>: AsyncRead + Unpin {
    /// At a member's first byte.
    fn begin(reader: R) -> Self;
    /// The reader, behind the member.
    fn end(self) -> R;
}

impl<R: AsyncBufRead + Unpin> Member<R> for GzipDecoder<R> {
    fn begin(reader: R) -> Self {
        GzipDecoder::new(reader)
    }
    fn end(self) -> R {
        self.into_inner()
    }
}

impl<R: AsyncBufRead + Unpin> Member<R> for XzDecoder<R> {
    fn begin(reader: R) -> Self {
        XzDecoder::new(reader)
    }
    fn end(self) -> R {
        self.into_inner()
    }
}

/// All members.
pub(crate) enum Padded<R, D> {
    Inside(D),
    Between(R),
    /// Only while one state is turned into another, and at the end.
    Ended,
}

impl<R, D: Member<R>> Padded<R, D> {
    pub(crate) fn new(reader: R) -> Self {
        Padded::Inside(D::begin(reader))
    }
}

impl<R: AsyncBufRead + Unpin, D: Member<R>> AsyncRead for Padded<R, D> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        loop {
            let reader = match &mut *self {
                Padded::Ended => return Poll::Ready(Ok(())),
                Padded::Inside(decoder) => {
                    let before = buf.filled().len();
                    ready!(Pin::new(decoder).poll_read(cx, buf))?;
                    if buf.filled().len() > before {
                        return Poll::Ready(Ok(()));
                    }
                    let this = std::mem::replace(&mut *self, Padded::Ended);
                    if let Padded::Inside(decoder) = this {
                        *self = Padded::Between(decoder.end());
                    }
                    continue;
                }
                Padded::Between(reader) => reader,
            };
            let bytes = ready!(Pin::new(&mut *reader).poll_fill_buf(cx))?;
            let (zeros, len) = (bytes.iter().take_while(|&&b| b == 0).count(), bytes.len());
            Pin::new(&mut *reader).consume(zeros);
            if zeros == len && len > 0 {
                continue;
            }
            let this = std::mem::replace(&mut *self, Padded::Ended);
            if let (Padded::Between(reader), 1..) = (this, len) {
                *self = Padded::Inside(D::begin(reader));
            }
        }
    }
}
