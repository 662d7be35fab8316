//! The wiring between a [`Driver`] and an inner writer, the same for both directions.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use catena_filter::session::Session;
use pin_project_lite::pin_project;
use tokio::io::AsyncWrite;

use crate::drive::{Driver, Step};

pin_project! {
    /// A codec in front of a writer.
    pub(crate) struct Sink<W, S> {
        #[pin]
        writer: W,
        driver: Driver<S>,
    }
}

impl<W, S: Session> Sink<W, S> {
    pub(crate) fn new(writer: W, session: S) -> Self {
        Sink {
            writer,
            driver: Driver::new(session),
        }
    }

    pub(crate) fn driver(&self) -> &Driver<S> {
        &self.driver
    }

    pub(crate) fn driver_mut(&mut self) -> &mut Driver<S> {
        &mut self.driver
    }

    pub(crate) fn get_ref(&self) -> &W {
        &self.writer
    }

    pub(crate) fn get_mut(&mut self) -> &mut W {
        &mut self.writer
    }

    pub(crate) fn get_pin_mut(self: Pin<&mut Self>) -> Pin<&mut W> {
        self.project().writer
    }

    pub(crate) fn into_inner(self) -> W {
        self.writer
    }
}

impl<W: AsyncWrite, S: Session> Sink<W, S> {
    /// Writes out what is finished. Ready only when nothing runs any more: with `Input` or `End`.
    fn poll_drain(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<Step>> {
        let mut this = self.project();
        loop {
            let step = ready!(this.driver.poll_step(cx))?;
            if step != Step::Output {
                return Poll::Ready(Ok(step));
            }
            let n = ready!(this.writer.as_mut().poll_write(cx, this.driver.output()))?;
            if n == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            this.driver.consume(n);
        }
    }
}

impl<W: AsyncWrite, S: Session> AsyncWrite for Sink<W, S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        if self.driver.is_finished() {
            return Poll::Ready(Err(io::Error::other("write after shutdown")));
        }
        // First out, then in: what leaves makes room. An inner writer that is not ready is no
        // reason to refuse bytes that the budget still allows.
        loop {
            let drained = self.as_mut().poll_drain(cx)?;
            let taken = self.as_mut().project().driver.accept(buf);
            if taken > 0 {
                return Poll::Ready(Ok(taken));
            }
            ready!(drained);
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.as_mut().project().driver.flush();
        ready!(self.as_mut().poll_drain(cx))?;
        self.project().writer.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.as_mut().project().driver.finish();
        ready!(self.as_mut().poll_drain(cx))?;
        self.project().writer.poll_shutdown(cx)
    }
}
