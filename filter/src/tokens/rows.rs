//! The bytes of a frame's records as columns of ordered integers, and back, in tiles that stay in
//! the cache.

use super::context::Geometry;
use super::word::{Word, Words};
use crate::layout::Expansion;
use crate::numeric::ValueType;
use crate::{ByteOrder, Kind};

/// Rows that are taken apart or put together at a time.
const TILE: usize = 512;
/// Columns that count as stored one after another, at most, and the rows that they must have.
const STORED_COLUMNS: u64 = 256;
const STORED_ROWS: u64 = 256;

/// Where a column's elements lie.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    pub vt: ValueType,
    order: ByteOrder,
    offset: usize,
    stride: usize,
}

/// The columns of a frame's records.
#[derive(Clone, Debug)]
pub struct Table {
    pub columns: Vec<Column>,
    /// Bytes from one row to the next, all columns together.
    pub row_size: usize,
    /// Rows a group and a plane.
    pub group: usize,
    pub plane: usize,
}

impl Table {
    /// The columns as the layout has them, side by side.
    pub fn new(expansion: &Expansion) -> Self {
        let columns = expansion.columns.iter().map(|column| Column {
            vt: ValueType::of(column),
            order: column.order,
            offset: column.offset as usize,
            stride: expansion.record_size as usize,
        });
        let axis = |n: u64| {
            usize::try_from(n)
                .ok()
                .filter(|&n| n > 1 && n < 1 << 26)
                .unwrap_or(0)
        };
        let (group, plane) = match expansion.shape[..] {
            [.., y, x] if expansion.shape.len() >= 3 => (
                axis(x),
                if axis(x) > 0 {
                    axis(x.saturating_mul(y))
                } else {
                    0
                },
            ),
            [_, x] => (axis(x), 0),
            _ => (0, 0),
        };
        Table {
            columns: columns.collect(),
            row_size: expansion.record_size as usize,
            group,
            plane: if plane == group { 0 } else { plane },
        }
    }

    /// The same bytes as columns that stand one after another, where a grid of two axes may be
    /// meant so and `len` bytes are all of it.
    pub fn stored(expansion: &Expansion, len: usize) -> Option<Self> {
        let ([column], &[n, rows]) = (&expansion.columns[..], &expansion.shape[..]) else {
            return None;
        };
        let width = u64::from(column.width);
        let whole = n.checked_mul(rows)?.checked_mul(width)? == len as u64;
        if !(2..=STORED_COLUMNS).contains(&n) || rows < STORED_ROWS || !whole {
            return None;
        }
        let columns = (0..n).map(|at| Column {
            vt: ValueType::of(column),
            order: column.order,
            offset: (at * rows * width) as usize,
            stride: width as usize,
        });
        Some(Table {
            columns: columns.collect(),
            row_size: (n * width) as usize,
            group: 0,
            plane: 0,
        })
    }

    /// Whether the columns stand one after another.
    pub fn is_stored(&self) -> bool {
        self.columns.len() > 1 && self.columns[0].stride != self.row_size
    }

    /// How the rows lie of a frame that begins with this row of the stream.
    pub fn geometry(&self, first: u64) -> Geometry {
        Geometry {
            group: self.group,
            plane: self.plane,
            first: if self.group > 0 {
                (first % self.group as u64) as usize
            } else {
                0
            },
        }
    }

    /// Every column's ordered integers. `body` is whole rows.
    pub fn split(&self, body: &[u8]) -> Vec<Words> {
        let row_n = body.len() / self.row_size;
        let room = |column: &Column| match column.vt.width {
            8 => Words::Wide(vec![0; row_n]),
            _ => Words::Narrow(vec![0; row_n]),
        };
        let mut all: Vec<Words> = self.columns.iter().map(room).collect();
        for start in (0..row_n).step_by(TILE) {
            let rows = start..(start + TILE).min(row_n);
            for (column, words) in self.columns.iter().zip(&mut all) {
                let bytes = &body[column.offset + start * column.stride..];
                match words {
                    Words::Narrow(words) => column.load(bytes, &mut words[rows.clone()]),
                    Words::Wide(words) => column.load(bytes, &mut words[rows.clone()]),
                }
            }
        }
        all
    }

    /// Undoes [`Table::split`]: `tile` gives a tile of a column's ordered integers, given the
    /// column, its first row and room for it.
    pub fn join<'w>(&self, body: &mut [u8], mut tile: impl FnMut(usize, usize, Room) -> Tile<'w>) {
        let row_n = body.len() / self.row_size;
        let (mut narrow, mut wide) = ([0u32; TILE], [0u64; TILE]);
        for start in (0..row_n).step_by(TILE) {
            let n = TILE.min(row_n - start);
            for (at, column) in self.columns.iter().enumerate() {
                let bytes = &mut body[column.offset + start * column.stride..];
                let room = Room {
                    narrow: &mut narrow[..n],
                    wide: &mut wide[..n],
                };
                match tile(at, start, room) {
                    Tile::Narrow(words) => column.store(words, bytes),
                    Tile::Wide(words) => column.store(words, bytes),
                    Tile::Room if column.vt.width == 8 => column.store(&wide[..n], bytes),
                    Tile::Room => column.store(&narrow[..n], bytes),
                }
            }
        }
    }
}

/// Room for a tile of a column, of either size of words.
pub struct Room<'a> {
    pub narrow: &'a mut [u32],
    pub wide: &'a mut [u64],
}

/// A tile of a column.
pub enum Tile<'a> {
    Narrow(&'a [u32]),
    Wide(&'a [u64]),
    /// It is in the room that was given.
    Room,
}

/// Reads elements of `N` bytes.
#[inline(always)]
fn read<const N: usize, W: Word>(
    bytes: &[u8],
    stride: usize,
    out: &mut [W],
    of: impl Fn([u8; N]) -> u64,
) {
    for (element, out) in bytes.chunks(stride).zip(out) {
        if let Some(element) = element.first_chunk::<N>() {
            *out = W::low(of(*element));
        }
    }
}

/// Writes elements of `N` bytes.
#[inline(always)]
fn write<const N: usize, W: Word>(
    bytes: &mut [u8],
    stride: usize,
    words: &[W],
    of: impl Fn(u64) -> [u8; N],
) {
    for (element, word) in bytes.chunks_mut(stride).zip(words) {
        if let Some(element) = element.first_chunk_mut::<N>() {
            *element = of(word.wide());
        }
    }
}

impl Column {
    fn load<W: Word>(&self, bytes: &[u8], out: &mut [W]) {
        let (vt, stride) = (self.vt, self.stride);
        match (vt.kind, vt.width, self.order) {
            (Kind::Float, 4, ByteOrder::Little) => {
                let vt = ValueType {
                    kind: Kind::Float,
                    width: 4,
                };
                read(bytes, stride, out, |b: [u8; 4]| {
                    vt.order(u32::from_le_bytes(b).into())
                });
            }
            (_, 1, _) => read(bytes, stride, out, |b: [u8; 1]| vt.order(b[0].into())),
            (_, 2, ByteOrder::Little) => read(bytes, stride, out, |b| {
                vt.order(u16::from_le_bytes(b).into())
            }),
            (_, 2, ByteOrder::Big) => read(bytes, stride, out, |b| {
                vt.order(u16::from_be_bytes(b).into())
            }),
            (_, 4, ByteOrder::Little) => read(bytes, stride, out, |b| {
                vt.order(u32::from_le_bytes(b).into())
            }),
            (_, 4, ByteOrder::Big) => read(bytes, stride, out, |b| {
                vt.order(u32::from_be_bytes(b).into())
            }),
            (_, _, ByteOrder::Little) => {
                read(bytes, stride, out, |b| vt.order(u64::from_le_bytes(b)))
            }
            (_, _, ByteOrder::Big) => read(bytes, stride, out, |b| vt.order(u64::from_be_bytes(b))),
        }
    }

    fn store<W: Word>(&self, words: &[W], bytes: &mut [u8]) {
        let (vt, stride) = (self.vt, self.stride);
        match (vt.kind, vt.width, self.order) {
            (Kind::Float, 4, ByteOrder::Little) => {
                write(bytes, stride, words, |w| float_bits(w as u32).to_le_bytes())
            }
            (_, 1, _) => write(bytes, stride, words, |w| [vt.unorder(w) as u8]),
            (_, 2, ByteOrder::Little) => write(bytes, stride, words, |w| {
                (vt.unorder(w) as u16).to_le_bytes()
            }),
            (_, 2, ByteOrder::Big) => write(bytes, stride, words, |w| {
                (vt.unorder(w) as u16).to_be_bytes()
            }),
            (_, 4, ByteOrder::Little) => write(bytes, stride, words, |w| {
                (vt.unorder(w) as u32).to_le_bytes()
            }),
            (_, 4, ByteOrder::Big) => write(bytes, stride, words, |w| {
                (vt.unorder(w) as u32).to_be_bytes()
            }),
            (_, _, ByteOrder::Little) => {
                write(bytes, stride, words, |w| vt.unorder(w).to_le_bytes())
            }
            (_, _, ByteOrder::Big) => write(bytes, stride, words, |w| vt.unorder(w).to_be_bytes()),
        }
    }
}

/// The bits of an ordered f32, without branches.
#[inline(always)]
fn float_bits(ordered: u32) -> u32 {
    ordered ^ (!(((ordered as i32) >> 31) as u32) | 0x8000_0000)
}
