//! What an archive says of itself, without unpacking it.

use std::io::Read;

use catena_container::Reader;
use serde::Serialize;

use crate::error::{Error, Result};

use super::catalogue::{self, TensorInfo};
use super::format::{FORMAT, LOSSY, PLAIN, SEGMENT};
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

/// Reads an archive's headers and its catalogue. All checksums of the archive are verified, but
/// that of the file.
///
/// # Errors
/// As of [`super::unpack`].
pub fn info(input: impl Read, options: &UnpackOptions) -> Result<ArchiveInfo> {
    let mut reader = Reader::new(input, &FORMAT, options.memory_limit)?;
    let mut info = ArchiveInfo {
        lossy: reader.flags() & LOSSY != 0,
        ..ArchiveInfo::default()
    };
    while let Some(section) = reader.section(false)? {
        info.file_bytes = info.file_bytes.saturating_add(section.file_len);
        match section.kind {
            PLAIN => info.plain_bytes = info.plain_bytes.saturating_add(section.file_len),
            SEGMENT => {}
            _ if section.file_len > 0 => {
                return Err(Error::corrupt("a catalogue that stands for bytes"));
            }
            _ => {
                let bytes = decode_plain(&section.payload, options.memory_limit)?;
                (info.format, info.tensors, info.notes) = catalogue::read(&bytes)?;
            }
        }
    }
    info.archive_bytes = reader.bytes_read();
    Ok(info)
}
