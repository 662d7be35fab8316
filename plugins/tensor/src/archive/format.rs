//! What tells an archive of tensors from others: its magic, version, flag, and kinds of sections.

use catena_container::{Checksum, Format};

use super::MAGIC;

/// The frame.
pub(super) const FORMAT: Format = Format {
    magic: MAGIC,
    version: 1,
    flags: Some(LOSSY),
    kinds: CATALOGUE,
    checksum: Checksum::Seeded,
};
/// Flag: what is restored is not the file that was packed.
pub(super) const LOSSY: u8 = 1;
/// Section: one block of bytes.
pub(super) const PLAIN: u8 = 1;
/// Section: spans and streams.
pub(super) const SEGMENT: u8 = 2;
/// Section: what `info` tells of the tensors. Stands for no bytes.
pub(super) const CATALOGUE: u8 = 3;
