//! A model's name: the SHA-256 of its file, so that the same name is the same weights everywhere.
//!
//! On the ground floor, below the errors that speak of models by their names. Whether a file has
//! the name that it claims, `model::id` checks.

use std::fmt;

use sha2::{Digest, Sha256};

/// Bytes of an id.
pub const ID_LEN: usize = 32;

/// A model's name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelId([u8; ID_LEN]);

impl ModelId {
    /// The name with these bytes.
    pub const fn new(bytes: [u8; ID_LEN]) -> Self {
        ModelId(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; ID_LEN] {
        &self.0
    }

    /// The hash of a file without its last 32 bytes.
    pub(crate) fn of_body(body: &[u8]) -> Self {
        ModelId(Sha256::digest(body).into())
    }

    /// What a file's last 32 bytes say; `None` of a file that has not that many.
    pub(crate) fn stored_in(file: &[u8]) -> Option<Self> {
        file.last_chunk().copied().map(ModelId)
    }

    /// Whether its hexadecimal form begins like this, in either case of the letters.
    pub fn begins_with(&self, prefix: &str) -> bool {
        let prefix = prefix.to_ascii_lowercase();
        self.to_string().starts_with(&prefix)
    }
}

/// Sixty-four hexadecimal digits.
impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ModelId({self})")
    }
}
