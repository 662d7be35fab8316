//! Layout detection as a job of the pool: it takes milliseconds, which a caller on an event loop does not have.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crate::Layout;
use crate::layout;
use crate::pool::{Pool, lock};
use crate::wavefront::Notify;

/// A first frame that is being looked at.
pub(super) struct Detection {
    shared: Arc<Shared>,
    pool: Arc<Pool>,
    /// Bytes that the job holds.
    len: usize,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The layout, and the bytes that it was found in.
    found: Option<(Layout, Vec<u8>)>,
    notify: Option<Notify>,
}

impl Detection {
    /// Starts the job; it gives the bytes back with what it found.
    pub(super) fn start(pool: Arc<Pool>, bytes: Vec<u8>, notify: Option<Notify>) -> Self {
        let state = State {
            found: None,
            notify,
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            changed: Condvar::new(),
        });
        let len = bytes.len();
        // Nobody waits for the layout of a session that was dropped.
        let job = Arc::downgrade(&shared);
        pool.spawn(move || {
            if job.strong_count() == 0 {
                return;
            }
            // Detection only guesses; where it fails, plain bytes are a guess that does no harm.
            let layout = catch_unwind(AssertUnwindSafe(|| layout::detect(&bytes)));
            let layout = layout.unwrap_or_else(|_| Layout::bytes());
            let Some(shared) = job.upgrade() else { return };
            let mut state = lock(&shared.state);
            state.found = Some((layout, bytes));
            let notify = state.notify.clone();
            drop(state);
            shared.changed.notify_all();
            if let Some(notify) = notify {
                notify();
            }
        });
        Detection { shared, pool, len }
    }

    /// The layout and the bytes, once the job is done.
    pub(super) fn take(&self) -> Option<(Layout, Vec<u8>)> {
        lock(&self.shared.state).found.take()
    }

    /// Bytes that the job holds.
    pub(super) fn held(&self) -> usize {
        self.len
    }

    pub(super) fn set_notify(&self, notify: Notify) {
        lock(&self.shared.state).notify = Some(notify);
    }

    /// Blocks until the job is done.
    pub(super) fn wait(&self) {
        while lock(&self.shared.state).found.is_none() {
            if self.pool.help() {
                continue;
            }
            let state = lock(&self.shared.state);
            if state.found.is_none() {
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

impl std::fmt::Debug for Detection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Detection").finish_non_exhaustive()
    }
}
