//! A client of the daemon, in the words of its own protocol.

#[path = "../../../../examples/ingest_daemon/protocol.rs"]
mod protocol;

use std::io;
use std::time::Instant;

pub use protocol::{Hello, STILL_HERE, Said};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::{Daemon, records};

/// A client that has been welcomed.
pub async fn connect(daemon: &Daemon, source: &str) -> io::Result<TcpStream> {
    let mut socket = TcpStream::connect(daemon.address()).await?;
    let hello = Hello {
        source: source.parse().unwrap(),
        layout: Some(records()),
    };
    hello.write(&mut socket).await?;
    match Said::read(&mut socket).await? {
        Said::Ack(0) => Ok(socket),
        other => Err(io::Error::other(format!("{other:?}"))),
    }
}

/// Sends a message.
pub async fn send(socket: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    socket.write_u32_le(bytes.len() as u32).await?;
    socket.write_all(bytes).await
}

/// Waits until so many messages are acknowledged.
pub async fn acknowledged(socket: &mut TcpStream, n: u64) {
    loop {
        match Said::read(socket).await.unwrap() {
            Said::Ack(k) if k >= n => return,
            Said::Ack(_) => {}
            Said::Refused(why) => panic!("{why}"),
        }
    }
}

/// What the daemon says before it closes.
pub async fn refusal(socket: &mut TcpStream) -> String {
    loop {
        match Said::read(socket).await.expect("a refusal before the end") {
            Said::Refused(why) => return why,
            Said::Ack(_) => {}
        }
    }
}

/// What became of a client's messages.
pub struct Flood {
    pub sent: u64,
    /// Acknowledged before the time was up.
    pub in_time: u64,
}

/// Sends messages as fast as they are taken until the time is up, says goodbye, and waits until all
/// are acknowledged. `next` writes a message by its number.
pub async fn flood(
    socket: TcpStream,
    until: Instant,
    mut next: impl FnMut(u32, &mut Vec<u8>) + Send + 'static,
) -> Flood {
    let (mut reader, mut writer) = socket.into_split();
    let writing = tokio::spawn(async move {
        let mut n = 0;
        let mut piece = Vec::new();
        while Instant::now() < until {
            piece.clear();
            next(n, &mut piece);
            writer.write_u32_le(piece.len() as u32).await.unwrap();
            writer.write_all(&piece).await.unwrap();
            n += 1;
        }
        writer.write_u32_le(0).await.unwrap();
        (u64::from(n), writer)
    });
    let (mut in_time, mut acked) = (0, 0);
    while let Ok(Said::Ack(k)) = Said::read(&mut reader).await {
        acked = k;
        if Instant::now() < until {
            in_time = k;
        }
    }
    let (sent, _writer) = writing.await.unwrap();
    assert_eq!(acked, sent, "all that was sent is acknowledged");
    Flood { sent, in_time }
}
