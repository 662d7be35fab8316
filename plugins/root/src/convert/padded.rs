//! The padded layout and the table: rows that need no offsets, as training datasets have them.
//!
//! Branches without lists are one table, `entries`. Lists of one level that have the same lengths
//! and the same beginning of their names are a table with a second axis: an entry's list, cut or
//! filled up with zeros, and `valid` says which elements are its own.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::buffers::{BufferValues, Parts, Role, Step};
use super::plan::{Classes, MOST_COLUMNS, Member, Table};
use super::select::{Chosen, Group, last, unique, unit};
use super::sink::{Filling, Sink, number_attribute, text_attribute};
use super::survey::Found;
use super::{ConvertOptions, Layout, Left};
use crate::column::Kind;
use crate::error::{Error, Result};

/// The longest text that becomes one of fixed length.
const LONGEST_TEXT: u64 = 1024;
/// The table of what is no list.
const ENTRIES: &str = "entries";
/// The member that says whether an element is the entry's own.
const VALID: &str = "valid";

/// How a buffer's values lie in rows; numbers are those of other buffers of the branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Lies {
    /// The offsets of the list that it is in.
    list: Option<usize>,
    /// The offsets of the texts that its bytes are.
    text: Option<usize>,
}

/// What the layout has room for of a branch: its buffers of values. `None` if there is more to it.
fn lies(chosen: &Chosen) -> Option<Vec<(usize, Lies)>> {
    let shape = &chosen.shape;
    // The offsets that a class's lists have; `None` for entries.
    let above = |class: usize| match shape.classes.get(class)?.step {
        Step::Entries => Some(None),
        Step::Items(offsets) => Some(Some(offsets)),
        Step::Times(_) | Step::Present(_) => None,
    };
    let class_of = |buffer: usize| shape.buffers.get(buffer).map(|b| b.class);
    let mut all = Vec::new();
    for (number, buffer) in shape.buffers.iter().enumerate() {
        if buffer.role == Role::Offsets {
            continue;
        }
        if buffer.role != Role::Data {
            return None;
        }
        let (text, inner) = match buffer.text {
            true => {
                let offsets = above(buffer.class)??;
                (Some(offsets), class_of(offsets)?)
            }
            false => (None, buffer.class),
        };
        let list = above(inner)?;
        if let Some(list) = list
            && class_of(list)? != 0
        {
            return None;
        }
        all.push((number, Lies { list, text }));
    }
    (!all.is_empty()).then_some(all)
}

/// Leaves out the columns that the layout has no room for.
pub(super) fn fit(group: &mut Group, found: &mut Vec<Found>, layout: Layout, left: &mut Vec<Left>) {
    let longest = |found: &Found, lies: &Lies| {
        let of = lies.text.and_then(|text| found.longest.get(text));
        of.copied().unwrap_or(0)
    };
    let mut keep = Vec::new();
    for (chosen, found) in group.columns.iter().zip(found.iter()) {
        let why = match lies(chosen) {
            None => Some("lists in lists and the like have no place in this layout"),
            Some(all) if layout == Layout::Table && all.iter().any(|(_, l)| l.list.is_some()) => {
                Some("a list, which has no place in a table")
            }
            Some(all) if all.iter().any(|(_, l)| longest(found, l) > LONGEST_TEXT) => {
                Some("its texts are too long for this layout")
            }
            Some(_) => None,
        };
        keep.push(why.is_none());
        if let Some(why) = why {
            let tree = group.sources.first().map(|s| s.tree.path().to_owned());
            left.push(Left {
                tree: tree.unwrap_or_default(),
                branch: chosen.name.clone(),
                why: why.into(),
                fatal: false,
                renamed: false,
            });
        }
    }
    group.retain(&keep);
    let mut at = 0..;
    found.retain(|_| {
        at.next()
            .and_then(|i: usize| keep.get(i).copied())
            .unwrap_or(false)
    });
}

/// A column of a table, and where its values come from.
struct Cell {
    column: usize,
    buffer: usize,
    lies: Lies,
    table: usize,
    member: usize,
}

/// Tables, their cells, and for each the lists that were cut.
struct Cells {
    tables: Vec<Table>,
    cells: Vec<Cell>,
}

fn cells(group: &Group, found: &[Found], layout: Layout) -> Cells {
    let classes = Classes::of(group, found);
    let entries = group.entries();
    // Keys of the tables: the class of the list, and how the names begin. The last one of a key is
    // the one that grows.
    let mut keys: Vec<(usize, String)> = Vec::new();
    let mut members: Vec<Vec<Member>> = Vec::new();
    let mut axes: Vec<usize> = Vec::new();
    let mut cells = Vec::new();
    for (column, (chosen, found)) in group.columns.iter().zip(found).enumerate() {
        for (buffer, lies) in lies(chosen).unwrap_or_default() {
            let own = classes.of.get(column);
            let list = lies.list.and_then(|offsets| {
                let below = |class: &super::buffers::Class| class.step == Step::Items(offsets);
                chosen.shape.classes.iter().position(below)
            });
            let class = list.and_then(|at| own?.get(at).copied()).unwrap_or(0);
            let key = match class {
                0 => (0, String::new()),
                class => (class, beginning(&chosen.name)),
            };
            let count = |members: &Vec<Member>| members.iter().map(Member::count).sum::<usize>();
            let wanted = chosen.shape.buffers.get(buffer).map_or(1, |b| b.count());
            let open = keys.iter().rposition(|k| *k == key).filter(|&at| {
                // A dataset's description has to fit into its header.
                members
                    .get(at)
                    .is_none_or(|of| of.is_empty() || count(of) + wanted <= MOST_COLUMNS)
            });
            let table = open.unwrap_or_else(|| {
                keys.push(key);
                members.push(Vec::new());
                axes.push(0);
                keys.len() - 1
            });
            let at = |number: usize| found.longest.get(number).copied().unwrap_or(0);
            let text = lies.text.map_or(0, |text| at(text).max(1) as usize);
            if let (Some(list), Some(axis)) = (lies.list, axes.get_mut(table)) {
                *axis = match layout {
                    Layout::Padded(Some(n)) => n,
                    _ => usize::try_from(at(list)).unwrap_or(usize::MAX).max(1),
                };
            }
            let (Some(of), Some(shape)) =
                (members.get_mut(table), chosen.shape.buffers.get(buffer))
            else {
                continue;
            };
            cells.push(Cell {
                column,
                buffer,
                lies,
                table,
                member: of.len(),
            });
            let several = chosen.shape.buffers.iter().filter(|b| b.role == Role::Data);
            let name = match several.count() {
                ..=1 => chosen.name.clone(),
                _ => format!("{}.{buffer}", chosen.name),
            };
            of.push(Member {
                name,
                kind: shape.kind,
                dims: shape.dims.clone(),
                text,
                offset: 0,
            });
        }
    }
    let mut taken = HashSet::from([ENTRIES.to_owned()]);
    let mut entries_named = false;
    let all = keys.into_iter().zip(members).zip(axes);
    let tables = all.map(|(((class, stem), mut members), axis)| {
        let name = match class {
            0 if !std::mem::replace(&mut entries_named, true) => ENTRIES.to_owned(),
            0 => unique(ENTRIES.to_owned(), &mut taken),
            _ => unique(stem, &mut taken),
        };
        let mut names = HashSet::new();
        if class != 0 {
            names.insert(VALID.to_owned());
        }
        for member in &mut members {
            member.name = unique(std::mem::take(&mut member.name), &mut names);
        }
        if class != 0 {
            members.push(Member {
                name: VALID.into(),
                kind: Kind::Bool,
                dims: Vec::new(),
                text: 0,
                offset: 0,
            });
        }
        let (mut table, _) = Table::new(name, members, entries);
        table.axis = axis;
        table
    });
    Cells {
        tables: tables.collect(),
        cells,
    }
}

/// A name up to its first mark: `Jet` of `Jet_pt`.
fn beginning(name: &str) -> String {
    let name = last(name);
    let start = name.split(['_', '.', ' ']).next().unwrap_or("");
    match start {
        "" => "lists".into(),
        start => start.to_owned(),
    }
}

/// Writes a group.
pub(super) fn write(
    sink: &mut Sink<'_>,
    group: &Group,
    found: &[Found],
    options: &ConvertOptions,
    threads: usize,
) -> Result<()> {
    let Cells { tables, cells } = cells(group, found, options.layout);
    let handle = sink.group(&group.path)?;
    super::describe(&handle, group)?;
    titles(&handle, group)?;
    let mut filling = sink.tables(&handle, tables.clone(), true)?;
    let mut cut = vec![0u64; tables.len()];
    let mut row = 0u64;
    for source in &group.sources {
        let batches = source.tree.read(&source.branches, source.entries.clone())?;
        for batch in batches.with_threads(threads) {
            let batch = batch?;
            let parts: Option<Vec<Parts<'_>>> = (group.columns.iter().zip(&batch.columns))
                .map(|(chosen, column)| Parts::of(&chosen.ty, column))
                .collect();
            let parts = parts.ok_or_else(|| Error::corrupt("values of another type"))?;
            let mut counted = HashSet::new();
            for cell in &cells {
                let (Some(parts), Some(table)) = (parts.get(cell.column), tables.get(cell.table))
                else {
                    continue;
                };
                let first = counted.insert(cell.table);
                let longer = fill(&mut filling, table, cell, parts, row, first)?;
                if let (true, Some(cut)) = (first, cut.get_mut(cell.table)) {
                    *cut += longer;
                }
            }
            row += batch.entries.end - batch.entries.start;
            sink.flush(&mut filling, false)?;
        }
    }
    sink.flush(&mut filling, true)?;
    for (table, cut) in tables.iter().zip(cut) {
        if cut > 0 {
            number_attribute(&handle, &format!("{} lists cut", table.name), cut)?;
        }
    }
    Ok(())
}

/// Fills a column for a batch, and `valid` with it if it is the table's first; the lists that were
/// cut.
fn fill(
    filling: &mut Filling,
    table: &Table,
    cell: &Cell,
    parts: &Parts<'_>,
    row: u64,
    first: bool,
) -> Result<u64> {
    let (Some(store), Some(member)) = (
        filling.stores.get_mut(cell.table),
        table.members.get(cell.member),
    ) else {
        return Ok(0);
    };
    let size = member.size();
    let elements = elements(parts, cell, size)?;
    let Some(list) = cell.lies.list else {
        store.fill(row, member.offset, size, &elements)?;
        return Ok(0);
    };
    let Some(BufferValues::Offsets(offsets)) = parts.parts.get(list) else {
        return Ok(0);
    };
    let valid = table.members.last().map_or(0, |valid| valid.offset);
    let ones = vec![1u8; table.axis];
    let mut cut = 0;
    for (entry, pair) in offsets.windows(2).enumerate() {
        let &[start, end] = pair else { continue };
        let start = usize::try_from(start).unwrap_or(0);
        let n = usize::try_from(end).unwrap_or(0).saturating_sub(start);
        let kept = n.min(table.axis);
        cut += u64::from(kept < n);
        let from = start.saturating_mul(size);
        let own = elements.get(from..from.saturating_add(kept.saturating_mul(size)));
        let own = own.ok_or_else(|| Error::corrupt("a list beyond its values"))?;
        let row = row.saturating_add(entry as u64);
        store.fill_items(row, member.offset, size, own)?;
        if first {
            store.fill_items(row, valid, 1, ones.get(..kept).unwrap_or_default())?;
        }
    }
    Ok(cut)
}

/// A buffer's elements; texts filled up with zeros.
fn elements<'a>(
    parts: &'a Parts<'_>,
    cell: &Cell,
    size: usize,
) -> Result<std::borrow::Cow<'a, [u8]>> {
    match (parts.parts.get(cell.buffer), cell.lies.text) {
        (Some(BufferValues::Bytes(values)), None) => Ok(super::little(values)),
        (Some(BufferValues::Text(bytes)), Some(text)) => {
            let Some(BufferValues::Offsets(offsets)) = parts.parts.get(text) else {
                return Err(Error::corrupt("texts without offsets"));
            };
            let mut all = Vec::with_capacity(offsets.len().saturating_mul(size));
            for pair in offsets.windows(2) {
                let &[start, end] = pair else { continue };
                let range = usize::try_from(start).unwrap_or(0)..usize::try_from(end).unwrap_or(0);
                let own = bytes.get(range).unwrap_or_default();
                let next = all.len() + size;
                all.extend(own.iter().take(size));
                all.resize(next, 0);
            }
            Ok(all.into())
        }
        _ => Err(Error::corrupt("values of another type")),
    }
}

/// Titles and units of branches, as JSON objects.
fn titles(handle: &catena_hdf5_calls::Handle, group: &Group) -> Result<()> {
    let titled = group.columns.iter().filter(|c| !c.title.is_empty());
    let titles: Map<String, Value> = (titled.clone())
        .map(|c| (c.name.clone(), json!(c.title)))
        .collect();
    let units: Map<String, Value> = titled
        .filter_map(|c| Some((c.name.clone(), json!(unit(&c.title)?))))
        .collect();
    for (name, map) in [("titles", titles), ("units", units)] {
        let text = Value::Object(map).to_string();
        if text.len() > 2 {
            text_attribute(handle, name, &text)?;
        }
    }
    Ok(())
}
