//! Worker threads with a bounded number of jobs in flight, results in the order of the jobs.
//!
//! One thread fills and empties it; it alone calls the HDF5 library. When it has to stop and take a result depends on the jobs alone, not on the threads nor on
//! who is done first: so does the order in which a file is written, and with it every address in it.

use std::collections::VecDeque;
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::error::{Error, Result};

/// Most jobs in flight.
const MOST_JOBS: usize = 128;
/// Bytes in flight that are enough, from [`FEWEST_JOBS`] on.
const ENOUGH_BYTES: usize = 256 << 20;
/// Jobs in flight that any size may have.
const FEWEST_JOBS: usize = 4;

/// The jobs in flight.
pub(crate) struct Flow<'a, J, R> {
    work: &'a (dyn Fn(J) -> R + Sync),
    /// None of one thread: the caller does the work.
    jobs: Option<Sender<(J, Sender<R>)>>,
    /// Each with its job's bytes.
    waiting: VecDeque<(Receiver<R>, usize)>,
    bytes: usize,
}

/// Runs `body` beside `threads` workers.
pub(crate) fn with_workers<J: Send, R: Send, T>(
    threads: usize,
    work: &(dyn Fn(J) -> R + Sync),
    body: impl FnOnce(&mut Flow<'_, J, R>) -> Result<T>,
) -> Result<T> {
    if threads <= 1 {
        return body(&mut Flow {
            work,
            jobs: None,
            waiting: VecDeque::new(),
            bytes: 0,
        });
    }
    thread::scope(|scope| {
        let (jobs, queue) = bounded::<(J, Sender<R>)>(MOST_JOBS);
        for _ in 0..threads {
            let queue = queue.clone();
            scope.spawn(move || {
                for (job, reply) in queue {
                    // Nobody listens any more if the other end failed.
                    let _ = reply.send(work(job));
                }
            });
        }
        drop(queue);
        let mut flow = Flow {
            work,
            jobs: Some(jobs),
            waiting: VecDeque::new(),
            bytes: 0,
        };
        body(&mut flow)
    })
}

impl<J: Send, R: Send> Flow<'_, J, R> {
    /// Whether a result has to be taken before the next job.
    pub(crate) fn is_full(&self) -> bool {
        let jobs = self.waiting.len();
        jobs >= MOST_JOBS || jobs >= FEWEST_JOBS && self.bytes >= ENOUGH_BYTES
    }

    /// Adds a job that keeps about so many bytes until its result is taken.
    ///
    /// # Errors
    /// The workers are gone: one panicked.
    pub(crate) fn push(&mut self, job: J, bytes: usize) -> Result<()> {
        let (reply, result) = bounded(1);
        match &self.jobs {
            None => {
                let done = (self.work)(job);
                reply.send(done).map_err(|_| gone())?;
            }
            Some(jobs) => jobs.send((job, reply)).map_err(|_| gone())?,
        }
        self.waiting.push_back((result, bytes));
        self.bytes += bytes;
        Ok(())
    }

    /// The oldest job's result; `None` if there is no job.
    ///
    /// # Errors
    /// Its worker panicked.
    pub(crate) fn pop(&mut self) -> Result<Option<R>> {
        let Some((oldest, bytes)) = self.waiting.pop_front() else {
            return Ok(None);
        };
        self.bytes -= bytes;
        oldest.recv().map(Some).map_err(|_| gone())
    }
}

fn gone() -> Error {
    Error::new("a worker thread panicked; this is a defect")
}
