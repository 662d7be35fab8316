//! A client of the ingest daemon: sends a file in messages, or records that it makes up, and waits
//! until all of it is on disk.
//!
//!     cargo run --release -p catena-stream --example ingest_client -- \
//!         --source run7 --dtype '<u8,<f4' events.bin
//!
//! It says how many messages were acknowledged, whatever happens: those, and no others, are
//! certain.

#[path = "ingest_daemon/protocol.rs"]
mod protocol;

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use catena_filter::Layout;
use catena_stream::segment::SourceName;
use clap::Parser;
use protocol::{Hello, STILL_HERE, Said};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader, BufWriter};
use tokio::net::TcpStream;

/// Longest silence.
const SAY: Duration = Duration::from_secs(20);

/// Sends data to the ingest daemon.
#[derive(Parser)]
struct Args {
    /// The data [default: records of <u4,<f4 that are made up]
    file: Option<PathBuf>,
    /// The daemon
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7117")]
    to: String,
    /// The source's name
    #[arg(long, value_name = "NAME")]
    source: SourceName,
    /// What a record is [default: detected by the daemon; <u4,<f4 without a file]
    #[arg(long, value_name = "DTYPE", value_parser = |text: &str| Layout::parse(text).map_err(|e| e.to_string()))]
    dtype: Option<Layout>,
    /// Bytes of a message
    #[arg(long, value_name = "BYTES", default_value_t = 64 << 10)]
    message: usize,
    /// Send so many messages; a file is begun again at its end
    #[arg(long, value_name = "N")]
    messages: Option<u64>,
    /// At most so many bytes a second
    #[arg(long, value_name = "BYTES")]
    rate: Option<f64>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let args = Args::parse();
    let data = match &args.file {
        Some(path) => tokio::fs::read(path).await?,
        None => (0..1_000_000u32)
            .flat_map(|i| {
                [
                    i.to_le_bytes(),
                    (f64::from(i) * 1e-4).sin().to_bits().to_le_bytes()[4..]
                        .try_into()
                        .unwrap_or([0; 4]),
                ]
                .concat()
            })
            .collect(),
    };
    let made_up = || Layout::parse("<u4,<f4").ok();
    let layout = args
        .dtype
        .clone()
        .or_else(|| args.file.is_none().then(made_up).flatten());
    if data.is_empty() || args.message == 0 {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "nothing to send",
        ));
    }
    let pieces = data.len().div_ceil(args.message) as u64;
    let n = args.messages.unwrap_or(pieces);
    let socket = TcpStream::connect(&args.to).await?;
    socket.set_nodelay(true)?;
    let (reader, writer) = socket.into_split();
    let mut reader = BufReader::new(reader);
    let mut writer = BufWriter::new(writer);
    let hello = Hello {
        source: args.source,
        layout,
    };
    hello.write(&mut writer).await?;
    writer.flush().await?;

    let start = Instant::now();
    let send = async {
        let mut sent = 0f64;
        for i in 0..n {
            let at = (i % pieces) as usize * args.message;
            let piece = &data[at..data.len().min(at + args.message)];
            writer.write_u32_le(piece.len() as u32).await?;
            writer.write_all(piece).await?;
            sent += piece.len() as f64;
            if let Some(rate) = args.rate {
                writer.flush().await?;
                let due = Duration::from_secs_f64(sent / rate);
                // Who is silent for long has to say that it is there.
                loop {
                    let left = due.saturating_sub(start.elapsed());
                    tokio::time::sleep(left.min(SAY)).await;
                    if left <= SAY {
                        break;
                    }
                    writer.write_u32_le(STILL_HERE).await?;
                    writer.flush().await?;
                }
            }
        }
        writer.write_u32_le(0).await?;
        writer.flush().await?;
        // Open until the daemon has said its last word.
        std::future::pending::<io::Result<()>>().await
    };
    let mut acked = 0;
    let listen = async {
        loop {
            match Said::read(&mut reader).await {
                Ok(Said::Ack(k)) => acked = k,
                Ok(Said::Refused(why)) => return Err(io::Error::other(why)),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                Err(error) => return Err(error),
            }
            if acked == n {
                // Nothing more is to come but the end.
                let _ = reader.read_u8().await;
                return Ok(());
            }
        }
    };
    let result = tokio::select! {
        result = listen => result,
        result = send => result,
    };
    println!(
        "{acked} of {n} messages are on disk after {:.2} s",
        start.elapsed().as_secs_f64()
    );
    match result {
        Ok(()) if acked < n => Err(io::Error::other(
            "the daemon closed before all was acknowledged",
        )),
        result => result,
    }
}
