//! The tree's own record: `TTree`, its branches and their leaves.

use std::collections::HashMap;

use super::NewBranch;
use super::basket::{ENTRY_OFFSETS, Written, longest, maximum};
use super::bytes::Out;
use crate::column::{Column, Kind};

/// A branch and its baskets.
pub(super) struct Placed<'a> {
    pub(super) branch: &'a NewBranch,
    pub(super) written: Written,
}

/// `TTree` of these branches, of which counters come before what they count.
pub(super) fn record(
    key_len: usize,
    name: &str,
    title: &str,
    entries: u64,
    branches: &[Placed<'_>],
    compress: i32,
) -> Vec<u8> {
    let raw: i64 = branches.iter().map(|b| b.written.raw).sum();
    let stored: i64 = branches.iter().map(|b| b.written.stored).sum();
    let mut out = Out::behind(key_len);
    let mut leaves: HashMap<&str, u32> = HashMap::new();
    let mut order = Vec::new();
    out.object(20, |out| {
        out.named(name, title);
        // TAttLine, TAttFill, TAttMarker, as ROOT has them for a new tree.
        out.object(2, |out| out.i16s(&[602, 1, 1]));
        fill_attributes(out);
        out.object(2, |out| {
            out.i16(1);
            out.i16(1);
            out.f32(1.0);
        });
        out.i64s(&[entries as i64, raw, stored, 0, stored]);
        out.f64(1.0);
        // Timer, scan field, update, entry offsets, cluster ranges.
        out.i32s(&[0, 25, 0, ENTRY_OFFSETS, 0]);
        // Most entries, of a loop, of memory; autosave, autoflush, estimate.
        let most = 1_000_000_000_000;
        out.i64s(&[most, most, 0, -300_000_000, -30_000_000, 1_000_000]);
        // No cluster ranges, twice.
        out.u8(0);
        out.u8(0);
        io_features(out);
        out.array(branches.len(), |out| {
            for placed in branches {
                out.pointed("TBranch", |out| {
                    let leaf = branch(out, placed, &leaves, compress);
                    leaves.insert(&placed.branch.name, leaf);
                    order.push(leaf);
                });
            }
        });
        out.array(order.len(), |out| {
            order.iter().for_each(|&leaf| out.u32(leaf))
        });
        // Aliases; two empty arrays; tree index, friends, user info, references.
        out.u32s(&[0; 7]);
    });
    out.bytes
}

fn fill_attributes(out: &mut Out) {
    out.object(2, |out| {
        out.i16(0);
        out.i16(1001);
    });
}

/// `ROOT::TIOFeatures`, a class without a version: its checksum stands there.
fn io_features(out: &mut Out) {
    out.object(0, |out| {
        out.u32(446_770_960);
        out.u8(0);
    });
}

/// `TBranch`; the number of its leaf.
fn branch(out: &mut Out, placed: &Placed<'_>, leaves: &HashMap<&str, u32>, compress: i32) -> u32 {
    let Placed { branch, written } = placed;
    let n = written.sizes.len();
    let room = (n + 1).max(10);
    let entries = branch.column.len() as i64;
    let (lists, texts) = match &branch.column {
        Column::List { .. } => (true, false),
        Column::Strings(_) => (false, true),
        _ => (false, false),
    };
    let (dims, kind) = elements(&branch.column);
    let axes: String = dims.iter().map(|n| format!("[{n}]")).collect();
    let counted = match (&branch.counter, lists) {
        (Some(counter), true) => format!("[{counter}]"),
        _ => String::new(),
    };
    let shown = format!("{}{counted}{axes}", branch.name);
    let letter = if texts { 'C' } else { letter(kind) };
    let title = match branch.title.is_empty() {
        true => format!("{shown}/{letter}"),
        false => branch.title.clone(),
    };
    let mut leaf = 0;
    out.object(13, |out| {
        out.named(&branch.name, &title);
        fill_attributes(out);
        let offsets = if lists || texts { ENTRY_OFFSETS } else { 0 };
        out.i32s(&[compress, 32000, offsets, n as i32]);
        out.i64(entries);
        io_features(out);
        out.i32s(&[0, room as i32, 0]);
        out.i64s(&[entries, 0, written.raw, written.stored]);
        out.array(0, |_| {});
        out.array(1, |out| {
            leaf = leaf_object(
                out,
                branch,
                &shown,
                (texts, kind, dims.iter().product()),
                leaves,
            );
        });
        out.array(0, |_| {});
        let filled = |i: usize, all: &[i64], rest: i64| all.get(i).copied().unwrap_or(rest);
        out.u8(1);
        (0..room).for_each(|i| out.i32(written.sizes.get(i).copied().unwrap_or(0)));
        out.u8(1);
        (0..room).for_each(|i| {
            out.i64(filled(
                i,
                &written.entries,
                if i == n { entries } else { 0 },
            ))
        });
        out.u8(1);
        (0..room).for_each(|i| out.i64(filled(i, &written.positions, 0)));
        out.text("");
    });
    leaf
}

/// The axes of a column's elements and their kind.
fn elements(column: &Column) -> (Vec<usize>, Kind) {
    match column {
        Column::Values(values) => (Vec::new(), values.kind()),
        Column::Fixed { size, item, .. } => {
            let (mut dims, kind) = elements(item);
            dims.insert(0, *size);
            (dims, kind)
        }
        Column::List { item, .. } => elements(item),
        _ => (Vec::new(), Kind::U8),
    }
}

fn letter(kind: Kind) -> char {
    match kind {
        Kind::Bool => 'O',
        Kind::I8 => 'B',
        Kind::U8 => 'b',
        Kind::I16 => 'S',
        Kind::U16 => 's',
        Kind::I32 => 'I',
        Kind::U32 => 'i',
        Kind::I64 => 'L',
        Kind::U64 => 'l',
        Kind::F32 => 'F',
        Kind::F64 => 'D',
    }
}

fn leaf_object(
    out: &mut Out,
    branch: &NewBranch,
    title: &str,
    (texts, kind, count): (bool, Kind, usize),
    leaves: &HashMap<&str, u32>,
) -> u32 {
    let class = match (texts, kind) {
        (true, _) => "TLeafC",
        (_, Kind::Bool) => "TLeafO",
        (_, Kind::I8 | Kind::U8) => "TLeafB",
        (_, Kind::I16 | Kind::U16) => "TLeafS",
        (_, Kind::I32 | Kind::U32) => "TLeafI",
        (_, Kind::I64 | Kind::U64) => "TLeafL",
        (_, Kind::F32) => "TLeafF",
        (_, Kind::F64) => "TLeafD",
    };
    let unsigned = matches!(kind, Kind::U8 | Kind::U16 | Kind::U32 | Kind::U64) && !texts;
    let most = match &branch.column {
        Column::Values(values) if branch.counts => maximum(values),
        Column::Strings(_) => longest(&branch.column) + 1,
        _ => 0,
    };
    let len = match texts {
        true => most as i32,
        false => count as i32,
    };
    out.pointed(class, |out| {
        out.object(1, |out| {
            out.object(2, |out| {
                out.named(&branch.name, title);
                out.i32(len);
                out.i32(if texts { 1 } else { kind.size() as i32 });
                out.i32(0);
                out.u8(u8::from(branch.counts || texts));
                out.u8(u8::from(unsigned));
                let counter = branch.counter.as_deref().and_then(|c| leaves.get(c));
                out.u32(counter.copied().unwrap_or(0));
            });
            // The least and the largest value, of the leaf's own type.
            match (texts, kind) {
                (true, _) | (_, Kind::I32 | Kind::U32) => out.i32s(&[0, most as i32]),
                (_, Kind::Bool | Kind::I8 | Kind::U8) => out.u8s(&[0, most as u8]),
                (_, Kind::I16 | Kind::U16) => out.i16s(&[0, most as i16]),
                (_, Kind::I64 | Kind::U64) => out.i64s(&[0, most]),
                (_, Kind::F32) => out.f32s(&[0.0, 0.0]),
                (_, Kind::F64) => out.f64s(&[0.0, 0.0]),
            };
        });
    })
}
