//! Where the bytes go: a file that gets its name only when it is complete, standard output, or nowhere.
//!
//! Invariant: under the final name there is never a half-written file. Bytes go to a temporary name in the same folder,
//! then to the disk, then the file is renamed. An [`Output`] that is dropped before [`Output::commit`] removes what it wrote.

use std::fs::{self, File, Metadata};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::input::Counter;
use crate::report::{Failure, Outcome, name_of};
use crate::{attributes, signals};

/// Where a file's result goes.
#[derive(Clone, Debug)]
pub enum Target {
    Stdout,
    Path(PathBuf),
    Nowhere,
}

#[cfg(any(feature = "root", feature = "tensor"))]
impl Target {
    /// The file of this name; - is standard output.
    pub fn of(path: &Path) -> Self {
        match path.as_os_str() == "-" {
            true => Target::Stdout,
            false => Target::Path(path.to_owned()),
        }
    }
}

/// An open output.
#[derive(Debug)]
pub struct Output {
    /// As messages name it.
    pub name: String,
    sink: Sink,
    /// Bytes written so far.
    pub written_n: Counter,
}

#[derive(Debug)]
enum Sink {
    /// Standard output, a device or a pipe: what is written is gone.
    Stream(File),
    File(Box<Unfinished>),
    Nowhere,
}

/// A file to be, under its temporary name; removed when dropped, and by a signal.
#[derive(Debug)]
struct Unfinished {
    temp: NamedTempFile,
    path: PathBuf,
    force: bool,
    // After `temp`: while the file is there, a signal removes it.
    guard: signals::Guard,
}

impl Output {
    /// Opens the target. `to_terminal` says whether the bytes may go to a screen.
    pub fn open(target: &Target, force: bool, to_terminal: bool) -> Outcome<Self> {
        let (name, sink) = match target {
            Target::Nowhere => ("(nowhere)".to_string(), Ok(Sink::Nowhere)),
            Target::Stdout => {
                let name = "(standard output)".to_string();
                let stdout = io::stdout();
                if stdout.is_terminal() && !to_terminal {
                    return Err(Failure::new(
                        &name,
                        "is a terminal, and the data are binary; -f writes them there",
                    ));
                }
                (name, duplicate_stdout(&stdout).map(Sink::Stream))
            }
            Target::Path(path) => (name_of(path), open_path(path, force)),
        };
        let sink = sink.map_err(|e| Failure::new(&name, describe(e)))?;
        Ok(Output {
            name,
            sink,
            written_n: Counter::default(),
        })
    }

    /// Writes all of `data`.
    pub fn put(&mut self, data: &[u8]) -> Outcome<()> {
        self.write_all(data)
            .map_err(|e| Failure::writing(&self.name, e))
    }

    /// The file under its temporary name, to be read once more before [`Output::commit`].
    pub fn reopen(&self) -> Option<io::Result<File>> {
        match &self.sink {
            Sink::File(file) => Some(file.temp.reopen()),
            Sink::Stream(_) | Sink::Nowhere => None,
        }
    }

    /// The file under its temporary name, for whoever writes it by its name; nothing if the output is no file.
    #[cfg(feature = "h5")]
    pub fn path(&self) -> Option<&Path> {
        match &self.sink {
            Sink::File(file) => Some(file.temp.path()),
            Sink::Stream(_) | Sink::Nowhere => None,
        }
    }

    /// Everything is written and right: gives the file its attributes and its name. Returns whether it is on disk.
    pub fn commit(self, like: Option<&Metadata>) -> Outcome<bool> {
        let Sink::File(file) = self.sink else {
            return Ok(false);
        };
        let finish = || -> io::Result<()> {
            let Unfinished {
                temp,
                path,
                force,
                guard,
            } = *file;
            if let Some(like) = like {
                attributes::copy(like, temp.as_file())?;
            }
            temp.as_file().sync_all()?;
            signals::finish(&guard, || match force {
                true => temp.persist(&path).map_err(|e| e.error),
                false => temp.persist_noclobber(&path).map_err(|e| e.error),
            })?;
            sync_folder(&path)
        };
        finish()
            .map(|()| true)
            .map_err(|e| Failure::writing(&self.name, e))
    }
}

impl Write for Output {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let n = match &mut self.sink {
            Sink::Stream(file) => file.write(buf)?,
            Sink::File(file) => file.temp.as_file_mut().write(buf)?,
            Sink::Nowhere => buf.len(),
        };
        self.written_n.add(n);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file to be at `path`; a device or a pipe there is written to as it is, for nobody wants /dev/null replaced.
fn open_path(path: &Path, force: bool) -> io::Result<Sink> {
    // What a link points to is replaced, not the link.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    match fs::metadata(&path) {
        Ok(there) if there.is_dir() => {
            return Err(io::Error::new(
                io::ErrorKind::IsADirectory,
                "is a directory",
            ));
        }
        Ok(there) if !there.is_file() => {
            return File::options().write(true).open(&path).map(Sink::Stream);
        }
        Ok(_) if !force => return Err(io::ErrorKind::AlreadyExists.into()),
        Ok(_) | Err(_) => {}
    }
    let (temp, guard) = temporary(&path)?;
    Ok(Sink::File(Box::new(Unfinished {
        temp,
        path,
        force,
        guard,
    })))
}

/// A file of another name beside `path`; a signal removes it.
fn temporary(path: &Path) -> io::Result<(NamedTempFile, signals::Guard)> {
    let (folder, name) = (folder_of(path), path.file_name().unwrap_or_default());
    let mut prefix = std::ffi::OsString::from(".");
    prefix.push(name);
    prefix.push(".");
    let mut builder = Builder::new();
    builder.prefix(&prefix).suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    signals::guarded(
        || builder.tempfile_in(folder),
        |temp| temp.path().to_owned(),
    )
}

/// A file for work on the way to an output, in the same folder; removed when dropped, and by a signal.
#[cfg(feature = "h5")]
pub struct Scratch {
    temp: NamedTempFile,
    _guard: signals::Guard,
}

#[cfg(feature = "h5")]
impl Scratch {
    /// Beside the output of this path.
    pub fn beside(path: &Path) -> Outcome<Self> {
        let (temp, guard) = temporary(path).map_err(|e| Failure::new(&name_of(path), e))?;
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

fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// A rename is on disk once its folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        // Some file systems cannot do this, and the rename happened all the same.
        let _ = File::open(folder_of(path)).and_then(|folder| folder.sync_all());
    }
    Ok(())
}

fn describe(error: io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AlreadyExists => "already exists; -f overwrites it".into(),
        _ => error.to_string(),
    }
}

/// Standard output without the standard library's search for line ends.
#[cfg(unix)]
fn duplicate_stdout(stdout: &io::Stdout) -> io::Result<File> {
    use std::os::fd::AsFd;
    stdout.as_fd().try_clone_to_owned().map(File::from)
}

#[cfg(windows)]
fn duplicate_stdout(stdout: &io::Stdout) -> io::Result<File> {
    use std::os::windows::io::AsHandle;
    stdout.as_handle().try_clone_to_owned().map(File::from)
}
