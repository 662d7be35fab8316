//! One source's bytes into segments.
//!
//! Invariant: `uncommitted` holds exactly the raw bytes that were taken and are not yet promised.
//! When a segment fails (a full disk), it is cut back to what was promised, and they go into the
//! next one; so a failure loses nothing and doubles nothing.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bytes::Bytes;
use catena_filter::{CompressOptions, repair};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use super::name::{SegmentName, SourceName};
use super::{give_name, sync_folder};
use crate::write::CatenaEncoder;

/// How segments are written.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SegmentOptions {
    /// The folder that they lie in. It must be there.
    pub folder: PathBuf,
    /// Whose bytes they hold.
    pub source: SourceName,
    /// Layout, level and the like.
    pub compress: CompressOptions,
    /// Stored bytes after which a segment is finished and the next one begun.
    pub most_bytes: u64,
    /// The same by time since its first byte.
    pub most_age: Duration,
    /// Bytes that the encoder may hold.
    pub budget: usize,
}

impl SegmentOptions {
    /// Segments of at most 256 MiB and an hour.
    pub fn new(folder: impl Into<PathBuf>, source: SourceName) -> Self {
        SegmentOptions {
            folder: folder.into(),
            source,
            compress: CompressOptions::default(),
            most_bytes: 256 << 20,
            most_age: Duration::from_secs(3600),
            budget: crate::DEFAULT_BUDGET,
        }
    }

    /// With these options of compression.
    #[must_use]
    pub fn with_compress(mut self, options: CompressOptions) -> Self {
        self.compress = options;
        self
    }

    /// With segments of at most this many stored bytes and this age; both are looked at after each
    /// commit.
    #[must_use]
    pub fn with_most(mut self, bytes: u64, age: Duration) -> Self {
        (self.most_bytes, self.most_age) = (bytes, age);
        self
    }

    /// With an encoder that holds at most so many bytes.
    #[must_use]
    pub fn with_budget(mut self, bytes: usize) -> Self {
        self.budget = bytes;
        self
    }
}

/// Writes the segments of one source. One writer for a source at a time.
///
/// After an error of [`write`](Self::write) or [`commit`](Self::commit) nothing is lost: what was
/// taken is kept in memory, and the next commit writes it into a new segment. The caller should
/// write no more until that succeeds. Futures that are dropped half-way lose nothing either.
#[derive(Debug)]
pub struct SegmentWriter {
    options: SegmentOptions,
    /// Number of the next segment; none if the last number is taken.
    next: Option<u64>,
    open: Option<Open>,
    /// A segment that failed and still holds more than was promised, with the length to cut it to.
    to_cut: Option<(SegmentName, u64)>,
    uncommitted: VecDeque<Bytes>,
    uncommitted_len: usize,
    committed: u64,
    stored: u64,
}

/// The segment being written.
#[derive(Debug)]
struct Open {
    encoder: CatenaEncoder<File>,
    name: SegmentName,
    since: Instant,
    /// Stored bytes at the last commit; 0: none yet.
    promised_len: u64,
    /// How many of the uncommitted pieces the encoder has in full, and how much of the next one.
    fed: (usize, usize),
}

impl SegmentWriter {
    /// A writer whose first segment follows those that are in the folder.
    ///
    /// # Errors
    /// Those of the file system; `Other` if the source's numbers are used up.
    pub async fn new(options: SegmentOptions) -> io::Result<Self> {
        let (folder, source) = (options.folder.clone(), options.source.clone());
        let next = blocking(move || {
            let mut next = Some(0);
            for entry in fs::read_dir(&folder)? {
                let file = entry?.file_name();
                if let Some(name) = file.to_str().and_then(SegmentName::parse)
                    && name.source == source
                {
                    next = next.and_then(|next| Some(next.max(name.number.checked_add(1)?)));
                }
            }
            next.is_some().then_some(next).ok_or_else(used_up)
        })
        .await?;
        Ok(SegmentWriter {
            options,
            next,
            open: None,
            to_cut: None,
            uncommitted: VecDeque::new(),
            uncommitted_len: 0,
            committed: 0,
            stored: 0,
        })
    }

    /// Raw bytes that are on disk: all that was written before the last commit.
    pub fn committed(&self) -> u64 {
        self.committed
    }

    /// Stored bytes that the committed ones take, but for the ends of segments.
    pub fn stored(&self) -> u64 {
        self.stored
    }

    /// Whether a segment is in work.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Raw bytes that were taken and are not yet on disk.
    pub fn uncommitted(&self) -> usize {
        self.uncommitted_len
    }

    /// Bytes in memory: the uncommitted ones, and what the encoder holds.
    pub fn in_flight(&self) -> usize {
        let encoder = self
            .open
            .as_ref()
            .map_or(0, |open| open.encoder.in_flight());
        self.uncommitted_len + encoder
    }

    /// Takes bytes; waits while the encoder has no room.
    ///
    /// # Errors
    /// Those of the file system; the bytes count as taken.
    pub async fn write(&mut self, bytes: Bytes) -> io::Result<()> {
        if !bytes.is_empty() {
            self.uncommitted_len += bytes.len();
            self.uncommitted.push_back(bytes);
        }
        self.feed().await
    }

    /// Has everything that was written before on disk. Gives [`committed`](Self::committed).
    ///
    /// # Errors
    /// Those of the file system; nothing is lost, and the next commit tries again.
    pub async fn commit(&mut self) -> io::Result<u64> {
        if self.uncommitted.is_empty() {
            return Ok(self.committed);
        }
        self.feed().await?;
        let folder = self.options.folder.clone();
        let Some(open) = &mut self.open else {
            return Err(io::Error::other("no segment is open"));
        };
        let first = open.promised_len == 0;
        let flushed = async {
            open.encoder.flush().await?;
            open.encoder.get_ref().sync_data().await?;
            if first {
                blocking(move || sync_folder(&folder)).await?;
            }
            Ok(open.encoder.get_ref().metadata().await?.len())
        };
        match flushed.await {
            Ok(len) => {
                self.stored += len.saturating_sub(open.promised_len);
                open.promised_len = len;
                open.fed = (0, 0);
            }
            Err(error) => return Err(self.abandon(error).await),
        }
        self.committed += self.uncommitted_len as u64;
        self.uncommitted.clear();
        self.uncommitted_len = 0;
        if self.is_due() {
            self.close().await?;
        }
        Ok(self.committed)
    }

    /// Finishes the segment in work if it is as old as a segment gets; for sources that have fallen
    /// silent.
    ///
    /// # Errors
    /// Those of the file system; what was committed stays.
    pub async fn tick(&mut self) -> io::Result<()> {
        if self.open.is_some() && self.uncommitted.is_empty() && self.is_due() {
            self.close().await?;
        }
        Ok(())
    }

    /// Commits, and finishes the segment in work.
    ///
    /// # Errors
    /// Those of the file system; what was committed before stays, and can be recovered.
    pub async fn finish(&mut self) -> io::Result<u64> {
        self.commit().await?;
        self.close().await?;
        Ok(self.committed)
    }

    fn is_due(&self) -> bool {
        self.open.as_ref().is_some_and(|open| {
            open.promised_len >= self.options.most_bytes
                || open.since.elapsed() >= self.options.most_age
        })
    }

    /// Gives the encoder what it has not got yet, in a new segment if there is none.
    async fn feed(&mut self) -> io::Result<()> {
        if self.uncommitted.is_empty() {
            return Ok(());
        }
        if self.open.is_none() {
            self.cut().await?;
            self.open = Some(self.begin().await?);
        }
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        while let Some(piece) = self.uncommitted.get(open.fed.0) {
            // One write is taken as a whole or not at all, so that `fed` is true wherever this
            // future ends.
            match open.encoder.write(&piece[open.fed.1..]).await {
                Ok(taken) => open.fed.1 += taken,
                Err(error) => return Err(self.abandon(error).await),
            }
            if open.fed.1 == piece.len() {
                open.fed = (open.fed.0 + 1, 0);
            }
        }
        Ok(())
    }

    async fn begin(&mut self) -> io::Result<Open> {
        let name = SegmentName {
            source: self.options.source.clone(),
            number: self.next.ok_or_else(used_up)?,
            finished: false,
        };
        // Before the file is there: if this future is dropped, it may come to be all the same.
        self.next = name.number.checked_add(1);
        let mut options = File::options();
        options.write(true).create_new(true);
        let file = options
            .open(self.options.folder.join(name.to_string()))
            .await?;
        let encoder = CatenaEncoder::with_options(file, self.options.compress.clone())?;
        Ok(Open {
            encoder: encoder.with_budget(self.options.budget),
            name,
            since: Instant::now(),
            promised_len: 0,
            fed: (0, 0),
        })
    }

    /// Ends the segment in work, and gives it its name.
    async fn close(&mut self) -> io::Result<()> {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        let ended = async {
            open.encoder.shutdown().await?;
            open.encoder.get_ref().sync_all().await
        };
        if let Err(error) = ended.await {
            return Err(self.abandon(error).await);
        }
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        let folder = self.options.folder.clone();
        blocking(move || {
            let part = folder.join(open.name.to_string());
            let done = SegmentName {
                finished: true,
                ..open.name
            };
            give_name(&part, &folder.join(done.to_string()))?;
            sync_folder(&folder)
        })
        .await
    }

    /// After a failure: the segment is given up. What was promised of it stays, what was not is cut
    /// off.
    async fn abandon(&mut self, error: io::Error) -> io::Error {
        if let Some(open) = self.open.take() {
            self.to_cut = Some((open.name.clone(), open.promised_len));
            // Its jobs are cancelled; what was handed to the file is written, or has failed, before
            // the file is cut.
            let mut file = open.encoder.into_inner();
            let _ = file.flush().await;
        }
        // If this fails too it is tried again before the next segment begins.
        let _ = self.cut().await;
        error
    }

    /// Cuts a segment that failed back to what was promised of it, and gives it its end and name if
    /// the disk lets that happen; [`super::recover`] does it else.
    async fn cut(&mut self) -> io::Result<()> {
        let Some((name, len)) = self.to_cut.clone() else {
            return Ok(());
        };
        let folder = self.options.folder.clone();
        blocking(move || {
            let part = folder.join(name.to_string());
            if len == 0 {
                return match fs::remove_file(part) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                    _ => Ok(()),
                };
            }
            let mut file = fs::File::options().read(true).write(true).open(&part)?;
            file.set_len(len)?;
            file.sync_all()?;
            let done = SegmentName {
                finished: true,
                ..name
            };
            if repair(&mut file).is_ok() && give_name(&part, &folder.join(done.to_string())).is_ok()
            {
                sync_folder(&folder)?;
            }
            Ok(())
        })
        .await?;
        self.to_cut = None;
        Ok(())
    }
}

/// No segment can be begun: there is no number above the last one, and none is given twice.
fn used_up() -> io::Error {
    io::Error::other("the numbers of this source's segments are used up")
}

/// Runs what waits for the disk where waiting is allowed.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)?
}
