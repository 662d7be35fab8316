//! One client: its messages to its source, its acknowledgements back. Whatever it does wrong harms
//! itself alone.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, BufReader};
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::time::{Instant, timeout};

use crate::args::Args;
use crate::metrics::Metrics;
use crate::protocol::{Hello, STILL_HERE, Said};
use crate::source::{Job, Message};
use crate::sources::{Attached, Sources};

/// Time for a hello, and for a client to take a last word.
const GREETING: Duration = Duration::from_secs(10);
/// Messages' memory is counted in pieces of so many bytes.
pub const SHARE: usize = 1 << 10;

/// What all connections share.
pub struct Shared {
    pub args: Arc<Args>,
    pub metrics: Arc<Metrics>,
    pub sources: Sources,
    /// Memory for messages, in [`SHARE`]s. Who waits for it is served in turn, so none starves.
    pub memory: Arc<Semaphore>,
    pub ending: watch::Receiver<bool>,
}

/// Why a connection ended.
enum End {
    Goodbye,
    /// The client closed between two messages, without one.
    Left,
    /// The daemon ends.
    Ending,
}

/// Serves a client to its end.
pub async fn serve<S>(stream: S, peer: String, shared: Arc<Shared>)
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let (reader, mut writer) = tokio::io::split(stream);
    let mut reader = BufReader::with_capacity(64 << 10, reader);
    let hello = match timeout(GREETING, Hello::read(&mut reader)).await {
        Ok(Ok(hello)) => hello,
        Ok(Err(error)) => return refuse(&shared, &mut writer, &peer, error.to_string()).await,
        Err(_) => return refuse(&shared, &mut writer, &peer, "no greeting in time".into()).await,
    };
    let source = hello.source.to_string();
    let attached = match shared.sources.attach(&hello).await {
        Ok(attached) => attached,
        Err(why) => return refuse(&shared, &mut writer, &peer, why).await,
    };
    tracing::info!(%peer, %source, "connected");
    shared.metrics.clients.inc();
    let mut acks = attached.acks.clone();
    let (said_all, all) = oneshot::channel::<Option<String>>();
    let speaker = tokio::spawn(async move {
        speak(&mut writer, &mut acks, all).await;
    });
    let end = listen(&mut reader, &attached, &shared).await;
    let mut last = None;
    match &end {
        Ok(End::Goodbye | End::Ending) => {
            // What came is committed before the last acknowledgement.
            let (done, committed) = oneshot::channel();
            if attached.jobs.send(Job::Goodbye(done)).await.is_ok() {
                let _ = committed.await;
            }
            if matches!(end, Ok(End::Ending)) {
                last = Some("the daemon is ending".to_string());
            }
            tracing::info!(%peer, %source, messages = *attached.acks.borrow(), "done");
        }
        Ok(End::Left) => tracing::warn!(%peer, %source, "left without a goodbye"),
        Err(error) => {
            shared.metrics.cut_off.inc();
            tracing::warn!(%peer, %source, %error, "cut off");
            last = Some(error.to_string());
        }
    }
    let _ = said_all.send(last);
    let _ = timeout(GREETING, speaker).await;
    shared.metrics.clients.dec();
}

async fn refuse<W: AsyncWrite + Unpin>(shared: &Shared, writer: &mut W, peer: &str, why: String) {
    shared.metrics.refused.inc();
    tracing::warn!(%peer, reason = %why, "refused");
    let _ = timeout(GREETING, Said::Refused(why).write(writer)).await;
}

/// Tells a client how far it is, until it is gone or all is said.
async fn speak<W: AsyncWrite + Unpin>(
    writer: &mut W,
    acks: &mut watch::Receiver<u64>,
    mut all: oneshot::Receiver<Option<String>>,
) {
    loop {
        let n = *acks.borrow_and_update();
        if Said::Ack(n).write(writer).await.is_err() {
            return;
        }
        tokio::select! {
            changed = acks.changed() => if changed.is_err() { return },
            last = &mut all => {
                let n = *acks.borrow_and_update();
                if Said::Ack(n).write(writer).await.is_ok()
                    && let Ok(Some(why)) = last
                {
                    let _ = Said::Refused(why).write(writer).await;
                }
                return;
            }
        }
    }
}

/// Hands messages to the source, until the client ends or does something wrong.
async fn listen<R: AsyncRead + Unpin>(
    reader: &mut BufReader<R>,
    attached: &Attached,
    shared: &Shared,
) -> io::Result<End> {
    let mut ending = shared.ending.clone();
    let stall = Duration::from_secs(shared.args.stall);
    let silence = Duration::from_secs(shared.args.silence);
    loop {
        // Between two messages a client may be silent for longer than inside one, but not for ever:
        // it may be gone without a word, and holds its source.
        let first = tokio::select! {
            biased;
            _ = ending.wait_for(|&ending| ending) => return Ok(End::Ending),
            first = timeout(silence, reader.read_u8()) => first,
        };
        let first = match first {
            Err(_) => {
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "silent for too long",
                ));
            }
            Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(End::Left),
            Ok(first) => first?,
        };
        let mut len = [first, 0, 0, 0];
        fill(reader, &mut len[1..], stall).await?;
        let len = u32::from_le_bytes(len);
        if len == 0 {
            return Ok(End::Goodbye);
        }
        if len == STILL_HERE {
            continue;
        }
        if len > shared.args.longest {
            let why = format!(
                "a message of {len} bytes; the longest is {}",
                shared.args.longest
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        let shares = (len as usize).div_ceil(SHARE) as u32;
        // Its own share first: while it waits for that, it holds nothing that others need.
        let memory = async {
            let own = Arc::clone(&attached.share)
                .acquire_many_owned(shares)
                .await?;
            let of_all = Arc::clone(&shared.memory)
                .acquire_many_owned(shares)
                .await?;
            Ok::<_, tokio::sync::AcquireError>([own, of_all])
        };
        let share = tokio::select! {
            biased;
            _ = ending.wait_for(|&ending| ending) => return Ok(End::Ending),
            share = memory => share.map_err(io::Error::other)?,
        };
        let bytes = tokio::select! {
            biased;
            // What has not come in full was not promised.
            _ = ending.wait_for(|&ending| ending) => return Ok(End::Ending),
            bytes = body(reader, len as usize, stall) => bytes?,
        };
        shared.metrics.waiting_messages.inc();
        shared.metrics.waiting_bytes.inc_by(i64::from(len));
        let message = Message {
            bytes,
            share,
            arrived: Instant::now(),
        };
        if attached.jobs.send(Job::Message(message)).await.is_err() {
            return Err(io::Error::other("the source has ended"));
        }
    }
}

async fn body<R: AsyncRead + Unpin>(
    reader: &mut R,
    len: usize,
    stall: Duration,
) -> io::Result<Bytes> {
    let mut bytes = BytesMut::zeroed(len);
    fill(reader, &mut bytes, stall).await?;
    Ok(bytes.freeze())
}

/// Reads until `into` is full. Any byte in time is progress: a slow client holds its own share of
/// memory and no other's.
async fn fill<R: AsyncRead + Unpin>(
    reader: &mut R,
    into: &mut [u8],
    stall: Duration,
) -> io::Result<()> {
    let mut filled = 0;
    while filled < into.len() {
        let read = timeout(stall, reader.read(&mut into[filled..])).await;
        let stalled = || io::Error::new(io::ErrorKind::TimedOut, "stopped inside a message");
        match read.map_err(|_| stalled())?? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => filled += n,
        }
    }
    Ok(())
}
