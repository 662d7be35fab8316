//! Unfinished files are known here, so that whoever waits for signals can remove them.
//!
//! Invariant: whoever gives a file its final name holds the lock while doing so, so a signal finds
//! it either unfinished (and removes it) or finished (and leaves it alone).

use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes all unfinished files. Until the result is dropped no file is begun and none gets its
/// name: keep it to the process's end.
#[must_use = "a file could be begun again"]
pub fn remove_all() -> impl Sized {
    let mut unfinished = unfinished();
    for path in unfinished.drain(..) {
        // Nothing can be done about a failure, and nobody is left to hear of it.
        let _ = std::fs::remove_file(path);
    }
    unfinished
}

/// While this lives, a signal removes the file it was made for.
#[derive(Debug)]
pub(crate) struct Guard(PathBuf);

impl Drop for Guard {
    fn drop(&mut self) {
        unfinished().retain(|path| *path != self.0);
    }
}

/// Creates a file that a signal removes, with no moment in between.
pub(crate) fn guarded<T>(
    create: impl FnOnce() -> io::Result<T>,
    path_of: impl FnOnce(&T) -> PathBuf,
) -> io::Result<(T, Guard)> {
    let mut unfinished = unfinished();
    let created = create()?;
    let path = path_of(&created);
    unfinished.push(path.clone());
    Ok((created, Guard(path)))
}

/// Runs `finish`, which gives the guarded file its final name, as one step as far as signals can
/// see.
pub(crate) fn finish<T>(guard: &Guard, finish: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let mut unfinished = unfinished();
    let result = finish();
    if result.is_ok() {
        unfinished.retain(|path| *path != guard.0);
    }
    result
}
