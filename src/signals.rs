//! Ctrl-C leaves nothing behind: a thread waits for the signals that end a program, and removes
//! unfinished files before it does.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use catena_files::removal;

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

/// Starts the thread that waits for the signals that end a program unless it asks for them. The
/// process then dies of the signal, as a shell's loop expects.
#[cfg(unix)]
pub fn watch() -> io::Result<()> {
    use signal_hook::consts::*;
    use signal_hook::iterator::Signals;

    // Whoever sends one of the last two means the process's limits of time and of a file's length
    // (ulimit -t, ulimit -f).
    let wanted = [
        SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM, SIGVTALRM, SIGXCPU, SIGXFSZ,
    ];
    let wanted = wanted.into_iter().filter(|signal| !is_ignored(*signal));
    let mut signals = Signals::new(wanted)?;
    let wait = move || {
        let Some(signal) = signals.forever().find(|&signal| {
            // Only a person's signals ask; the others have their reasons.
            if ![SIGINT, SIGTERM, SIGHUP].contains(&signal) {
                return true;
            }
            let stop = STOP.lock().unwrap_or_else(PoisonError::into_inner);
            // Whoever asked for it is told first; if it was told before, or nobody asked, this is
            // the end.
            stop.as_ref()
                .is_none_or(|stop| stop.swap(true, Ordering::Relaxed))
        }) else {
            return;
        };
        let _none_any_more = removal::remove_all();
        die_of(signal);
    };
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(wait)?;
    Ok(())
}

/// Whether the caller (nohup, a shell's background job) wants the signal ignored. Known on Linux
/// alone.
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
