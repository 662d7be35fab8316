//! What followed the same surroundings before.

use super::experts::slots::hash2;

/// Longest memory of a row match, in entries.
const ENTRIES: usize = 1 << 14;

/// Candidates by a hash of the references (records): the value that came with the same ones.
#[derive(Clone, Debug)]
pub struct RowMatch {
    entries: Vec<(u32, u64)>,
}

impl RowMatch {
    /// For about `rows` rows a frame.
    pub fn new(rows: usize) -> Self {
        RowMatch {
            entries: vec![(0, 0); rows.next_power_of_two().clamp(16, ENTRIES)],
        }
    }

    fn place(&self, key: u64) -> (usize, u32) {
        let h = key.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        ((h >> 40) as usize & (self.entries.len() - 1), h as u32 | 1)
    }

    /// The value last seen under the key.
    #[inline(always)]
    pub fn look(&self, key: u64) -> Option<u64> {
        let (at, check) = self.place(key);
        let (found, value) = self.entries[at];
        (found == check).then_some(value)
    }

    /// Remembers the value under the key.
    #[inline(always)]
    pub fn put(&mut self, key: u64, value: u64) {
        let (at, check) = self.place(key);
        self.entries[at] = (check, value);
    }
}

/// Candidates by the last few values (grids, sequences): what followed them, and what follows that,
/// as long as it goes well.
#[derive(Clone, Debug)]
pub struct SequenceMatch {
    places: Vec<u32>,
    /// Values that must agree.
    order: usize,
    pointer: usize,
    misses: u32,
    hits: u32,
}

/// Misses in a row after which a match is given up.
const PATIENCE: u32 = 8;

impl SequenceMatch {
    /// For values of `width` bytes and about `n` of them.
    pub fn new(width: usize, n: usize) -> Self {
        let order = match width {
            1 => 6,
            2 => 4,
            _ => 2,
        };
        SequenceMatch {
            places: vec![0; n.next_power_of_two().clamp(64, 1 << 18)],
            order,
            pointer: 0,
            misses: 0,
            hits: 0,
        }
    }

    /// The value expected at `values.len()`.
    #[inline(always)]
    pub fn look(&self, values: &[u64]) -> Option<u64> {
        if self.pointer == 0 {
            None
        } else {
            values.get(self.pointer).copied()
        }
    }

    /// Learns that the last of `values` came.
    #[inline(always)]
    pub fn put(&mut self, values: &[u64]) {
        let n = values.len();
        let Some(&last) = values.last() else { return };
        if self.pointer > 0 {
            if values[self.pointer] == last {
                self.hits += 1;
                self.misses = 0;
            } else {
                self.misses += 1;
            }
            self.pointer += 1;
            if self.misses >= PATIENCE {
                self.pointer = 0;
            }
        }
        if n < self.order {
            return;
        }
        let mut h = 0u32;
        for v in &values[n - self.order..] {
            h = hash2(h ^ *v as u32, ((*v >> 32) as u32).wrapping_add(5));
        }
        let at = h as usize & (self.places.len() - 1);
        if self.pointer == 0 || self.misses > 0 {
            let found = self.places[at] as usize;
            // The values themselves are the check.
            if found >= self.order
                && found < n
                && values[found - self.order..found] == values[n - self.order..]
            {
                self.pointer = found;
                self.misses = 0;
            }
        }
        self.places[at] = n as u32;
    }

    /// The first `by` values were dropped.
    pub fn forget(&mut self, by: usize) {
        self.pointer = self.pointer.saturating_sub(by);
        for p in &mut self.places {
            *p = p.saturating_sub(by as u32);
        }
    }
}
