//! An ingest daemon: many clients send messages, each source becomes a Catena stream on disk, and a
//! message is acknowledged when it is durable.
//!
//!     cargo run --release -p catena-stream --example ingest_daemon -- \
//!         --folder data --metrics 127.0.0.1:9117
//!
//! `ingest_client` is a client; docs/ingest.md says what is promised, and protocol.rs what goes
//! over the wire.
//!
//! A message's way: connection (a share of memory, then its bytes) - source (into the encoder,
//! whose work is done by the codec's own threads) - commit (the frame ends, fsync) -
//! acknowledgement. Each step waits for the next one, so that a slow disk slows the senders down
//! and nothing grows.

mod args;
mod connection;
mod descriptors;
mod metrics;
mod protocol;
mod source;
mod sources;

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use catena_stream::segment::{Recovery, lock, recover};
use clap::Parser;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use args::Args;
use connection::{SHARE, Shared, serve};
use descriptors::{Descriptors, accept};
use metrics::Metrics;
use sources::Sources;

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let logs = tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(false);
    if args.json {
        logs.json().init();
    } else {
        logs.init();
    }
    match run(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "ended");
            ExitCode::FAILURE
        }
    }
}

async fn run(mut args: Args) -> io::Result<()> {
    args.check()
        .map_err(|why| io::Error::new(io::ErrorKind::InvalidInput, why))?;
    // Before anything tells that the daemon is there: who sees it may end it.
    let mut signals = Signals::watch()?;
    std::fs::create_dir_all(&args.folder)?;
    // Held to the end: a second daemon on this folder ends here.
    let _lock = lock(&args.folder)?;
    for found in recover(&args.folder)? {
        let path = found.path.display();
        match found.recovery {
            Recovery::Kept {
                frames,
                raw_len,
                lost_len,
                ..
            } => {
                tracing::info!(%path, frames, raw_len, lost_len, "recovered a segment")
            }
            Recovery::Removed => tracing::info!(%path, "removed a segment that held nothing"),
            Recovery::Failed(error) => {
                tracing::error!(%path, %error, "could not recover a segment")
            }
        }
    }
    let metrics = Metrics::new();
    if let Some(address) = args.metrics {
        metrics::serve(Arc::clone(&metrics), address).await?;
    }
    metrics::watch_the_clock(Arc::clone(&metrics));
    let listener = TcpListener::bind(args.listen).await?;
    let local = Local::bind(&args)?;
    let descriptors = Descriptors::share_out(args.sources());
    args.most_sources = descriptors.sources;
    let slots = Arc::new(Semaphore::new(descriptors.connections));
    let args = Arc::new(args);
    let (end, ending) = watch::channel(false);
    let shared = Arc::new(Shared {
        sources: Sources::new(Arc::clone(&args), Arc::clone(&metrics), ending.clone()),
        memory: Arc::new(Semaphore::new(
            (args.memory as usize) << 19 >> SHARE.ilog2(),
        )),
        args: Arc::clone(&args),
        metrics,
        ending,
    });
    tracing::info!(address = %listener.local_addr()?, "listening");
    let mut clients = JoinSet::new();
    loop {
        let accepted = accept(&slots, async {
            tokio::select! {
                far = listener.accept() => far.map(|(socket, peer)| Caller::Far(socket, peer)),
                near = local.accept() => near.map(Caller::Near),
            }
        });
        tokio::select! {
            () = signals.asked_to_end() => break,
            accepted = accepted => match accepted {
                Ok((caller, slot)) => {
                    let served = caller.serve(Arc::clone(&shared));
                    clients.spawn(async { served.await; drop(slot) });
                }
                Err(error) => rest(&error).await,
            },
            Some(_) = clients.join_next(), if !clients.is_empty() => {}
        }
    }
    tracing::info!("ending: what has come is written, nothing more is taken");
    end.send_replace(true);
    let drained = async {
        while clients.join_next().await.is_some() {}
        shared.sources.finish().await;
    };
    let drained = timeout(Duration::from_secs(args.drain), drained).await;
    drop(local);
    match drained {
        Ok(()) => tracing::info!("ended"),
        Err(_) => {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "not all segments were finished in time; they are at the next start",
            ));
        }
    }
    Ok(())
}

/// Who has connected, over TCP or on this machine.
enum Caller<N> {
    Far(TcpStream, SocketAddr),
    Near(N),
}

impl<N: AsyncRead + AsyncWrite + Send + 'static> Caller<N> {
    async fn serve(self, shared: Arc<Shared>) {
        match self {
            Caller::Far(socket, peer) => {
                let _ = socket.set_nodelay(true);
                if let Err(error) = watch_for_its_end(&socket) {
                    tracing::warn!(%peer, %error, "no keepalive");
                }
                serve(socket, peer.to_string(), shared).await;
            }
            Caller::Near(socket) => serve(socket, "unix".into(), shared).await,
        }
    }
}

/// Has the system ask a silent client whether it is there, and give it up when it does not answer:
/// after a minute, or a minute after bytes for it.
fn watch_for_its_end(socket: &TcpStream) -> io::Result<()> {
    let socket = socket2::SockRef::from(socket);
    let keepalive = socket2::TcpKeepalive::new()
        .with_time(Duration::from_secs(30))
        .with_interval(Duration::from_secs(10));
    #[cfg(target_os = "linux")]
    let keepalive = {
        socket.set_tcp_user_timeout(Some(Duration::from_secs(60)))?;
        keepalive.with_retries(3)
    };
    socket.set_tcp_keepalive(&keepalive)
}

/// Too many open files, say: a moment later it may work.
async fn rest(error: &io::Error) {
    tracing::error!(%error, "accepting");
    tokio::time::sleep(Duration::from_millis(100)).await;
}

/// The Unix socket, if there is one.
#[cfg(unix)]
struct Local(Option<(tokio::net::UnixListener, std::path::PathBuf)>);

#[cfg(unix)]
impl Local {
    /// Binds it, at a path where a daemon that died may have left one.
    fn bind(args: &Args) -> io::Result<Self> {
        use std::os::unix::fs::FileTypeExt;
        let Some(path) = &args.unix else {
            return Ok(Local(None));
        };
        if std::fs::metadata(path).is_ok_and(|m| m.file_type().is_socket()) {
            std::fs::remove_file(path)?;
        }
        let listener = tokio::net::UnixListener::bind(path)?;
        Ok(Local(Some((listener, path.clone()))))
    }

    async fn accept(&self) -> io::Result<tokio::net::UnixStream> {
        match &self.0 {
            Some((listener, _)) => listener.accept().await.map(|(socket, _)| socket),
            None => std::future::pending().await,
        }
    }
}

#[cfg(unix)]
impl Drop for Local {
    fn drop(&mut self) {
        if let Some((_, path)) = &self.0 {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// There are none on this system.
#[cfg(not(unix))]
struct Local;

#[cfg(not(unix))]
impl Local {
    fn bind(_: &Args) -> io::Result<Self> {
        Ok(Local)
    }

    async fn accept(&self) -> io::Result<tokio::net::TcpStream> {
        std::future::pending().await
    }
}

/// SIGTERM and SIGINT, of which none is missed once this exists.
#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn watch() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for the first.
    async fn asked_to_end(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Ctrl-C.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn watch() -> io::Result<Self> {
        Ok(Signals)
    }

    async fn asked_to_end(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
