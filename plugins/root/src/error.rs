//! One error type for the reader: what went wrong, and in which tree, branch and basket.
//!
//! The places are filled in on the way up: the code that finds a damaged byte need not know whose
//! basket it reads.

use std::fmt;

/// What went wrong, without where.
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The file does not begin like a ROOT file.
    NotRoot,
    /// The bytes break the format.
    Corrupt(String),
    /// A structure ends beyond the bytes that hold it.
    Truncated,
    /// The file is well as far as can be told, but this reader does not know how to read it.
    Unsupported(String),
    /// What the caller asked for is not in the file.
    Missing(String),
    /// One object would take more memory than the caller allows.
    MemoryLimit {
        /// Bytes that the file asks for.
        needed: u64,
        /// Bytes that the caller allows.
        limit: u64,
    },
    /// More bytes of the file would come out of an archive than the caller allows.
    OutputLimit {
        /// Bytes that the caller allows.
        limit: u64,
    },
    /// The bytes do not begin like an archive of a ROOT file.
    NotArchive,
    /// An archive of a version that is not known here.
    Version(u8),
    /// An archive that decodes to other bytes than the file had.
    Checksum,
    /// Reading failed.
    Io(std::io::Error),
    /// The HDF5 library, or Catena's filter in it, failed.
    Hdf5(String),
}

/// Where it went wrong, as far as is known.
#[derive(Debug, Default)]
struct Location {
    tree: Option<String>,
    branch: Option<String>,
    basket: Option<u64>,
    offset: Option<u64>,
}

/// An error of the reader.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    location: Box<Location>,
}

/// `Result` with the reader's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// The bytes break the format.
    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        ErrorKind::Corrupt(what.into()).into()
    }

    /// Nothing wrong that can be seen, but not known here.
    pub(crate) fn unsupported(what: impl Into<String>) -> Self {
        ErrorKind::Unsupported(what.into()).into()
    }

    /// Not in the file.
    pub(crate) fn missing(what: impl Into<String>) -> Self {
        ErrorKind::Missing(what.into()).into()
    }

    /// A structure ends beyond its bytes.
    pub(crate) fn truncated() -> Self {
        ErrorKind::Truncated.into()
    }

    /// The same error, in this tree. An earlier name stays, here and below: the innermost place is
    /// the exact one.
    pub(crate) fn in_tree(mut self, path: &str) -> Self {
        self.location.tree.get_or_insert_with(|| path.to_owned());
        self
    }

    /// The same error, in this branch or field.
    pub(crate) fn in_branch(mut self, path: &str) -> Self {
        self.location.branch.get_or_insert_with(|| path.to_owned());
        self
    }

    /// The same error, in the basket (or the RNTuple's cluster) with this number.
    pub(crate) fn in_basket(mut self, number: u64) -> Self {
        self.location.basket.get_or_insert(number);
        self
    }

    /// The same error, in the structure that begins at this byte of the file.
    pub(crate) fn at(mut self, offset: u64) -> Self {
        self.location.offset.get_or_insert(offset);
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// Path of the tree, where it is known.
    pub fn tree(&self) -> Option<&str> {
        self.location.tree.as_deref()
    }

    /// Path of the branch or field, where it is known.
    pub fn branch(&self) -> Option<&str> {
        self.location.branch.as_deref()
    }

    /// Number of the basket in its branch, or of the cluster in an RNTuple, counted from 0.
    pub fn basket(&self) -> Option<u64> {
        self.location.basket
    }

    /// The byte of the file at which the structure begins that is wrong.
    pub fn offset(&self) -> Option<u64> {
        self.location.offset
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Error {
            kind,
            location: Box::default(),
        }
    }
}

#[cfg(feature = "archive")]
impl From<catena_container::Error> for Error {
    fn from(error: catena_container::Error) -> Self {
        use catena_container::Error as Of;
        match error {
            Of::Corrupt(what) => ErrorKind::Corrupt(what.into()),
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
            ErrorKind::NotRoot => f.write_str("not a ROOT file"),
            ErrorKind::Corrupt(what) => write!(f, "damaged: {what}"),
            ErrorKind::Truncated => f.write_str("damaged: cut short"),
            ErrorKind::Unsupported(what) => write!(f, "cannot be read: {what}"),
            ErrorKind::Missing(what) => write!(f, "{what}"),
            ErrorKind::MemoryLimit { needed, limit } => {
                write!(f, "needs {needed} bytes of memory, the limit is {limit}")
            }
            ErrorKind::OutputLimit { limit } => {
                write!(f, "more than {limit} bytes would come out, which is the limit")
            }
            ErrorKind::NotArchive => f.write_str("not an archive of a ROOT file"),
            ErrorKind::Version(n) => write!(f, "an archive of version {n}, which is not known here"),
            ErrorKind::Checksum => f.write_str(
                "damaged, or unpacked with other versions of the codecs: the bytes are not those of the file",
            ),
            ErrorKind::Io(e) => write!(f, "{e}"),
            ErrorKind::Hdf5(what) => f.write_str(what),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let location = &self.location;
        if let Some(tree) = &location.tree {
            write!(f, "tree {tree}: ")?;
        }
        if let Some(branch) = &location.branch {
            write!(f, "branch {branch}: ")?;
        }
        if let Some(basket) = location.basket {
            write!(f, "basket {basket}: ")?;
        }
        write!(f, "{}", self.kind)?;
        if let Some(offset) = location.offset {
            write!(f, " (at byte {offset})")?;
        }
        Ok(())
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
