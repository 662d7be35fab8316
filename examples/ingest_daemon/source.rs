//! One source's stream: messages in, group commits, acknowledgements out.
//!
//! Invariant: a message is acknowledged after the commit that it was part of, and its share of
//! memory is given back then, not before.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use catena_stream::segment::{SegmentWriter, SourceName};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};
use tokio::time::{Instant, sleep, sleep_until};

use crate::args::Args;
use crate::metrics::Metrics;

/// Between two tries to write to a disk that does not take it.
const RETRY: Duration = Duration::from_millis(500);
/// Between two looks at a segment's age.
const TICK: Duration = Duration::from_secs(1);

/// What a connection asks of its source.
pub enum Job {
    /// A client has come; acknowledgements go here and count from 0.
    Attach(watch::Sender<u64>),
    Message(Message),
    /// The client said goodbye: told when all is on disk.
    Goodbye(oneshot::Sender<()>),
    /// Its place is needed, and it has no client.
    Finish,
}

/// A message in memory.
pub struct Message {
    pub bytes: Bytes,
    /// Its share of the memory for messages, of its source and of all.
    pub share: [OwnedSemaphorePermit; 2],
    pub arrived: Instant,
}

/// A source at work.
pub struct Source {
    pub name: SourceName,
    pub writer: SegmentWriter,
    pub args: Arc<Args>,
    pub metrics: Arc<Metrics>,
    /// Turns true when the daemon is to end.
    pub ending: watch::Receiver<bool>,
    /// The encoder's memory, held as long as the source is there.
    pub room: OwnedSemaphorePermit,
}

/// What waits for a commit.
#[derive(Default)]
struct Waiting {
    shares: Vec<[OwnedSemaphorePermit; 2]>,
    arrived: Vec<Instant>,
    /// Since when the first of them is here, which came before that if the disk was slow.
    since: Option<Instant>,
    bytes: u64,
}

impl Source {
    /// Works until all senders of jobs are gone; or there is no client, and nothing is in work or
    /// has come for a segment's age. Then finishes the segment.
    pub async fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        self.metrics.sources.inc();
        if let Err(error) = self.work(&mut jobs).await {
            tracing::error!(source = %self.name, %error, "the segment was not finished; it is at the next start");
        }
        self.metrics.sources.dec();
        drop(self.room);
    }

    async fn work(&mut self, jobs: &mut mpsc::Receiver<Job>) -> io::Result<()> {
        let mut waiting = Waiting::default();
        let mut acks: Option<watch::Sender<u64>> = None;
        let mut acked = 0;
        // Half of the share, so that the next messages come while these are written.
        let enough = (self.args.share() as usize / 2).min(self.args.commit_bytes);
        let mut last_job = Instant::now();
        let forget_after = Duration::from_secs(self.args.segment_age);
        loop {
            let after = self.args.commit_after();
            if waiting.since.is_some_and(|since| since.elapsed() >= after) {
                self.commit(&mut waiting, &mut acked, acks.as_ref()).await?;
            }
            let due = waiting.arrived.first().map(|first| *first + after);
            tokio::select! {
                // What has come while the disk was busy goes into the next commit together, however
                // late its first message is.
                biased;
                job = jobs.recv() => match job {
                    None | Some(Job::Finish) => break,
                    Some(Job::Attach(to)) => {
                        last_job = Instant::now();
                        self.commit(&mut waiting, &mut acked, acks.as_ref()).await?;
                        acked = 0;
                        acks = Some(to);
                    }
                    Some(Job::Message(message)) => {
                        last_job = Instant::now();
                        waiting.since.get_or_insert(last_job);
                        waiting.bytes += message.bytes.len() as u64;
                        waiting.shares.push(message.share);
                        waiting.arrived.push(message.arrived);
                        let failed = self.writer.write(message.bytes).await.is_err();
                        // The commit finds out what is wrong, says so, and waits for the disk.
                        if failed || self.writer.uncommitted() >= enough {
                            self.commit(&mut waiting, &mut acked, acks.as_ref()).await?;
                        }
                    }
                    Some(Job::Goodbye(done)) => {
                        self.commit(&mut waiting, &mut acked, acks.as_ref()).await?;
                        let _ = done.send(());
                    }
                },
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    self.commit(&mut waiting, &mut acked, acks.as_ref()).await?;
                }
                () = sleep(TICK) => {
                    // The registry holds the only sender: there is no client. One that has left
                    // nothing in work is not waited for.
                    let has_client = jobs.sender_strong_count() > 1;
                    let in_work = self.writer.is_open() || !waiting.arrived.is_empty();
                    if !has_client && (!in_work || last_job.elapsed() >= forget_after) {
                        // What was sent before this is still received, and then the end.
                        jobs.close();
                        continue;
                    }
                    if let Err(error) = self.writer.tick().await {
                        tracing::warn!(source = %self.name, %error, "finishing a segment");
                    }
                }
            }
        }
        self.commit(&mut waiting, &mut acked, acks.as_ref()).await?;
        self.writer.finish().await.map(drop)
    }

    /// Has all that waits on disk, however long the disk makes it wait; gives up only when the
    /// daemon ends.
    async fn commit(
        &mut self,
        waiting: &mut Waiting,
        acked: &mut u64,
        acks: Option<&watch::Sender<u64>>,
    ) -> io::Result<()> {
        if waiting.arrived.is_empty() {
            return Ok(());
        }
        let metrics = Arc::clone(&self.metrics);
        let mut stuck = false;
        loop {
            let before = self.writer.stored();
            match self.writer.commit().await {
                Ok(_) => {
                    metrics.stored_bytes.inc_by(self.writer.stored() - before);
                    break;
                }
                Err(error) => {
                    metrics.failed_commits.inc();
                    if !stuck {
                        stuck = true;
                        metrics.stuck.inc();
                        let bytes = waiting.bytes;
                        tracing::error!(source = %self.name, %error, bytes, "cannot write; nothing more is taken until it works");
                    }
                    if *self.ending.borrow() {
                        metrics.stuck.dec();
                        return Err(error);
                    }
                    tokio::select! {
                        () = sleep(RETRY) => {}
                        _ = self.ending.changed() => {}
                    }
                }
            }
        }
        if stuck {
            metrics.stuck.dec();
            tracing::info!(source = %self.name, "writing again");
        }
        metrics.commits.inc();
        metrics.messages.inc_by(waiting.arrived.len() as u64);
        metrics.raw_bytes.inc_by(waiting.bytes);
        metrics
            .waiting_messages
            .dec_by(waiting.arrived.len() as i64);
        metrics.waiting_bytes.dec_by(waiting.bytes as i64);
        *acked += waiting.arrived.len() as u64;
        for arrived in &waiting.arrived {
            metrics.ack_seconds.observe(arrived.elapsed().as_secs_f64());
        }
        *waiting = Waiting::default();
        if let Some(acks) = acks {
            acks.send_replace(*acked);
        }
        Ok(())
    }
}
