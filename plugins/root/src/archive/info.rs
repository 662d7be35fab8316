//! What is in an archive, as far as can be told without decoding its columns.

use std::io::Read;

use catena_filter::Layout;
use serde::Serialize;

use crate::error::Result;
use catena_container::{Cursor, Reader};

use super::format::{FORMAT, PLAIN};
use super::meta::{Group, Kind, Meta};
use super::piece::Stored;
use super::unpack::UnpackOptions;

/// What an archive says of itself.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct ArchiveInfo {
    /// Bytes of the file.
    pub file_bytes: u64,
    /// Bytes of the archive's parts.
    pub archive_bytes: u64,
    /// Segments that were taken apart, and parts that are plain bytes.
    pub segments: u64,
    /// Bytes of the file in parts that are plain.
    pub plain_bytes: u64,
    /// Bytes of the file in compressed objects that stay as they are.
    pub kept_bytes: u64,
    /// Coded bytes: of descriptions; of what is between objects; of objects other than baskets; of
    /// columns in rows; of joined columns.
    pub coded: [u64; 5],
    /// Baskets in columns, baskets as plain bytes, other objects, objects that stay as they are.
    pub objects: [u64; 4],
    /// Codecs and levels, and how many objects each gives.
    pub settings: Vec<(String, u64)>,
}

/// Reads what an archive says of itself; the checksums of its parts are compared, the file's is
/// not.
///
/// # Errors
/// As [`super::unpack`].
pub fn info(input: impl Read, options: &UnpackOptions) -> Result<ArchiveInfo> {
    let mut reader = Reader::new(input, &FORMAT, options.memory_limit)?;
    let mut info = ArchiveInfo::default();
    while let Some(section) = reader.section(false)? {
        info.file_bytes = info.file_bytes.saturating_add(section.file_len);
        info.archive_bytes += section.payload.len() as u64;
        match section.kind {
            PLAIN => info.plain_bytes = info.plain_bytes.saturating_add(section.file_len),
            _ => info.segment(&section.payload, options.memory_limit)?,
        }
    }
    Ok(info)
}

impl ArchiveInfo {
    fn segment(&mut self, payload: &[u8], limit: u64) -> Result<()> {
        let mut budget = limit;
        let mut cursor = Cursor::new(payload);
        let description = Stored::read(&mut cursor, &mut budget)?;
        let meta = Meta::read(&description.decode(&Layout::bytes())?)?;
        let mut coded = vec![(0, description.coded.len())];
        for at in [1, 2] {
            coded.push((at, Stored::read(&mut cursor, &mut budget)?.coded.len()));
        }
        for group in &meta.groups {
            let at = if matches!(group, Group::Rows(_)) {
                3
            } else {
                4
            };
            coded.push((at, Stored::read(&mut cursor, &mut budget)?.coded.len()));
        }
        for (at, len) in coded {
            if let Some(sum) = self.coded.get_mut(at) {
                *sum += len as u64;
            }
        }
        self.segments += 1;
        for item in &meta.items {
            if let Some(n) = self.objects.get_mut(item.kind as usize) {
                *n += 1;
            }
            if item.kind == Kind::Kept {
                self.kept_bytes = self.kept_bytes.saturating_add(item.raw_len);
            }
            if item.embedded {
                continue;
            }
            let setting = item.setting.checked_sub(1);
            let setting = setting.and_then(|at| meta.settings.get(at));
            let name = setting.map_or("none".into(), |setting| setting.name());
            match self.settings.iter_mut().find(|(it, _)| *it == name) {
                Some((_, n)) => *n += 1,
                None => self.settings.push((name, 1)),
            }
        }
        Ok(())
    }
}
