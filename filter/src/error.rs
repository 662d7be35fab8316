//! One error type for the whole codec: what went wrong, and where.
//!
//! Too little input is not an error while more may come; it becomes [`ErrorKind::Truncated`] at the
//! end of the input.

use std::fmt;

use crate::id::ModelId;

/// What went wrong, without where.
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The bytes break the format.
    Corrupt(&'static str),
    /// The input ended inside a stream.
    Truncated,
    /// The input does not begin like a Catena stream.
    NotCatena,
    /// The stream was written by a newer Catena.
    Version(u8),
    /// The stream needs a model that is not at hand.
    MissingModel {
        /// Its hash.
        id: ModelId,
        /// Every place that was looked in, in order, in words.
        looked_in: Vec<String>,
    },
    /// A block needs a model that is not at hand.
    MissingModelPrefix {
        /// The beginning of its hash, in hexadecimal digits.
        prefix: String,
        /// Every place that was looked in, in order, in words.
        looked_in: Vec<String>,
    },
    /// The bytes are no model that can be used here; why.
    Model(String),
    /// Decoding would take more memory than the caller allows.
    MemoryLimit {
        /// Bytes that the stream asks for.
        needed: u64,
        /// Bytes that the caller allows.
        limit: u64,
    },
    /// More raw bytes would come out than the caller allows.
    OutputLimit {
        /// Bytes that the caller allows.
        limit: u64,
    },
    /// The caller asked for something that does not exist.
    InvalidInput(String),
    /// A job panicked: a defect of this library, not of the input.
    Panicked(String),
    /// Reading or writing failed.
    Io(std::io::Error),
}

/// An error of the codec.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    frame: Option<u64>,
    offset: Option<u64>,
}

/// `Result` with the codec's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// The bytes break the format.
    pub fn corrupt(what: &'static str) -> Self {
        ErrorKind::Corrupt(what).into()
    }

    /// The caller asked for something that does not exist.
    pub fn invalid(what: impl Into<String>) -> Self {
        ErrorKind::InvalidInput(what.into()).into()
    }

    /// The bytes are no model that can be used here.
    pub fn model(what: impl Into<String>) -> Self {
        ErrorKind::Model(what.into()).into()
    }

    /// The same error, in the frame with this number (counted from 0 over the whole input). An
    /// earlier number stays.
    pub fn in_frame(mut self, number: u64) -> Self {
        self.frame.get_or_insert(number);
        self
    }

    /// The same error, at this byte of the compressed input. An earlier offset stays.
    pub fn at_offset(mut self, offset: u64) -> Self {
        self.offset.get_or_insert(offset);
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// What went wrong, without where.
    pub fn into_kind(self) -> ErrorKind {
        self.kind
    }

    /// The frame in which it went wrong, counted from 0 over the whole input.
    pub fn frame(&self) -> Option<u64> {
        self.frame
    }

    /// The byte of the compressed input at which the damaged piece begins.
    pub fn offset(&self) -> Option<u64> {
        self.offset
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ErrorKind::Corrupt(what) => write!(f, "corrupt stream: {what}"),
            ErrorKind::Truncated => f.write_str("the stream is cut short"),
            ErrorKind::NotCatena => f.write_str("not a Catena stream"),
            ErrorKind::Version(1) => {
                f.write_str("format version 1, which was never published and is read no more")
            }
            ErrorKind::Version(version) => {
                write!(f, "format version {version} is newer than this decoder")
            }
            ErrorKind::MissingModel { id, looked_in } => {
                write!(f, "needs the model {id}, which is not at hand; looked in: ")?;
                f.write_str(&looked_in.join("; "))
            }
            ErrorKind::MissingModelPrefix { prefix, looked_in } => {
                write!(
                    f,
                    "needs the model whose hash begins with {prefix}, which is not at hand; looked in: "
                )?;
                f.write_str(&looked_in.join("; "))
            }
            ErrorKind::Model(what) => write!(f, "model: {what}"),
            ErrorKind::MemoryLimit { needed, limit } => {
                write!(f, "needs {needed} bytes of memory, the limit is {limit}")
            }
            ErrorKind::OutputLimit { limit } => {
                write!(
                    f,
                    "more than {limit} raw bytes would come out, which is the limit"
                )
            }
            ErrorKind::InvalidInput(what) => f.write_str(what),
            ErrorKind::Panicked(what) => write!(f, "internal error: {what}"),
            ErrorKind::Io(e) => e.fmt(f),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)?;
        match (self.frame, self.offset) {
            (Some(frame), Some(offset)) => write!(f, " (frame {frame}, byte {offset})"),
            (Some(frame), None) => write!(f, " (frame {frame})"),
            (None, Some(offset)) => write!(f, " (byte {offset})"),
            (None, None) => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            ErrorKind::Io(e) => Some(e),
            _ => None,
        }
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Error {
            kind,
            frame: None,
            offset: None,
        }
    }
}

impl From<std::io::Error> for Error {
    /// An error of this crate that went through `std::io` comes out as it was.
    fn from(error: std::io::Error) -> Self {
        match error.downcast::<Error>() {
            Ok(own) => own,
            Err(error) => ErrorKind::Io(error).into(),
        }
    }
}

impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        use std::io::ErrorKind as Io;
        let kind = match error.kind {
            ErrorKind::Io(e) => return e,
            ErrorKind::Truncated => Io::UnexpectedEof,
            ErrorKind::Corrupt(_) | ErrorKind::NotCatena | ErrorKind::Model(_) => Io::InvalidData,
            ErrorKind::Version(_) => Io::Unsupported,
            ErrorKind::MissingModel { .. } | ErrorKind::MissingModelPrefix { .. } => Io::NotFound,
            ErrorKind::MemoryLimit { .. } => Io::OutOfMemory,
            ErrorKind::OutputLimit { .. } => Io::FileTooLarge,
            ErrorKind::InvalidInput(_) => Io::InvalidInput,
            ErrorKind::Panicked(_) => Io::Other,
        };
        std::io::Error::new(kind, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_place_stays_and_is_shown() {
        let error = Error::corrupt("lanes")
            .in_frame(3)
            .in_frame(9)
            .at_offset(70);
        assert_eq!(
            error.to_string(),
            "corrupt stream: lanes (frame 3, byte 70)"
        );
    }

    #[test]
    fn survives_the_way_through_io() {
        let error: std::io::Error = Error::from(ErrorKind::Truncated).in_frame(1).into();
        assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
        let back = Error::from(error);
        assert!(matches!(back.kind(), ErrorKind::Truncated));
        assert_eq!(back.frame(), Some(1));
    }
}
