//! What tells an archive of a ROOT file from others: its magic, version, and kinds of sections.

use catena_container::{Checksum, Format};

/// The frame. Its rule for checksums is older than the one that new formats have; archives of
/// version 1 keep it.
pub(super) const FORMAT: Format = Format {
    magic: [0xCA, 0x7E, 0x4E, 0xA2],
    version: 1,
    flags: None,
    kinds: SEGMENT,
    checksum: Checksum::Mixed,
};
/// Section: one piece, bytes of the file.
pub(super) const PLAIN: u8 = 1;
/// Section: a description, streams and columns.
pub(super) const SEGMENT: u8 = 2;
