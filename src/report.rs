//! What the user is told: errors with the file's name, notes, summaries, and how much of it.

use std::fmt;
use std::io::{self, IsTerminal};
use std::path::Path;

use catena_files::shown;

use crate::args::Args;

/// Why one file failed.
#[derive(Debug)]
pub enum Failure {
    /// Whoever read our output went away: nobody is left to be told.
    BrokenPipe,
    /// The user knows already.
    Reported,
    /// What to print, with the file's name in it.
    Message(String),
}

/// `Result` of work on one file.
pub type Outcome<T> = Result<T, Failure>;

impl Failure {
    /// A failure that names its file.
    pub fn new(name: &str, what: impl fmt::Display) -> Self {
        Failure::Message(format!("{name}: {what}"))
    }

    /// A failed write to `name`; a closed pipe is told apart.
    pub fn writing(name: &str, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::BrokenPipe,
            io::ErrorKind::StorageFull => {
                Failure::new(name, "cannot write: no space left on device")
            }
            _ => Failure::new(name, format_args!("cannot write: {error}")),
        }
    }
}

/// How much is said, from -q and -v.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    /// 0 nothing, 1 errors, 2 progress and a summary on a terminal, 3 a summary everywhere.
    level: i32,
}

impl Report {
    /// From the flags.
    pub fn new(args: &Args) -> Self {
        Report {
            level: 2 + i32::from(args.verbose) - i32::from(args.quiet),
        }
    }

    /// Something failed.
    pub fn error(self, failure: &Failure) {
        if let Failure::Message(message) = failure
            && self.level >= 1
        {
            tell!("catena: {message}");
        }
    }

    /// Something that is no failure, and still to be known.
    pub fn note(self, name: &str, what: &str) {
        if self.level >= 1 {
            tell!("catena: {name}: {what}");
        }
    }

    /// One line when a file is done. A filter in a pipe stays silent unless asked.
    pub fn summary(self, filter: bool, line: impl FnOnce() -> String) {
        if wants_summary(self.level, filter, io::stderr().is_terminal()) {
            tell!("{}", line());
        }
    }

    /// Whether a progress bar is shown: on a terminal, not over data on that terminal, not from a
    /// pipe's middle.
    pub fn wants_progress(self, filter: bool, to_stdout: bool) -> bool {
        let data_on_screen = to_stdout && io::stdout().is_terminal();
        !data_on_screen && wants_progress(self.level, filter, io::stderr().is_terminal())
    }
}

fn wants_summary(level: i32, filter: bool, terminal: bool) -> bool {
    level >= 3 || (level == 2 && terminal && !filter)
}

fn wants_progress(level: i32, filter: bool, terminal: bool) -> bool {
    terminal && (level >= 3 || (level == 2 && !filter))
}

/// A file's name as messages show it: nothing in it is obeyed by a terminal.
pub fn name_of(path: &Path) -> String {
    shown(path)
}

/// A file's name as JSON has it, which has escapes of its own.
pub fn raw_name(path: &Path) -> String {
    path.display().to_string()
}

/// 1234567 as 1,234,567.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_for_terminals_and_not_for_filters() {
        assert!(wants_progress(2, false, true));
        assert!(!wants_progress(2, false, false), "no terminal");
        assert!(!wants_progress(3, false, false), "no terminal, -v");
        assert!(!wants_progress(1, false, true), "-q");
        assert!(!wants_progress(2, true, true), "in a pipe");
        assert!(wants_progress(3, true, true), "in a pipe with -v");
    }

    #[test]
    fn summaries_are_for_terminals_and_for_v() {
        assert!(wants_summary(2, false, true));
        assert!(!wants_summary(2, false, false));
        assert!(!wants_summary(2, true, true));
        assert!(wants_summary(3, true, false));
    }

    #[test]
    fn digits_are_grouped() {
        assert_eq!(
            [0, 999, 1000, 1234567].map(grouped),
            ["0", "999", "1,000", "1,234,567"]
        );
    }
}
