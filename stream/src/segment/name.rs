//! Names of sources and of their segments.

use std::fmt;
use std::str::FromStr;

/// Suffix of a finished segment.
const DONE: &str = ".cat";
/// Suffix of one that is being written, or that a crash left.
const PART: &str = ".cat.part";
/// Longest name of a source in bytes.
const SOURCE_MAX: usize = 128;

/// The name of a source: 1 to 128 of `A-Z a-z 0-9 . _ -`, the first one no dot, so that it is a
/// file's name on every system.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceName(String);

impl SourceName {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SourceName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b".-_".contains(&b);
        if text.is_empty() || text.len() > SOURCE_MAX {
            return Err(format!("a source's name has 1 to {SOURCE_MAX} characters"));
        }
        if !text.bytes().all(plain) || text.starts_with('.') {
            return Err(
                "a source's name is of letters, digits, '.', '_' and '-', and begins with no dot"
                    .into(),
            );
        }
        Ok(SourceName(text.into()))
    }
}

/// A segment: whose it is, which one, and whether it is finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentName {
    /// Whose bytes it holds.
    pub source: SourceName,
    /// Its place among the source's segments.
    pub number: u64,
    /// Whether it ends as a stream does.
    pub finished: bool,
}

impl SegmentName {
    /// The segment of a file's name; `None` if it is not one.
    pub fn parse(file: &str) -> Option<Self> {
        let (stem, finished) = match file.strip_suffix(PART) {
            Some(stem) => (stem, false),
            None => (file.strip_suffix(DONE)?, true),
        };
        let (source, number) = stem.rsplit_once('-')?;
        if number.len() < 10 || !number.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let name = SegmentName {
            source: source.parse().ok()?,
            number: number.parse().ok()?,
            finished,
        };
        // One name for each segment: no leading zeros beyond the tenth digit.
        (name.to_string() == file).then_some(name)
    }
}

impl fmt::Display for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suffix = if self.finished { DONE } else { PART };
        write!(f, "{}-{:010}{suffix}", self.source, self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written() {
        for file in [
            "run7-0000000000.cat",
            "a-b_c.d-0000000012.cat.part",
            "x-12345678901.cat",
        ] {
            let name = SegmentName::parse(file).expect(file);
            assert_eq!(name.to_string(), file);
        }
        for file in [
            "run7.cat",
            "-0000000001.cat",
            "run7-1.cat",
            "run7-00000000001.cat",
            "run7-0000000001.cat.tmp",
            "run7-99999999999999999999999.cat",
            ".x-0000000001.cat",
        ] {
            assert_eq!(SegmentName::parse(file), None, "{file}");
        }
        for source in ["", "..", "a/b", "a b", "é", &"x".repeat(129)] {
            assert!(source.parse::<SourceName>().is_err(), "{source}");
        }
    }
}
