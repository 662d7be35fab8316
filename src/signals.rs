//! Ctrl-C leaves nothing behind: the one unfinished file is known here, and a thread that waits for signals removes it.
//!
//! Invariant: whoever gives the file its final name holds the lock while doing so, so a signal finds it either
//! unfinished (and removes it) or finished (and leaves it alone).

use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

static UNFINISHED: Mutex<Option<PathBuf>> = Mutex::new(None);

fn unfinished() -> MutexGuard<'static, Option<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// While this lives, a signal removes the file it was made for.
#[derive(Debug)]
pub struct Guard(());

impl Drop for Guard {
    fn drop(&mut self) {
        *unfinished() = None;
    }
}

/// Creates a file that a signal removes, with no moment in between.
pub fn guarded<T>(create: impl FnOnce() -> io::Result<T>, path_of: impl FnOnce(&T) -> PathBuf) -> io::Result<(T, Guard)> {
    let mut unfinished = unfinished();
    let created = create()?;
    *unfinished = Some(path_of(&created));
    Ok((created, Guard(())))
}

/// Runs `finish`, which gives the file its final name, as one step as far as signals can see.
pub fn finish<T>(finish: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let mut unfinished = unfinished();
    let result = finish();
    if result.is_ok() {
        *unfinished = None;
    }
    result
}

/// Starts the thread that waits for SIGINT, SIGTERM and SIGHUP. The process then dies of the signal, as a shell's loop expects.
#[cfg(unix)]
pub fn watch() -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        for signal in signals.forever() {
            let unfinished = unfinished();
            if let Some(path) = unfinished.as_deref() {
                // Nothing can be done about a failure, and nobody is left to hear of it.
                let _ = std::fs::remove_file(path);
            }
            die_of(signal);
        }
    })?;
    Ok(())
}

/// Elsewhere the unfinished file stays under its temporary name if the process is killed.
#[cfg(not(unix))]
pub fn watch() -> io::Result<()> {
    Ok(())
}

/// Ends the process the way it ends when nobody handles `signal`.
#[cfg(unix)]
fn die_of(signal: i32) -> ! {
    let _ = signal_hook::low_level::emulate_default_handler(signal);
    std::process::exit(128 + signal)
}

/// The quiet end of a filter whose reader went away.
pub fn die_of_broken_pipe() -> ! {
    #[cfg(unix)]
    die_of(signal_hook::consts::SIGPIPE);
    #[cfg(not(unix))]
    std::process::exit(1)
}
