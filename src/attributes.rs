//! What a file keeps when it changes its form: times, owner and permissions, as xz and zstd have it.

use std::fs::{File, FileTimes, Metadata};
use std::io;

/// Gives `file` the attributes of `like`, where `like` is a regular file.
pub fn copy(like: &Metadata, file: &File) -> io::Result<()> {
    if !like.is_file() {
        return Ok(());
    }
    permissions(like, file)?;
    let mut times = FileTimes::new().set_modified(like.modified()?);
    if let Ok(accessed) = like.accessed() {
        times = times.set_accessed(accessed);
    }
    file.set_times(times)
}

/// Owner first: only then may the group be given its rights.
#[cfg(unix)]
fn permissions(like: &Metadata, file: &File) -> io::Result<()> {
    use std::fs::Permissions;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};

    let mine = file.metadata()?;
    let mut mode = like.mode() & 0o777;
    if mine.uid() != like.uid() {
        // Only root may give a file away; for anyone else the copy is their own.
        let _ = fchown(file, Some(like.uid()), None);
    }
    if mine.gid() != like.gid() && fchown(file, None, Some(like.gid())).is_err() {
        // Another group than the original's gets no more than everybody.
        mode &= 0o707 | ((mode & 0o007) << 3);
    }
    file.set_permissions(Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn permissions(_like: &Metadata, _file: &File) -> io::Result<()> {
    // A read-only flag set before the rename would forbid the rename.
    Ok(())
}
