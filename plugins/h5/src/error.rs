//! What goes wrong, and where in the file.

use std::fmt;
use std::io;

use catena_hdf5_calls as calls;

/// `Result` with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// An error, with the object that it is about.
#[derive(Debug)]
pub struct Error {
    /// The object's path in its file; empty if it is about the file.
    path: String,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Message(String),
    Library(calls::Error),
    Filter(h5catena::Error),
    Io(io::Error),
}

impl Error {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Kind::Message(why.into()).into()
    }

    /// The same about the object of this path, unless it is about one already.
    pub(crate) fn at(mut self, path: &str) -> Self {
        if self.path.is_empty() {
            self.path = path.into();
        }
        self
    }
}

/// Adds an object's path.
pub(crate) trait At<T> {
    /// The same, an error about the object of this path.
    fn at(self, path: &str) -> Result<T>;
}

impl<T, E: Into<Error>> At<T> for std::result::Result<T, E> {
    fn at(self, path: &str) -> Result<T> {
        self.map_err(|e| e.into().at(path))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        match &self.kind {
            Kind::Message(why) => f.write_str(why),
            Kind::Library(error) => error.fmt(f),
            Kind::Filter(error) => error.fmt(f),
            Kind::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl From<Kind> for Error {
    fn from(kind: Kind) -> Self {
        let path = String::new();
        Error { path, kind }
    }
}

impl From<calls::Error> for Error {
    fn from(error: calls::Error) -> Self {
        Kind::Library(error).into()
    }
}

impl From<h5catena::Error> for Error {
    fn from(error: h5catena::Error) -> Self {
        Kind::Filter(error).into()
    }
}

impl From<catena_container::flow::WorkerPanicked> for Error {
    fn from(error: catena_container::flow::WorkerPanicked) -> Self {
        Error::new(error.to_string())
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Kind::Io(error).into()
    }
}
