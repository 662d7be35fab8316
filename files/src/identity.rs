//! Which file a name stands for, and which files may not be written.
//!
//! Names deceive: `x`, `../here/x`, a hard link and a symbolic link are one file. Device and inode
//! tell; where a system has none, the canonical path does. Pipes, terminals and the like are not
//! compared: reading and writing them at once destroys nothing.

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;

use crate::shown;

/// A file, whatever it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity(Id);

#[cfg(unix)]
type Id = (u64, u64);
#[cfg(not(unix))]
type Id = std::path::PathBuf;

impl Identity {
    /// Of what a path leads to, links followed; `None` if that is nothing, or nothing that could be
    /// lost.
    pub fn at(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        #[cfg(unix)]
        return Self::of(&metadata);
        #[cfg(not(unix))]
        return holds_data(&metadata)
            .then(|| fs::canonicalize(path).ok())?
            .map(Identity);
    }

    /// Of an open file. Known on Unix alone.
    #[cfg(unix)]
    pub fn of(metadata: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        holds_data(metadata).then(|| Identity((metadata.dev(), metadata.ino())))
    }

    /// Of an open file. Known on Unix alone.
    #[cfg(not(unix))]
    pub fn of(_: &Metadata) -> Option<Self> {
        None
    }
}

/// Whether bytes stay in it.
fn holds_data(metadata: &Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        metadata.is_file() || metadata.file_type().is_block_device()
    }
    #[cfg(not(unix))]
    metadata.is_file()
}

/// The files of a call that none of its outputs may replace: what it reads, and what it has written
/// already.
#[derive(Clone, Debug, Default)]
pub struct Inputs(Vec<(Identity, String)>);

impl Inputs {
    /// What these paths lead to, as far as there is something.
    pub fn of<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Self {
        let mut inputs = Inputs::default();
        for path in paths {
            inputs.add(path.as_ref());
        }
        inputs
    }

    /// One more input.
    pub fn add(&mut self, path: &Path) {
        if let Some(identity) = Identity::at(path) {
            self.0
                .push((identity, format!("the input {}", shown(path))));
        }
    }

    /// One that is open already, standard input say.
    pub fn add_open(&mut self, name: &str, metadata: &Metadata) {
        if let Some(identity) = Identity::of(metadata) {
            self.0.push((identity, format!("the input {name}")));
        }
    }

    /// An output that was finished: another one of the same call would replace it.
    pub fn add_written(&mut self, path: &Path) {
        if let Some(identity) = Identity::at(path) {
            let what = "a file that was written just now, from another input";
            self.0.push((identity, what.into()));
        }
    }

    /// Refuses an output that is one of them.
    ///
    /// # Errors
    /// `InvalidInput`, with what it is.
    pub fn refuse(&self, output: &Path) -> io::Result<()> {
        // A link to an input is refused as well: whoever names it means the input.
        self.refuse_identity(Identity::at(output))
    }

    /// The same for an output that is open already, standard output say.
    ///
    /// # Errors
    /// `InvalidInput`, with what it is.
    pub fn refuse_open(&self, output: &Metadata) -> io::Result<()> {
        self.refuse_identity(Identity::of(output))
    }

    fn refuse_identity(&self, output: Option<Identity>) -> io::Result<()> {
        let found = output.and_then(|output| self.0.iter().find(|(input, _)| *input == output));
        match found {
            None => Ok(()),
            Some((_, what)) => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("is {what}; it would be lost"),
            )),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn one_file_has_many_names() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = |name: &str| folder.path().join(name);
        fs::write(path("x"), b"precious")?;
        fs::write(path("y"), b"precious")?;
        fs::create_dir(path("sub"))?;
        fs::hard_link(path("x"), path("hard"))?;
        symlink("x", path("soft"))?;
        symlink("nowhere", path("dangling"))?;
        let inputs = Inputs::of([path("x"), path("missing")]);
        for name in ["x", "hard", "soft", "sub/../x"] {
            let error = inputs.refuse(&path(name)).expect_err(name);
            assert!(error.to_string().starts_with("is the input "), "{error}");
        }
        for name in ["y", "missing", "dangling", "sub"] {
            inputs.refuse(&path(name))?;
        }
        let mut inputs = Inputs::of([Path::new("/dev/null")]);
        inputs.refuse(Path::new("/dev/null"))?;
        inputs.add_written(&path("y"));
        inputs.refuse(&path("y")).expect_err("an output twice");
        Ok(())
    }
}
