//! One error type: what went wrong, and in which tensor or member.

use std::fmt;

/// What went wrong, without where.
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A file that is no safetensors, npy or npz file, or breaks its format.
    Malformed(String),
    /// A file that is well, but that is not packed; why.
    Unsupported(String),
    /// The bytes of an archive break its format.
    Corrupt(&'static str),
    /// An archive that was cut.
    Truncated,
    /// The bytes do not begin like an archive of tensors.
    NotArchive,
    /// An archive of a version that is not known here.
    Version(u8),
    /// A part would take more memory than the caller allows.
    MemoryLimit {
        /// Bytes that the archive asks for.
        needed: u64,
        /// Bytes that the caller allows.
        limit: u64,
    },
    /// More bytes of the file would come out of an archive than the caller allows.
    OutputLimit {
        /// Bytes that the caller allows.
        limit: u64,
    },
    /// An archive that decodes to other bytes than the file had.
    Checksum,
    /// An option that cannot be.
    InvalidInput(&'static str),
    /// The codec failed.
    Codec(catena_filter::Error),
    /// Reading or writing failed.
    Io(std::io::Error),
}

/// An error of this crate.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    place: Option<String>,
}

/// `Result` with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn malformed(what: impl Into<String>) -> Self {
        ErrorKind::Malformed(what.into()).into()
    }

    pub(crate) fn unsupported(what: impl Into<String>) -> Self {
        ErrorKind::Unsupported(what.into()).into()
    }

    pub(crate) fn corrupt(what: &'static str) -> Self {
        ErrorKind::Corrupt(what).into()
    }

    pub(crate) fn truncated() -> Self {
        ErrorKind::Truncated.into()
    }

    /// The same error, in this tensor or member; the innermost place stays.
    pub(crate) fn within(mut self, name: &str) -> Self {
        self.place
            .get_or_insert_with(|| name.escape_debug().to_string());
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// The tensor or member, where it is known.
    pub fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Error { kind, place: None }
    }
}

impl From<catena_container::Error> for Error {
    fn from(error: catena_container::Error) -> Self {
        use catena_container::Error as Of;
        match error {
            Of::Corrupt(what) => ErrorKind::Corrupt(what),
            Of::NotArchive => ErrorKind::NotArchive,
            Of::Version(n) => ErrorKind::Version(n),
            Of::MemoryLimit { needed, limit } => ErrorKind::MemoryLimit { needed, limit },
            Of::OutputLimit { limit } => ErrorKind::OutputLimit { limit },
            Of::Checksum => ErrorKind::Checksum,
            Of::Io(e) => ErrorKind::Io(e),
            _ => ErrorKind::Truncated,
        }
        .into()
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        ErrorKind::Io(error).into()
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ErrorKind::Malformed(what) => write!(f, "damaged, or no tensor file: {what}"),
            ErrorKind::Unsupported(what) => write!(f, "cannot be packed: {what}"),
            ErrorKind::Corrupt(what) => write!(f, "damaged: {what}"),
            ErrorKind::Truncated => f.write_str("damaged: cut short"),
            ErrorKind::NotArchive => f.write_str("not an archive of tensors"),
            ErrorKind::Version(n) => write!(f, "an archive of version {n}, which is not known here"),
            ErrorKind::MemoryLimit { needed, limit } => {
                write!(f, "needs {needed} bytes of memory, the limit is {limit}")
            }
            ErrorKind::OutputLimit { limit } => {
                write!(f, "more than {limit} bytes would come out, which is the limit")
            }
            ErrorKind::Checksum => f.write_str(
                "damaged, or unpacked with another version of zlib: the bytes are not those of the file",
            ),
            ErrorKind::InvalidInput(what) => f.write_str(what),
            ErrorKind::Codec(e) => write!(f, "{e}"),
            ErrorKind::Io(e) => write!(f, "{e}"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        write!(f, "{}", self.kind)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            ErrorKind::Io(e) => Some(e),
            ErrorKind::Codec(e) => Some(e),
            _ => None,
        }
    }
}
