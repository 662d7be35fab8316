//! A branch as the reader offers it: its type, or why it has none, and its size.

use std::fmt;

use super::types::Type;

/// How a branch was compressed, as far as its description says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// Not at all.
    None,
    /// Deflate, at this level.
    Zlib(u8),
    /// LZMA, at this level.
    Xz(u8),
    /// The deflate of ROOT's first years.
    Old(u8),
    /// LZ4, at this level.
    Lz4(u8),
    /// Zstandard, at this level.
    Zstd(u8),
    /// A number that stands for none of these.
    Unknown(i64),
}

impl Compression {
    /// From ROOT's number: a hundred times the codec and the level.
    pub(crate) fn from_settings(settings: i64) -> Self {
        let level = (settings.rem_euclid(100)) as u8;
        match (settings.div_euclid(100), level) {
            (_, 0) => Compression::None,
            (0 | 1, _) => Compression::Zlib(level),
            (2, _) => Compression::Xz(level),
            (3, _) => Compression::Old(level),
            (4, _) => Compression::Lz4(level),
            (5, _) => Compression::Zstd(level),
            _ => Compression::Unknown(settings),
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Compression::None => f.write_str("none"),
            Compression::Zlib(level) => write!(f, "zlib-{level}"),
            Compression::Xz(level) => write!(f, "xz-{level}"),
            Compression::Old(level) => write!(f, "old-{level}"),
            Compression::Lz4(level) => write!(f, "lz4-{level}"),
            Compression::Zstd(level) => write!(f, "zstd-{level}"),
            Compression::Unknown(settings) => write!(f, "{settings}?"),
        }
    }
}

/// What reading a branch would give.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Content {
    /// Values of this type, one for each entry.
    Values(Type),
    /// Nothing of its own: its values are in the branches below it.
    Group,
    /// It cannot be read; why.
    Unreadable(String),
}

/// A branch of a TTree, or a top-level field of an RNTuple.
#[derive(Clone, Debug)]
pub struct Branch {
    pub(crate) path: String,
    pub(crate) title: String,
    pub(crate) type_name: String,
    pub(crate) content: Content,
    pub(crate) is_counter: bool,
    pub(crate) disk_bytes: u64,
    pub(crate) raw_bytes: u64,
    pub(crate) baskets: u64,
    pub(crate) compression: Compression,
}

impl Branch {
    /// Names of this branch and of those above it, joined by `/`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The last part of the path.
    pub fn name(&self) -> &str {
        self.path.rsplit_once('/').map_or(&self.path, |(_, n)| n)
    }

    /// What its author says of it.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The C++ type, as the file names it.
    pub fn type_name(&self) -> &str {
        &self.type_name
    }

    /// Its type, or why there is nothing to be read.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// The type of its values, if it can be read.
    pub fn ty(&self) -> Option<&Type> {
        match &self.content {
            Content::Values(ty) => Some(ty),
            _ => None,
        }
    }

    /// Whether it holds the number of objects in a split collection, which the members' own offsets
    /// tell as well.
    pub fn is_counter(&self) -> bool {
        self.is_counter
    }

    /// Bytes of its baskets or pages in the file.
    pub fn disk_bytes(&self) -> u64 {
        self.disk_bytes
    }

    /// The same before compression.
    pub fn raw_bytes(&self) -> u64 {
        self.raw_bytes
    }

    /// Number of baskets or pages.
    pub fn baskets(&self) -> u64 {
        self.baskets
    }

    /// How it was compressed.
    pub fn compression(&self) -> Compression {
        self.compression
    }
}
