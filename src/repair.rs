//! `catena repair`: files that a crash has left without their end.

use std::fs::File;
use std::path::{Path, PathBuf};

use catena::{ErrorKind, Remains};

use crate::report::{Failure, Outcome, Report, grouped, name_of};
use crate::stdio;

/// Repairs the files in place, or with `dry_run` only says what is left of them; a line for each.
/// `force`: also where what follows the whole frames is more than the beginning of another, and
/// where nothing would be left. `memory`: bytes that looking through one may take. A file that
/// cannot be repaired does not stop the others.
pub fn run(
    files: &[PathBuf],
    dry_run: bool,
    force: bool,
    memory: u64,
    report: Report,
) -> Outcome<()> {
    let mut failed = 0;
    for path in files {
        match one(path, dry_run, force, memory) {
            Ok(line) => stdio::print(line.as_bytes())?,
            Err(failure) => {
                report.error(&failure);
                failed += 1;
            }
        }
    }
    match (failed, files.len()) {
        (0, _) => Ok(()),
        (_, 1) => Err(Failure::Reported),
        (failed, all) => {
            let why = format!("{failed} of {all} files are not repaired, for the reasons above");
            Err(Failure::new("repair", why))
        }
    }
}

fn one(path: &Path, dry_run: bool, force: bool, memory: u64) -> Outcome<String> {
    let name = name_of(path);
    let failure = |e: &dyn std::fmt::Display| Failure::new(&name, e);
    let mut file = open(path, !dry_run).map_err(|e| failure(&e))?;
    let remains = Remains::examine_within(&file, memory).map_err(|e| failure(&e))?;
    let Some(damage) = remains.damage() else {
        return Ok(format!("{name}: whole\n"));
    };
    let left = format!(
        "{} whole frames with {} raw bytes",
        grouped(remains.frames()),
        grouped(remains.raw_len())
    );
    let lost = grouped(remains.lost_len());
    if dry_run {
        return Ok(format!(
            "{name}: {damage}; {left}; {lost} bytes after them would be cut off\n"
        ));
    }
    if !matches!(damage.kind(), ErrorKind::Truncated) && !force {
        let why = format!(
            "{damage}; this is no mere cut: {lost} bytes after {left} would be lost. -f repairs it all the same; -dc gives out what is good before"
        );
        return Err(failure(&why));
    }
    if remains.frames() == 0 && !force {
        let why = format!(
            "{damage}; no frame is whole: all {lost} bytes behind the stream's header would be cut off. -f does that"
        );
        return Err(failure(&why));
    }
    remains.mend(&mut file).map_err(|e| failure(&e))?;
    Ok(format!("{name}: repaired: {left}; {lost} bytes cut off\n"))
}

/// Opens a file that is changed in place: a link is not followed, for somebody else may have put it
/// there.
fn open(path: &Path, to_write: bool) -> std::io::Result<File> {
    if to_write && path.is_symlink() {
        let what = "is a symbolic link; name the file that it points to";
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, what));
    }
    let mut options = File::options();
    options.read(true).write(to_write);
    #[cfg(unix)]
    if to_write {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32);
    }
    options.open(path)
}
