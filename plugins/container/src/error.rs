//! What may be wrong with a container. Each archive has an error type of its own, into which this
//! one goes.

use std::fmt;

/// What went wrong.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The bytes break the format.
    Corrupt(&'static str),
    /// The bytes end too early.
    Truncated,
    /// The bytes do not begin as this format does.
    NotArchive,
    /// A version that is not known here.
    Version(u8),
    /// A section would take more memory than the caller allows.
    MemoryLimit {
        /// Bytes that the archive asks for.
        needed: u64,
        /// Bytes that the caller allows.
        limit: u64,
    },
    /// More bytes of the file would come out than the caller allows.
    OutputLimit {
        /// Bytes that the caller allows.
        limit: u64,
    },
    /// What was restored is not what was packed.
    Checksum,
    /// Reading or writing failed.
    Io(std::io::Error),
}

/// `Result` with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Error::Io(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Corrupt(what) => write!(f, "damaged: {what}"),
            Error::Truncated => f.write_str("damaged: cut short"),
            Error::NotArchive => f.write_str("not such an archive"),
            Error::Version(n) => write!(f, "an archive of version {n}, which is not known here"),
            Error::MemoryLimit { needed, limit } => {
                write!(f, "needs {needed} bytes of memory, the limit is {limit}")
            }
            Error::OutputLimit { limit } => {
                write!(
                    f,
                    "more than {limit} bytes would come out, which is the limit"
                )
            }
            Error::Checksum => f.write_str("damaged: the restored bytes are not those of the file"),
            Error::Io(e) => write!(f, "{e}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Io(e) => Some(e),
            _ => None,
        }
    }
}
