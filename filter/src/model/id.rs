//! A model's name: the SHA-256 of its file, so that the same name is the same weights everywhere.
//!
//! The file's last 32 bytes are the hash of all before them. Invariant: an id that was checked with [`ModelId::of_file`] names
//! exactly these bytes; one that was only read ([`ModelId::stored_in`]) is a claim.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::error::{Error, ErrorKind, Result};

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

    /// The name of a whole file.
    ///
    /// # Errors
    /// [`ErrorKind::Model`] if the file is not what its last 32 bytes say.
    pub fn of_file(file: &[u8]) -> Result<Self> {
        let (body, &stored) = file
            .split_last_chunk()
            .ok_or_else(|| Error::model("the file is cut short"))?;
        if Self::of_body(body).0 != stored {
            return Err(Error::model("damaged: its hash is not that of its content"));
        }
        Ok(ModelId(stored))
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

impl FromStr for ModelId {
    type Err = Error;

    /// All sixty-four digits; shorter forms are for [`Search::by_name`](super::Search::by_name).
    fn from_str(text: &str) -> Result<Self> {
        let wrong = || -> Error {
            ErrorKind::InvalidInput(format!("'{text}' is not a hash of 64 hexadecimal digits"))
                .into()
        };
        let digits = text.as_bytes();
        if digits.len() != 2 * ID_LEN {
            return Err(wrong());
        }
        let mut bytes = [0; ID_LEN];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |digit: u8| char::from(digit).to_digit(16);
            let (Some(high), Some(low)) = (digit(pair[0]), digit(pair[1])) else {
                return Err(wrong());
            };
            *byte = (high << 4 | low) as u8;
        }
        Ok(ModelId(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comes_back() {
        let id = ModelId::of_body(b"abc");
        let text = id.to_string();
        assert!(text.starts_with("ba7816bf"));
        assert_eq!(text.parse::<ModelId>().unwrap(), id);
        assert_eq!(text.to_uppercase().parse::<ModelId>().unwrap(), id);
        assert!(id.begins_with("BA78") && id.begins_with("") && !id.begins_with("ba79"));
        for bad in [
            "",
            "ba78",
            &text[1..],
            &text.replace('b', "g"),
            &"é".repeat(32),
        ] {
            assert!(bad.parse::<ModelId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_file_says_its_name() {
        let mut file = b"abc".to_vec();
        file.extend_from_slice(ModelId::of_body(b"abc").as_bytes());
        assert_eq!(ModelId::of_file(&file).unwrap(), ModelId::of_body(b"abc"));
        assert_eq!(ModelId::stored_in(&file), Some(ModelId::of_body(b"abc")));
        file[1] ^= 1;
        assert!(ModelId::of_file(&file).is_err());
        assert!(ModelId::of_file(&file[..31]).is_err());
    }
}
