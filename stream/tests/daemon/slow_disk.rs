//! Promise of the ingest daemon on a slow disk: what comes too fast waits at the sender, memory
//! stays within its bound, and nothing is lost.
//!
//! The disk is slow by `slow_disk.c`, which is compiled here and preloaded into the daemon.
//! `CATENA_SECONDS` says how long four clients send (3).

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::process::client::{connect, flood};
use crate::process::{self, Daemon, noise, read};

const MIB: u64 = 1 << 20;
const MESSAGE: usize = 20_000;
/// Bytes a second that the disk takes, of all files that are written at once: each write waits by
/// itself.
const DISK: f64 = 4e6;
const CLIENTS: u32 = 4;
/// Bound on the daemon's memory in MiB, of which half is for messages.
const MEMORY: u64 = 16;

/// The library that makes files slow; nothing without a C compiler.
fn slow_disk(folder: &Path) -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/slow_disk.c");
    let library = folder.join("libslow_disk.so");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .args([&library, &source])
        .arg("-ldl")
        .status();
    match compiled {
        Ok(status) => {
            assert!(status.success(), "slow_disk.c");
            Some(library)
        }
        Err(_) => None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_disk_holds_the_sender_up() {
    let folder = tempfile::tempdir().unwrap();
    let Some(library) = slow_disk(folder.path()) else {
        eprintln!("NOT RUN: a_slow_disk_holds_the_sender_up: there is no C compiler");
        return;
    };
    let seconds = std::env::var("CATENA_SECONDS").map_or(3, |n| n.parse().expect("a number"));
    let memory = MEMORY.to_string();
    let daemon = Daemon::start_preloaded(&library, &["--memory", &memory, "--level", "1"]);
    let begun = Instant::now();
    let until = begun + Duration::from_secs(seconds);
    let mut tasks = Vec::new();
    for number in 0..CLIENTS {
        let socket = connect(&daemon, &format!("s{number}")).await.unwrap();
        let next = move |n: u32, piece: &mut Vec<u8>| {
            piece.extend(noise(number << 16 | n, MESSAGE));
        };
        tasks.push(tokio::spawn(flood(socket, until, next)));
    }
    let (mut sent, mut in_time) = (Vec::new(), 0);
    for task in tasks {
        let done = task.await.unwrap();
        sent.push(done.sent);
        in_time += done.in_time;
    }
    let took = begun.elapsed().as_secs_f64();
    let bytes = sent.iter().sum::<u64>() * MESSAGE as u64;
    let late = daemon.quantile("catena_ingest_late_seconds", 0.99).await;
    let peak = daemon.peak();
    println!(
        "{} MB sent in {seconds} s, {} MB of them acknowledged by then, all after {took:.1} s; peak {} MiB (bound {MEMORY}), timer late by at most {late} s",
        bytes / 1_000_000,
        in_time * MESSAGE as u64 / 1_000_000,
        peak / MIB,
    );
    let folder = daemon.terminate();
    for (number, n) in (0..).zip(&sent) {
        let whole: Vec<u8> = (0..*n as u32)
            .flat_map(|i| noise(number << 16 | i, MESSAGE))
            .collect();
        assert!(
            read(folder.path(), &format!("s{number}")) == whole,
            "source {number}"
        );
    }
    process::nothing_unfinished(folder.path());
    assert!(peak <= (MEMORY + 64) * MIB, "{} MiB", peak / MIB);
    // The disk was the bottleneck, or this shows nothing.
    let fastest = DISK * f64::from(CLIENTS) * took;
    assert!(bytes as f64 <= fastest, "{bytes} bytes in {took} s");
    // Noise was sent at the disk's speed, but for what memory and sockets hold.
    let held = bytes - in_time * MESSAGE as u64;
    let sockets = u64::from(CLIENTS) * 10 * MIB;
    assert!(held <= MEMORY / 2 * MIB + sockets, "{held} bytes waited");
    // Within three seconds, on a machine that does other work beside, there may be none.
    if std::env::var_os("CATENA_SECONDS").is_some() {
        assert!(in_time > 0, "nothing was acknowledged while it came");
    }
}
