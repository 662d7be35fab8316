//! A stretch of the file taken apart: items, what is between them, and the columns of its branches.

use std::collections::HashMap;
use std::sync::Arc;

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::container::compress::decompress;
use crate::container::cursor::Cursor;
use crate::container::key::Key;
use crate::ntuple::unsplit;

use super::group::Column;
use super::header::{Known, exchange};
use super::map::{Branch, PageOf, Target, What};
use super::meta::{Item, Kind, Meta};
use super::number::find;
use super::parallel;
use super::recode::{Search, Setting};
use super::shape::Shape;
use super::take::{Borders, Columns};

/// Objects that are searched for settings with one memory; the same however many threads there are.
const BATCH: usize = 48;
/// Most raw bytes of objects that nobody knows of.
const SCANNED_MAX: usize = 64 << 20;
/// Data of embedded baskets that are shorter are not looked for.
const EMBEDDED_MIN: usize = 16;

/// A stretch taken apart.
#[derive(Debug, Default)]
pub(super) struct Segment {
    pub meta: Meta,
    /// What is between the items of the file, one after another.
    pub rest: Vec<u8>,
    /// What is between the items of objects.
    pub objects: Vec<u8>,
    /// The columns of all branches of `meta`.
    pub columns: Vec<Column>,
    /// Bytes of the file in items that were taken apart.
    pub modelled: u64,
    /// The same by setting; `None`: not compressed.
    pub by_setting: Vec<(Option<Setting>, u64)>,
    /// Compressed bytes that no setting gives.
    pub kept: u64,
}

/// An object of the file, decompressed.
struct Opened {
    key_len: usize,
    setting: Option<Setting>,
    raw: Vec<u8>,
    /// Of a basket: entries, and bytes of their data.
    numbers: Option<(usize, usize)>,
}

/// The key and the numbers behind it.
fn open(bytes: &[u8], is_basket: bool, search: &mut Search) -> Option<Opened> {
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
    Some(Opened {
        key_len,
        setting,
        raw,
        numbers,
    })
}

/// A page, which has no key. Its elements are put together.
fn open_page(bytes: &[u8], page: &PageOf, search: &mut Search) -> Option<Opened> {
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
    Some(Opened {
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

/// Takes apart the bytes of the file from `start` on; the targets lie inside.
pub(super) fn take_apart(
    file: &[u8],
    start: u64,
    targets: &[Target],
    branches: &[Branch],
    scan: bool,
    threads: usize,
    on: &(dyn Fn(u64) + Sync),
) -> Segment {
    let place = |target: &Target| {
        let from = usize::try_from(target.position.checked_sub(start)?).ok()?;
        let to = from.checked_add(usize::try_from(target.len).ok()?)?;
        file.get(from..to).map(|bytes| (from, bytes))
    };
    let batches: Vec<&[Target]> = targets.chunks(BATCH).collect();
    let opened = parallel::map(threads, &batches, |batch| {
        let mut search = Search::default();
        let opened = batch.iter().map(|target| {
            let is_basket = matches!(target.what, What::Basket(_));
            let (_, bytes) = place(target)?;
            let opened = match &target.what {
                What::Page(page) => open_page(bytes, page, &mut search),
                _ => open(bytes, is_basket, &mut search),
            };
            on(target.len);
            opened
        });
        opened.collect::<Vec<_>>()
    });
    let mut taking = Taking::new(branches, scan);
    let mut end = 0;
    for (target, opened) in targets.iter().zip(opened.into_iter().flatten()) {
        let Some((from, bytes)) = place(target) else {
            continue;
        };
        let gap = file.get(end..from).unwrap_or_default();
        taking.target(gap, target, bytes, opened);
        end = from + bytes.len();
    }
    taking.gap(file.get(end..).unwrap_or_default());
    taking.finish()
}

/// A branch in this segment.
struct Taken {
    tree: usize,
    shape: Option<Arc<Shape>>,
    columns: Columns,
    plain: Vec<u8>,
}

struct Taking<'a> {
    branches: &'a [Branch],
    /// Numbers of branches in the segment.
    numbers: HashMap<usize, usize>,
    taken: Vec<Taken>,
    settings: HashMap<Setting, usize>,
    segment: Segment,
    /// Bytes of `rest` when the last item ended.
    rest_len: usize,
    /// Whether unknown objects are looked for; what remembers how they are restored, and the raw bytes of those found.
    scan: bool,
    search: Search,
    scanned: usize,
}

impl<'a> Taking<'a> {
    fn new(branches: &'a [Branch], scan: bool) -> Self {
        Taking {
            branches,
            numbers: HashMap::new(),
            taken: Vec::new(),
            settings: HashMap::new(),
            segment: Segment::default(),
            rest_len: 0,
            scan,
            search: Search::default(),
            scanned: 0,
        }
    }

    /// Bytes that belong to no target; objects in it that nobody knows of are found by their first bytes.
    fn gap(&mut self, gap: &[u8]) {
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

    /// A record at the beginning of these bytes that can be restored: how, its raw bytes and its length.
    fn record(&mut self, bytes: &[u8]) -> Option<(Setting, Vec<u8>, usize)> {
        let &[_, _, _, c0, c1, c2, r0, r1, r2] = bytes.first_chunk::<9>()?;
        let len = 9 + u32::from_le_bytes([c0, c1, c2, 0]) as usize;
        let raw_len = u32::from_le_bytes([r0, r1, r2, 0]) as usize;
        let record = bytes.get(..len)?;
        let raw = decompress(record, raw_len).ok().filter(|raw| !raw.is_empty())?;
        Some((self.search.find(record, &raw)?, raw, len))
    }

    /// Counts what was taken apart.
    fn count(&mut self, setting: Option<Setting>, bytes: usize) {
        self.segment.modelled += bytes as u64;
        let sums = &mut self.segment.by_setting;
        match sums.iter_mut().find(|(it, _)| *it == setting) {
            Some((_, sum)) => *sum += bytes as u64,
            None => sums.push((setting, bytes as u64)),
        }
    }

    fn target(&mut self, gap: &[u8], target: &Target, bytes: &[u8], opened: Option<Opened>) {
        self.gap(gap);
        let Some(opened) = opened else {
            self.keep(bytes, matches!(target.what, What::Page(_)));
            return;
        };
        let (header, stored) = bytes.split_at(opened.key_len.min(bytes.len()));
        let is_page = matches!(target.what, What::Page(_));
        let setting = opened.setting.map_or(0, |setting| self.setting(setting));
        let mut item = Item {
            keyed: !is_page,
            setting,
            key_len: header.len(),
            ..Item::default()
        };
        let mut children = Vec::new();
        let mut objects = Vec::new();
        match &target.what {
            What::Basket(branch) => {
                item.branch = self.branch(*branch, &opened.raw, opened.numbers, header.len());
                self.basket(&mut item, &opened.raw, opened.numbers);
            }
            What::Page(page) => {
                item.branch = self.branch(page.branch, &opened.raw, opened.numbers, 0);
                self.basket(&mut item, &opened.raw, opened.numbers);
                item.split = page.split;
                item.summed = page.summed;
                item.entries = page.elements;
            }
            What::Tree(baskets) => {
                item.kind = Kind::Object;
                item.raw_len = opened.raw.len() as u64;
                children = self.embedded(&opened.raw, baskets, &mut objects);
                item.children = children.len();
            }
            What::Object => {
                item.kind = Kind::Object;
                item.raw_len = opened.raw.len() as u64;
                objects.extend_from_slice(&opened.raw);
            }
        }
        self.segment.objects.extend(objects);
        let rest = &mut self.segment.rest;
        let header_at = rest.len();
        rest.extend_from_slice(header);
        let known = Known {
            position: target.position,
            stored: stored.len(),
            raw: opened.raw.len(),
            basket: opened.numbers.filter(|_| item.kind == Kind::Shaped),
        };
        if let Some(header) = rest.get_mut(header_at..) {
            exchange(header, &known);
        }
        item.gap = (rest.len() - self.rest_len) as u64;
        self.rest_len = rest.len();
        self.segment.meta.items.push(item);
        self.segment.meta.items.extend(children);
        self.count(opened.setting, stored.len());
    }

    /// An object that stays as it is, behind its key.
    fn keep(&mut self, bytes: &[u8], is_page: bool) {
        let key = Key::parse(&mut Cursor::new(bytes)).ok().filter(|_| !is_page);
        let key_len = key.map_or(0, |key| key.key_len as usize).min(bytes.len());
        let (header, stored) = bytes.split_at(key_len);
        let rest = &mut self.segment.rest;
        rest.extend_from_slice(header);
        let gap = (rest.len() - self.rest_len) as u64;
        self.rest_len = rest.len();
        let branch = self.number(0, None);
        self.segment.kept += stored.len() as u64;
        if let Some(taken) = self.taken.get_mut(branch) {
            taken.plain.extend_from_slice(stored);
        }
        self.segment.meta.items.push(Item {
            gap,
            kind: Kind::Kept,
            branch,
            raw_len: stored.len() as u64,
            ..Item::default()
        });
    }

    fn setting(&mut self, setting: Setting) -> usize {
        let settings = &mut self.segment.meta.settings;
        *self.settings.entry(setting).or_insert_with(|| {
            settings.push(setting);
            settings.len()
        })
    }

    /// The number of a branch in the segment; its first basket decides which of its shapes it has.
    fn branch(
        &mut self,
        branch: usize,
        raw: &[u8],
        numbers: Option<(usize, usize)>,
        key_len: usize,
    ) -> usize {
        if let Some(&number) = self.numbers.get(&branch) {
            return number;
        }
        let shapes = self.branches.get(branch).map_or(&[][..], |b| &b.shapes);
        let fits = |shape: &&Arc<Shape>| {
            let Some((entries, data)) = numbers else {
                return false;
            };
            let mut columns = Columns::new(shape.column_n());
            columns.take(shape, raw, data, entries, key_len).is_some()
        };
        let shape = shapes.iter().find(fits).cloned();
        self.number(branch, shape)
    }

    fn number(&mut self, branch: usize, shape: Option<Arc<Shape>>) -> usize {
        let taken = &mut self.taken;
        let tree = self.branches.get(branch).map_or(0, |b| b.tree);
        *self.numbers.entry(branch).or_insert_with(|| {
            taken.push(Taken {
                tree,
                columns: Columns::new(shape.as_ref().map_or(0, |shape| shape.column_n())),
                shape,
                plain: Vec::new(),
            });
            taken.len() - 1
        })
    }

    /// Puts the entries of a basket into columns, or its raw bytes into the plain one.
    fn basket(&mut self, item: &mut Item, raw: &[u8], numbers: Option<(usize, usize)>) {
        let Some(taken) = self.taken.get_mut(item.branch) else {
            return;
        };
        if let (Some(shape), Some((entries, data))) = (&taken.shape, numbers)
            && let Some(borders) = taken.columns.take(shape, raw, data, entries, item.key_len)
        {
            item.kind = Kind::Shaped;
            item.entries = entries;
            item.borders = borders == Borders::Stored;
            return;
        }
        item.kind = Kind::Plain;
        item.raw_len = raw.len() as u64;
        taken.plain.extend_from_slice(raw);
    }

    /// The baskets in a tree's record; what is between them goes to `objects`.
    fn embedded(
        &mut self,
        raw: &[u8],
        baskets: &[(usize, Arc<crate::tree::basket::Basket>)],
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
            let place = match basket.offsets() {
                None => Some((at, 0)),
                Some(_) => borders_before(raw, end, at, entries),
            };
            let Some((from, key_len)) = place else {
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
            let Some(taken) = self.taken.get_mut(number) else {
                continue;
            };
            let Some(shape) = &taken.shape else {
                continue;
            };
            let took = taken
                .columns
                .take(shape, &whole, data.len(), entries, key_len);
            let Some(borders) = took else {
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

    fn finish(self) -> Segment {
        let mut segment = self.segment;
        for taken in self.taken {
            let numbers = Meta::columns(taken.shape.as_deref());
            let domains = match &taken.shape {
                Some(shape) => domains(shape, &taken.columns, taken.tree),
                None => Vec::new(),
            };
            let plain = std::iter::once((taken.plain, (0, 0)));
            let columns = taken.columns.0.into_iter().zip(domains).chain(plain);
            for ((bytes, (domain, rows)), number) in columns.zip(numbers) {
                segment.columns.push(Column {
                    number,
                    bytes,
                    domain,
                    rows,
                });
            }
            segment.meta.branches.push(taken.shape);
        }
        segment
    }
}

/// Where two letters and a byte stand that begin a record.
fn tag_position(bytes: &[u8]) -> Option<usize> {
    let begins = |w: &[u8]| {
        matches!(w, b"ZL\x08" | b"CS\x08" | b"XZ\0" | b"L4\x01" | b"ZS\x01")
    };
    bytes.windows(3).position(begins)
}

/// Where the borders of an embedded basket begin, and the length of the key between them and the data.
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

/// For each column, what its entry structure is, as a number, and its rows.
fn domains(shape: &Shape, columns: &Columns, tree: usize) -> Vec<(u64, usize)> {
    let mut out = Vec::new();
    // The first column of fixed width in the outermost structure tells the rows.
    let rows = outer_rows(shape, columns);
    let root = xxh3_64_with_seed(&(rows as u64).to_le_bytes(), tree as u64);
    walk(shape, columns, (root, rows), &mut out);
    out
}

fn outer_rows(shape: &Shape, columns: &Columns) -> usize {
    let mut numbers = Vec::new();
    shape.columns(&mut numbers);
    let first = numbers
        .first()
        .map_or(1, |number| usize::from(number.width));
    let len = columns.0.first().map_or(0, Vec::len);
    let mut per_row = first;
    let mut shape = shape;
    loop {
        match shape {
            Shape::Fixed(n, item) => {
                per_row = per_row.saturating_mul(*n);
                shape = item;
            }
            Shape::All(items) => match items.first() {
                Some(item) => shape = item,
                None => return 0,
            },
            _ => return len.checked_div(per_row).unwrap_or(0),
        }
    }
}

fn walk(shape: &Shape, columns: &Columns, domain: (u64, usize), out: &mut Vec<(u64, usize)>) {
    let below = |at: usize, flags: bool| {
        let counts = columns.0.get(at).map_or(&[][..], Vec::as_slice);
        let rows = if flags {
            counts.iter().map(|&n| usize::from(n)).sum()
        } else {
            let word = |w: &[u8]| w.try_into().map_or(0, u32::from_be_bytes) as usize;
            counts.chunks_exact(4).map(word).sum()
        };
        // Counts that agree are those of one collection, whatever the tree.
        (xxh3_64(counts), rows)
    };
    match shape {
        Shape::Number(_) => out.push(domain),
        Shape::Fixed(_, item) => walk(item, columns, domain, out),
        Shape::Counted(items) => {
            let below = below(out.len(), false);
            out.push(domain);
            items
                .iter()
                .for_each(|item| walk(item, columns, below, out));
        }
        Shape::Framed(_, item) => {
            out.extend([domain, domain]);
            walk(item, columns, domain, out);
        }
        Shape::Text => out.extend([domain, (0, 0)]),
        Shape::All(items) => items
            .iter()
            .for_each(|item| walk(item, columns, domain, out)),
        Shape::ToEnd(_, item) => {
            let below = below(out.len(), false);
            out.extend([domain, (0, 0)]);
            walk(item, columns, below, out);
        }
        Shape::Maybe(item) => {
            let below = below(out.len(), true);
            out.push(domain);
            walk(item, columns, below, out);
        }
    }
}
