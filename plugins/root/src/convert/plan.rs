//! Tables to be: which buffers become columns of which dataset.
//!
//! Buffers of one length are columns of one table, so that the codec sees them as records; equal
//! ones are written once. Short ones have no table of their own: all of one kind lie in one
//! dataset, one after another, for a column's name and type alone take forty bytes.

use std::collections::{HashMap, HashSet};

use super::buffers::{Role, Step};
use super::select::{Group, last, unique};
use super::survey::Found;
use crate::column::Kind;

/// What equal buffers have in common: class, role, kind, fixed axes, and a digest of their bytes.
type Content = (usize, Role, Kind, Vec<usize>, u128);

/// Rows below which a buffer lies with others in one dataset.
const SHORT: u64 = 512;
/// Bytes above which it does not.
const SHORT_BYTES: u64 = 64 << 10;
/// Columns, array elements counted, that the codec models each on its own.
pub(super) const MOST_COLUMNS: usize = 256;
/// The member of datasets that hold buffers one after another.
pub(super) const VALUES: &str = "values";

/// A column of a table.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Axes of an element, if it is an array.
    pub(super) dims: Vec<usize>,
    /// Bytes of texts of fixed length, instead of numbers.
    pub(super) text: usize,
    /// Where it begins in a row.
    pub(super) offset: usize,
}

impl Member {
    pub(super) fn count(&self) -> usize {
        self.dims.iter().product()
    }

    pub(super) fn size(&self) -> usize {
        match self.text {
            0 => self.count().saturating_mul(self.kind.size()),
            text => text,
        }
    }
}

/// A dataset of rows.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) members: Vec<Member>,
    /// Bytes of a row.
    pub(super) record: usize,
    pub(super) rows: u64,
    /// Length of a second axis; 0 if there is none.
    pub(super) axis: usize,
    /// Whether its members are filled one after another, not side by side.
    pub(super) whole: bool,
}

impl Table {
    /// Of members that lie nowhere yet; they are put in an order that packs well.
    pub(super) fn new(name: String, mut members: Vec<Member>, rows: u64) -> (Self, Vec<usize>) {
        let mut order: Vec<usize> = (0..members.len()).collect();
        let key = |&i: &usize| {
            members.get(i).map(|m| {
                let alone = std::cmp::Reverse(m.kind.size());
                (m.text, alone, m.kind as u8)
            })
        };
        order.sort_by_key(key);
        let mut record = 0;
        for &i in &order {
            if let Some(member) = members.get_mut(i) {
                member.offset = record;
                record += member.size();
            }
        }
        let table = Table {
            name,
            record,
            rows,
            axis: 0,
            whole: false,
            members,
        };
        (table, order)
    }
}

/// Where a buffer lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BufferExtent {
    pub(super) table: usize,
    pub(super) member: usize,
    pub(super) start: u64,
    pub(super) rows: u64,
    /// Whether it is there already, for another buffer's sake.
    pub(super) twin: bool,
}

/// What a group becomes.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) tables: Vec<Table>,
    /// For each column the extent for each buffer.
    pub(super) extents: Vec<Vec<BufferExtent>>,
}

/// Classes of all columns together: equal ones have one number.
pub(super) struct Classes {
    /// For each column, the number of each of its classes.
    pub(super) of: Vec<Vec<usize>>,
    pub(super) rows: Vec<u64>,
}

#[derive(PartialEq, Eq, Hash)]
enum Key {
    Entries,
    Items(usize, u128),
    Times(usize, usize),
    Present(usize, usize),
}

impl Classes {
    pub(super) fn of(group: &Group, found: &[Found]) -> Self {
        let mut numbers: HashMap<Key, usize> = HashMap::new();
        let mut classes = Classes {
            of: Vec::new(),
            rows: Vec::new(),
        };
        for (column, (chosen, found)) in group.columns.iter().zip(found).enumerate() {
            let mut own: Vec<usize> = Vec::new();
            for (at, class) in chosen.shape.classes.iter().enumerate() {
                let parent = own.get(class.parent).copied().unwrap_or(0);
                let key = match class.step {
                    Step::Entries => Key::Entries,
                    Step::Items(offsets) => {
                        Key::Items(parent, found.digests.get(offsets).copied().unwrap_or(0))
                    }
                    Step::Times(n) => Key::Times(parent, n),
                    Step::Present(part) => Key::Present(column, part),
                };
                let next = numbers.len();
                let number = *numbers.entry(key).or_insert(next);
                if number == next {
                    classes.rows.push(found.rows.get(at).copied().unwrap_or(0));
                }
                own.push(number);
            }
            classes.of.push(own);
        }
        classes
    }
}

/// A buffer on its way to a table.
struct Wanted {
    column: usize,
    buffer: usize,
    member: Member,
    rows: u64,
}

/// The plan of the awkward layout.
pub(super) fn plan(group: &Group, found: &[Found]) -> Plan {
    let classes = Classes::of(group, found);
    let mut plan = Plan::default();
    let nowhere = BufferExtent {
        table: usize::MAX,
        member: 0,
        start: 0,
        rows: 0,
        twin: true,
    };
    let empty = |c: &super::select::Chosen| vec![nowhere; c.shape.buffers.len()];
    plan.extents = group.columns.iter().map(empty).collect();
    // Tables by class, and whether they hold offsets, in the order in which they are met.
    let mut tables: Vec<((usize, bool), Vec<Wanted>)> = Vec::new();
    let mut table_of: HashMap<(usize, bool), usize> = HashMap::new();
    let mut short: Vec<(Kind, Vec<Wanted>)> = Vec::new();
    let mut twins: HashMap<Content, (usize, usize)> = HashMap::new();
    let mut twin_of: Vec<((usize, usize), (usize, usize))> = Vec::new();
    for (column, (chosen, found)) in group.columns.iter().zip(found).enumerate() {
        for (number, buffer) in chosen.shape.buffers.iter().enumerate() {
            let class = (classes.of.get(column)).and_then(|own| own.get(buffer.class));
            let class = class.copied().unwrap_or(0);
            let digest = found.digests.get(number).copied().unwrap_or(0);
            let key = (class, buffer.role, buffer.kind, buffer.dims.clone(), digest);
            if let Some(&first) = twins.get(&key) {
                twin_of.push(((column, number), first));
                continue;
            }
            twins.insert(key, (column, number));
            let offsets = buffer.role == Role::Offsets;
            let rows = classes.rows.get(class).copied().unwrap_or(0) + u64::from(offsets);
            let wanted = Wanted {
                column,
                buffer: number,
                rows,
                member: Member {
                    name: member_name(&chosen.name, chosen, number),
                    kind: buffer.kind,
                    dims: buffer.dims.clone(),
                    text: 0,
                    offset: 0,
                },
            };
            let bytes = rows.saturating_mul(buffer.size() as u64);
            if rows < SHORT && bytes <= SHORT_BYTES {
                match short.iter_mut().find(|(kind, _)| *kind == buffer.kind) {
                    Some((_, all)) => all.push(wanted),
                    None => short.push((buffer.kind, vec![wanted])),
                }
                continue;
            }
            let at = *table_of.entry((class, offsets)).or_insert_with(|| {
                tables.push(((class, offsets), Vec::new()));
                tables.len() - 1
            });
            if let Some((_, all)) = tables.get_mut(at) {
                all.push(wanted);
            }
        }
    }
    let mut taken = HashSet::from([INDEX.to_owned()]);
    for ((class, offsets), wanted) in tables {
        add_table(&mut plan, class, offsets, wanted, &mut taken);
    }
    for (kind, wanted) in short {
        add_short(&mut plan, kind, wanted, &mut taken);
    }
    for ((column, buffer), (of, its)) in twin_of {
        let extent = plan.extents.get(of).and_then(|p| p.get(its)).copied();
        if let (Some(extent), Some(to)) = (extent, plan.at(column, buffer)) {
            *to = BufferExtent {
                twin: true,
                ..extent
            };
        }
    }
    plan
}

/// The dataset that says what the others are.
pub(super) const INDEX: &str = "index";

impl Plan {
    fn at(&mut self, column: usize, buffer: usize) -> Option<&mut BufferExtent> {
        self.extents.get_mut(column)?.get_mut(buffer)
    }
}

fn add_table(
    plan: &mut Plan,
    class: usize,
    offsets: bool,
    wanted: Vec<Wanted>,
    taken: &mut HashSet<String>,
) {
    let stem = match class {
        0 => String::new(),
        _ => stem(wanted.iter().map(|w| w.member.name.as_str())),
    };
    let name = match (stem.is_empty(), offsets) {
        (true, false) => "entries".to_owned(),
        (true, true) => "offsets".to_owned(),
        (false, false) => stem,
        (false, true) => format!("{stem} offsets"),
    };
    let rows = wanted.first().map_or(0, |w| w.rows);
    let mut all = wanted.into_iter().peekable();
    while all.peek().is_some() {
        let mut part: Vec<Wanted> = Vec::new();
        let mut columns = 0;
        while let Some(next) =
            all.next_if(|w| columns == 0 || columns + w.member.count() <= MOST_COLUMNS)
        {
            columns += next.member.count();
            part.push(next);
        }
        let mut names = HashSet::new();
        let members = part.iter().map(|w| Member {
            name: unique(w.member.name.clone(), &mut names),
            ..w.member.clone()
        });
        let (table, _) = Table::new(unique(name.clone(), taken), members.collect(), rows);
        let at = plan.tables.len();
        plan.tables.push(table);
        for (member, wanted) in part.iter().enumerate() {
            let extent = BufferExtent {
                table: at,
                member,
                start: 0,
                rows,
                twin: false,
            };
            if let Some(to) = plan.at(wanted.column, wanted.buffer) {
                *to = extent;
            }
        }
    }
}

fn add_short(plan: &mut Plan, kind: Kind, wanted: Vec<Wanted>, taken: &mut HashSet<String>) {
    let at = plan.tables.len();
    let mut rows = 0u64;
    for one in &wanted {
        let count = one.member.count() as u64;
        let extent = BufferExtent {
            table: at,
            member: 0,
            start: rows,
            rows: one.rows.saturating_mul(count),
            twin: false,
        };
        rows += extent.rows;
        if let Some(to) = plan.at(one.column, one.buffer) {
            *to = extent;
        }
    }
    let member = Member {
        name: VALUES.into(),
        kind,
        dims: Vec::new(),
        text: 0,
        offset: 0,
    };
    let name = unique(format!("short {}", kind.name()), taken);
    let (mut table, _) = Table::new(name, vec![member], rows);
    table.whole = true;
    plan.tables.push(table);
}

/// A buffer's name for people: the branch's, and what it is of it if there are several.
fn member_name(branch: &str, chosen: &super::select::Chosen, number: usize) -> String {
    let data = chosen.shape.buffers.iter().filter(|b| b.role == Role::Data);
    let alone = data.count() <= 1;
    match chosen.shape.buffers.get(number).map(|b| b.role) {
        Some(Role::Data) if alone => branch.to_owned(),
        Some(role) => format!("{branch} {}{number}", role.name()),
        None => branch.to_owned(),
    }
}

/// What names begin with alike, up to a mark: `Jet` of `Jet_pt` and `Jet_eta`; else the first
/// name's own beginning.
pub(super) fn stem<'a>(names: impl Iterator<Item = &'a str> + Clone) -> String {
    let Some(first) = names.clone().next() else {
        return String::new();
    };
    let mut common = first;
    let mut several = false;
    for name in names {
        several |= name != first;
        let same = |(a, b): &(char, char)| a == b;
        let n = (common.chars().zip(name.chars()).take_while(same))
            .map(|(a, _)| a.len_utf8())
            .sum();
        common = common.get(..n).unwrap_or("");
    }
    let marks: &[char] = &['_', '.', '/', ' '];
    let cut = |text: &str| match text.rfind(marks) {
        Some(at) => text.get(..at).unwrap_or("").to_owned(),
        None => text.to_owned(),
    };
    let chosen = match (several, common.is_empty()) {
        (false, _) => first.split(' ').next().unwrap_or("").to_owned(),
        (true, false) if common.contains(marks) => cut(common),
        (true, false) => common.to_owned(),
        (true, true) => first.split(marks).next().unwrap_or("").to_owned(),
    };
    let plain = last(chosen.trim_end_matches(marks)).replace('/', ".");
    match plain.as_str() {
        "" | "." | ".." => "lists".to_owned(),
        _ => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stems_are_what_names_share() {
        let of = |names: &[&str]| stem(names.iter().copied());
        assert_eq!(of(&["Jet_pt", "Jet_eta"]), "Jet");
        assert_eq!(of(&["Jet_pt_x", "Jet_pt_y"]), "Jet_pt");
        assert_eq!(of(&["Jet_pt"]), "Jet_pt");
        assert_eq!(of(&["a/Jets.pt", "a/Jets.eta"]), "Jets");
        assert_eq!(of(&["Jet_pt", "Muon_pt"]), "Jet");
        assert_eq!(of(&[]), "");
        assert_eq!(of(&["//"]), "lists");
    }
}
