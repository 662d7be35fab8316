//! The daemon's arguments.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use catena_filter::Level;
use clap::Parser;

/// Takes messages from many clients and keeps them in compressed segments, one stream for each
/// source. A message is acknowledged when it is on disk.
#[derive(Parser, Clone, Debug)]
pub struct Args {
    /// Where segments go; one daemon for a folder
    #[arg(long, value_name = "FOLDER")]
    pub folder: PathBuf,
    /// Listen here for clients; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7117")]
    pub listen: SocketAddr,
    /// Listen on a Unix socket as well
    #[cfg(unix)]
    #[arg(long, value_name = "PATH")]
    pub unix: Option<PathBuf>,
    /// Metrics in Prometheus' form, at http://ADDRESS/metrics; /healthz says whether the disk takes
    /// what comes
    #[arg(long, value_name = "ADDRESS")]
    pub metrics: Option<SocketAddr>,
    /// Level, 1 to 9. From 3 on each source takes about 0.4 MB for each column beside --memory
    #[arg(long, value_name = "N", default_value = "2", value_parser = parse_level)]
    pub level: Level,
    /// MiB for the messages and encoders of all sources; clients wait while it is used up
    #[arg(long, value_name = "MIB", default_value_t = 256, value_parser = clap::value_parser!(u32).range(8..))]
    pub memory: u32,
    /// MiB of it for the encoder of each source: what is left over sets how many sources there can
    /// be
    #[arg(long, value_name = "MIB", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub source_memory: u32,
    /// Longest message in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 20)]
    pub longest: u32,
    /// Commit at the latest so many milliseconds after a message came, or after the commit before
    #[arg(long, value_name = "MS", default_value_t = 200)]
    pub commit_ms: u64,
    /// Commit once a source has so many bytes waiting
    #[arg(long, value_name = "BYTES", default_value_t = 4 << 20)]
    pub commit_bytes: usize,
    /// Stored bytes of a segment
    #[arg(long, value_name = "BYTES", default_value_t = 256 << 20)]
    pub segment_bytes: u64,
    /// Seconds until a segment is finished, and until a source without a client is forgotten if
    /// nobody needs its place before
    #[arg(long, value_name = "S", default_value_t = 3600)]
    pub segment_age: u64,
    /// Seconds after which a client that stops inside a message is cut off; while bytes come,
    /// however few, it does not stop
    #[arg(long, value_name = "S", default_value_t = 30)]
    pub stall: u64,
    /// Seconds after which a client that says nothing between two messages is cut off, so that its
    /// source is free; one that is alive and has nothing to send says so now and then
    #[arg(long, value_name = "S", default_value_t = 120)]
    pub silence: u64,
    /// Seconds for finishing all segments after SIGTERM
    #[arg(long, value_name = "S", default_value_t = 60)]
    pub drain: u64,
    /// Logs as JSON, a line each
    #[arg(long)]
    pub json: bool,
    /// Sources that there are file descriptors for
    #[arg(skip = u32::MAX)]
    pub most_sources: u32,
}

impl Args {
    /// How long a message may wait for its commit.
    pub fn commit_after(&self) -> Duration {
        Duration::from_millis(self.commit_ms)
    }

    /// Sources that there are memory and file descriptors for.
    pub fn sources(&self) -> u32 {
        let by_memory = self.memory / 2 / self.source_memory;
        by_memory.min(self.most_sources).max(1)
    }

    /// MiB for the encoders of all of them.
    pub fn encoder_memory(&self) -> u32 {
        self.sources() * self.source_memory
    }

    /// Bytes of messages that a source may have waiting for a commit, so that none takes the memory
    /// of the others: its part of what is for messages.
    pub fn share(&self) -> u32 {
        let part = (u64::from(self.memory) << 19) / u64::from(self.sources());
        u32::try_from(part).unwrap_or(u32::MAX).max(self.longest)
    }

    /// What contradicts itself.
    pub fn check(&self) -> Result<(), String> {
        let half = u64::from(self.memory) << 19;
        if u64::from(self.longest) > half {
            return Err(format!(
                "--longest: half of --memory, {half} bytes, is for messages"
            ));
        }
        if self.longest == 0 {
            return Err("--longest: no message is that short".into());
        }
        Ok(())
    }
}

fn parse_level(text: &str) -> Result<Level, String> {
    let number = text.parse().map_err(|_| "not a number".to_string())?;
    Level::new(number).ok_or_else(|| "levels are 1 to 9".into())
}
