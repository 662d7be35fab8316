//! Sends a file over TCP, compressed on the way; the receiving side decompresses and counts.
//!
//! Run it with a file of your own, or with none for generated records:
//!
//!     cargo run --release -p catena-stream --example async_copy -- events.bin

use std::io;

use catena_stream::{bufread::CatenaDecoder, write::CatenaEncoder};
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

#[tokio::main]
async fn main() -> io::Result<()> {
    let raw = match std::env::args().nth(1) {
        Some(path) => tokio::fs::read(path).await?,
        None => (0..500_000u32)
            .flat_map(|i| (i as f32).sqrt().to_le_bytes())
            .collect(),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;

    // The receiver: a decoder around the socket is a reader like any other.
    let receiver = tokio::spawn(async move {
        let (socket, _) = listener.accept().await?;
        let mut decoder = CatenaDecoder::new(BufReader::new(socket));
        let mut back = Vec::new();
        tokio::io::copy(&mut decoder, &mut back).await?;
        io::Result::Ok((back, decoder.stats().bytes_in))
    });

    // The sender: holds 8 MiB at most; when the socket is slow, the writes wait.
    let socket = TcpStream::connect(address).await?;
    let mut encoder = CatenaEncoder::new(socket).with_budget(8 << 20);
    encoder.write_all(&raw).await?;
    encoder.shutdown().await?; // the last frames and the trailer; a drop would cut the stream short

    let (back, coded_len) = receiver.await.map_err(io::Error::other)??;
    assert!(back == raw, "the same bytes came out");
    println!("{} bytes went over the wire as {coded_len}", raw.len());
    Ok(())
}
