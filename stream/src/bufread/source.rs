//! The wiring between an inner reader and a [`Driver`], the same for both directions.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use catena_filter::session::Session;
use pin_project_lite::pin_project;
use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};

use crate::drive::{Driver, Step};

pin_project! {
    /// A codec behind a reader.
    pub(crate) struct Source<R, S> {
        #[pin]
        reader: R,
        driver: Driver<S>,
        // The inner reader's error, until everything read before it has been given out.
        error: Option<io::Error>,
    }
}

/// How an attempt to feed the codec went.
enum Fed {
    /// Something moved: bytes were taken, or the input's end.
    Some,
    /// The codec is full, or knows the input's end already, or the reader failed.
    Nothing,
    /// The inner reader has nothing now and wakes the task later.
    Waiting,
}

impl<R, S: Session> Source<R, S> {
    pub(crate) fn new(reader: R, session: S) -> Self {
        Source {
            reader,
            driver: Driver::new(session),
            error: None,
        }
    }

    pub(crate) fn driver(&self) -> &Driver<S> {
        &self.driver
    }

    pub(crate) fn driver_mut(&mut self) -> &mut Driver<S> {
        &mut self.driver
    }

    pub(crate) fn get_ref(&self) -> &R {
        &self.reader
    }

    pub(crate) fn get_mut(&mut self) -> &mut R {
        &mut self.reader
    }

    pub(crate) fn get_pin_mut(self: Pin<&mut Self>) -> Pin<&mut R> {
        self.project().reader
    }

    pub(crate) fn into_inner(self) -> R {
        self.reader
    }
}

impl<R: AsyncBufRead, S: Session> Source<R, S> {
    /// Hands one buffer of the inner reader to the codec.
    fn feed(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Fed {
        let mut this = self.project();
        if this.error.is_some() || !this.driver.has_room() {
            return Fed::Nothing;
        }
        match this.reader.as_mut().poll_fill_buf(cx) {
            Poll::Pending => Fed::Waiting,
            Poll::Ready(Err(error)) => {
                *this.error = Some(error);
                Fed::Nothing
            }
            Poll::Ready(Ok([])) => {
                this.driver.finish();
                Fed::Some
            }
            Poll::Ready(Ok(input)) => {
                let taken = this.driver.accept(input);
                this.reader.consume(taken);
                if taken > 0 { Fed::Some } else { Fed::Nothing }
            }
        }
    }
}

impl<R: AsyncBufRead, S: Session> AsyncRead for Source<R, S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        // First in, then out: the workers have something to do while the caller handles what it
        // gets.
        loop {
            let fed = self.as_mut().feed(cx);
            let this = self.as_mut().project();
            match this.driver.poll_step(cx)? {
                Poll::Ready(Step::Output) => {
                    let output = this.driver.output();
                    let n = output.len().min(buf.remaining());
                    buf.put_slice(&output[..n]);
                    this.driver.consume(n);
                    return Poll::Ready(Ok(()));
                }
                Poll::Ready(Step::End) => return Poll::Ready(Ok(())),
                Poll::Ready(Step::Input) => {
                    if let Some(error) = this.error.take() {
                        return Poll::Ready(Err(error));
                    }
                    if let Fed::Waiting = fed {
                        return Poll::Pending;
                    }
                }
                Poll::Pending => match fed {
                    Fed::Some => {}
                    Fed::Nothing | Fed::Waiting => return Poll::Pending,
                },
            }
        }
    }
}
