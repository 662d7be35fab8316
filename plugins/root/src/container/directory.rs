//! The file's header and its directories.
//!
//! A directory is a record that points to a list of keys. Damaged files may point in circles: no
//! list is read twice, and depth and number of keys are bounded.

use std::collections::HashSet;

use super::cursor::Cursor;
use super::key::Key;
use super::source::Source;
use crate::error::{Error, ErrorKind, Result};

/// Files of version 1,000,000 and above have positions of 8 bytes.
const LARGE_FILE: i32 = 1_000_000;
const LARGE_DIRECTORY: u16 = 1000;
const MAX_DEPTH: usize = 64;

/// The first bytes of a ROOT file.
#[derive(Clone, Debug)]
pub(crate) struct FileHeader {
    /// Version of ROOT that wrote it, such as 63206.
    pub version: i32,
    pub begin: u64,
    pub compress: i32,
    pub info_position: u64,
    pub info_bytes: u64,
    pub name_bytes: u64,
}

impl FileHeader {
    pub fn read(source: &Source) -> Result<Self> {
        let bytes = source.read_up_to(0, 128)?;
        let mut cursor = Cursor::new(&bytes);
        if !bytes.starts_with(b"root") {
            return Err(ErrorKind::NotRoot.into());
        }
        cursor.skip(4)?;
        // Some writers overflow the number: it is compared with its sign, as ROOT does.
        let version = cursor.i32()?;
        let large = version >= LARGE_FILE;
        let begin = cursor.u32()?.into();
        cursor.seek_position(large)?;
        cursor.seek_position(large)?;
        cursor.skip(8)?;
        let name_bytes = cursor.u32()?.into();
        cursor.skip(1)?;
        let compress = cursor.i32()?;
        let info_position = cursor.seek_position(large)?;
        Ok(FileHeader {
            version: version.rem_euclid(LARGE_FILE),
            begin,
            compress,
            info_position,
            info_bytes: cursor.u32()?.into(),
            name_bytes,
        })
    }
}

/// A key and the directories that lead to it.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// Names joined by `/`.
    pub path: String,
    pub key: Key,
}

/// All keys of the file but those of directories, in the order of the file; and what is wrong with
/// directories below the first.
///
/// A file that was not closed has no list of keys: they are looked for, record after record, and
/// the description of classes with them.
pub(crate) fn walk(source: &Source, header: &mut FileHeader) -> Result<(Vec<Found>, Vec<Error>)> {
    let root = header.begin.saturating_add(header.name_bytes);
    let mut walk = Walk {
        source,
        seen: HashSet::new(),
        found: Vec::new(),
        damage: Vec::new(),
        keys_left: source.size() / 26 + 1,
        closed: true,
    };
    walk.directory(root, "", 0)?;
    if !walk.closed {
        let lost = Error::corrupt(
            "the file was not closed: what was written is found, names of directories are not",
        );
        walk.damage.push(lost);
        walk.records(header);
    }
    Ok((walk.found, walk.damage))
}

struct Walk<'a> {
    source: &'a Source,
    seen: HashSet<u64>,
    found: Vec<Found>,
    damage: Vec<Error>,
    /// A key takes 26 bytes or more, so a file has no more keys than this.
    keys_left: u64,
    /// Whether the first directory has a list of keys.
    closed: bool,
}

/// Records that are no object of a user's.
const INNER: [&str; 6] = [
    "",
    "TBasket",
    "TFile",
    "TDirectory",
    "TDirectoryFile",
    "RBlob",
];

impl Walk<'_> {
    fn directory(&mut self, position: u64, path: &str, depth: usize) -> Result<()> {
        if depth > MAX_DEPTH {
            return Err(Error::corrupt("directories too deep").at(position));
        }
        let record = self.source.read_up_to(position, 64)?;
        let keys = keys_position(&record).map_err(|e| e.at(position))?;
        if keys == 0 {
            self.closed &= depth > 0;
            return Ok(());
        }
        if !self.seen.insert(keys) {
            return Err(Error::corrupt("a directory inside itself").at(position));
        }
        let list = Key::read_at(self.source, keys)?;
        let data = self.source.read(keys, list.bytes)?;
        let keys = self
            .list(&data, list.key_len)
            .map_err(|e| e.at(list.position))?;
        for key in keys {
            let path = if path.is_empty() {
                key.name.clone()
            } else {
                format!("{path}/{}", key.name)
            };
            if matches!(key.class.as_str(), "TDirectory" | "TDirectoryFile") {
                let start = key.position.saturating_add(key.key_len);
                if let Err(e) = self.directory(start, &path, depth + 1) {
                    self.damage.push(e.in_tree(&path));
                }
            } else {
                self.found.push(Found { path, key });
            }
        }
        Ok(())
    }

    /// Finds keys by going from record to record, as far as these are sound.
    fn records(&mut self, header: &mut FileHeader) {
        let mut at = header.begin;
        while at < self.source.size() && self.keys_left > 0 {
            self.keys_left -= 1;
            let free = self.source.read_up_to(at, 4).ok();
            let free = free.and_then(|bytes| Cursor::new(&bytes).i32().ok());
            let len = match free {
                // What was deleted has its length with a minus.
                Some(n) if n < 0 => u64::from(n.unsigned_abs()),
                Some(n) if n > 0 => match Key::read_at(self.source, at) {
                    Ok(key) if key.position == at && key.key_len <= key.bytes => {
                        let len = key.bytes;
                        self.record(header, key);
                        len
                    }
                    _ => return,
                },
                _ => return,
            };
            at = at.saturating_add(len);
        }
    }

    fn record(&mut self, header: &mut FileHeader, key: Key) {
        if (key.class.as_str(), key.name.as_str()) == ("TList", "StreamerInfo") {
            (header.info_position, header.info_bytes) = (key.position, key.bytes);
        } else if !INNER.contains(&key.class.as_str()) {
            let path = key.name.clone();
            self.found.push(Found { path, key });
        }
    }

    fn list(&mut self, data: &[u8], key_len: u64) -> Result<Vec<Key>> {
        let mut cursor = Cursor::new(data);
        cursor.skip(usize::try_from(key_len).map_err(|_| Error::truncated())?)?;
        let n = u64::from(cursor.u32()?);
        self.keys_left = self
            .keys_left
            .checked_sub(n)
            .ok_or_else(|| Error::corrupt("more keys than the file holds"))?;
        (0..n).map(|_| Key::parse(&mut cursor)).collect()
    }
}

/// Where a directory's record says that its list of keys lies.
fn keys_position(record: &[u8]) -> Result<u64> {
    let mut cursor = Cursor::new(record);
    let version = cursor.u16()?;
    cursor.skip(16)?;
    let large = version > LARGE_DIRECTORY;
    cursor.seek_position(large)?;
    cursor.seek_position(large)?;
    cursor.seek_position(large)
}
