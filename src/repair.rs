//! `catena repair`: files that a crash has left without their end.

use std::fs::File;
use std::path::{Path, PathBuf};

use catena::{ErrorKind, Remains};

use crate::report::{Failure, Outcome, grouped, name_of};

/// Repairs the files in place, or with `dry_run` only says what is left of them; a line for each. `force`: also where what follows the whole frames is
/// more than the beginning of another. `memory`: bytes that looking through one may take.
pub fn run(files: &[PathBuf], dry_run: bool, force: bool, memory: u64) -> Outcome<String> {
    let mut text = String::new();
    for path in files {
        match one(path, dry_run, force, memory) {
            Ok(line) => text += &line,
            Err(failure) => {
                // What was done before is said before the failure.
                print!("{text}");
                return Err(failure);
            }
        }
    }
    Ok(text)
}

fn one(path: &Path, dry_run: bool, force: bool, memory: u64) -> Outcome<String> {
    let name = name_of(path);
    let failure = |e: &dyn std::fmt::Display| Failure::new(&name, e);
    let mut options = File::options();
    options.read(true).write(!dry_run);
    let mut file = options.open(path).map_err(|e| failure(&e))?;
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
    remains.mend(&mut file).map_err(|e| failure(&e))?;
    Ok(format!("{name}: repaired: {left}; {lost} bytes cut off\n"))
}
