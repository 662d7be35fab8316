//! The interpreter's signals are attended to while the codec works: Ctrl-C raises KeyboardInterrupt
//! at once, not when the work is done.
//!
//! The work is done on a thread of its own; the one that called releases the interpreter's lock,
//! and takes it every [`TICK`] to have signals handled. If a handler raises, the call ends with its
//! exception, and the work is told to give up: it does so at the next frame, and nobody waits for
//! it.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use pyo3::prelude::*;

use crate::refuse;

/// How often signals are looked for.
const TICK: Duration = Duration::from_millis(50);
/// Inputs of fewer bytes are worked on where the call is: they are done before anybody notices.
const INLINE: usize = 2048;

/// Whether the work is still wanted.
#[derive(Clone, Default)]
pub(crate) struct Wanted(Arc<AtomicBool>);

impl Wanted {
    /// `Some` as long as somebody waits for the result.
    pub(crate) fn check(&self) -> Option<()> {
        (!self.0.load(Ordering::Relaxed)).then_some(())
    }

    fn give_up(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs work on an input of so many bytes. The work asks now and then whether it is still wanted,
/// and returns `None` if not.
pub(crate) fn attended<T: Send + 'static, E: Display + Send + 'static>(
    py: Python<'_>,
    len: usize,
    work: impl FnOnce(&Wanted) -> Option<Result<T, E>> + Send + 'static,
) -> PyResult<T> {
    let wanted = Wanted::default();
    let defect = || refuse("the codec panicked; this is a defect");
    if len < INLINE {
        let done = py.detach(|| catch_unwind(AssertUnwindSafe(|| work(&wanted))));
        return done.ok().flatten().ok_or_else(defect)?.map_err(refuse);
    }
    let (done, mut result) = channel();
    let theirs = wanted.clone();
    let worker = std::thread::Builder::new().name("catena".into());
    // A panic drops the sender.
    let body = move || drop(done.send(work(&theirs)));
    worker.spawn(body).map_err(refuse)?;
    loop {
        // The receiver goes along: it may be sent to where the lock is released, not shared with
        // it.
        let waited = py.detach(move || (result.recv_timeout(TICK), result));
        result = waited.1;
        match waited.0 {
            Ok(done) => return done.ok_or_else(defect)?.map_err(refuse),
            Err(RecvTimeoutError::Timeout) => {
                if let Err(raised) = py.check_signals() {
                    wanted.give_up();
                    return Err(raised);
                }
            }
            Err(RecvTimeoutError::Disconnected) => return Err(defect()),
        }
    }
}
