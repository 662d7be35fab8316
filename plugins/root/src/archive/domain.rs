//! Domains: which columns have the same entry structure. Columns of one domain have the same number
//! of rows, and what stands in a row belongs together.

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::shape::Shape;
use super::split::Columns;

/// For each column, what its entry structure is, as a number, and its rows.
pub(super) fn domains(shape: &Shape, columns: &Columns, tree: usize) -> Vec<(u64, usize)> {
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
