//! Promise: a future dropped at any await point loses nothing and repeats nothing.
//!
//! Each test runs a whole transfer once for every poll that the transfer makes, drops the future
//! that is about to be polled there, makes a new one and goes on.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use crate::common::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Counts polls and drops the future at one of them.
struct Canceller {
    polls: usize,
    cancel_at: usize,
}

impl Canceller {
    /// Runs what `operation` makes, and again if it was the one to be dropped.
    async fn run<T>(&mut self, mut operation: impl AsyncFnMut() -> T) -> T {
        loop {
            let mut future = pin!(operation());
            let done = poll_fn(|cx| {
                self.polls += 1;
                let polled = future.as_mut().poll(cx).map(Some);
                // Dropped after a poll that left it pending: the state it leaves behind is what is
                // tested.
                if self.polls == self.cancel_at && polled.is_pending() {
                    Poll::Ready(None)
                } else {
                    polled
                }
            });
            if let Some(value) = done.await {
                return value;
            }
        }
    }
}

/// Runs `transfer` with a cancellation at poll 1, 2, ... until a run has fewer polls than that.
fn at_every_poll(mut transfer: impl FnMut(&mut Canceller)) {
    for cancel_at in 1.. {
        let mut canceller = Canceller {
            polls: 0,
            cancel_at,
        };
        transfer(&mut canceller);
        if canceller.polls < cancel_at {
            assert!(cancel_at > 20, "only {cancel_at} polls: nothing was tested");
            return;
        }
    }
}

const LEN: usize = 3 * FRAME + 100;

/// Few enough bytes a turn for many polls, enough for a short test.
const CHUNK: usize = 200;

#[test]
fn writing_and_encoding() {
    let raw = records(LEN);
    let want = one_shot(&raw);
    at_every_poll(|canceller| {
        let coded = block_on(async {
            let mut encoder = write_encoder(Choppy::new(Vec::new(), CHUNK)).with_budget(FRAME);
            let mut rest = &raw[..];
            while !rest.is_empty() {
                let n = canceller
                    .run(async || encoder.write(&rest[..rest.len().min(CHUNK)]).await)
                    .await
                    .unwrap();
                rest = &rest[n..];
            }
            canceller
                .run(async || encoder.shutdown().await)
                .await
                .unwrap();
            encoder.into_inner().inner
        });
        assert!(coded == want, "cancelled at poll {}", canceller.cancel_at);
    });
}

#[test]
fn writing_and_flushing() {
    let raw = records(LEN);
    let mut sizes = Vec::new();
    at_every_poll(|canceller| {
        let coded = block_on(async {
            let mut encoder = write_encoder(Choppy::new(Vec::new(), CHUNK));
            for piece in raw.chunks(700) {
                let mut rest = piece;
                while !rest.is_empty() {
                    let n = canceller
                        .run(async || encoder.write(rest).await)
                        .await
                        .unwrap();
                    rest = &rest[n..];
                }
                canceller.run(async || encoder.flush().await).await.unwrap();
            }
            canceller
                .run(async || encoder.shutdown().await)
                .await
                .unwrap();
            encoder.into_inner().inner
        });
        assert!(
            one_shot_back(&coded).unwrap() == raw,
            "cancelled at poll {}",
            canceller.cancel_at
        );
        sizes.push(coded.len());
    });
    assert!(
        sizes.iter().all(|size| *size == sizes[0]),
        "a flush asked for twice is one flush"
    );
}

#[test]
fn writing_and_decoding() {
    let raw = records(LEN);
    let coded = one_shot(&raw);
    at_every_poll(|canceller| {
        let back = block_on(async {
            let mut decoder =
                write::CatenaDecoder::new(Choppy::new(Vec::new(), CHUNK)).with_budget(FRAME);
            let mut rest = &coded[..];
            while !rest.is_empty() {
                let n = canceller
                    .run(async || decoder.write(&rest[..rest.len().min(CHUNK)]).await)
                    .await
                    .unwrap();
                rest = &rest[n..];
            }
            canceller.run(async || decoder.flush().await).await.unwrap();
            canceller
                .run(async || decoder.shutdown().await)
                .await
                .unwrap();
            decoder.into_inner().inner
        });
        assert!(back == raw, "cancelled at poll {}", canceller.cancel_at);
    });
}

#[test]
fn reading_both_ways() {
    let raw = records(LEN);
    let want = one_shot(&raw);
    at_every_poll(|canceller| {
        block_on(async {
            let mut encoder = read_encoder(Choppy::new(&raw[..], CHUNK));
            let mut coded = Vec::new();
            let mut buffer = [0; CHUNK];
            loop {
                let n = canceller
                    .run(async || encoder.read(&mut buffer).await)
                    .await
                    .unwrap();
                if n == 0 {
                    break;
                }
                coded.extend_from_slice(&buffer[..n]);
            }
            assert!(coded == want, "cancelled at poll {}", canceller.cancel_at);
            let mut decoder = bufread::CatenaDecoder::new(Choppy::new(&coded[..], CHUNK));
            let mut back = Vec::new();
            loop {
                let n = canceller
                    .run(async || decoder.read(&mut buffer).await)
                    .await
                    .unwrap();
                if n == 0 {
                    break;
                }
                back.extend_from_slice(&buffer[..n]);
            }
            assert!(back == raw, "cancelled at poll {}", canceller.cancel_at);
        });
    });
}
