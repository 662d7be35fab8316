//! Promise: a stream holds no more bytes than its budget, however slow the other side is.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::common::*;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

/// A writer that takes nothing until it is opened.
struct Gate {
    open: bool,
    bytes: Vec<u8>,
    waiting: Option<Waker>,
}

impl Gate {
    fn closed() -> Self {
        Gate {
            open: false,
            bytes: Vec::new(),
            waiting: None,
        }
    }

    fn open(&mut self) {
        self.open = true;
        if let Some(waker) = self.waiting.take() {
            waker.wake();
        }
    }
}

impl AsyncWrite for Gate {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if !self.open {
            self.waiting = Some(cx.waker().clone());
            return Poll::Pending;
        }
        self.bytes.extend_from_slice(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

const BUDGET: usize = 6 * FRAME;

/// What a stream may hold beyond its budget: a frame in work and one on its way out, which are let
/// in always, and headers. An encoder waits for sixteen frames before the first, to find out on
/// them together what they have in common.
const SLACK: usize = 18 * FRAME + 512;

/// Offers `input` until nothing more is taken for a good while; returns how much was taken.
async fn fill<W: AsyncWrite + Unpin>(
    writer: &mut W,
    input: &[u8],
    held: impl Fn(&W) -> usize,
) -> usize {
    let mut taken = 0;
    let mut quiet = 0;
    while quiet < 50 {
        match tokio::time::timeout(
            std::time::Duration::from_millis(2),
            writer.write(&input[taken..]),
        )
        .await
        {
            Ok(n) => {
                taken += n.unwrap();
                quiet = 0;
            }
            Err(_) => quiet += 1,
        }
        assert!(
            held(writer) <= BUDGET + SLACK,
            "{} bytes held",
            held(writer)
        );
    }
    taken
}

#[test]
fn a_stuck_sink_stops_the_encoder_at_its_budget() {
    let raw = records(100 * FRAME);
    block_on(async {
        let mut encoder = write_encoder(Gate::closed()).with_budget(BUDGET);
        let taken = fill(&mut encoder, &raw, |e| e.in_flight()).await;
        assert!((FRAME..20 * FRAME).contains(&taken), "{taken} bytes taken");
        encoder.get_mut().open();
        encoder.write_all(&raw[taken..]).await.unwrap();
        encoder.shutdown().await.unwrap();
        assert_eq!(encoder.in_flight(), 0);
        assert!(encoder.into_inner().bytes == one_shot(&raw));
    });
}

#[test]
fn a_stuck_sink_stops_the_decoder_at_its_budget() {
    // Zeros: a little input is a lot of output, and it is the output that counts.
    let raw = vec![0; 400 * FRAME];
    let coded = one_shot(&raw);
    block_on(async {
        let mut decoder = write::CatenaDecoder::new(Gate::closed()).with_budget(BUDGET);
        let taken = fill(&mut decoder, &coded, |d| d.in_flight()).await;
        assert!(taken < coded.len(), "all was taken");
        decoder.get_mut().open();
        decoder.write_all(&coded[taken..]).await.unwrap();
        decoder.shutdown().await.unwrap();
        assert!(decoder.into_inner().bytes == raw);
    });
}

/// Counts what is read from it.
struct Counted<'a> {
    rest: &'a [u8],
    read: usize,
}

impl AsyncRead for Counted<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let n = buf.remaining().min(self.rest.len());
        buf.put_slice(&self.rest[..n]);
        self.rest = &self.rest[n..];
        self.read += n;
        Poll::Ready(Ok(()))
    }
}

#[test]
fn a_slow_reader_lets_its_source_wait() {
    use tokio::io::{AsyncReadExt, BufReader};
    let raw = records(100 * FRAME);
    block_on(async {
        let source = BufReader::with_capacity(
            100,
            Counted {
                rest: &raw,
                read: 0,
            },
        );
        let mut encoder = read_encoder(source).with_budget(BUDGET);
        let mut coded = Vec::new();
        let mut given = [0; 64];
        loop {
            let n = encoder.read(&mut given).await.unwrap();
            coded.extend_from_slice(&given[..n]);
            assert!(
                encoder.in_flight() <= BUDGET + SLACK,
                "{} bytes held",
                encoder.in_flight()
            );
            if n == 0 {
                break;
            }
            if coded.len() == given.len() {
                let read = encoder.get_ref().get_ref().read;
                assert!(
                    read <= BUDGET + SLACK,
                    "{read} bytes read for the first {} given",
                    given.len()
                );
            }
        }
        assert!(coded == one_shot(&raw));
    });
}

#[test]
fn a_budget_below_a_frame_still_moves() {
    let raw = records(5 * FRAME);
    block_on(async {
        let mut encoder = write_encoder(Vec::new()).with_budget(0);
        encoder.write_all(&raw).await.unwrap();
        encoder.shutdown().await.unwrap();
        let coded = encoder.into_inner();
        assert!(coded == one_shot(&raw));
        assert!(
            read_all(bufread::CatenaDecoder::new(&coded[..]).with_budget(0))
                .await
                .unwrap()
                == raw
        );
    });
}
