//! Layout detection as a job of the pool.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::background::Background;
use crate::Layout;
use crate::flow::Notify;
use crate::pool::Pool;
use crate::tokens::stage;

/// A first frame that is being looked at.
pub(super) struct Detection {
    /// The layout, and the bytes that it was found in.
    work: Background<(Layout, Vec<u8>)>,
    /// Bytes that the job holds.
    len: usize,
}

impl Detection {
    /// Starts the job; it gives the bytes back with what it found.
    pub(super) fn start(pool: Arc<Pool>, bytes: Vec<u8>, notify: Option<Notify>) -> Self {
        let len = bytes.len();
        let work = Background::start(pool, notify, move || {
            // Detection only guesses; where it fails, plain bytes are a guess that does no harm.
            let layout = catch_unwind(AssertUnwindSafe(|| stage::likeliest(&bytes)));
            (layout.unwrap_or_else(|_| Layout::bytes()), bytes)
        });
        Detection { work, len }
    }

    /// The layout and the bytes, once the job is done.
    pub(super) fn take(&self) -> Option<(Layout, Vec<u8>)> {
        self.work.take()
    }

    /// Bytes that the job holds.
    pub(super) fn held(&self) -> usize {
        self.len
    }

    pub(super) fn set_notify(&self, notify: Notify) {
        self.work.set_notify(notify);
    }

    /// Blocks until the job is done.
    pub(super) fn wait(&self) {
        self.work.wait();
    }
}

impl std::fmt::Debug for Detection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Detection").finish_non_exhaustive()
    }
}
