//! Foreign formats: their names, and their first bytes.
//!
//! Invariant: a prefix is undecided only while more bytes can still make it a signature.

use std::str::FromStr;

/// What the input is wrapped in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Foreign {
    /// Whatever the first bytes say; [`Foreign::None`] if they say nothing.
    Auto,
    /// Nothing: the bytes are taken as they are.
    #[default]
    None,
    /// gzip (RFC 1952), all members.
    Gzip,
    /// Zstandard (RFC 8878), all frames.
    Zstd,
    /// The .xz format, all streams.
    Xz,
    /// bzip2, all streams.
    Bzip2,
}

impl Foreign {
    /// The name that [`Foreign::from_str`] reads.
    pub const fn name(self) -> &'static str {
        match self {
            Foreign::Auto => "auto",
            Foreign::None => "none",
            Foreign::Gzip => "gzip",
            Foreign::Zstd => "zstd",
            Foreign::Xz => "xz",
            Foreign::Bzip2 => "bzip2",
        }
    }
}

impl FromStr for Foreign {
    type Err = catena_filter::Error;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "auto" => Ok(Foreign::Auto),
            "none" => Ok(Foreign::None),
            "gzip" | "gz" => Ok(Foreign::Gzip),
            "zstd" | "zst" => Ok(Foreign::Zstd),
            "xz" => Ok(Foreign::Xz),
            "bzip2" | "bz2" => Ok(Foreign::Bzip2),
            _ => Err(catena_filter::Error::invalid(format!(
                "unknown input format '{name}'; known are auto, none, gzip, zstd, xz, bzip2"
            ))),
        }
    }
}

/// The first bytes of a format, each under a mask.
type Signature = (Foreign, &'static [(u8, u8)]);

/// Bytes that decide.
pub(crate) const SIGNATURE_MAX: usize = 10;

/// As long as each format allows: raw data must not be taken for a wrapping by chance.
const SIGNATURES: [Signature; 6] = [
    // Method deflate; reserved flags are zero.
    (
        Foreign::Gzip,
        &[(0x1f, 0xff), (0x8b, 0xff), (8, 0xff), (0, 0xe0)],
    ),
    (
        Foreign::Zstd,
        &[(0x28, 0xff), (0xb5, 0xff), (0x2f, 0xff), (0xfd, 0xff)],
    ),
    // A skippable frame, which parallel compressors put first.
    (
        Foreign::Zstd,
        &[(0x50, 0xf0), (0x2a, 0xff), (0x4d, 0xff), (0x18, 0xff)],
    ),
    (
        Foreign::Xz,
        &[
            (0xfd, 0xff),
            (b'7', 0xff),
            (b'z', 0xff),
            (b'X', 0xff),
            (b'Z', 0xff),
            (0, 0xff),
        ],
    ),
    // "BZh", the level, then pi: the first block.
    (
        Foreign::Bzip2,
        &bzip2_start([0x31, 0x41, 0x59, 0x26, 0x53, 0x59]),
    ),
    // The same with the root of pi: the end of an empty stream.
    (
        Foreign::Bzip2,
        &bzip2_start([0x17, 0x72, 0x45, 0x38, 0x50, 0x90]),
    ),
];

const fn bzip2_start(magic: [u8; 6]) -> [(u8, u8); SIGNATURE_MAX] {
    let mut start = [
        (b'B', 0xff),
        (b'Z', 0xff),
        (b'h', 0xff),
        (0x30, 0xf0),
        (0, 0),
        (0, 0),
        (0, 0),
        (0, 0),
        (0, 0),
        (0, 0),
    ];
    let mut i = 0;
    while i < magic.len() {
        start[4 + i] = (magic[i], 0xff);
        i += 1;
    }
    start
}

/// What the first bytes say; `None` if more of them could still say something else.
pub(crate) fn recognise(start: &[u8]) -> Option<Foreign> {
    let mut undecided = false;
    for (format, signature) in SIGNATURES {
        if start
            .iter()
            .zip(signature)
            .all(|(byte, (value, mask))| byte & mask == *value)
        {
            if start.len() >= signature.len() {
                return Some(format);
            }
            undecided = true;
        }
    }
    if undecided { None } else { Some(Foreign::None) }
}
