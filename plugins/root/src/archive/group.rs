//! Which columns are coded together.
//!
//! Columns with the same entry structure stand side by side in rows: relations between them are
//! what the codec is best at. Columns that are too short to learn from are joined by their type,
//! one after another. Columns that hold the same bytes as an earlier one (the counts of all
//! branches of a collection, say) are not coded at all.

use catena_container::parallel;
use std::collections::HashMap;

use catena_filter::{ByteOrder, Field, Kind, Layout, Level};

use super::meta::{ColumnSource, Group};
use super::piece::Piece;
use super::shape::Number;

/// Columns of fewer rows are joined.
const ROWS_MIN: usize = 200;
/// Whether columns of more bytes gain from one another is judged by so many of the first.
const SAMPLE: usize = 512 << 10;
/// A column alone of at most so many bytes is also coded as plain bytes.
const SHORT: usize = 64 << 10;
/// Most columns in a row.
const WIDTH_MAX: usize = 128;

/// A column of a branch.
#[derive(Debug)]
pub(super) struct Column {
    pub number: Number,
    pub bytes: Vec<u8>,
    /// Columns of one domain have the same entry structure.
    pub domain: u64,
    /// Rows of the domain, and so many values in each.
    pub rows: usize,
}

impl Column {
    fn per_row(&self) -> Option<usize> {
        let row = self.rows.checked_mul(self.number.width.into())?;
        let n = self.bytes.len().checked_div(row)?;
        (n > 0 && n <= 64 && n * row == self.bytes.len()).then_some(n)
    }
}

/// What was decided, and the coded groups.
#[derive(Debug, Default)]
pub(super) struct Coded {
    pub sources: Vec<ColumnSource>,
    pub groups: Vec<Group>,
    pub pieces: Vec<Piece>,
}

/// Groups columns and codes the groups.
pub(super) fn code(columns: &[Column], level: Level, threads: usize) -> Coded {
    let mut sources = unlike(columns);
    let sets = sets(columns, &sources);
    let coded = parallel::map(threads, &sets, |set| code_set(columns, set, level));
    let mut groups = Vec::new();
    let mut pieces = Vec::new();
    for (members, group, piece) in coded.into_iter().flatten() {
        for member in members {
            if let Some(source) = sources.get_mut(member) {
                *source = ColumnSource::Group(groups.len());
            }
        }
        groups.push(group);
        pieces.push(piece);
    }
    Coded {
        sources,
        groups,
        pieces,
    }
}

/// Empty columns and those that hold the same as an earlier one; the others have no source yet and
/// say so by group 0.
fn unlike(columns: &[Column]) -> Vec<ColumnSource> {
    let mut seen: HashMap<&[u8], usize> = HashMap::new();
    let mut sources = Vec::with_capacity(columns.len());
    for (at, column) in columns.iter().enumerate() {
        sources.push(if column.bytes.is_empty() {
            ColumnSource::Empty
        } else {
            match seen.get(column.bytes.as_slice()) {
                Some(&other) => ColumnSource::Same(other),
                None => {
                    seen.insert(&column.bytes, at);
                    ColumnSource::Group(0)
                }
            }
        });
    }
    sources
}

/// Columns that may be coded together.
#[derive(Debug)]
enum Set {
    Rows(Vec<usize>),
    Joined(Number, Vec<usize>),
}

fn sets(columns: &[Column], sources: &[ColumnSource]) -> Vec<Set> {
    let mut rows: Vec<(u64, Vec<usize>)> = Vec::new();
    let mut by_domain: HashMap<u64, usize> = HashMap::new();
    let mut joined: Vec<(Number, Vec<usize>)> = Vec::new();
    for (at, (column, source)) in columns.iter().zip(sources).enumerate() {
        if *source != ColumnSource::Group(0) {
            continue;
        }
        if column.rows >= ROWS_MIN && column.per_row().is_some() {
            let set = *by_domain.entry(column.domain).or_insert_with(|| {
                rows.push((column.domain, Vec::new()));
                rows.len() - 1
            });
            if let Some((_, set)) = rows.get_mut(set) {
                set.push(at);
            }
            continue;
        }
        match joined
            .iter_mut()
            .find(|(number, _)| *number == column.number)
        {
            Some((_, set)) => set.push(at),
            None => joined.push((column.number, vec![at])),
        }
    }
    let rows = rows.iter().flat_map(|(_, set)| set.chunks(WIDTH_MAX));
    let rows = rows.map(|set| Set::Rows(set.to_vec()));
    let joined = joined
        .into_iter()
        .map(|(number, set)| Set::Joined(number, set));
    rows.chain(joined).collect()
}

fn code_set(columns: &[Column], set: &Set, level: Level) -> Vec<(Vec<usize>, Group, Piece)> {
    match set {
        Set::Rows(members) => code_rows(columns, members, level),
        Set::Joined(number, members) => vec![code_joined(columns, *number, members, level)],
    }
}

/// The layout of rows with these columns.
pub(super) fn row_layout(numbers: &[(Number, usize)]) -> Option<Layout> {
    let field = |&(number, count): &(Number, usize)| {
        let kind = match number.letter {
            b'f' => Kind::Float,
            b'i' => Kind::Int,
            _ => Kind::Uint,
        };
        let count = u32::try_from(count).ok()?;
        let order = match number.little {
            true => ByteOrder::Little,
            false => ByteOrder::Big,
        };
        Some(Field::new(kind, number.width.into(), count, order))
    };
    let fields = numbers.iter().map(field).collect::<Option<Vec<_>>>()?;
    Layout::from_fields(fields).ok()
}

fn code_rows(
    columns: &[Column],
    members: &[usize],
    level: Level,
) -> Vec<(Vec<usize>, Group, Piece)> {
    let part = |members: &[usize]| columns_of(columns, members);
    if members.len() == 1 {
        return rows(&part(members), members, usize::MAX, level)
            .into_iter()
            .collect();
    }
    let size: usize = part(members).iter().map(|column| column.bytes.len()).sum();
    let all_rows = part(members).first().map_or(1, |column| column.rows.max(1));
    // Long columns are judged by their beginnings.
    let sample = match size {
        ..SAMPLE => usize::MAX,
        _ => (SAMPLE / (size / all_rows).max(1)).max(ROWS_MIN),
    };
    let together: Vec<_> = rows(&part(members), members, sample, level)
        .into_iter()
        .collect();
    let apart = |sample| -> Vec<_> {
        members
            .iter()
            .filter_map(|&at| rows(&part(&[at]), &[at], sample, level))
            .collect()
    };
    let alone = apart(sample);
    let cost = |coded: &[(Vec<usize>, Group, Piece)]| -> usize {
        coded.iter().map(|(_, _, piece)| piece.len() + 5).sum()
    };
    let divided = together.is_empty() || cost(&alone) < cost(&together);
    match (divided, sample) {
        (true, usize::MAX) => alone,
        (false, usize::MAX) => together,
        (true, _) => apart(usize::MAX),
        (false, _) => rows(&part(members), members, usize::MAX, level)
            .into_iter()
            .collect(),
    }
}

fn columns_of<'a>(columns: &'a [Column], members: &[usize]) -> Vec<&'a Column> {
    members.iter().filter_map(|&at| columns.get(at)).collect()
}

/// The first rows of these columns as one group.
fn rows(
    parts: &[&Column],
    members: &[usize],
    most: usize,
    level: Level,
) -> Option<(Vec<usize>, Group, Piece)> {
    let counts: Vec<usize> = parts.iter().filter_map(|column| column.per_row()).collect();
    let numbers = parts
        .iter()
        .map(|column| column.number)
        .zip(counts.iter().copied());
    let layout = row_layout(&numbers.collect::<Vec<_>>())?;
    let raw = interleave(parts, most);
    let mut piece = Piece::records(&raw, &layout, level);
    if parts.len() == 1 && raw.len() <= SHORT {
        piece = piece.or(Piece::bytes(&raw, level));
    }
    Some((members.to_vec(), Group::Rows(counts), piece))
}

/// Columns side by side.
fn interleave(parts: &[&Column], most: usize) -> Vec<u8> {
    let sizes = parts
        .iter()
        .map(|column| column.per_row().unwrap_or(1) * usize::from(column.number.width));
    let mut chunks: Vec<_> = parts
        .iter()
        .zip(sizes)
        .map(|(column, size)| column.bytes.chunks_exact(size))
        .collect();
    let mut raw = Vec::new();
    let rows = parts.first().map_or(0, |column| column.rows).min(most);
    for _ in 0..rows {
        for chunk in chunks.iter_mut().filter_map(Iterator::next) {
            raw.extend_from_slice(chunk);
        }
    }
    raw
}

fn code_joined(
    columns: &[Column],
    number: Number,
    members: &[usize],
    level: Level,
) -> (Vec<usize>, Group, Piece) {
    let parts: Vec<&[u8]> = members
        .iter()
        .filter_map(|&at| columns.get(at).map(|column| column.bytes.as_slice()))
        .collect();
    let raw = parts.concat();
    let lens = parts.iter().map(|part| part.len() as u64).collect();
    let mut piece = Piece::bytes(&raw, level);
    if number.width > 1
        && let Some(layout) = row_layout(&[(number, 1)])
    {
        piece = piece.or(Piece::records(&raw, &layout, level));
    }
    (members.to_vec(), Group::Joined(lens), piece)
}
