//! Worker threads. They run jobs in the order of submission and know nothing of frames.
//!
//! The queue is a crossbeam channel without a bound of its own: sessions bound it, they have a few
//! frames in flight each.
//! Invariant: a panicking job takes neither its thread nor the process with it.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use crossbeam_channel::{Receiver, Sender, unbounded};

type Job = Box<dyn FnOnce() + Send>;

/// Worker threads that sessions share. They start as jobs come and end when the last handle is
/// dropped.
#[derive(Debug)]
pub struct Pool {
    queue: Queue,
    threads: usize,
}

enum Queue {
    Threads {
        sender: Sender<Job>,
        receiver: Receiver<Job>,
        started: AtomicUsize,
        /// Jobs that are queued or running.
        load: Arc<AtomicUsize>,
    },
    /// Jobs wait until the caller's thread runs them.
    Caller(Mutex<VecDeque<Job>>),
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Queue::Threads { .. } => "Threads",
            Queue::Caller(_) => "Caller",
        })
    }
}

/// Locks, whatever happened to others that held the lock: the data under it is whole at every
/// unlock.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    /// A pool of this many threads (0: as many as the machine has cores).
    pub fn new(threads: usize) -> Arc<Self> {
        let (sender, receiver) = unbounded();
        Arc::new(Pool {
            queue: Queue::Threads {
                sender,
                receiver,
                started: AtomicUsize::new(0),
                load: Arc::new(AtomicUsize::new(0)),
            },
            threads: if threads == 0 { core_n() } else { threads },
        })
    }

    /// The process's own pool, a thread for each core. A forked child gets a new one: its parent's
    /// threads stay behind.
    pub fn shared() -> Arc<Self> {
        static SHARED: Mutex<Option<(u32, Arc<Pool>)>> = Mutex::new(None);
        let process = std::process::id();
        let mut shared = lock(&SHARED);
        match &*shared {
            Some((owner, pool)) if *owner == process => pool.clone(),
            _ => {
                let pool = Pool::new(0);
                if let Some((_, foreign)) = shared.replace((process, pool.clone())) {
                    // Its locks may be held by threads that do not exist here.
                    std::mem::forget(foreign);
                }
                pool
            }
        }
    }

    /// A pool without threads: jobs run in the thread that waits for them.
    pub fn caller() -> Arc<Self> {
        Arc::new(Pool {
            queue: Queue::Caller(Mutex::new(VecDeque::new())),
            threads: 1,
        })
    }

    /// The pool for a session that asks for this many threads: 0 shares [`Pool::shared`].
    pub(crate) fn for_threads(threads: usize) -> Arc<Self> {
        match threads {
            0 => Pool::shared(),
            n => Pool::new(n),
        }
    }

    /// Jobs that may run at a time.
    pub fn threads(&self) -> usize {
        self.threads
    }

    pub(crate) fn spawn(&self, job: impl FnOnce() + Send + 'static) {
        match &self.queue {
            Queue::Caller(jobs) => lock(jobs).push_back(Box::new(job)),
            Queue::Threads {
                sender,
                receiver,
                started,
                load,
            } => {
                let load_now = load.fetch_add(1, Ordering::AcqRel) + 1;
                // The receiver is held by this pool, so the channel is open.
                let _ = sender.send(Box::new(job));
                let started_now = started.load(Ordering::Acquire);
                if started_now < self.threads && started_now < load_now {
                    let claimed = started.compare_exchange(
                        started_now,
                        started_now + 1,
                        Ordering::AcqRel,
                        Ordering::Acquire,
                    );
                    if claimed.is_ok() && !start(receiver.clone(), load.clone()) {
                        started.fetch_sub(1, Ordering::AcqRel);
                    }
                }
            }
        }
    }

    /// Runs one waiting job in the caller's thread if no thread of the pool would.
    pub(crate) fn help(&self) -> bool {
        let job = match &self.queue {
            Queue::Caller(jobs) => lock(jobs).pop_front(),
            Queue::Threads {
                receiver,
                started,
                load,
                ..
            } => {
                if started.load(Ordering::Acquire) > 0 {
                    return false;
                }
                // No thread could be started at all.
                let job = receiver.try_recv().ok();
                if job.is_some() {
                    load.fetch_sub(1, Ordering::AcqRel);
                }
                job
            }
        };
        job.map(run).is_some()
    }
}

fn core_n() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

fn run(job: Job) {
    // What the job owed its session, its own handler has reported.
    let _ = catch_unwind(AssertUnwindSafe(job));
}

/// Starts a worker that lives as long as the pool's sender.
fn start(receiver: Receiver<Job>, load: Arc<AtomicUsize>) -> bool {
    let worker = move || {
        while let Ok(job) = receiver.recv() {
            run(job);
            load.fetch_sub(1, Ordering::AcqRel);
        }
    };
    thread::Builder::new()
        .name("catena".into())
        .spawn(worker)
        .is_ok()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_panic_leaves_the_threads_alive() {
        let pool = Pool::new(2);
        let (sender, receiver) = mpsc::channel();
        for i in 0..20 {
            let sender = sender.clone();
            pool.spawn(move || {
                if i % 2 == 0 {
                    std::panic::resume_unwind(Box::new("expected"));
                }
                sender.send(i).unwrap();
            });
        }
        drop(sender);
        assert_eq!(receiver.iter().count(), 10);
    }

    #[test]
    fn the_caller_runs_its_own_jobs() {
        let pool = Pool::caller();
        let (sender, receiver) = mpsc::channel();
        pool.spawn(move || sender.send(thread::current().id()).unwrap());
        assert!(receiver.try_recv().is_err());
        assert!(pool.help());
        assert_eq!(receiver.recv().unwrap(), thread::current().id());
        assert!(!pool.help());
    }
}
