//! Promise of the ingest daemon: what it acknowledged is on disk, whatever happens to it, and a bad
//! client harms itself alone.
//!
//! `CATENA_KILLS` says how often it is killed (10); `./nightly soak` says 100.

use std::time::Duration;

use crate::process::client::{Hello, Said, acknowledged, connect, refusal, send};
use crate::process::{self, Daemon, message, read};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn what_is_sent_is_kept() {
    let daemon = Daemon::start(&["--segment-bytes", "3000", "--commit-ms", "20"]);
    let mut clients = Vec::new();
    for source in ["a", "b", "c"] {
        clients.push((source, connect(&daemon, source).await.unwrap()));
    }
    for i in 0..50 {
        for (_, socket) in &mut clients {
            send(socket, &message(i)).await.unwrap();
        }
    }
    for (_, socket) in &mut clients {
        acknowledged(socket, 50).await;
        socket.write_u32_le(0).await.unwrap();
        acknowledged(socket, 50).await;
        assert_eq!(
            socket.read(&mut [0]).await.unwrap(),
            0,
            "closed after a goodbye"
        );
    }
    // The same source again goes on in the same stream.
    let mut again = connect(&daemon, "a").await.unwrap();
    send(&mut again, &message(50)).await.unwrap();
    acknowledged(&mut again, 1).await;
    let folder = daemon.terminate();
    assert_eq!(refusal(&mut again).await, "the daemon is ending");
    let whole: Vec<u8> = (0..51).flat_map(message).collect();
    assert!(read(folder.path(), "a") == whole);
    assert!(read(folder.path(), "b") == whole[..whole.len() - message(50).len()]);
    process::nothing_unfinished(folder.path());
}

#[tokio::test]
async fn a_bad_client_harms_itself_alone() {
    let daemon = Daemon::start(&["--stall", "1", "--longest", "100000"]);
    let mut good = connect(&daemon, "good").await.unwrap();
    send(&mut good, &message(0)).await.unwrap();

    let mut garbage = TcpStream::connect(daemon.address()).await.unwrap();
    garbage.write_all(&[0x55; 4000]).await.unwrap();
    assert!(refusal(&mut garbage).await.contains("not a client"));

    let mut second = TcpStream::connect(daemon.address()).await.unwrap();
    let hello = Hello {
        source: "good".parse().unwrap(),
        layout: None,
    };
    hello.write(&mut second).await.unwrap();
    assert!(refusal(&mut second).await.contains("another client"));

    let mut liar = connect(&daemon, "liar").await.unwrap();
    send(&mut liar, &message(0)).await.unwrap();
    liar.write_u32_le(u32::MAX).await.unwrap();
    assert!(refusal(&mut liar).await.contains("4294967295 bytes"));

    let mut staller = connect(&daemon, "staller").await.unwrap();
    staller.write_u32_le(5000).await.unwrap();
    staller.write_all(&[1; 100]).await.unwrap();
    assert!(refusal(&mut staller).await.contains("inside a message"));

    let mut leaver = connect(&daemon, "leaver").await.unwrap();
    send(&mut leaver, &message(0)).await.unwrap();
    leaver.write_u32_le(5000).await.unwrap();
    leaver.write_all(&[1; 100]).await.unwrap();
    drop(leaver);

    send(&mut good, &message(1)).await.unwrap();
    acknowledged(&mut good, 2).await;
    let metrics = daemon.get("/metrics").await;
    assert!(
        metrics.contains("catena_ingest_refused_total 2"),
        "{metrics}"
    );
    assert!(metrics.contains("catena_ingest_clients "), "{metrics}");
    assert!(daemon.get("/healthz").await.contains("ok"));
    let folder = daemon.terminate();
    let log = folder.log();
    for reason in [
        "not a client",
        "another client",
        "4294967295",
        "inside a message",
    ] {
        assert!(log.contains(reason), "{reason} is not in the log:\n{log}");
    }
    // What came in full before is kept.
    let good: Vec<u8> = [message(0), message(1)].concat();
    assert!(read(folder.path(), "good") == good);
    for source in ["liar", "leaver"] {
        assert!(read(folder.path(), source) == message(0), "{source}");
    }
}

#[tokio::test]
async fn a_folder_has_one_daemon() {
    let daemon = Daemon::start(&[]);
    let second = Daemon::command(daemon.folder(), &[]).output().unwrap();
    assert!(!second.status.success());
    let log = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(log.contains("another process writes into"), "{log}");
    let mut client = connect(&daemon, "a").await.unwrap();
    send(&mut client, &message(0)).await.unwrap();
    acknowledged(&mut client, 1).await;
}

/// Every file is cut off at 64 KiB by the system, in the middle of whatever is written then.
#[tokio::test]
async fn a_segment_that_cannot_grow_is_given_up_and_nothing_lost() {
    let daemon = Daemon::start_limited(128, &["--level", "1", "--commit-ms", "5"]);
    let mut client = connect(&daemon, "a").await.unwrap();
    let noise = |i| process::noise(i, 7000);
    for i in 0..60 {
        send(&mut client, &noise(i)).await.unwrap();
        // What one commit writes has to fit into a file.
        if i % 4 == 3 {
            acknowledged(&mut client, u64::from(i) + 1).await;
        }
    }
    let folder = daemon.terminate();
    let whole: Vec<u8> = (0..60).flat_map(noise).collect();
    assert!(read(folder.path(), "a") == whole);
    let log = folder.log();
    assert!(
        log.contains("cannot write") && log.contains("writing again"),
        "{log}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_it_keeps_what_it_acknowledged() {
    let kills: u32 = std::env::var("CATENA_KILLS").map_or(10, |n| n.parse().expect("a number"));
    let mut folder = None;
    let mut sent: [u32; 4] = [0; 4];
    // Of each source, what is certain: messages acknowledged, in the order sent.
    let mut certain: [Vec<u32>; 4] = Default::default();
    for round in 0..kills {
        let daemon = Daemon::start_in(
            folder.take(),
            &[
                "--level",
                "3",
                "--commit-ms",
                "15",
                "--segment-bytes",
                "60000",
            ],
        );
        let mut tasks = Vec::new();
        for (at, first) in sent.iter().copied().enumerate() {
            let socket = connect(&daemon, &format!("s{at}")).await.unwrap();
            tasks.push(tokio::spawn(until_it_dies(socket, first)));
        }
        // Of a fixed sequence, so that a failure can be seen again; spread over the first moments.
        tokio::time::sleep(Duration::from_millis(u64::from(round * 7919 % 611) + 5)).await;
        folder = Some(daemon.kill());
        for (at, task) in tasks.into_iter().enumerate() {
            let (acked, tried) = task.await.unwrap();
            certain[at].extend(sent[at]..sent[at] + acked);
            sent[at] += tried;
        }
    }
    // The last start repairs what the last kill left.
    let folder = Daemon::start_in(folder, &[]).terminate();
    process::nothing_unfinished(folder.path());
    for (at, certain) in certain.iter().enumerate() {
        let kept = process::numbers(folder.path(), &format!("s{at}"));
        let mut rest = kept.iter();
        for number in certain {
            assert!(
                rest.any(|kept| kept == number),
                "source {at}: message {number} is lost"
            );
        }
        assert!(
            kept.windows(2).all(|pair| pair[0] < pair[1]),
            "source {at}: doubled"
        );
        assert!(
            !certain.is_empty(),
            "source {at}: nothing was acknowledged in any round"
        );
    }
    let n: usize = certain.iter().map(Vec::len).sum();
    println!("{kills} kills, {n} messages acknowledged, none lost");
}

/// Sends numbered messages until the daemon is gone: how many were acknowledged, and how many may
/// have come.
async fn until_it_dies(socket: TcpStream, first: u32) -> (u32, u32) {
    // Not so many at once that the first commit takes longer than the daemon lives.
    const AHEAD: u32 = 40;
    let (mut reader, mut writer) = socket.into_split();
    let (told, mut acks) = tokio::sync::watch::channel(0);
    let writing = tokio::spawn(async move {
        let mut tried = 0;
        loop {
            if acks.wait_for(|&acked| tried < acked + AHEAD).await.is_err() {
                return tried;
            }
            let bytes = message(first + tried);
            tried += 1;
            let sent = async {
                writer.write_u32_le(bytes.len() as u32).await?;
                writer.write_all(&bytes).await
            };
            if sent.await.is_err() {
                return tried;
            }
        }
    });
    let mut acked = 0;
    while let Ok(Said::Ack(k)) = Said::read(&mut reader).await {
        acked = k as u32;
        told.send_replace(acked);
    }
    drop(told);
    (acked, writing.await.unwrap())
}
