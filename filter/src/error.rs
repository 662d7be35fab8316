//! One error type for the whole codec.

use std::fmt;

/// What went wrong, without where.
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The bytes break the format.
    Corrupt(&'static str),
    /// The caller asked for something that does not exist.
    InvalidInput(String),
    /// Reading or writing failed.
    Io(std::io::Error),
}

/// An error of the codec.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
}

/// `Result` with the codec's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// The bytes break the format.
    pub fn corrupt(what: &'static str) -> Self {
        Error { kind: ErrorKind::Corrupt(what) }
    }

    /// The caller asked for something that does not exist.
    pub fn invalid(what: impl Into<String>) -> Self {
        Error { kind: ErrorKind::InvalidInput(what.into()) }
    }

    /// What went wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ErrorKind::Corrupt(what) => write!(f, "corrupt stream: {what}"),
            ErrorKind::InvalidInput(what) => write!(f, "{what}"),
            ErrorKind::Io(e) => e.fmt(f),
        }
    }
}

impl std::error::Error for Error {}
