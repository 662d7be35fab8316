//! Which sources there are, and which of them have a client.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use catena_filter::{CompressOptions, Layout};
use catena_stream::segment::{SegmentOptions, SegmentWriter, SourceName};
use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use crate::args::Args;
use crate::connection::SHARE;
use crate::metrics::Metrics;
use crate::protocol::Hello;
use crate::source::{Job, Source};

/// Messages that may wait between a connection and its source; memory bounds them as well.
const QUEUE: usize = 64;
/// How long a source that gives way may take to finish its segment.
const PATIENCE: Duration = Duration::from_secs(5);

/// All sources.
pub struct Sources {
    args: Arc<Args>,
    metrics: Arc<Metrics>,
    ending: watch::Receiver<bool>,
    /// MiB for encoders.
    room: Arc<Semaphore>,
    open: Mutex<HashMap<SourceName, Open>>,
}

struct Open {
    layout: Option<Layout>,
    jobs: mpsc::Sender<Job>,
    task: JoinHandle<()>,
    /// Held by the connection that feeds it.
    taken: Arc<Mutex<()>>,
    /// When a client came last.
    used: Instant,
}

/// A connection's hold on its source.
pub struct Attached {
    pub jobs: mpsc::Sender<Job>,
    pub acks: watch::Receiver<u64>,
    /// Memory of this source's messages, in [`SHARE`]s.
    pub share: Arc<Semaphore>,
    _taken: OwnedMutexGuard<()>,
}

impl Sources {
    pub fn new(args: Arc<Args>, metrics: Arc<Metrics>, ending: watch::Receiver<bool>) -> Self {
        Sources {
            room: Arc::new(Semaphore::new(args.encoder_memory() as usize)),
            args,
            metrics,
            ending,
            open: Mutex::default(),
        }
    }

    /// Gives a client its source; or says why not.
    pub async fn attach(&self, hello: &Hello) -> Result<Attached, String> {
        let mut open = self.open.lock().await;
        open.retain(|_, source| !source.jobs.is_closed());
        let name = &hello.source;
        let taken = open.get(name).map(|source| Arc::clone(&source.taken));
        let taken = taken.unwrap_or_default();
        let guard = Arc::clone(&taken)
            .try_lock_owned()
            .map_err(|_| format!("another client is writing to {name}"))?;
        // A stream has one layout: with another one, its segment is finished and a new one begun.
        let other = |source: &Open| source.layout != hello.layout;
        if open.get(name).is_some_and(other)
            && let Some(old) = open.remove(name)
        {
            drop(old.jobs);
            let _ = old.task.await;
        }
        let share = Arc::new(Semaphore::new((self.args.share() as usize).div_ceil(SHARE)));
        loop {
            let (to, acks) = watch::channel(0);
            let jobs = match open.get_mut(name) {
                Some(source) => {
                    source.used = Instant::now();
                    source.jobs.clone()
                }
                None => {
                    let room = self.room(&mut open).await?;
                    let source = self.begin(hello, Arc::clone(&taken), room).await?;
                    let jobs = source.jobs.clone();
                    open.insert(name.clone(), source);
                    jobs
                }
            };
            if jobs.send(Job::Attach(to)).await.is_ok() {
                return Ok(Attached {
                    jobs,
                    acks,
                    share: Arc::clone(&share),
                    _taken: guard,
                });
            }
            // It has ended just now, having been idle for long.
            open.remove(name);
        }
    }

    /// Memory for one more source. If there is none, the source that has been without a client for
    /// longest is finished for it.
    async fn room(
        &self,
        open: &mut HashMap<SourceName, Open>,
    ) -> Result<OwnedSemaphorePermit, String> {
        loop {
            let room = Arc::clone(&self.room).try_acquire_many_owned(self.args.source_memory);
            if let Ok(room) = room {
                return Ok(room);
            }
            let idle = open
                .iter()
                .filter(|(_, source)| source.taken.try_lock().is_ok())
                .min_by_key(|(_, source)| source.used)
                .map(|(name, _)| name.clone());
            let idle = idle.and_then(|name| open.remove_entry(&name));
            let Some((name, mut old)) = idle else {
                return Err("no memory for another source".into());
            };
            // Its memory comes back when its segment is on the disk, which may be full. If it has
            // ended by itself, nobody hears this.
            let _ = old.jobs.try_send(Job::Finish);
            if timeout(PATIENCE, &mut old.task).await.is_err() {
                open.insert(name, old);
                return Err("no memory for another source while the disk takes nothing".into());
            }
        }
    }

    async fn begin(
        &self,
        hello: &Hello,
        taken: Arc<Mutex<()>>,
        room: OwnedSemaphorePermit,
    ) -> Result<Open, String> {
        let args = &self.args;
        let mut compress = CompressOptions::default()
            .with_level(args.level)
            // Of a frame, what came in, what goes out and what is in between are in memory at once.
            .with_frame_size((args.source_memory as usize) << 18)
            // All streams share one pool of a thread for each core.
            .with_threads(0);
        if let Some(layout) = &hello.layout {
            compress = compress.with_layout(layout.clone());
        }
        let options = SegmentOptions::new(&args.folder, hello.source.clone())
            .with_compress(compress)
            .with_most(args.segment_bytes, Duration::from_secs(args.segment_age))
            .with_budget((args.source_memory as usize) << 20);
        let writer = SegmentWriter::new(options)
            .await
            .map_err(|e: io::Error| format!("cannot write: {e}"))?;
        let (jobs, queue) = mpsc::channel(QUEUE);
        let source = Source {
            name: hello.source.clone(),
            writer,
            args: Arc::clone(args),
            metrics: Arc::clone(&self.metrics),
            ending: self.ending.clone(),
            room,
        };
        Ok(Open {
            layout: hello.layout.clone(),
            jobs,
            task: tokio::spawn(source.run(queue)),
            taken,
            used: Instant::now(),
        })
    }

    /// Finishes all segments. No connection may hold a source any more.
    pub async fn finish(&self) {
        let all: Vec<Open> = self
            .open
            .lock()
            .await
            .drain()
            .map(|(_, open)| open)
            .collect();
        let tasks: Vec<JoinHandle<()>> = all.into_iter().map(|open| open.task).collect();
        for task in tasks {
            let _ = task.await;
        }
    }
}
