//! What goes wrong around the codec.

use std::fmt;

/// Why `cd_values`, a type or a chunk is refused.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The `cd_values` make no sense; why.
    Values(String),
    /// The calling library did not do what it was asked to.
    Host(&'static str),
    /// The codec's own error.
    Codec(catena_filter::Error),
}

/// `Result` with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Values(why) => write!(f, "cd_values: {why}"),
            Error::Host(what) => f.write_str(what),
            Error::Codec(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Codec(error) => Some(error),
            Error::Values(_) | Error::Host(_) => None,
        }
    }
}

impl From<catena_filter::Error> for Error {
    fn from(error: catena_filter::Error) -> Self {
        Error::Codec(error)
    }
}
