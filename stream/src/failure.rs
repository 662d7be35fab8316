//! An error that can be given out again: who reads on after a failure must not find a clean end
//! there.

use std::io;

/// An `io::Error`, and what is kept of it once it has been given out.
pub(crate) struct Failure {
    /// With the codec's own error inside.
    first: Option<io::Error>,
    kind: io::ErrorKind,
    message: String,
}

impl Failure {
    /// Remembers an error.
    pub(crate) fn of(error: io::Error) -> Self {
        Failure {
            kind: error.kind(),
            message: error.to_string(),
            first: Some(error),
        }
    }

    /// The error itself, then copies with its kind and message.
    pub(crate) fn give(&mut self) -> io::Error {
        self.first
            .take()
            .unwrap_or_else(|| io::Error::new(self.kind, self.message.clone()))
    }
}
