//! A stretch of the file taken apart: items, what is between them, and the columns of its branches.

use catena_container::parallel;
use std::collections::HashMap;
use std::sync::Arc;

use crate::container::cursor::Cursor;
use crate::container::key::Key;

use super::basket::{Decompressed, decompress_object, decompress_page};
use super::domain::domains;
use super::group::Column;
use super::header::{Known, exchange};
use super::map::{Branch, Target, What};
use super::meta::{Item, Kind, Meta};
use super::recode::{Search, Setting};
use super::shape::Shape;
use super::split::{Borders, Columns};

/// Objects that are searched for settings with one memory; the same however many threads there are.
const BATCH: usize = 48;

/// Objects at the beginning of a file that may be searched before all others.
const LESSONS: usize = 16;

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

/// Consecutive bytes of the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch<'a> {
    pub file: &'a [u8],
    /// Where they begin in the file.
    pub start: u64,
    /// The targets that lie inside.
    pub targets: &'a [Target],
}

/// Takes a stretch apart.
pub(super) fn split(
    stretch: Stretch<'_>,
    branches: &[Branch],
    scan: bool,
    learned: &mut Search,
    threads: usize,
    on: &(dyn Fn(u64) + Sync),
) -> Segment {
    let Stretch {
        file,
        start,
        targets,
    } = stretch;
    let bytes_of = |target: &Target| {
        let from = usize::try_from(target.position.checked_sub(start)?).ok()?;
        let to = from.checked_add(usize::try_from(target.len).ok()?)?;
        file.get(from..to).map(|bytes| (from, bytes))
    };
    let decompressed = |target: &Target, search: &mut Search| {
        let is_basket = matches!(target.what, What::Basket(_));
        let (_, bytes) = bytes_of(target)?;
        match &target.what {
            What::Page(page) => decompress_page(bytes, page, search),
            _ => decompress_object(bytes, is_basket, search),
        }
    };
    // The file's first objects are searched once, not by every batch.
    for target in targets.iter().take(LESSONS) {
        if learned.has_learned() {
            break;
        }
        decompressed(target, learned);
    }
    let batches: Vec<&[Target]> = targets.chunks(BATCH).collect();
    let opened = parallel::map(threads, &batches, |batch| {
        let mut search = learned.clone();
        let opened = batch.iter().map(|target| {
            let opened = decompressed(target, &mut search);
            on(target.len);
            opened
        });
        (opened.collect::<Vec<_>>(), search)
    });
    // What the first batch learned serves the next stretch: the same however many threads there
    // are.
    if let Some((_, search)) = opened.first() {
        *learned = search.clone();
    }
    let mut splitter = Splitter::new(branches, scan, learned.clone());
    let mut end = 0;
    let opened = opened.into_iter().flat_map(|(opened, _)| opened);
    for (target, opened) in targets.iter().zip(opened) {
        let Some((from, bytes)) = bytes_of(target) else {
            continue;
        };
        let gap = file.get(end..from).unwrap_or_default();
        splitter.target(gap, target, bytes, opened);
        end = from + bytes.len();
    }
    splitter.gap(file.get(end..).unwrap_or_default());
    splitter.finish()
}

/// A branch in this segment.
pub(super) struct SplitBranch {
    tree: usize,
    pub shape: Option<Arc<Shape>>,
    pub columns: Columns,
    plain: Vec<u8>,
}

/// A stretch that is being taken apart.
pub(super) struct Splitter<'a> {
    branches: &'a [Branch],
    /// Numbers of branches in the segment.
    numbers: HashMap<usize, usize>,
    pub split: Vec<SplitBranch>,
    settings: HashMap<Setting, usize>,
    pub segment: Segment,
    /// Bytes of `rest` when the last item ended.
    pub rest_len: usize,
    /// Whether unknown objects are looked for; what remembers how they are restored, and the raw
    /// bytes of those found.
    pub scan: bool,
    pub search: Search,
    pub scanned: usize,
}

impl<'a> Splitter<'a> {
    fn new(branches: &'a [Branch], scan: bool, search: Search) -> Self {
        Splitter {
            branches,
            numbers: HashMap::new(),
            split: Vec::new(),
            settings: HashMap::new(),
            segment: Segment::default(),
            rest_len: 0,
            scan,
            search,
            scanned: 0,
        }
    }

    /// Counts what was taken apart.
    pub(super) fn count(&mut self, setting: Option<Setting>, bytes: usize) {
        self.segment.modelled += bytes as u64;
        let sums = &mut self.segment.by_setting;
        match sums.iter_mut().find(|(it, _)| *it == setting) {
            Some((_, sum)) => *sum += bytes as u64,
            None => sums.push((setting, bytes as u64)),
        }
    }

    fn target(&mut self, gap: &[u8], target: &Target, bytes: &[u8], opened: Option<Decompressed>) {
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
        let key = Key::parse(&mut Cursor::new(bytes))
            .ok()
            .filter(|_| !is_page);
        let key_len = key.map_or(0, |key| key.key_len as usize).min(bytes.len());
        let (header, stored) = bytes.split_at(key_len);
        let rest = &mut self.segment.rest;
        rest.extend_from_slice(header);
        let gap = (rest.len() - self.rest_len) as u64;
        self.rest_len = rest.len();
        let branch = self.number(0, None);
        self.segment.kept += stored.len() as u64;
        if let Some(branch) = self.split.get_mut(branch) {
            branch.plain.extend_from_slice(stored);
        }
        self.segment.meta.items.push(Item {
            gap,
            kind: Kind::Kept,
            branch,
            raw_len: stored.len() as u64,
            ..Item::default()
        });
    }

    pub(super) fn setting(&mut self, setting: Setting) -> usize {
        let settings = &mut self.segment.meta.settings;
        *self.settings.entry(setting).or_insert_with(|| {
            settings.push(setting);
            settings.len()
        })
    }

    /// The number of a branch in the segment; its first basket decides which of its shapes it has.
    pub(super) fn branch(
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
            columns.split(shape, raw, data, entries, key_len).is_some()
        };
        let shape = shapes.iter().find(fits).cloned();
        self.number(branch, shape)
    }

    pub(super) fn number(&mut self, branch: usize, shape: Option<Arc<Shape>>) -> usize {
        let split = &mut self.split;
        let tree = self.branches.get(branch).map_or(0, |b| b.tree);
        *self.numbers.entry(branch).or_insert_with(|| {
            split.push(SplitBranch {
                tree,
                columns: Columns::new(shape.as_ref().map_or(0, |shape| shape.column_n())),
                shape,
                plain: Vec::new(),
            });
            split.len() - 1
        })
    }

    /// Puts the entries of a basket into columns, or its raw bytes into the plain one.
    fn basket(&mut self, item: &mut Item, raw: &[u8], numbers: Option<(usize, usize)>) {
        let Some(branch) = self.split.get_mut(item.branch) else {
            return;
        };
        if let (Some(shape), Some((entries, data))) = (&branch.shape, numbers)
            && let Some(borders) = branch
                .columns
                .split(shape, raw, data, entries, item.key_len)
        {
            item.kind = Kind::Shaped;
            item.entries = entries;
            item.borders = borders != Borders::None;
            item.ended = borders == Borders::Ended;
            return;
        }
        item.kind = Kind::Plain;
        item.raw_len = raw.len() as u64;
        branch.plain.extend_from_slice(raw);
    }

    fn finish(self) -> Segment {
        let mut segment = self.segment;
        for branch in self.split {
            let numbers = Meta::columns(branch.shape.as_deref());
            let domains = match &branch.shape {
                Some(shape) => domains(shape, &branch.columns, branch.tree),
                None => Vec::new(),
            };
            let plain = std::iter::once((branch.plain, (0, 0)));
            let columns = branch.columns.0.into_iter().zip(domains).chain(plain);
            for ((bytes, (domain, rows)), number) in columns.zip(numbers) {
                segment.columns.push(Column {
                    number,
                    bytes,
                    domain,
                    rows,
                });
            }
            segment.meta.branches.push(branch.shape);
        }
        segment
    }
}
