//! Streams on disk that survive a crash: segments of one source, written under a temporary name,
//! durable after each commit.
//!
//! A source's bytes go into files `<source>-<number>.cat`, numbered upwards. While one is written
//! it is called `.cat.part`; it gets its name when it is finished and on disk.
//! [`SegmentWriter::commit`] is the promise: what was written before is on disk when it returns,
//! whatever happens next, and [`recover`] gives it back after a crash. Invariant: no byte that was
//! committed is in two segments or in none.

mod name;
mod recover;
mod writer;

pub use name::{SegmentName, SourceName};
pub use recover::{Recovered, Recovery, lock, recover};
pub use writer::{SegmentOptions, SegmentWriter};

use std::io;
use std::path::Path;

/// Gives a segment the name of a finished one, if nothing has it. Nobody else writes into the
/// folder, so looking before is enough.
fn give_name(part: &Path, done: &Path) -> io::Result<()> {
    if done.symlink_metadata().is_ok() {
        let why = format!("{} is there already", done.display());
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
    }
    std::fs::rename(part, done)
}

/// Has the folder's names written to disk.
fn sync_folder(folder: &Path) -> io::Result<()> {
    // Elsewhere a folder cannot be opened, and names are durable with the file.
    #[cfg(unix)]
    std::fs::File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}
