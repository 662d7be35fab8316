//! Objects inside of others, and objects that no description tells of.

use std::sync::Arc;

use crate::container::basket::Basket;
use crate::container::compress::decompress;

use super::meta::{Item, Kind};
use super::recode::Setting;
use super::segment::Splitter;
use super::split::Borders;

/// Most raw bytes of objects that nobody knows of.
const SCANNED_MAX: usize = 64 << 20;
/// Data of embedded baskets that are shorter are not looked for.
const EMBEDDED_MIN: usize = 16;

impl Splitter<'_> {
    /// Bytes that belong to no target; objects in it that nobody knows of are found by their first
    /// bytes.
    pub(super) fn gap(&mut self, gap: &[u8]) {
        let mut done = 0;
        let mut at = 0;
        while self.scan && self.scanned < SCANNED_MAX {
            let Some(found) = gap.get(at..).and_then(tag_position) else {
                break;
            };
            at += found;
            let Some((setting, raw, len)) = gap.get(at..).and_then(|it| self.record(it)) else {
                at += 1;
                continue;
            };
            let rest = &mut self.segment.rest;
            rest.extend_from_slice(gap.get(done..at).unwrap_or_default());
            let item = Item {
                gap: (rest.len() - self.rest_len) as u64,
                kind: Kind::Object,
                setting: self.setting(setting),
                raw_len: raw.len() as u64,
                branch: self.number(0, None),
                ..Item::default()
            };
            self.rest_len = self.segment.rest.len();
            self.scanned += raw.len();
            self.segment.objects.extend_from_slice(&raw);
            self.segment.meta.items.push(item);
            self.count(Some(setting), len);
            at += len;
            done = at;
        }
        let rest = gap.get(done..).unwrap_or_default();
        self.segment.rest.extend_from_slice(rest);
    }

    /// A record at the beginning of these bytes that can be restored: how, its raw bytes and its
    /// length.
    fn record(&mut self, bytes: &[u8]) -> Option<(Setting, Vec<u8>, usize)> {
        let &[_, _, _, c0, c1, c2, r0, r1, r2] = bytes.first_chunk::<9>()?;
        let len = 9 + u32::from_le_bytes([c0, c1, c2, 0]) as usize;
        let raw_len = u32::from_le_bytes([r0, r1, r2, 0]) as usize;
        let record = bytes.get(..len)?;
        let raw = decompress(record, raw_len)
            .ok()
            .filter(|raw| !raw.is_empty())?;
        Some((self.search.find(record, &raw)?, raw, len))
    }

    /// The baskets in a tree's record; what is between them goes to `objects`.
    pub(super) fn embedded(
        &mut self,
        raw: &[u8],
        baskets: &[(usize, Arc<Basket>)],
        objects: &mut Vec<u8>,
    ) -> Vec<Item> {
        let mut children = Vec::new();
        let (mut end, mut last) = (0, 0);
        for (branch, basket) in baskets {
            let data = basket.data();
            if data.len() < EMBEDDED_MIN {
                continue;
            }
            let Some(at) = find(raw.get(end..).unwrap_or_default(), data).map(|at| at + end) else {
                continue;
            };
            let entries = basket.entries;
            let extent = match basket.offsets() {
                None => Some((at, 0)),
                Some(_) => borders_before(raw, end, at, entries),
            };
            let Some((from, key_len)) = extent else {
                continue;
            };
            // Borders as they stand behind the data of other baskets.
            let mut whole = data.to_vec();
            let header = raw.get(at - key_len..at).unwrap_or_default();
            if basket.offsets().is_some() {
                whole.extend((entries as u32 + 1).to_be_bytes());
                let starts = raw.get(from + 4..from + 4 + 4 * entries);
                whole.extend_from_slice(starts.unwrap_or_default());
                whole.extend([0; 4]);
            }
            let numbers = Some((entries, data.len()));
            let number = self.branch(*branch, &whole, numbers, key_len);
            let mut item = Item {
                branch: number,
                embedded: true,
                key_len,
                ..Item::default()
            };
            let Some(split) = self.split.get_mut(number) else {
                continue;
            };
            let Some(shape) = &split.shape else {
                continue;
            };
            let borders = split
                .columns
                .split(shape, &whole, data.len(), entries, key_len);
            let Some(borders) = borders else {
                continue;
            };
            item.kind = Kind::Shaped;
            item.entries = entries;
            item.borders = borders == Borders::Stored;
            objects.extend_from_slice(raw.get(end..from).unwrap_or_default());
            item.gap = (objects.len() - last) as u64;
            objects.extend_from_slice(header);
            last = objects.len();
            end = at + data.len();
            children.push(item);
        }
        objects.extend_from_slice(raw.get(end..).unwrap_or_default());
        children
    }
}

/// Where two letters and a byte stand that begin a record.
fn tag_position(bytes: &[u8]) -> Option<usize> {
    let begins = |w: &[u8]| matches!(w, b"ZL\x08" | b"CS\x08" | b"XZ\0" | b"L4\x01" | b"ZS\x01");
    bytes.windows(3).position(begins)
}

/// Where the borders of an embedded basket begin, and the length of the key between them and the
/// data.
fn borders_before(raw: &[u8], from: usize, data: usize, entries: usize) -> Option<(usize, usize)> {
    let word = |at: usize| -> Option<usize> {
        let bytes = raw.get(at..at.checked_add(4)?)?;
        Some(u32::from_be_bytes(bytes.try_into().ok()?) as usize)
    };
    (40..1000).find_map(|key_len| {
        let starts = data.checked_sub(key_len + 4 * entries)?;
        let count = starts.checked_sub(4).filter(|&at| at >= from)?;
        let fits = entries > 0 && word(starts)? == key_len && word(count)? == entries;
        fits.then_some((count, key_len))
    })
}

/// Where `part` begins in `bytes`, for the first time.
fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    let first = *part.first()?;
    let last = bytes.len().checked_sub(part.len())?;
    let mut from = 0;
    while from <= last {
        let at = from + bytes.get(from..=last)?.iter().position(|&b| b == first)?;
        if bytes.get(at..)?.starts_with(part) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}
