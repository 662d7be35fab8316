//! A client of the daemon, in the words of its own protocol.

#[path = "../../../examples/ingest_daemon/protocol.rs"]
mod protocol;

use std::io;

pub use protocol::{Hello, Said};
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
