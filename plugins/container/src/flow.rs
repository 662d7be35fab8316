//! Worker threads with a bounded number of jobs in flight, results in the order of the jobs.
//!
//! One thread fills and empties it. When it has to stop and take a result depends on the jobs
//! alone, not on the threads nor on who is done first: so does the order in which a file is
//! written, and with it every address in it.

use std::collections::VecDeque;
use std::fmt;
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};

/// Most jobs in flight.
const MOST_JOBS: usize = 128;
/// Bytes in flight that are enough, from [`FEWEST_JOBS`] on.
const ENOUGH_BYTES: usize = 256 << 20;
/// Jobs in flight that any size may have.
const FEWEST_JOBS: usize = 4;

/// The jobs in flight.
pub struct Flow<'a, J, R> {
    work: &'a (dyn Fn(J) -> R + Sync),
    /// None of one thread: the caller does the work.
    jobs: Option<Sender<(J, Sender<R>)>>,
    /// Each with its job's bytes.
    waiting: VecDeque<(Receiver<R>, usize)>,
    bytes: usize,
}

/// A worker panicked: a defect of what it was given to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerPanicked;

impl fmt::Display for WorkerPanicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a worker thread panicked; this is a defect")
    }
}

impl std::error::Error for WorkerPanicked {}

/// Runs `body` beside `threads` workers, or alone where that is 0 or 1: it does the work itself
/// then.
pub fn with_workers<J: Send, R: Send, T>(
    threads: usize,
    work: &(dyn Fn(J) -> R + Sync),
    body: impl FnOnce(&mut Flow<'_, J, R>) -> T,
) -> T {
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
    pub fn is_full(&self) -> bool {
        let jobs = self.waiting.len();
        jobs >= MOST_JOBS || jobs >= FEWEST_JOBS && self.bytes >= ENOUGH_BYTES
    }

    /// Adds a job that keeps about so many bytes until its result is taken.
    ///
    /// # Errors
    /// The workers are gone: one panicked.
    pub fn push(&mut self, job: J, bytes: usize) -> Result<(), WorkerPanicked> {
        let (reply, result) = bounded(1);
        match &self.jobs {
            None => {
                let done = (self.work)(job);
                reply.send(done).map_err(|_| WorkerPanicked)?;
            }
            Some(jobs) => jobs.send((job, reply)).map_err(|_| WorkerPanicked)?,
        }
        self.waiting.push_back((result, bytes));
        self.bytes += bytes;
        Ok(())
    }

    /// The oldest job's result; `None` if there is no job.
    ///
    /// # Errors
    /// Its worker panicked.
    pub fn pop(&mut self) -> Result<Option<R>, WorkerPanicked> {
        let Some((oldest, bytes)) = self.waiting.pop_front() else {
            return Ok(None);
        };
        self.bytes -= bytes;
        oldest.recv().map(Some).map_err(|_| WorkerPanicked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_jobs() {
        for threads in [0, 1, 3] {
            let work = |n: u64| n * n;
            let squares = with_workers(threads, &work, |flow| {
                let mut squares = Vec::new();
                for n in 0..1000 {
                    while flow.is_full() {
                        squares.extend(flow.pop()?);
                    }
                    flow.push(n, 1)?;
                }
                while let Some(square) = flow.pop()? {
                    squares.push(square);
                }
                Ok::<_, WorkerPanicked>(squares)
            });
            let expected: Vec<u64> = (0..1000).map(|n| n * n).collect();
            assert_eq!(squares, Ok(expected));
        }
    }
}
