//! Promise: the runtime's threads stay free, whatever runtime it is; a dropped stream cancels its
//! work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::common::*;
use catena_filter::{CompressOptions, Level};
use tokio::io::AsyncWriteExt;

/// Large enough that a frame's work could not hide: a runtime that did it itself would stand still
/// for its time.
fn heavy() -> CompressOptions {
    CompressOptions::default()
        .with_level(Level::new(6).unwrap())
        .with_frame_size(256 << 10)
}

/// The longest time between two ticks of a task that sleeps a millisecond at a time.
async fn longest_gap(stop: Arc<AtomicBool>) -> Duration {
    let mut longest = Duration::ZERO;
    while !stop.load(Ordering::Relaxed) {
        let start = Instant::now();
        tokio::time::sleep(Duration::from_millis(1)).await;
        longest = longest.max(start.elapsed());
    }
    longest
}

#[test]
fn a_ticking_task_is_not_held_up() {
    let raw = records(2 << 20);
    block_on(async {
        let stop = Arc::new(AtomicBool::new(false));
        let ticks = tokio::spawn(longest_gap(Arc::clone(&stop)));
        let start = Instant::now();

        let mut encoder = write::CatenaEncoder::with_options(Vec::new(), heavy()).unwrap();
        encoder.write_all(&raw).await.unwrap();
        encoder.shutdown().await.unwrap();
        let coded = encoder.into_inner();
        let back = read_all(bufread::CatenaDecoder::new(&coded[..]))
            .await
            .unwrap();
        assert!(back == raw);

        let total = start.elapsed();
        stop.store(true, Ordering::Relaxed);
        let gap = ticks.await.unwrap();
        // Loose, for a busy machine; work on this thread would make it about half of the total.
        let allowed = (total / 5).max(Duration::from_millis(60));
        assert!(
            gap < allowed,
            "the runtime stood still for {gap:?} of {total:?}"
        );
    });
}

#[test]
fn many_streams_on_many_threads() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(3)
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut tasks = Vec::new();
        for i in 0..16 {
            tasks.push(tokio::spawn(async move {
                let raw = records(2000 * i + i);
                let (near, far) = tokio::io::duplex(300);
                let sent = raw.clone();
                let send = tokio::spawn(async move {
                    let mut encoder = write_encoder(near).with_budget(4 * FRAME);
                    encoder.write_all(&sent).await?;
                    encoder.shutdown().await
                });
                let back = read_all(bufread::CatenaDecoder::new(tokio::io::BufReader::new(far)))
                    .await
                    .unwrap();
                send.await.unwrap().unwrap();
                assert!(back == raw, "stream {i}");
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
    });
}

#[test]
fn a_stream_may_move_between_tasks() {
    let raw = records(20 * FRAME);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let coded = runtime.block_on(async {
        let mut encoder = write_encoder(Choppy::new(Vec::new(), 100));
        for piece in raw.chunks(3000) {
            // Another task each time, so another waker.
            let piece = piece.to_vec();
            encoder = tokio::spawn(async move {
                encoder.write_all(&piece).await.unwrap();
                encoder
            })
            .await
            .unwrap();
        }
        encoder.shutdown().await.unwrap();
        encoder.into_inner().inner
    });
    assert!(coded == one_shot(&raw));
}

#[test]
fn a_stream_may_have_threads_of_its_own() {
    let raw = records(20 * FRAME);
    for threads in [1, 2] {
        let options = modelled_frames().with_threads(threads);
        block_on(async {
            let mut encoder = write::CatenaEncoder::with_options(Vec::new(), options).unwrap();
            encoder.write_all(&raw).await.unwrap();
            encoder.shutdown().await.unwrap();
            assert!(encoder.into_inner() == one_shot_with(&raw, &modelled_frames()));
        });
    }
}

#[test]
fn dropping_a_stream_does_not_wait_for_its_jobs() {
    let raw = records(2 << 20);
    block_on(async {
        let mut encoder = write::CatenaEncoder::with_options(Vec::new(), heavy()).unwrap();
        encoder.write_all(&raw).await.unwrap();
        let start = Instant::now();
        drop(encoder);
        assert!(
            start.elapsed() < Duration::from_millis(500), // the jobs take seconds
            "the drop took {:?}",
            start.elapsed()
        );
    });
}

#[test]
fn adapters_are_send_and_sync() {
    fn assert_both<T: Send + Sync>(_: &T) {}
    assert_both(&write_encoder(Vec::new()));
    assert_both(&write::CatenaDecoder::new(Vec::new()));
    assert_both(&read_encoder(&[][..]));
    assert_both(&bufread::CatenaDecoder::new(&[][..]));
}
