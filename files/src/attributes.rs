//! What a file has beside its bytes: permissions, owner, times. It never lets more people read than
//! what it was made from.

use std::fs::{File, FileTimes, Metadata};
use std::io;

/// What an output gets when it is finished; until then it is its owner's alone.
#[derive(Clone, Debug, Default)]
pub struct Attributes {
    /// The file that it is another form of.
    like: Option<Metadata>,
    /// Files that it was made from.
    sources: Vec<Metadata>,
    /// Whether it stays its owner's alone.
    private: bool,
}

impl Attributes {
    /// Those of a file whose bytes it holds in another form: its permissions, owner and times, as
    /// xz and zstd have it. What is no regular file gives none.
    pub fn like(source: &Metadata) -> Self {
        Attributes {
            like: source.is_file().then(|| source.clone()),
            ..Attributes::default()
        }
    }

    /// Those of a new file that was made from others: what the umask leaves, and no more than each
    /// of them allows.
    pub fn made_from(sources: impl IntoIterator<Item = Metadata>) -> Self {
        Attributes {
            like: None,
            sources: sources.into_iter().filter(Metadata::is_file).collect(),
            ..Attributes::default()
        }
    }

    /// Those of a file that is nobody's business but its owner's.
    pub fn private() -> Self {
        Attributes {
            private: true,
            ..Attributes::default()
        }
    }

    /// Gives them to a file.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn give(&self, file: &File) -> io::Result<()> {
        if self.private {
            // As it was created.
            return Ok(());
        }
        let Some(like) = &self.like else {
            return self.permissions_of_a_new_file(file);
        };
        permissions(like, file)?;
        let mut times = FileTimes::new().set_modified(like.modified()?);
        if let Ok(accessed) = like.accessed() {
            times = times.set_accessed(accessed);
        }
        file.set_times(times)
    }

    #[cfg(unix)]
    fn permissions_of_a_new_file(&self, file: &File) -> io::Result<()> {
        use std::fs::Permissions;
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let gid = file.metadata()?.gid();
        let mode = self
            .sources
            .iter()
            .map(|source| match source.gid() == gid {
                true => source.mode(),
                false => for_another_group(source.mode()),
            })
            .fold(0o666 & !umask(), |all, mode| all & (mode | 0o600));
        file.set_permissions(Permissions::from_mode(mode))
    }

    #[cfg(not(unix))]
    fn permissions_of_a_new_file(&self, _: &File) -> io::Result<()> {
        Ok(())
    }
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
        mode = for_another_group(mode);
    }
    file.set_permissions(Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn permissions(_like: &Metadata, _file: &File) -> io::Result<()> {
    // A read-only flag set before the rename would forbid the rename.
    Ok(())
}

/// Another group than the original's gets no more than everybody.
#[cfg(unix)]
fn for_another_group(mode: u32) -> u32 {
    mode & (0o707 | ((mode & 0o007) << 3))
}

/// The process's umask. Reading it means setting it for a moment, in which another thread's file
/// could get too much: so it is looked up, and set only where that cannot be done.
#[cfg(unix)]
#[allow(
    clippy::useless_conversion,
    reason = "modes are narrower on other systems"
)]
fn umask() -> u32 {
    use rustix::fs::Mode;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("Umask:"));
    if let Some(mask) = line.and_then(|mask| u32::from_str_radix(mask.trim(), 8).ok()) {
        return mask;
    }
    let mask = rustix::process::umask(Mode::from_raw_mode(0o077));
    rustix::process::umask(mask);
    u32::from(mask.as_raw_mode())
}
