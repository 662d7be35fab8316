//! Standard input and output as files: without the standard library's buffers, with an error where
//! they are closed, and with patience where they are not ready.

use std::fs::File;
use std::io::{self, Write};

use crate::report::{Failure, Outcome};

/// As messages name it.
pub const IN: &str = "(standard input)";
/// As messages name it.
pub const OUT: &str = "(standard output)";

/// Standard input.
pub fn input() -> io::Result<File> {
    open(0).and_then(|()| duplicate(io::stdin()))
}

/// Standard output.
pub fn output() -> io::Result<File> {
    open(1).and_then(|()| duplicate(io::stdout()))
}

/// Prints a command's result: all of it, or there is a failure.
pub fn print(text: &[u8]) -> Outcome<()> {
    if text.is_empty() {
        return Ok(());
    }
    output()
        .and_then(|mut file| write_all(&mut file, text))
        .map_err(|e| Failure::writing(OUT, e))
}

/// Tells the user something on standard error. If nobody can be told, the work goes on. Whatever
/// names and texts of files are in it, a terminal obeys none.
pub fn tell(line: std::fmt::Arguments<'_>) {
    let line = line.to_string();
    let lines: Vec<String> = line.split('\n').map(catena_files::printable).collect();
    let _ = writeln!(io::stderr(), "{}", lines.join("\n"));
}

fn write_all(file: &mut File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match patiently(file, For::Writing, |file| file.write(bytes)) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => bytes = &bytes[n..],
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// What a file is waited for.
#[derive(Clone, Copy, Debug)]
pub enum For {
    Reading,
    Writing,
}

/// Reads or writes; a file that somebody has made non-blocking is waited for.
pub fn patiently<T>(
    file: &mut File,
    what: For,
    mut work: impl FnMut(&mut File) -> io::Result<T>,
) -> io::Result<T> {
    loop {
        match work(file) {
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => wait(file, what)?,
            result => return result,
        }
    }
}

#[cfg(unix)]
fn wait(file: &File, what: For) -> io::Result<()> {
    use rustix::event::{PollFd, PollFlags, poll};
    let flags = match what {
        For::Reading => PollFlags::IN,
        For::Writing => PollFlags::OUT,
    };
    match poll(&mut [PollFd::new(file, flags)], None) {
        Err(rustix::io::Errno::INTR) | Ok(_) => Ok(()),
        Err(e) => Err(e.into()),
    }
}

#[cfg(not(unix))]
fn wait(_: &File, _: For) -> io::Result<()> {
    Err(io::ErrorKind::WouldBlock.into())
}

#[cfg(unix)]
fn duplicate(stream: impl std::os::fd::AsFd) -> io::Result<File> {
    stream.as_fd().try_clone_to_owned().map(File::from)
}

#[cfg(windows)]
fn duplicate(stream: impl std::os::windows::io::AsHandle) -> io::Result<File> {
    stream.as_handle().try_clone_to_owned().map(File::from)
}

/// An error if the descriptor was closed when the program began. The standard library has opened
/// /dev/null in its place since then, which would swallow everything; so it is looked at before
/// that, in `stdio.c`.
#[cfg(unix)]
fn open(descriptor: u32) -> io::Result<()> {
    #[allow(
        unsafe_code,
        reason = "the border to stdio.c: no argument, a number back"
    )]
    unsafe extern "C" {
        safe fn catena_closed_at_start() -> std::ffi::c_uint;
    }
    match catena_closed_at_start() >> descriptor & 1 {
        0 => Ok(()),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "is closed")),
    }
}

#[cfg(not(unix))]
fn open(_: u32) -> io::Result<()> {
    Ok(())
}
