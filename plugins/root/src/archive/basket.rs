//! Objects and pages of the file, decompressed, with the setting that gives their bytes back.

use xxhash_rust::xxh3::xxh3_64;

use crate::container::compress::decompress;
use crate::container::cursor::Cursor;
use crate::container::key::Key;
use crate::ntuple::unsplit;

use super::map::PageOf;
use super::recode::{Search, Setting};

/// An object of the file, decompressed.
pub(super) struct Decompressed {
    pub key_len: usize,
    pub setting: Option<Setting>,
    pub raw: Vec<u8>,
    /// Of a basket: entries, and bytes of their data.
    pub numbers: Option<(usize, usize)>,
}

/// The key and the numbers behind it.
pub(super) fn decompress_object(
    bytes: &[u8],
    is_basket: bool,
    search: &mut Search,
) -> Option<Decompressed> {
    let key = Key::parse(&mut Cursor::new(bytes)).ok()?;
    let key_len = usize::try_from(key.key_len).ok()?;
    let raw_len = usize::try_from(key.object_len).ok()?;
    let stored = bytes.get(key_len..)?;
    if stored.is_empty() || key.bytes != bytes.len() as u64 {
        return None;
    }
    let (setting, raw) = if stored.len() == raw_len {
        (None, stored.to_vec())
    } else {
        let raw = decompress(stored, raw_len).ok()?;
        (Some(search.find(stored, &raw)?), raw)
    };
    let numbers = is_basket.then(|| numbers(bytes.get(..key_len)?)).flatten();
    Some(Decompressed {
        key_len,
        setting,
        raw,
        numbers,
    })
}

/// A page, which has no key. Its elements are put together.
pub(super) fn decompress_page(
    bytes: &[u8],
    page: &PageOf,
    search: &mut Search,
) -> Option<Decompressed> {
    let mut stored = bytes;
    if page.summed {
        let (data, sum) = bytes.split_last_chunk::<8>()?;
        if xxh3_64(data) != u64::from_le_bytes(*sum) {
            return None;
        }
        stored = data;
    }
    let raw_len = usize::try_from(page.raw_len).ok()?;
    let (setting, mut raw) = if stored.len() == raw_len {
        (None, stored.to_vec())
    } else {
        let raw = decompress(stored, raw_len).ok()?;
        (Some(search.find(stored, &raw)?), raw)
    };
    if page.split {
        raw = unsplit(&raw, raw_len.checked_div(page.elements)?);
    }
    Some(Decompressed {
        key_len: 0,
        setting,
        raw,
        numbers: Some((page.elements, raw_len)),
    })
}

/// Entries and bytes of data, from the end of a basket's header.
fn numbers(header: &[u8]) -> Option<(usize, usize)> {
    let mut cursor = Cursor::new(header);
    cursor.skip(header.len().checked_sub(9)?).ok()?;
    let entries = cursor.u32().ok()? as usize;
    let last = cursor.u32().ok()? as usize;
    Some((entries, last.checked_sub(header.len())?))
}

/// Raw bytes of the object behind a key, as its header says; `None` if there is none.
pub(super) fn raw_len(bytes: &[u8]) -> Option<u64> {
    Key::parse(&mut Cursor::new(bytes))
        .ok()
        .map(|key| key.object_len)
}
