//! A frame's records as a payload: side information of all columns, then their words, then their
//! offsets.
//!
//! What a chain's frames hand to one another is the columns' plans and tables, never values: once
//! the side information of the frames before is known, every payload decodes on its own.

use super::column::Known;
use super::decode::{self, Streams};
use super::encode::{self, Ready, Recipe, Settled};
use super::offsets::BitWriter;
use super::plan::{ColumnPlan, Place};
use super::rans;
use super::rows::{Table, Tile};
use super::search::Search;
use super::shelf;
use super::side::Side;
use super::word::Words;
use crate::coder::{BitCoder, RangeEncoder};
use crate::frame::Cursor;
use crate::frame::put_varint;
use crate::layout::Expansion;
use crate::layout::rows::Rows;
use crate::{Error, Result};

/// The plans and tables that a chain's next frame begins with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory {
    /// The columns stand one after another.
    pub stored: bool,
    /// Columns may be of the adaptive stage.
    pub adapts: bool,
    pub columns: Vec<ColumnPlan>,
}

/// Entries of tables that cost nothing, and those that each byte of side information is worth:
/// bounds the work that few bytes can ask for.
const FREE_ENTRIES: usize = 1 << 17;
const ENTRIES_A_BYTE: usize = 64;

/// Entries that so many bytes of side information may ask for.
pub fn most_entries(len: usize) -> usize {
    FREE_ENTRIES + ENTRIES_A_BYTE * len
}

impl Memory {
    /// Writes or reads a frame's side information, given that of the frame before.
    /// `len` is how many bytes hold it, when reading.
    fn code<C: BitCoder>(
        &mut self,
        side: &mut Side<C>,
        views: &Views,
        before: Option<&Memory>,
        len: usize,
    ) -> Result<()> {
        self.stored = side.flag(self.stored);
        let table = views.of(self.stored)?;
        let before = before.filter(|before| before.stored == self.stored);
        let adapts = self.adapts;
        let empty = || ColumnPlan::empty(table.columns[0].vt);
        self.columns.resize_with(table.columns.len(), empty);
        let mut entries = 0;
        for (at, plan) in self.columns.iter_mut().enumerate() {
            let place = Place {
                vt: table.columns[at].vt,
                left: at,
            };
            let column_before = before.and_then(|before| before.columns.get(at));
            plan.code(side, place, (column_before, adapts))?;
            if column_before != Some(plan) {
                entries += plan.entries();
            }
            if !Side::<C>::WRITES && entries > most_entries(len) {
                return Err(Error::corrupt("more tables than so few bytes hold"));
            }
        }
        Ok(())
    }
}

/// The ways in which a frame's records may be seen: columns side by side, or one after another.
#[derive(Debug)]
pub struct Views {
    side_by_side: Table,
    stored: Option<Table>,
}

impl Views {
    /// Of a frame with so many bytes of whole records.
    pub fn new(expansion: &Expansion, body_len: usize) -> Self {
        Views {
            side_by_side: Table::new(expansion),
            stored: Table::stored(expansion, body_len),
        }
    }

    fn of(&self, stored: bool) -> Result<&Table> {
        match stored {
            false => Ok(&self.side_by_side),
            true => self
                .stored
                .as_ref()
                .ok_or_else(|| Error::corrupt("columns one after another")),
        }
    }
}

/// Known columns of a frame's body, by these recipes.
pub fn split(table: &Table, recipes: &[Recipe], body: &[u8]) -> Vec<Known> {
    table
        .split(body)
        .into_iter()
        .zip(recipes)
        .map(|(values, recipe)| encode::known(recipe.form, values))
        .collect()
}

/// Plans, tables, tokens and offsets of whole records; tables are those of `before` where they are
/// as good.
struct Coded {
    memory: Memory,
    tokens: Vec<Vec<u8>>,
    clusters: Vec<Vec<u8>>,
    coded: RangeEncoder,
    offsets: BitWriter,
    /// About the bits of each column.
    bits: Vec<f64>,
}

fn settle(
    table: &Table,
    recipes: &[Recipe],
    first: u64,
    body: &[u8],
    before: Option<&Search>,
) -> Coded {
    let geometry = table.geometry(first);
    let known = split(table, recipes, body);
    let mut coded = Coded {
        memory: Memory {
            stored: table.is_stored(),
            adapts: before.is_some_and(|search| search.memory.adapts),
            columns: Vec::new(),
        },
        tokens: Vec::new(),
        clusters: Vec::new(),
        coded: RangeEncoder::default(),
        offsets: BitWriter::default(),
        bits: Vec::new(),
    };
    for (at, recipe) in recipes.iter().enumerate() {
        let ready: Ready = encode::prepare(&known, at, &recipe.prediction, &recipe.copy);
        let left = encode::Left {
            known: &known[..at],
            tokens: &coded.tokens,
            geometry: &geometry,
        };
        let column_before = before.and_then(|search| search.before(at));
        let settled = encode::settle(recipe, &known[at], &ready, &left, column_before);
        let (coder, offsets) = (&mut coded.coded, &mut coded.offsets);
        match settled.plan.adaptive {
            None => encode::write_offsets(&known[at], &ready, &settled, offsets),
            Some(_) => {
                encode::write_adapted(&known[at], &ready, &left, &settled, coder, offsets);
            }
        }
        let Settled {
            plan,
            tokens,
            clusters,
            bits,
        } = settled;
        coded.bits.push(bits);
        coded.memory.columns.push(plan);
        coded.tokens.push(tokens);
        coded.clusters.push(clusters);
    }
    coded
}

/// Plans and tables of whole records, by these recipes, and about the bits of each column by them.
/// Columns that the adaptive stage makes smaller by less than `gain`, as a part of their bits, go
/// to the static one.
pub fn learn(
    table: &Table,
    recipes: &mut [Recipe],
    gain: f64,
    first: u64,
    body: &[u8],
) -> (Memory, Vec<f64>) {
    let geometry = table.geometry(first);
    let known = split(table, recipes, body);
    let (mut memory, mut all_bits) = (Memory::default(), Vec::new());
    let mut tokens = Vec::new();
    for (at, recipe) in recipes.iter_mut().enumerate() {
        let ready: Ready = encode::prepare(&known, at, &recipe.prediction, &recipe.copy);
        let left = encode::Left {
            known: &known[..at],
            tokens: &tokens,
            geometry: &geometry,
        };
        let settle = |recipe: &Recipe| encode::settle(recipe, &known[at], &ready, &left, None);
        let fixed = Recipe {
            adaptive: None,
            ..recipe.clone()
        };
        let mut settled = settle(&fixed);
        if recipe.adaptive.is_some() {
            let mut other = settle(recipe);
            let (mut coder, mut offsets) = (RangeEncoder::default(), BitWriter::default());
            encode::write_adapted(&known[at], &ready, &left, &other, &mut coder, &mut offsets);
            other.bits += (coder.settled() + offsets.finish().len()) as f64 * 8.0;
            settled.bits = encode::counted_bits(&known[at], &settled, at);
            match other.bits < settled.bits * (1.0 - gain) {
                true => settled = other,
                false => *recipe = fixed,
            }
        }
        memory.columns.push(settled.plan);
        all_bits.push(settled.bits);
        tokens.push(settled.tokens);
    }
    memory.stored = table.is_stored();
    memory.adapts = recipes.iter().any(|recipe| recipe.adaptive.is_some());
    (memory, all_bits)
}

/// Encodes a frame by what the search of its chain's beginning found. `says_memory`: the decoder
/// does not have that yet.
pub fn encode(
    expansion: &Expansion,
    search: &Search,
    offset: u64,
    raw: &[u8],
    says_memory: bool,
) -> Result<Vec<u8>> {
    let rows = Rows::new(expansion.record_size, offset, raw.len());
    let body = rows.records(raw);
    let views = Views::new(expansion, body.len());
    let mut out = Vec::new();
    write_memory(&views, says_memory.then_some(&search.memory), &mut out)?;
    // A view that these records do not allow has tables of its own.
    let stored = search.memory.stored && views.stored.is_some();
    if stored != search.memory.stored {
        return Err(Error::invalid(
            "records that are not the columns which the chain began with",
        ));
    }
    let table = views.of(stored)?;
    let mut coded = settle(table, &search.recipes, rows.first, body, Some(search));
    let mut encoder = rans::Encoder::default();
    let fixed = |plan: &ColumnPlan| plan.adaptive.is_none();
    let has_words = coded.memory.columns.iter().any(fixed);
    for ((plan, tokens), clusters) in coded
        .memory
        .columns
        .iter()
        .zip(&coded.tokens)
        .zip(&coded.clusters)
        .rev()
    {
        if fixed(plan) && plan.constant().is_none() {
            encoder.put(tokens, clusters, &plan.frequencies);
        }
    }
    let mut side = Side::writer();
    coded
        .memory
        .code(&mut side, &views, Some(&search.memory), 0)?;
    let words = match has_words {
        true => encoder.finish(),
        false => Vec::new(),
    };
    let (side, offsets) = (side.finish(), coded.offsets.finish());
    let (adapted, _) = coded.coded.finish();
    put_varint(&mut out, side.len() as u64);
    put_varint(&mut out, words.len() as u64);
    if coded.memory.adapts {
        put_varint(&mut out, adapted.len() as u64);
    }
    out.extend_from_slice(&side);
    out.extend_from_slice(&words);
    out.extend_from_slice(&adapted);
    out.extend_from_slice(&rows.edges(raw));
    out.extend_from_slice(&offsets);
    Ok(out)
}

/// Writes a memory behind its length; a length of nothing says that the chain has one.
pub fn write_memory(views: &Views, memory: Option<&Memory>, out: &mut Vec<u8>) -> Result<()> {
    let bytes = match memory {
        None => Vec::new(),
        Some(memory) => {
            let mut side = Side::writer();
            memory.clone().code(&mut side, views, None, 0)?;
            side.finish()
        }
    };
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(&bytes);
    Ok(())
}

fn cut() -> Error {
    Error::corrupt("a frame of tokens is cut")
}

fn take_len(cursor: &mut Cursor) -> Result<usize> {
    cursor
        .varint()?
        .and_then(|len| usize::try_from(len).ok())
        .ok_or_else(cut)
}

/// The memory at the front of a payload, if there is one, and what stands behind it.
///
/// # Errors
/// `Corrupt` of what no encoder writes.
pub fn read_memory<'a>(
    views: &Views,
    adapts: bool,
    payload: &'a [u8],
) -> Result<(Option<Memory>, &'a [u8])> {
    let mut cursor = Cursor::new(payload);
    let len = take_len(&mut cursor)?;
    let bytes = cursor.take(len).ok_or_else(cut)?;
    if len == 0 {
        return Ok((None, cursor.rest()));
    }
    let mut memory = Memory {
        adapts,
        ..Memory::default()
    };
    memory.code(&mut Side::reader(bytes), views, None, len)?;
    Ok((Some(memory), cursor.rest()))
}

/// Decodes a frame from what stands behind the memory.
///
/// # Errors
/// `Corrupt` of what no encoder writes.
pub fn decode(
    expansion: &Expansion,
    memory: &Memory,
    offset: u64,
    raw_len: usize,
    payload: &[u8],
) -> Result<Vec<u8>> {
    let rows = Rows::new(expansion.record_size, offset, raw_len);
    let views = Views::new(expansion, raw_len - rows.head - rows.tail);
    let mut cursor = Cursor::new(payload);
    let (side_len, words_len) = (take_len(&mut cursor)?, take_len(&mut cursor)?);
    let adapted_len = match memory.adapts {
        true => take_len(&mut cursor)?,
        false => 0,
    };
    let side = cursor.take(side_len).ok_or_else(cut)?;
    let words = cursor.take(words_len).ok_or_else(cut)?;
    let adapted = cursor.take(adapted_len).ok_or_else(cut)?;
    let (head, tail) = (
        cursor.take(rows.head).ok_or_else(cut)?,
        cursor.take(rows.tail).ok_or_else(cut)?,
    );
    let mut plan = Memory {
        adapts: memory.adapts,
        ..Memory::default()
    };
    plan.code(&mut Side::reader(side), &views, Some(memory), side_len)?;
    let mut raw = vec![0; raw_len];
    let end = raw_len - rows.tail;
    raw[..rows.head].copy_from_slice(head);
    raw[end..].copy_from_slice(tail);
    decode_records(
        &views,
        &plan,
        (words, adapted, cursor.rest()),
        rows.first,
        &mut raw[rows.head..end],
    )?;
    Ok(raw)
}

/// Decodes a frame's whole records into `body`.
///
/// # Errors
/// `Corrupt` of streams that no encoder writes.
fn decode_records(
    views: &Views,
    plan: &Memory,
    (words, adapted, offsets): (&[u8], &[u8], &[u8]),
    first: u64,
    body: &mut [u8],
) -> Result<()> {
    let table = views.of(plan.stored)?;
    let geometry = table.geometry(first);
    let row_n = body.len() / table.row_size;
    let (mut known, mut tokens) = (Vec::new(), Vec::new());
    // Where no column is of the static stage there is no stream of its.
    let has_words = plan.columns.iter().any(|plan| plan.adaptive.is_none());
    if !has_words && !words.is_empty() {
        return Err(Error::corrupt("tokens of no column"));
    }
    let mut streams = Streams::new(has_words.then_some(words), adapted, offsets)?;
    for column in &plan.columns {
        let left = decode::Left {
            known: &known,
            tokens: &tokens,
            geometry: &geometry,
            row_n,
        };
        let (column, column_tokens) = decode::column(column, &left, &mut streams)?;
        known.push(column);
        tokens.push(column_tokens);
    }
    streams.finish()?;
    let mut next: Vec<std::slice::Iter<(u32, u64)>> =
        known.iter().map(|k| k.exceptions.iter()).collect();
    table.join(body, |at, start, room| {
        let column: &Known = &known[at];
        let whole = column.form.is_plain() && column.exceptions.is_empty();
        match &column.words {
            Words::Narrow(words) if whole => Tile::Narrow(&words[start..start + room.narrow.len()]),
            Words::Wide(words) if whole => Tile::Wide(&words[start..start + room.wide.len()]),
            Words::Narrow(words) => {
                ordered(
                    column,
                    &words[start..],
                    room.narrow,
                    |v| v as u32,
                    &mut next[at],
                    start,
                );
                Tile::Room
            }
            Words::Wide(words) => {
                ordered(
                    column,
                    &words[start..],
                    room.wide,
                    |v| v,
                    &mut next[at],
                    start,
                );
                Tile::Room
            }
        }
    });
    tokens.into_iter().for_each(shelf::give);
    Ok(())
}

/// A tile of ordered integers.
#[inline(always)]
fn ordered<W: super::word::Word>(
    column: &Known,
    words: &[W],
    out: &mut [W],
    of: impl Fn(u64) -> W,
    exceptions: &mut std::slice::Iter<(u32, u64)>,
    start: usize,
) {
    if column.form.is_plain() {
        out.copy_from_slice(&words[..out.len()]);
    } else {
        for (out, &word) in out.iter_mut().zip(words) {
            *out = of(column.form.ordered(word));
        }
    }
    let end = start + out.len();
    while let Some(&(row, value)) = exceptions.as_slice().first()
        && (row as usize) < end
    {
        out[row as usize - start] = of(value);
        exceptions.next();
    }
}
