//! The list of StreamerInfo: for every class and version in the file, its members in the order in
//! which they are streamed.
//!
//! Source of the facts: ROOT's documentation of the file format (StreamerInfo record,
//! TStreamerElement).

use std::collections::HashMap;
use std::sync::Arc;

use super::builtin;
use super::cxx::normalized;
use super::pointers::{Pointer, Pointers};
use crate::container::cursor::Cursor;
use crate::error::{Error, Result};

/// Type codes of members; the rest of the file speaks of [`Element::kind`].
pub(crate) mod code {
    pub const BASE: i32 = 0;
    pub const OFFSET_ARRAY: i32 = 20;
    pub const OFFSET_POINTER: i32 = 40;
    pub const COUNTER: i32 = 6;
    pub const DOUBLE32: i32 = 9;
    pub const BITS: i32 = 15;
    pub const FLOAT16: i32 = 19;
    pub const OBJECT: i32 = 61;
    pub const ANY: i32 = 62;
    pub const OBJECT_INLINE: i32 = 63;
    pub const OBJECT_POINTER: i32 = 64;
    pub const TSTRING: i32 = 65;
    pub const TOBJECT: i32 = 66;
    pub const TNAMED: i32 = 67;
    pub const ANY_POINTER: i32 = 69;
    pub const ANY_INLINE: i32 = 70;
    pub const STL: i32 = 300;
    pub const STL_STRING: i32 = 365;
}

/// A member of a class, or a base.
#[derive(Clone, Debug)]
pub(crate) struct Element {
    pub name: String,
    /// The comment beside it; ranges and counters stand there in brackets.
    pub title: String,
    /// What it is; see [`code`].
    pub kind: i32,
    pub type_name: String,
    /// Sizes of a fixed array, slowest first.
    pub dims: Vec<usize>,
    pub is_stl: bool,
}

/// A class as one version of it is streamed.
#[derive(Clone, Debug)]
pub(crate) struct Class {
    pub name: String,
    pub version: i32,
    pub checksum: u32,
    pub elements: Vec<Element>,
}

impl Class {
    /// The type of collection that this class streams itself as, if it does.
    pub fn collection(&self) -> Option<&Element> {
        match self.elements.as_slice() {
            [only] if only.is_stl && only.name == "This" => Some(only),
            _ => None,
        }
    }
}

/// All classes that the file describes, and those of TTree that every reader knows.
#[derive(Debug, Default)]
pub(crate) struct Classes {
    by_name: HashMap<String, Vec<Arc<Class>>>,
}

impl Classes {
    /// From the raw bytes of the StreamerInfo record.
    pub fn parse(data: &[u8], key_len: u64) -> Result<Self> {
        let mut classes = Classes::default();
        let mut cursor = Cursor::new(data);
        let mut pointers = Pointers::new(key_len);
        cursor.header()?;
        cursor.skip_tobject()?;
        cursor.string()?;
        let n = cursor.u32()?;
        for _ in 0..n {
            if let Some(class) = info(&mut cursor, &mut pointers)? {
                classes.insert(class);
            }
            // The option of a list's entry.
            let len = cursor.u8()?;
            cursor.skip(len.into())?;
        }
        Ok(classes)
    }

    fn insert(&mut self, class: Class) {
        let versions = self.by_name.entry(normalized(&class.name)).or_default();
        versions.push(Arc::new(class));
    }

    /// Number of classes described in the file.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// The description with this checksum, or else this version, or else the last one that there
    /// is.
    pub fn get(
        &self,
        name: &str,
        version: Option<i32>,
        checksum: Option<u32>,
    ) -> Option<Arc<Class>> {
        let name = normalized(name);
        let Some(versions) = self.by_name.get(&name) else {
            return builtin::class(&name, version);
        };
        let by_sum = checksum.and_then(|sum| versions.iter().find(|c| c.checksum == sum));
        let by_version = || version.and_then(|v| versions.iter().find(|c| c.version == v));
        let newest = || versions.iter().max_by_key(|c| c.version);
        by_sum.or_else(by_version).or_else(newest).cloned()
    }
}

/// One entry of the list: a TStreamerInfo, or `None` for what else may stand there (rules, as lists
/// of strings).
fn info(cursor: &mut Cursor<'_>, pointers: &mut Pointers) -> Result<Option<Class>> {
    let Pointer::New { class, end, .. } = pointers.read(cursor)? else {
        return Ok(None);
    };
    let end = end.ok_or_else(|| Error::corrupt("a StreamerInfo of unknown length"))?;
    if &*class != "TStreamerInfo" {
        cursor.advance_to(end)?;
        return Ok(None);
    }
    cursor.header()?;
    let (name, _) = cursor.named()?;
    let checksum = cursor.u32()?;
    let version = cursor.i32()?;
    let elements = elements(cursor, pointers)?;
    cursor.advance_to(end)?;
    Ok(Some(Class {
        name,
        version,
        checksum,
        elements,
    }))
}

/// The TObjArray of members.
fn elements(cursor: &mut Cursor<'_>, pointers: &mut Pointers) -> Result<Vec<Element>> {
    let Pointer::New { .. } = pointers.read(cursor)? else {
        return Ok(Vec::new());
    };
    cursor.header()?;
    cursor.skip_tobject()?;
    cursor.string()?;
    let n = cursor.u32()?;
    cursor.skip(4)?;
    let mut elements = Vec::new();
    for _ in 0..n {
        let Pointer::New { class, end, .. } = pointers.read(cursor)? else {
            continue;
        };
        let end = end.ok_or_else(|| Error::corrupt("a member of unknown length"))?;
        cursor.header()?;
        if &*class == "TStreamerSTLstring" {
            // It inherits from TStreamerSTL, all others from the common part.
            cursor.header()?;
        }
        elements.push(element(cursor, &class)?);
        cursor.advance_to(end)?;
    }
    Ok(elements)
}

/// The part of a member that all kinds of members have.
fn element(cursor: &mut Cursor<'_>, class: &str) -> Result<Element> {
    let header = cursor.header()?;
    let (name, title) = cursor.named()?;
    let mut kind = cursor.i32()?;
    cursor.skip(4)?;
    let array_len = cursor.i32()?;
    let n_dims = cursor.i32()?;
    let n_sizes = if header.version == 1 {
        cursor.u32()?
    } else {
        5
    };
    if n_sizes > 5 {
        return Err(Error::corrupt("an array of more than five dimensions"));
    }
    let mut sizes = Vec::new();
    for _ in 0..n_sizes {
        sizes.push(usize::try_from(cursor.i32()?).unwrap_or(0));
    }
    let type_name = cursor.string()?;
    // A bool had the code of unsigned char in old files.
    if kind == 11 && matches!(type_name.as_str(), "bool" | "Bool_t") {
        kind = 18;
    }
    sizes.truncate(usize::try_from(n_dims).unwrap_or(0));
    let product = sizes.iter().try_fold(1usize, |p, &n| p.checked_mul(n));
    let array_len = usize::try_from(array_len).unwrap_or(0);
    if array_len > 0 && product != Some(array_len) {
        sizes = vec![array_len];
    } else if array_len == 0 {
        sizes.clear();
    }
    Ok(Element {
        name,
        title,
        kind,
        type_name,
        dims: sizes,
        is_stl: class.starts_with("TStreamerSTL"),
    })
}
