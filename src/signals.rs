//! Ctrl-C leaves nothing behind: unfinished files are known here, and a thread that waits for signals removes them.
//!
//! Invariant: whoever gives a file its final name holds the lock while doing so, so a signal finds it either
//! unfinished (and removes it) or finished (and leaves it alone).

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
/// Set by the first signal instead of dying, if there is one.
static STOP: Mutex<Option<Arc<AtomicBool>>> = Mutex::new(None);

/// From now on the first signal sets `stop`, and only the second one kills.
#[cfg(feature = "train")]
pub fn ask_to_stop(stop: Arc<AtomicBool>) {
    *STOP.lock().unwrap_or_else(PoisonError::into_inner) = Some(stop);
}

/// From now on the first signal kills.
#[cfg(all(feature = "h5", feature = "train"))]
pub fn no_longer_ask() {
    *STOP.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// While this lives, a signal removes the file it was made for.
#[derive(Debug)]
pub struct Guard(PathBuf);

impl Drop for Guard {
    fn drop(&mut self) {
        unfinished().retain(|path| *path != self.0);
    }
}

/// Creates a file that a signal removes, with no moment in between.
pub fn guarded<T>(
    create: impl FnOnce() -> io::Result<T>,
    path_of: impl FnOnce(&T) -> PathBuf,
) -> io::Result<(T, Guard)> {
    let mut unfinished = unfinished();
    let created = create()?;
    let path = path_of(&created);
    unfinished.push(path.clone());
    Ok((created, Guard(path)))
}

/// Runs `finish`, which gives the guarded file its final name, as one step as far as signals can see.
pub fn finish<T>(guard: &Guard, finish: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let mut unfinished = unfinished();
    let result = finish();
    if result.is_ok() {
        unfinished.retain(|path| *path != guard.0);
    }
    result
}

/// Starts the thread that waits for SIGINT, SIGTERM and SIGHUP. The process then dies of the signal, as a shell's loop expects.
#[cfg(unix)]
pub fn watch() -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    let wanted = [SIGINT, SIGTERM, SIGHUP]
        .into_iter()
        .filter(|signal| !is_ignored(*signal));
    let mut signals = Signals::new(wanted)?;
    let wait = move || {
        let Some(signal) = signals.forever().find(|_| {
            let stop = STOP.lock().unwrap_or_else(PoisonError::into_inner);
            // Whoever asked for it is told first; if it was told before, or nobody asked, this is the end.
            stop.as_ref()
                .is_none_or(|stop| stop.swap(true, Ordering::Relaxed))
        }) else {
            return;
        };
        let unfinished = unfinished();
        for path in unfinished.iter() {
            // Nothing can be done about a failure, and nobody is left to hear of it.
            let _ = std::fs::remove_file(path);
        }
        die_of(signal);
    };
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(wait)?;
    Ok(())
}

/// Whether the caller (nohup, a shell's background job) wants the signal ignored. Known on Linux alone.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return false;
    };
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
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
