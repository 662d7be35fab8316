//! Promise of the ingest daemon under load: memory within its bound, no client starved, a full disk
//! waited out.
//!
//! `CATENA_CLIENTS` (8) send for `CATENA_SECONDS` (3). `./nightly soak` has 64 send for ten
//! minutes, and asks for the runtime's latency as well.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::process::client::{Said, acknowledged, connect, flood, send};
use crate::process::{self, Daemon, Folder, message, read};

const MIB: u64 = 1 << 20;

fn asked(name: &str, or: u64) -> u64 {
    std::env::var(name).map_or(or, |n| n.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_clients_at_once() {
    let (clients, seconds) = (asked("CATENA_CLIENTS", 8), asked("CATENA_SECONDS", 3));
    let bound = 160;
    let daemon = Daemon::start(&["--memory", "160", "--level", "1"]);
    let mut sockets = Vec::new();
    for i in 0..clients {
        sockets.push(connect(&daemon, &format!("client{i}")).await.unwrap());
    }
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut tasks = Vec::new();
    for socket in sockets {
        let next = |n: u32, piece: &mut Vec<u8>| {
            (0..40).for_each(|i| piece.extend(message(n * 40 + i)));
        };
        tasks.push(tokio::spawn(flood(socket, until, next)));
    }
    let (mut in_time, mut all) = (Vec::new(), 0);
    for task in tasks {
        let done = task.await.unwrap();
        in_time.push(done.in_time as f64);
        all += done.sent;
    }
    let ack = daemon.quantile("catena_ingest_ack_seconds", 0.99).await;
    let late = daemon.quantile("catena_ingest_late_seconds", 0.99).await;
    let mean = in_time.iter().sum::<f64>() / in_time.len() as f64;
    let least = in_time.iter().copied().fold(f64::INFINITY, f64::min);
    let peak = daemon.peak();
    println!(
        "{clients} clients, {seconds} s: {:.0} messages a second acknowledged, slowest client {:.2} of the mean, {all} messages in all, \
         peak {} MiB (bound {bound}), 99 % acknowledged within {ack} s, timer late by at most {late} s",
        mean * clients as f64 / seconds as f64,
        least / mean,
        peak / MIB,
    );
    daemon.terminate();
    assert!(peak <= (bound + 64) * MIB, "{} MiB", peak / MIB);
    // Fairness and latency are asked for over minutes: within three seconds a source has a handful
    // of commits, on a machine that does other work beside. That each client was acknowledged whole
    // is asserted by the client.
    if std::env::var_os("CATENA_SECONDS").is_some() {
        assert!(least >= mean / 2.0, "{least} of {mean}");
        assert!(late < 0.02, "the timer is late by {late} s");
    }
}

/// A small file system, gone with this.
struct Small(PathBuf);

impl Small {
    fn mount(at: PathBuf) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
            .arg(&at);
        mount
            .output()
            .ok()
            .filter(|out| out.status.success())
            .map(|_| Small(at))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_waited_out() {
    let folder = Folder::new();
    let Some(small) = Small::mount(folder.path().to_owned()) else {
        // Mounting needs a right that not everyone has; a_segment_that_cannot_grow (ingest.rs) is
        // the next best thing.
        eprintln!("NOT RUN: a_full_disk_is_waited_out: no file system can be mounted here");
        return;
    };
    let filler = folder.path().join("filler");
    std::fs::write(&filler, vec![7; 700_000]).unwrap();
    let daemon = Daemon::start_in(Some(folder), &["--level", "1", "--commit-ms", "20"]);
    let mut socket = connect(&daemon, "a").await.unwrap();
    let noise = |i| process::noise(i, 20_000);
    const N: u32 = 40;
    for i in 0..N {
        send(&mut socket, &noise(i)).await.unwrap();
    }
    // 800 kB do not fit into what is left: acknowledgements stop.
    let mut acked = 0;
    while let Ok(said) =
        tokio::time::timeout(Duration::from_millis(1500), Said::read(&mut socket)).await
    {
        match said.unwrap() {
            Said::Ack(k) => acked = k,
            Said::Refused(why) => panic!("{why}"),
        }
    }
    assert!(acked < u64::from(N), "{acked}");
    assert!(daemon.get("/healthz").await.contains("503"));
    std::fs::remove_file(&filler).unwrap();
    acknowledged(&mut socket, u64::from(N)).await;
    assert!(daemon.get("/healthz").await.contains("200"));
    let folder = daemon.terminate();
    let whole: Vec<u8> = (0..N).flat_map(noise).collect();
    assert!(read(folder.path(), "a") == whole);
    let log = folder.log();
    assert!(
        log.contains("cannot write") && log.contains("writing again"),
        "{log}"
    );
    drop(small);
}
