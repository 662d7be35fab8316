//! The first bytes of foreign formats.
//!
//! Invariant: a prefix is undecided only while more bytes can still make it a signature.

use crate::foreign::Foreign;

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
