//! After a crash: what unfinished segments hold is kept, and they get their names. One process at a
//! time has a folder.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use catena_filter::{ErrorKind, repair};

use super::name::SegmentName;
use super::{give_name, sync_folder};

/// The file whose lock says that a process writes into the folder.
const LOCK: &str = ".catena.lock";

/// Takes the folder for this process, until the file is dropped.
///
/// # Errors
/// `WouldBlock` if another process has it; those of the file system.
pub fn lock(folder: &Path) -> io::Result<File> {
    let path = folder.join(LOCK);
    if fs::symlink_metadata(&path).is_ok_and(|there| !there.is_file()) {
        let why = format!("{} is no regular file", path.display());
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
    }
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(io::Error::new(
            io::ErrorKind::WouldBlock,
            format!("another process writes into {}", folder.display()),
        )),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// What became of an unfinished segment.
#[derive(Debug)]
pub struct Recovered {
    /// The file as it was found.
    pub path: PathBuf,
    /// What was done with it.
    pub recovery: Recovery,
}

/// What was done with an unfinished segment.
#[derive(Debug)]
pub enum Recovery {
    /// It has its end, and its name.
    Kept {
        /// The name.
        path: PathBuf,
        /// Whole frames.
        frames: u64,
        /// Their raw bytes.
        raw_len: u64,
        /// Bytes of the file after them, which were cut off.
        lost_len: u64,
    },
    /// It held no whole frame and was removed.
    Removed,
    /// It could not be read, or written, and was left as it is.
    Failed(catena_filter::Error),
}

/// Finishes all unfinished segments of a folder. Nobody may be writing there: see [`lock`].
///
/// # Errors
/// Those of listing the folder and of giving files their names; a file that cannot be repaired is
/// no error but [`Recovery::Failed`].
pub fn recover(folder: &Path) -> io::Result<Vec<Recovered>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let file = path.file_name().and_then(|name| name.to_str());
        let Some(name) = file.and_then(SegmentName::parse) else {
            continue;
        };
        if name.finished {
            continue;
        }
        // One that cannot be recovered does not keep the others from it.
        let recovery = one(folder, &path, name).unwrap_or_else(|e| Recovery::Failed(e.into()));
        all.push(Recovered { path, recovery });
    }
    all.sort_by(|a, b| a.path.cmp(&b.path));
    sync_folder(folder)?;
    Ok(all)
}

fn one(folder: &Path, path: &Path, name: SegmentName) -> io::Result<Recovery> {
    // A folder, say, or a link, whose other end is not ours to cut.
    if !fs::symlink_metadata(path)?.is_file() {
        let other = io::Error::new(io::ErrorKind::InvalidInput, "is no regular file");
        return Ok(Recovery::Failed(other.into()));
    }
    let mut file = File::options().read(true).write(true).open(path)?;
    let remains = match repair(&mut file) {
        Ok(remains) => remains,
        // Not even the header is there: the crash came before the first commit.
        Err(error) if matches!(error.kind(), ErrorKind::Truncated) => {
            fs::remove_file(path)?;
            return Ok(Recovery::Removed);
        }
        Err(error) => {
            // A file whose pages never reached the disk is zeros.
            if matches!(error.kind(), ErrorKind::NotCatena) && is_blank(path)? {
                fs::remove_file(path)?;
                return Ok(Recovery::Removed);
            }
            return Ok(Recovery::Failed(error));
        }
    };
    if remains.frames() == 0 {
        fs::remove_file(path)?;
        return Ok(Recovery::Removed);
    }
    let kept = folder.join(
        SegmentName {
            finished: true,
            ..name
        }
        .to_string(),
    );
    file.sync_all()?;
    give_name(path, &kept)?;
    Ok(Recovery::Kept {
        path: kept,
        frames: remains.frames(),
        raw_len: remains.raw_len(),
        lost_len: remains.lost_len(),
    })
}

/// Whether a file is zeros throughout.
fn is_blank(path: &Path) -> io::Result<bool> {
    use io::Read;
    let mut file = io::BufReader::new(File::open(path)?);
    let mut piece = [0; 4096];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(true),
            n if piece[..n].iter().any(|&b| b != 0) => return Ok(false),
            _ => {}
        }
    }
}
