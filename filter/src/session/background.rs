//! One piece of work beside the frames, as a job of the pool: milliseconds or a file, which a
//! caller on an event loop does not have.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crate::flow::Notify;
use crate::pool::{Pool, lock};

/// Work that is being done, and its result once it is.
pub(super) struct Background<T> {
    shared: Arc<Shared<T>>,
    pool: Arc<Pool>,
}

struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    result: Option<T>,
    notify: Option<Notify>,
}

impl<T: Send + 'static> Background<T> {
    /// Starts the work, which must not panic.
    pub(super) fn start(
        pool: Arc<Pool>,
        notify: Option<Notify>,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Self {
        let state = State {
            result: None,
            notify,
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            changed: Condvar::new(),
        });
        // Nobody waits for the result in a session that was dropped.
        let job = Arc::downgrade(&shared);
        pool.spawn(move || {
            if job.strong_count() == 0 {
                return;
            }
            let result = work();
            let Some(shared) = job.upgrade() else { return };
            let mut state = lock(&shared.state);
            state.result = Some(result);
            let notify = state.notify.clone();
            drop(state);
            shared.changed.notify_all();
            if let Some(notify) = notify {
                notify();
            }
        });
        Background { shared, pool }
    }

    /// The result, once it is there.
    pub(super) fn take(&self) -> Option<T> {
        lock(&self.shared.state).result.take()
    }

    pub(super) fn set_notify(&self, notify: Notify) {
        lock(&self.shared.state).notify = Some(notify);
    }

    /// Blocks until the result is there.
    pub(super) fn wait(&self) {
        while lock(&self.shared.state).result.is_none() {
            if self.pool.help() {
                continue;
            }
            let state = lock(&self.shared.state);
            if state.result.is_none() {
                drop(
                    self.shared
                        .changed
                        .wait(state)
                        .unwrap_or_else(PoisonError::into_inner),
                );
            }
        }
    }
}
