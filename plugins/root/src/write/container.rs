//! The file around the trees: header, keys, directories, the list of free places. All positions
//! have eight bytes, so files may be of any size.

use std::io::{Seek, SeekFrom, Write};

use super::bytes::Out;
use super::{Codec, classes};
use crate::error::Result;

/// Where the first key stands.
const BEGIN: u64 = 100;
/// The version of ROOT whose format this is, with the mark of large files.
const VERSION: i32 = 1_062_400;
/// A key with positions of eight bytes.
const KEY: i16 = 1004;
/// A directory with such.
const DIRECTORY: i16 = 1005;
/// The first of January 2000: output depends on the input alone.
const DATE: u32 = (5 << 26) | (1 << 22) | (1 << 17);

/// A key before it is written.
pub(super) struct NewKey<'a> {
    pub(super) class: &'a str,
    pub(super) name: &'a str,
    pub(super) title: &'a str,
    /// Bytes that stand in the key behind the usual ones.
    pub(super) extra: &'a [u8],
}

impl NewKey<'_> {
    /// Bytes of the key.
    pub(super) fn len(&self) -> usize {
        let text = |text: &str| text.len() + if text.len() < 255 { 1 } else { 5 };
        34 + text(self.class) + text(self.name) + text(self.title) + self.extra.len()
    }
}

struct Directory {
    name: String,
    parent: Option<usize>,
    /// Where its key, or the file's first one, stands, and how long it is with the names behind it.
    position: u64,
    name_len: usize,
    /// Where its record stands.
    record: u64,
    keys: Vec<Vec<u8>>,
    key_list: (u64, usize),
}

/// A file that is being written.
pub(super) struct Container<W> {
    to: W,
    end: u64,
    pub(super) codec: Codec,
    directories: Vec<Directory>,
}

impl<W: Write + Seek> Container<W> {
    pub(super) fn create(mut to: W, name: &str, codec: Codec) -> Result<Self> {
        to.write_all(&[0; BEGIN as usize])?;
        let mut container = Container {
            to,
            end: BEGIN,
            codec,
            directories: Vec::new(),
        };
        let key = NewKey {
            class: "TFile",
            name,
            title: "",
            extra: &[],
        };
        let mut out = Out::default();
        out.text(name);
        out.text("");
        let name_len = key.len() + out.bytes.len();
        let mut root = Directory {
            name: name.to_owned(),
            parent: None,
            position: BEGIN,
            name_len,
            record: BEGIN + name_len as u64,
            keys: Vec::new(),
            key_list: (0, 0),
        };
        out.bytes.extend(root.bytes(0));
        container.put(&key, 0, out.bytes.len(), &out.bytes)?;
        root.keys.clear();
        container.directories.push(root);
        Ok(container)
    }

    /// Writes a key and what it is of; where it stands, and its bytes.
    pub(super) fn put(
        &mut self,
        key: &NewKey<'_>,
        above: u64,
        raw_len: usize,
        stored: &[u8],
    ) -> Result<(u64, Vec<u8>)> {
        let position = self.end;
        let mut out = Out::default();
        out.i32((key.len() + stored.len()) as i32);
        out.i16(KEY);
        out.i32(raw_len as i32);
        out.u32(DATE);
        out.i16(key.len() as i16);
        out.i16(1);
        out.i64(position as i64);
        out.i64(above as i64);
        out.text(key.class);
        out.text(key.name);
        out.text(key.title);
        let header = out.bytes.clone();
        out.bytes.extend_from_slice(key.extra);
        self.to.write_all(&out.bytes)?;
        self.to.write_all(stored)?;
        self.end += (out.bytes.len() + stored.len()) as u64;
        Ok((position, header))
    }

    /// The directory of this path, made if it is not there.
    pub(super) fn directory(&mut self, path: &str) -> Result<usize> {
        let mut at = 0;
        for name in path.split('/').filter(|name| !name.is_empty()) {
            let mut there = self.directories.iter();
            at = match there.position(|d| d.parent == Some(at) && d.name == name) {
                Some(found) => found,
                None => self.make_directory(at, name)?,
            };
        }
        Ok(at)
    }

    fn make_directory(&mut self, parent: usize, name: &str) -> Result<usize> {
        let key = NewKey {
            class: "TDirectory",
            name,
            title: name,
            extra: &[],
        };
        let above = self.position(parent);
        let made = Directory {
            name: name.to_owned(),
            parent: Some(parent),
            position: self.end,
            name_len: key.len(),
            record: self.end + key.len() as u64,
            keys: Vec::new(),
            key_list: (0, 0),
        };
        let record = made.bytes(above);
        let (_, header) = self.put(&key, above, record.len(), &record)?;
        if let Some(directory) = self.directories.get_mut(parent) {
            directory.keys.push(header);
        }
        self.directories.push(made);
        Ok(self.directories.len() - 1)
    }

    /// Where a directory stands.
    pub(super) fn position(&self, directory: usize) -> u64 {
        self.directories
            .get(directory)
            .map_or(BEGIN, |d| d.position)
    }

    /// Puts a key into a directory's list.
    pub(super) fn list(&mut self, directory: usize, header: Vec<u8>) {
        if let Some(directory) = self.directories.get_mut(directory) {
            directory.keys.push(header);
        }
    }

    /// Writes what the file ends with, and then its header.
    pub(super) fn finish(mut self) -> Result<()> {
        for at in 0..self.directories.len() {
            self.key_list(at)?;
        }
        let key = NewKey {
            class: "TList",
            name: "StreamerInfo",
            title: "Doubly linked list",
            extra: &[],
        };
        let raw = classes::list(key.len());
        let stored = self.codec.compress(&raw)?;
        let (info, _) = self.put(&key, BEGIN, raw.len(), &stored)?;
        let info_len = key.len() + stored.len();
        let name = self
            .directories
            .first()
            .map_or(String::new(), |d| d.name.clone());
        let free = NewKey {
            class: "TFile",
            name: &name,
            title: "",
            extra: &[],
        };
        let free_len = free.len() + 18;
        let mut out = Out::default();
        out.i16(1001);
        out.i64(self.end as i64 + free_len as i64);
        out.i64(i64::MAX / 2);
        let (free, _) = self.put(&free, BEGIN, out.bytes.len(), &out.bytes)?;

        for at in 0..self.directories.len() {
            let above = self.directories.get(at).and_then(|d| d.parent);
            let above = above.map_or(0, |parent| self.position(parent));
            if let Some(directory) = self.directories.get(at) {
                let record = directory.bytes(above);
                self.to.seek(SeekFrom::Start(directory.record))?;
                self.to.write_all(&record)?;
            }
        }
        let mut out = Out::default();
        out.bytes.extend_from_slice(b"root");
        out.i32(VERSION);
        out.i32(BEGIN as i32);
        out.i64(self.end as i64);
        out.i64(free as i64);
        out.i32(free_len as i32);
        out.i32(1);
        out.i32(self.directories.first().map_or(0, |d| d.name_len as i32));
        out.u8(8);
        out.i32(self.codec.settings());
        out.i64(info as i64);
        out.i32(info_len as i32);
        uuid(&mut out);
        self.to.seek(SeekFrom::Start(0))?;
        self.to.write_all(&out.bytes)?;
        Ok(self.to.flush()?)
    }

    fn key_list(&mut self, at: usize) -> Result<()> {
        let Some(directory) = self.directories.get(at) else {
            return Ok(());
        };
        let name = directory.name.clone();
        let title = if directory.parent.is_some() {
            name.as_str()
        } else {
            ""
        };
        let key = NewKey {
            class: if directory.parent.is_some() {
                "TDirectory"
            } else {
                "TFile"
            },
            name: &name,
            title,
            extra: &[],
        };
        let mut out = Out::default();
        out.i32(directory.keys.len() as i32);
        for header in &directory.keys {
            out.bytes.extend_from_slice(header);
        }
        let above = directory.position;
        let (position, _) = self.put(&key, above, out.bytes.len(), &out.bytes)?;
        let len = key.len() + out.bytes.len();
        if let Some(directory) = self.directories.get_mut(at) {
            directory.key_list = (position, len);
        }
        Ok(())
    }
}

impl Directory {
    fn bytes(&self, above: u64) -> Vec<u8> {
        let mut out = Out::default();
        out.i16(DIRECTORY);
        out.u32(DATE);
        out.u32(DATE);
        out.i32(self.key_list.1 as i32);
        out.i32(self.name_len as i32);
        out.i64(self.position as i64);
        out.i64(above as i64);
        out.i64(self.key_list.0 as i64);
        uuid(&mut out);
        out.bytes
    }
}

/// An identifier that is none: output depends on the input alone.
fn uuid(out: &mut Out) {
    out.u16(1);
    out.bytes.extend_from_slice(&[0; 16]);
}
