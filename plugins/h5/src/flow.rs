//! Worker threads with a bounded number of jobs in flight, results in the order of the jobs.
//!
//! One thread fills and empties it; it alone calls the HDF5 library.

use std::collections::VecDeque;
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::error::{Error, Result};

/// Jobs in flight for each worker: one at work, one waiting.
const EACH: usize = 2;

/// The jobs in flight.
pub(crate) struct Flow<'a, J, R> {
    work: &'a (dyn Fn(J) -> R + Sync),
    /// None of one thread: the caller does the work.
    jobs: Option<Sender<(J, Sender<R>)>>,
    waiting: VecDeque<Receiver<R>>,
    most: usize,
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
            most: 1,
        });
    }
    thread::scope(|scope| {
        let most = EACH * threads;
        let (jobs, queue) = bounded::<(J, Sender<R>)>(most);
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
            most,
        };
        body(&mut flow)
    })
}

impl<J: Send, R: Send> Flow<'_, J, R> {
    /// Whether a result has to be taken before the next job.
    pub(crate) fn is_full(&self) -> bool {
        self.waiting.len() >= self.most
    }

    /// Adds a job.
    ///
    /// # Errors
    /// The workers are gone: one panicked.
    pub(crate) fn push(&mut self, job: J) -> Result<()> {
        let (reply, result) = bounded(1);
        match &self.jobs {
            None => {
                let done = (self.work)(job);
                reply.send(done).map_err(|_| gone())?;
            }
            Some(jobs) => jobs.send((job, reply)).map_err(|_| gone())?,
        }
        self.waiting.push_back(result);
        Ok(())
    }

    /// The oldest job's result; `None` if there is no job.
    ///
    /// # Errors
    /// Its worker panicked.
    pub(crate) fn pop(&mut self) -> Result<Option<R>> {
        let Some(oldest) = self.waiting.pop_front() else {
            return Ok(None);
        };
        oldest.recv().map(Some).map_err(|_| gone())
    }
}

fn gone() -> Error {
    Error::new("a worker thread panicked; this is a defect")
}
