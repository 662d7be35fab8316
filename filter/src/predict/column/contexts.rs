//! The hashed contexts of a value, most useful first: lower levels take the head of the list.

use super::super::experts::slots::hash2;
use super::effort::MAX_CONTEXTS;
use super::{Around, ColumnModel, Family};

/// What of the value's own leading bytes goes into a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lead {
    /// The bytes themselves.
    Exact = 0,
    /// How they differ from the expected value's, and its next bits.
    Expected = 1,
    /// The same against the value before.
    Before = 2,
    /// The same against the value above or the first reference.
    Above = 3,
    /// As `Expected`, coarser.
    Coarse = 4,
}

use Lead::{Above, Before, Coarse, Exact, Expected};

/// The leads of a family's contexts.
pub fn leads(family: Family) -> [Lead; MAX_CONTEXTS] {
    match family {
        Family::Record => [
            Expected, Exact, Exact, Exact, Exact, Exact, Exact, Exact, Before, Exact, Exact, Exact,
            Exact, Exact, Exact, Exact, Expected, Above, Exact, Coarse,
        ],
        Family::Grid => [
            Expected, Exact, Exact, Exact, Exact, Coarse, Expected, Exact, Before, Exact, Above,
            Expected, Exact, Exact, Exact, Coarse, Exact, Expected, Exact, Above,
        ],
        Family::Sequence => [
            Expected, Exact, Exact, Exact, Exact, Coarse, Exact, Exact, Before, Exact, Above,
            Exact, Expected, Exact, Exact, Exact, Exact, Before, Exact, Exact,
        ],
        Family::Bytes => [Exact; MAX_CONTEXTS],
    }
}

/// Both halves of a value, folded.
#[inline(always)]
fn fold(v: u64) -> u32 {
    hash2(v as u32, (v >> 32) as u32)
}

impl ColumnModel {
    /// The part of each context that does not change while a value is coded. `reference` is the
    /// first reference under the sign of this value.
    #[inline(always)]
    pub(super) fn bases(
        &self,
        around: &Around,
        bucket: usize,
        reference: u64,
    ) -> [u32; MAX_CONTEXTS] {
        let bits = 8 * u32::from(self.value.width);
        let head = |v: u64| (v >> bits.saturating_sub(16)) as u32;
        let ref_head = |i: usize, n: u32| {
            (around.refs[i] >> (8 * u32::from(self.ref_values[i].width)).saturating_sub(n)) as u32
        };
        let [a, b] = around.before;
        let [n, nw, ne, z, ..] = around.grid;
        match self.family {
            Family::Record => {
                let r0 = (reference >> (8 * u32::from(self.ref_values[0].width)).saturating_sub(16))
                    as u32;
                let r1 = ref_head(1, 16);
                let r2 = ref_head(2, 16);
                [
                    0,
                    fold(reference),
                    head(a),
                    hash2(r0 >> 4, r1 >> 4),
                    fold(a),
                    r0,
                    fold(around.refs[1]),
                    0,
                    0,
                    r2,
                    hash2(head(a), r0),
                    hash2(r0, r1),
                    hash2(fold(reference), fold(around.refs[1])),
                    hash2(fold(a), fold(b)),
                    hash2(around.place, head(n)),
                    hash2(hash2(r0, r1), r2),
                    r0 >> 8,
                    0,
                    hash2(fold(a), fold(reference)),
                    r0 >> 4,
                ]
            }
            Family::Grid => [
                0,
                fold(n),
                hash2(head(a), head(n)),
                fold(a),
                fold(z),
                bucket as u32,
                around.place,
                0,
                0,
                head(z),
                0,
                self.last_error,
                hash2(fold(a), fold(n)),
                fold(around.refs[0]),
                hash2(fold(nw), fold(ne)),
                hash2(bucket as u32, self.last_error),
                hash2(head(z), head(a)),
                (around.refs[0] >> bits.saturating_sub(12)) as u32,
                fold(b),
                around.place,
            ],
            Family::Sequence => [
                0,
                hash2(fold(a), fold(b)),
                hash2(head(a), head(b)),
                fold(a),
                head(a),
                bucket as u32,
                hash2(hash2(fold(a), fold(b)), fold(n)),
                0,
                0,
                fold(ne),
                0,
                fold(b),
                self.last_error,
                head(z),
                hash2(head(a), head(n)),
                fold(n),
                head(ne),
                head(b) >> 8,
                fold(around.grid[4]),
                hash2(hash2(head(a), head(b)), head(n)),
            ],
            Family::Bytes => {
                // Eight bytes of history, the most recent lowest.
                let h = around.recent;
                let last = |n: u32| fold(if n < 8 { h & ((1 << (8 * n)) - 1) } else { h });
                [
                    last(1),
                    last(2),
                    last(3),
                    last(4),
                    last(6),
                    around.word,
                    last(5),
                    0,
                    hash2(around.word, around.word_before),
                    (h >> 8) as u32 & 0xFFFF,
                    last(8),
                    (h >> 8) as u32 & 0xFF,
                    (h >> 16) as u32 & 0xFFFF,
                    (h as u32 & 0xFF) << 8 | (h >> 16) as u32 & 0xFF,
                    (h >> 24) as u32 & 0xFF,
                    (h as u32) & 0x00F0_F0F0,
                    hash2(around.word, h as u32 & 0xFF00),
                    (h >> 32) as u32 & 0xFF,
                    hash2((h >> 8) as u32, 3),
                    around.place,
                ]
            }
        }
    }
}
