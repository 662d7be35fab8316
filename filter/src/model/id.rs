//! A model's name, checked against its file and read from text.
//!
//! The file's last 32 bytes are the hash of all before them. Invariant: an id that was checked with
//! [`ModelId::of_file`] names exactly these bytes; one that was only read ([`ModelId::stored_in`])
//! is a claim.

use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};
pub use crate::id::{ID_LEN, ModelId};

impl ModelId {
    /// The name of a whole file.
    ///
    /// # Errors
    /// [`ErrorKind::Model`] if the file is not what its last 32 bytes say.
    pub fn of_file(file: &[u8]) -> Result<Self> {
        let (body, &stored) = file
            .split_last_chunk()
            .ok_or_else(|| Error::model("the file is cut short"))?;
        if *Self::of_body(body).as_bytes() != stored {
            return Err(Error::model("damaged: its hash is not that of its content"));
        }
        Ok(ModelId::new(stored))
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
        Ok(ModelId::new(bytes))
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
