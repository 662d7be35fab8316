//! Machine words that a column's values are coded in: 32 bits for types of up to four bytes, 64 for
//! the rest.

use std::fmt::Debug;

use super::shelf::{self, Shelved};

/// Unsigned arithmetic modulo 2^BITS.
pub trait Word: Ord + Debug + Shelved + Send + Sync {
    /// 32 or 64.
    const BITS: u32;
    /// Half of the range: a residual of zero.
    const HALF: Self;
    /// The low bits of a number.
    fn low(wide: u64) -> Self;
    /// The same number in 64 bits.
    fn wide(self) -> u64;
    /// Sum modulo 2^BITS.
    fn plus(self, other: Self) -> Self;
    /// Difference modulo 2^BITS.
    fn minus(self, other: Self) -> Self;
    /// All bits turned round: the mirror image of an ordered float.
    fn turned(self) -> Self;
}

impl Word for u32 {
    const BITS: u32 = 32;
    const HALF: u32 = 1 << 31;

    #[inline(always)]
    fn low(wide: u64) -> u32 {
        wide as u32
    }
    #[inline(always)]
    fn wide(self) -> u64 {
        u64::from(self)
    }
    #[inline(always)]
    fn plus(self, other: u32) -> u32 {
        self.wrapping_add(other)
    }
    #[inline(always)]
    fn minus(self, other: u32) -> u32 {
        self.wrapping_sub(other)
    }
    #[inline(always)]
    fn turned(self) -> u32 {
        !self
    }
}

impl Word for u64 {
    const BITS: u32 = 64;
    const HALF: u64 = 1 << 63;

    #[inline(always)]
    fn low(wide: u64) -> u64 {
        wide
    }
    #[inline(always)]
    fn wide(self) -> u64 {
        self
    }
    #[inline(always)]
    fn plus(self, other: u64) -> u64 {
        self.wrapping_add(other)
    }
    #[inline(always)]
    fn minus(self, other: u64) -> u64 {
        self.wrapping_sub(other)
    }
    #[inline(always)]
    fn turned(self) -> u64 {
        !self
    }
}

/// A column of words of either size.
#[derive(Clone, Debug)]
pub enum Words {
    /// Of types of up to four bytes.
    Narrow(Vec<u32>),
    /// Of types of eight bytes.
    Wide(Vec<u64>),
}

impl Words {
    /// One value.
    #[inline(always)]
    pub fn at(&self, row: usize) -> u64 {
        match self {
            Words::Narrow(words) => u64::from(words[row]),
            Words::Wide(words) => words[row],
        }
    }

    /// How many.
    pub fn row_n(&self) -> usize {
        match self {
            Words::Narrow(words) => words.len(),
            Words::Wide(words) => words.len(),
        }
    }

    /// Every row's value in 64 bits, those of `rows` alone.
    pub fn sampled(&self, rows: impl Iterator<Item = usize>) -> Vec<u64> {
        rows.map(|row| self.at(row)).collect()
    }
}

/// Collects into a vector by a loop that is compiled where it stands, for the vector unit that is
/// in use there.
#[inline(always)]
pub fn gather<T: Shelved>(items: impl ExactSizeIterator<Item = T>) -> Vec<T> {
    let mut all = shelf::take(items.len());
    for (slot, item) in all.iter_mut().zip(items) {
        *slot = item;
    }
    all
}

/// Runs the same code on words of either size, bound to a slice of that size.
macro_rules! with_words {
    ($words:expr, $name:ident => $body:expr) => {
        match $words {
            crate::tokens::word::Words::Narrow($name) => $body,
            crate::tokens::word::Words::Wide($name) => $body,
        }
    };
}
pub(crate) use with_words;
