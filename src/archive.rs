//! Archives of files of other formats (`catena root`, `catena tensor`): what packing and unpacking
//! have in common on the command line.

use std::fmt::Display;
use std::io;
use std::path::Path;

use catena_files::{Attributes, Inputs};

use crate::args::Common;
use crate::input::Input;
use crate::output::{How, Output, Target};
use crate::progress::Watch;
use crate::report::{Failure, Outcome};

/// An error that may come of reading or writing.
pub trait Cause: Display {
    /// The system's error behind it, if there is one.
    fn io(&self) -> Option<&io::Error>;
}

/// Has an archive written from a file, which is read back and forth, under a bar of its length. The
/// input's name, and what came of it.
pub fn pack<T, E: Cause>(
    input: &Path,
    output: &Path,
    common: &Common,
    work: impl FnOnce(Input, &mut Output, &Watch) -> Result<T, E>,
) -> Outcome<(String, T)> {
    let input = Input::open(input)?;
    let total = input
        .len()
        .ok_or_else(|| Failure::new(&input.name, "is no file, and packing reads back and forth"))?;
    through(input, output, common, Kind::Packing(total), work)
}

/// Has a file written from an archive, which may come through a pipe. The input's name, and what
/// came of it.
pub fn unpack<T, E: Cause>(
    input: &Path,
    output: &Path,
    common: &Common,
    work: impl FnOnce(Input, &mut Output, &Watch) -> Result<T, E>,
) -> Outcome<(String, T)> {
    through(Input::open(input)?, output, common, Kind::Unpacking, work)
}

/// Which way it goes.
enum Kind {
    /// Of so many bytes.
    Packing(u64),
    Unpacking,
}

fn through<T, E: Cause>(
    input: Input,
    output: &Path,
    common: &Common,
    kind: Kind,
    work: impl FnOnce(Input, &mut Output, &Watch) -> Result<T, E>,
) -> Outcome<(String, T)> {
    let (name, like) = (input.name.clone(), input.metadata.clone());
    let mut inputs = Inputs::default();
    inputs.add_open(&name, &like);
    let (total, sparse) = match kind {
        Kind::Packing(total) => (total, false),
        Kind::Unpacking => (0, true),
    };
    let how = How {
        force: common.force,
        to_terminal: false,
        sparse,
        limit: None,
        inputs: &inputs,
    };
    let mut output = Output::open(&Target::of(output), how)?;
    let watch = Watch::new(&name, total, !common.quiet);
    let done = work(input, &mut output, &watch);
    drop(watch);
    let done = done.map_err(|e| failure(&name, e))?;
    output.commit(&Attributes::like(&like))?;
    Ok((name, done))
}

/// A failure of the work: a reader of our output that went away is none to speak of.
pub fn failure(name: &str, error: impl Cause) -> Failure {
    match error.io() {
        Some(io) if io.kind() == io::ErrorKind::BrokenPipe => Failure::BrokenPipe,
        _ => Failure::new(name, error),
    }
}
