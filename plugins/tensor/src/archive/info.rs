//! What an archive says of itself, without unpacking it.

use std::io::Read;

use serde::Serialize;

use crate::error::Result;

use super::catalogue::{self, TensorInfo};
use super::container::{PartKind, Reader};
use super::streams::decode_plain;
use super::unpack::UnpackOptions;

/// An archive as far as its headers and its catalogue tell.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct ArchiveInfo {
    /// Kind of the file: safetensors, npy or npz.
    pub format: String,
    /// Whether what comes out is not what went in.
    pub lossy: bool,
    /// Bytes of the file that comes out.
    pub file_bytes: u64,
    /// Bytes of the archive.
    pub archive_bytes: u64,
    /// Bytes of the file in parts that are plain bytes.
    pub plain_bytes: u64,
    /// The tensors; none if the archive has no catalogue.
    pub tensors: Vec<TensorInfo>,
    /// What was kept as bytes, and why.
    pub notes: Vec<String>,
}

/// Reads an archive's headers and its catalogue. All checksums of the archive are verified, but that of the file.
///
/// # Errors
/// As of [`super::unpack`].
pub fn info(input: impl Read, options: &UnpackOptions) -> Result<ArchiveInfo> {
    let mut reader = Reader::new(input, options.memory_limit)?;
    let mut info = ArchiveInfo {
        lossy: reader.lossy,
        ..ArchiveInfo::default()
    };
    while let Some(part) = reader.part(false)? {
        info.file_bytes = info.file_bytes.saturating_add(part.file_len);
        match part.kind {
            PartKind::Plain => info.plain_bytes = info.plain_bytes.saturating_add(part.file_len),
            PartKind::Segment => {}
            PartKind::Catalogue => {
                let bytes = decode_plain(&part.payload, options.memory_limit)?;
                (info.format, info.tensors, info.notes) = catalogue::read(&bytes)?;
            }
        }
    }
    info.archive_bytes = reader.read;
    Ok(info)
}
