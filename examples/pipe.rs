//! Two processes and a pipe: the parent compresses records as they come, the child decompresses
//! them as they arrive.
//!
//!     cargo run --release -p catena-stream --example pipe

use std::io;
use std::process::Stdio;

use bytes::Bytes;
use catena_filter::{CompressOptions, Layout};
use catena_stream::{bufread::CatenaDecoder, write::CatenaEncoder};
use futures_util::{SinkExt, TryStreamExt};
use tokio::io::BufReader;
use tokio::process::Command;
use tokio_util::codec::{BytesCodec, FramedWrite};
use tokio_util::io::ReaderStream;

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    if std::env::args().nth(1).as_deref() == Some("receive") {
        return receive().await;
    }
    let mut child = Command::new(std::env::current_exe()?)
        .arg("receive")
        .stdin(Stdio::piped())
        .spawn()?;
    let Some(pipe) = child.stdin.take() else {
        return Err(io::Error::other("the child has no standard input"));
    };
    let layout = Layout::parse("<u4,<f4").map_err(io::Error::other)?;
    let options = CompressOptions::default().with_layout(layout);
    let encoder = CatenaEncoder::with_options(pipe, options).map_err(io::Error::other)?;
    // A writer is a sink of `Bytes` with tokio-util around it.
    let mut sink = FramedWrite::new(encoder, BytesCodec::new());
    for i in 0..100_000u32 {
        let record = [i.to_le_bytes(), (i as f32).sqrt().to_le_bytes()].concat();
        sink.feed(Bytes::from(record)).await?;
    }
    SinkExt::<Bytes>::close(&mut sink).await?; // the last frames and the trailer
    drop(sink);
    let status = child.wait().await?;
    assert!(status.success(), "the child ended with {status}");
    Ok(())
}

async fn receive() -> io::Result<()> {
    let decoder = CatenaDecoder::new(BufReader::new(tokio::io::stdin()));
    // A reader is a stream of `Bytes` likewise.
    let pieces = ReaderStream::new(decoder).inspect_ok(|piece| assert!(!piece.is_empty()));
    let raw = pieces.try_fold(0, async |sum, piece| Ok(sum + piece.len()));
    println!("{} bytes arrived", raw.await?);
    Ok(())
}
