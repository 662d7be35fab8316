//! A file to be: written under a temporary name beside its place, given its name when it is whole.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::attributes::Attributes;
use crate::identity::Inputs;
use crate::removal::{Guard, finish, guarded};

/// What an output's path asks for.
#[derive(Debug)]
pub enum Place {
    /// A file is to be there.
    File(Unfinished),
    /// A device or a pipe is there: it is written to as it is, for nobody wants /dev/null replaced.
    Stream(File),
}

/// A file to be, under its temporary name, its owner's alone; removed when dropped, and by
/// [`crate::removal::remove_all`].
#[derive(Debug)]
pub struct Unfinished {
    temp: NamedTempFile,
    path: PathBuf,
    force: bool,
    // After `temp`: while the file is there, a signal removes it.
    guard: Guard,
}

impl Place {
    /// Looks at the path, and takes a temporary name if a file is to be there. All that can be
    /// known to be wrong is found out here, before any work. With `force` a file at the path will
    /// be replaced, and so will a link: what it points to stays as it is.
    ///
    /// # Errors
    /// An output that is one of the inputs; a folder, a folder that is not there or may not be
    /// written; without `force` a file or a link at the path.
    pub fn take(path: &Path, force: bool, inputs: &Inputs) -> io::Result<Self> {
        inputs.refuse(path)?;
        let there = match fs::symlink_metadata(path) {
            Ok(there) => there,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Unfinished::begin(path, force).map(Place::File);
            }
            Err(error) => return Err(error),
        };
        let exists = |what: &str| Err(io::Error::new(io::ErrorKind::AlreadyExists, what));
        if there.is_symlink() && is_systems_own(path) {
            return open_device(path, false).map(Place::Stream);
        }
        if there.is_dir() {
            let what = "is a directory";
            return Err(io::Error::new(io::ErrorKind::IsADirectory, what));
        }
        if there.is_symlink() && !force {
            return exists("is a symbolic link; -f replaces the link, not what it points to");
        }
        if there.is_file() && !force {
            return exists("already exists; -f overwrites it");
        }
        if !there.is_file() && !there.is_symlink() {
            return open_device(path, true).map(Place::Stream);
        }
        Unfinished::begin(path, force).map(Place::File)
    }
}

impl Unfinished {
    /// Takes a temporary name beside a path that must be a file's; see [`Place::take`].
    ///
    /// # Errors
    /// Those of [`Place::take`]; a device or a pipe.
    pub fn create(path: &Path, force: bool, inputs: &Inputs) -> io::Result<Self> {
        match Place::take(path, force, inputs)? {
            Place::File(file) => Ok(file),
            Place::Stream(_) => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "is no file, and is written back and forth",
            )),
        }
    }

    fn begin(path: &Path, force: bool) -> io::Result<Self> {
        let (temp, guard) = temporary(path)?;
        Ok(Unfinished {
            temp,
            path: path.to_owned(),
            force,
            guard,
        })
    }

    /// The open file.
    pub fn file(&mut self) -> &mut File {
        self.temp.as_file_mut()
    }

    /// Opens it once more, to be read.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn reopen(&self) -> io::Result<File> {
        self.temp.reopen()
    }

    /// Its name for now.
    pub fn temporary_path(&self) -> &Path {
        self.temp.path()
    }

    /// The name that it is to have.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Everything is written and right: gives it its attributes, has it on the disk, and gives it
    /// its name.
    ///
    /// # Errors
    /// Those of the file system, and a file that has come to be at the path meanwhile; the
    /// temporary file is removed then.
    pub fn commit(self, attributes: &Attributes) -> io::Result<()> {
        let Unfinished {
            temp,
            path,
            force,
            guard,
        } = self;
        attributes.give(temp.as_file())?;
        temp.as_file().sync_all()?;
        finish(&guard, || match force {
            true => temp.persist(&path).map_err(|e| e.error),
            false => temp.persist_noclobber(&path).map_err(|e| e.error),
        })?;
        // A rename is on disk once its folder is. Some file systems cannot do this, and the rename
        // happened all the same.
        #[cfg(unix)]
        let _ = File::open(folder_of(&path)).and_then(|folder| folder.sync_all());
        Ok(())
    }
}

/// A file for work on the way to an output, in the same folder; removed when dropped, and by a
/// signal.
#[derive(Debug)]
pub struct Scratch {
    temp: NamedTempFile,
    _guard: Guard,
}

impl Scratch {
    /// Beside the output of this path.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn beside(path: &Path) -> io::Result<Self> {
        let (temp, guard) = temporary(path)?;
        Ok(Scratch {
            temp,
            _guard: guard,
        })
    }

    /// Its name for now.
    pub fn path(&self) -> &Path {
        self.temp.path()
    }
}

/// Links that the system itself has made, such as /dev/stdout and /dev/fd/63: nobody else can plant
/// one there.
fn is_systems_own(path: &Path) -> bool {
    let folder = fs::canonicalize(folder_of(path)).unwrap_or_default();
    folder == Path::new("/dev") || folder.starts_with("/proc")
}

/// Opens what is no file. It was looked at by its name, so what is no link must still be none.
fn open_device(path: &Path, no_link: bool) -> io::Result<File> {
    let mut options = File::options();
    options.write(true);
    #[cfg(unix)]
    if no_link {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32);
    }
    #[cfg(not(unix))]
    let _ = no_link;
    options.open(path)
}

/// A new file of another name beside `path`, which nobody else may read; a signal removes it.
fn temporary(path: &Path) -> io::Result<(NamedTempFile, Guard)> {
    let Some(name) = path.file_name() else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "is no name of a file",
        ));
    };
    let mut prefix = OsString::from(".");
    prefix.push(shortened(name));
    prefix.push(".");
    let mut builder = Builder::new();
    builder.prefix(&prefix).suffix(".tmp");
    guarded(
        || builder.tempfile_in(folder_of(path)),
        |temp| temp.path().to_owned(),
    )
}

/// The beginning of a name, so short that with what is put around it it is no longer than a name
/// that the file system takes: than this one, or a short one.
fn shortened(name: &OsStr) -> &OsStr {
    /// Two dots, six letters at random, `.tmp`.
    const AROUND: usize = 12;
    const SHORT: usize = 64;
    let most = name.len().max(SHORT) - AROUND;
    if name.len() <= most {
        return name;
    }
    match name.to_str() {
        Some(text) => {
            let end = (0..=most).rev().find(|&end| text.is_char_boundary(end));
            OsStr::new(&text[..end.unwrap_or(0)])
        }
        #[cfg(unix)]
        None => {
            use std::os::unix::ffi::OsStrExt;
            OsStr::from_bytes(&name.as_bytes()[..most])
        }
        #[cfg(not(unix))]
        None => OsStr::new("catena"),
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}
