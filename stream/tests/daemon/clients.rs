//! Clients that are slow, silent, gone, many, or only say hello: none of them takes anything from
//! the others for long.

use std::fs;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::process::client::{STILL_HERE, acknowledged, connect, refusal, send};
use crate::process::{Daemon, message, read};

/// Connects, trying again for some seconds.
async fn connect_in_time(daemon: &Daemon, source: &str, seconds: u64) -> TcpStream {
    let until = Instant::now() + Duration::from_secs(seconds);
    loop {
        match connect(daemon, source).await {
            Ok(socket) => return socket,
            Err(error) if Instant::now() > until => panic!("{source}: {error}"),
            Err(_) => sleep(Duration::from_millis(100)).await,
        }
    }
}

#[tokio::test]
async fn a_slow_client_is_not_a_stalled_one() {
    let daemon = Daemon::start(&["--stall", "1", "--commit-ms", "20"]);
    let mut slow = connect(&daemon, "slow").await.unwrap();
    let bytes = message(7);
    slow.write_u32_le(bytes.len() as u32).await.unwrap();
    // Twice as long as a client may stop.
    for piece in bytes.chunks(bytes.len().div_ceil(8)) {
        sleep(Duration::from_millis(280)).await;
        slow.write_all(piece).await.unwrap();
    }
    acknowledged(&mut slow, 1).await;
    let folder = daemon.terminate();
    assert!(read(folder.path(), "slow") == bytes);
}

#[tokio::test]
async fn a_silent_client_does_not_hold_its_source() {
    let daemon = Daemon::start(&["--silence", "1", "--commit-ms", "20"]);
    // As if its machine had gone: the socket stays open, nothing comes.
    let mut gone = connect(&daemon, "a").await.unwrap();
    send(&mut gone, &message(0)).await.unwrap();
    acknowledged(&mut gone, 1).await;
    let mut alive = connect(&daemon, "b").await.unwrap();
    let mut next = connect_in_time(&daemon, "a", 20).await;
    send(&mut next, &message(1)).await.unwrap();
    acknowledged(&mut next, 1).await;
    assert!(refusal(&mut gone).await.contains("silent for too long"));
    drop(alive);

    // Who has nothing to send says that it is there.
    alive = connect_in_time(&daemon, "b", 20).await;
    for _ in 0..8 {
        sleep(Duration::from_millis(300)).await;
        alive.write_u32_le(STILL_HERE).await.unwrap();
    }
    send(&mut alive, &message(2)).await.unwrap();
    acknowledged(&mut alive, 1).await;
    let folder = daemon.terminate();
    assert!(read(folder.path(), "a") == [message(0), message(1)].concat());
    assert!(read(folder.path(), "b") == message(2));
}

/// The kernel asks a peer that says nothing whether it is still there; see the timers in
/// /proc/net/tcp.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn connections_are_kept_alive() {
    let daemon = Daemon::start(&[]);
    let _client = connect(&daemon, "a").await.unwrap();
    let port: u16 = daemon
        .address()
        .rsplit(':')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let local = format!(":{port:04X}");
    let watched = || {
        let table = fs::read_to_string("/proc/net/tcp").unwrap();
        let mut rows = table
            .lines()
            .map(|l| l.split_whitespace().collect::<Vec<_>>());
        // Local address, state 01 (established), timer 02 (keepalive).
        rows.any(|row| row[1].ends_with(&local) && row[3] == "01" && row[5].starts_with("02:"))
    };
    let until = Instant::now() + Duration::from_secs(10);
    while !watched() {
        assert!(Instant::now() < until, "no keepalive timer");
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn who_only_says_hello_leaves_nothing_behind() {
    // Room for four sources.
    let daemon = Daemon::start(&["--memory", "8", "--longest", "10000", "--commit-ms", "20"]);
    for i in 0..12 {
        let mut client = connect_in_time(&daemon, &format!("hello{i}"), 20).await;
        client.write_u32_le(0).await.unwrap();
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).await.unwrap();
    }
    // Those that have sent something keep their place until another one needs it.
    for i in 0..12 {
        let mut client = connect_in_time(&daemon, &format!("sender{i}"), 20).await;
        send(&mut client, &message(i)).await.unwrap();
        acknowledged(&mut client, 1).await;
        client.write_u32_le(0).await.unwrap();
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).await.unwrap();
    }
    // A source that has a client keeps it.
    let mut held = Vec::new();
    for i in 0..4 {
        held.push(connect_in_time(&daemon, &format!("held{i}"), 20).await);
    }
    let refused = connect(&daemon, "fifth").await.unwrap_err();
    assert!(refused.to_string().contains("no memory"), "{refused}");
    for client in &mut held {
        send(client, &message(3)).await.unwrap();
        acknowledged(client, 1).await;
    }
    let folder = daemon.terminate();
    for i in 0..12 {
        assert!(read(folder.path(), &format!("sender{i}")) == message(i));
    }
    crate::process::nothing_unfinished(folder.path());
}

#[tokio::test]
async fn silent_connections_take_no_descriptors_that_a_commit_needs() {
    let daemon = Daemon::start_with_descriptors(
        64,
        &[
            "--commit-ms",
            "10",
            "--segment-bytes",
            "2000",
            "--level",
            "1",
        ],
    );
    let mut good = connect(&daemon, "good").await.unwrap();
    send(&mut good, &message(0)).await.unwrap();
    acknowledged(&mut good, 1).await;
    let mut silent = Vec::new();
    for _ in 0..80 {
        silent.push(TcpStream::connect(daemon.address()).await.unwrap());
    }
    sleep(Duration::from_millis(300)).await;
    // Every few messages a segment is finished and another one begun, which takes descriptors.
    let began = Instant::now();
    for i in 1..40 {
        send(&mut good, &message(i)).await.unwrap();
        acknowledged(&mut good, u64::from(i) + 1).await;
    }
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "{:?}",
        began.elapsed()
    );
    drop(silent);
    let folder = daemon.terminate();
    let whole: Vec<u8> = (0..40).flat_map(message).collect();
    assert!(read(folder.path(), "good") == whole);
    assert!(!folder.log().contains("cannot write"), "{}", folder.log());
}

#[cfg(unix)]
#[tokio::test]
async fn what_only_looks_like_a_segment_does_not_stop_the_start() {
    let daemon = Daemon::start(&["--commit-ms", "20"]);
    let mut client = connect(&daemon, "a").await.unwrap();
    send(&mut client, &message(0)).await.unwrap();
    acknowledged(&mut client, 1).await;
    let folder = daemon.kill();
    let victim = folder.path().join("victim");
    fs::write(&victim, b"precious").unwrap();
    fs::create_dir(folder.path().join("b-0000000000.cat.part")).unwrap();
    let link =
        |to: &str, name: &str| std::os::unix::fs::symlink(to, folder.path().join(name)).unwrap();
    link("nowhere", "c-0000000000.cat.part");
    link("victim", "d-0000000000.cat.part");
    let daemon = Daemon::start_in(Some(folder), &["--commit-ms", "20"]);
    for source in ["a", "b", "c", "d"] {
        let mut client = connect(&daemon, source).await.unwrap();
        send(&mut client, &message(1)).await.unwrap();
        acknowledged(&mut client, 1).await;
    }
    let folder = daemon.terminate();
    assert!(read(folder.path(), "a") == [message(0), message(1)].concat());
    for source in ["b", "c", "d"] {
        assert!(read(folder.path(), source) == message(1), "{source}");
    }
    assert_eq!(fs::read(&victim).unwrap(), b"precious");
    assert_eq!(
        folder.log().matches("is no regular file").count(),
        3,
        "{}",
        folder.log()
    );
}
