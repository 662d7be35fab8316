//! Scales, gains, knots and start values, packed: words of a few bytes, the most significant first,
//! each byte's bits from its plane, from the byte above it in the word, and from the same byte of
//! the word before.

use super::chance::{Chance, Mix, NODES};
use crate::coder::BitCoder;
use crate::numeric::logistic::Logistic;

/// What a chance's start is worth, in bits seen.
const COUNT: u32 = 1;
/// Contexts of a plane: none; the byte above; the byte before, or 256 if the bytes above it are not
/// those of the word before.
const CONTEXTS: usize = 1 + 256 + 257;

/// Packs and unpacks words of one kind.
pub(super) struct Words {
    planes: usize,
    chances: Vec<Chance>,
    mixes: Vec<Mix>,
    before: u64,
}

impl Words {
    /// Of this many bytes, at most 8.
    pub(super) fn new(planes: usize) -> Self {
        Words {
            planes,
            chances: vec![Chance::new(32768, COUNT); planes * CONTEXTS * NODES],
            mixes: vec![Mix::new(); planes * 8],
            before: 0,
        }
    }

    /// Codes a word.
    pub(super) fn code<C: BitCoder>(
        &mut self,
        coder: &mut C,
        logistic: &Logistic,
        word: u64,
    ) -> u64 {
        let (mut found, mut above, mut same) = (0u64, 0, true);
        for plane in 0..self.planes {
            let shift = 8 * (self.planes - 1 - plane);
            let byte = |word: u64| (word >> shift) as u8;
            let before = if same {
                usize::from(byte(self.before))
            } else {
                256
            };
            let trees = &mut self.chances[plane * CONTEXTS * NODES..][..CONTEXTS * NODES];
            let (alone, trees) = trees.split_at_mut(NODES);
            let (by_above, by_before) = trees.split_at_mut(256 * NODES);
            let by_above = &mut by_above[above * NODES..][..NODES];
            let by_before = &mut by_before[before * NODES..][..NODES];
            let mut node = 1;
            for place in 0..8 {
                let chances = [&mut alone[node], &mut by_above[node], &mut by_before[node]];
                let bit = u32::from(byte(word)) >> (7 - place) & 1;
                let bit = self.mixes[plane * 8 + place].code(coder, logistic, bit, chances);
                node = (2 * node) | bit as usize;
            }
            above = node & 255;
            found = found << 8 | above as u64;
            same &= above == usize::from(byte(self.before));
        }
        self.before = found;
        found
    }
}
