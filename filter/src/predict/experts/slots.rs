//! Hashed contexts: where the bit histories of a context lie.
//!
//! A cache line holds four slots of sixteen bytes; a slot holds a check and the fifteen histories of one nibble. A context that is not found takes the
//! place of the least used of the line's four.

use super::history::HISTORIES;

#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Line([u8; 64]);

/// The slots of one column.
#[derive(Clone, Debug)]
pub struct Slots {
    lines: Vec<Line>,
    mask: u32,
}

/// A multiplicative hash, enough to spread contexts over lines and checks.
#[inline(always)]
pub fn hash2(a: u32, b: u32) -> u32 {
    let h = (u64::from(a) << 32 | u64::from(b)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (h >> 32) as u32 ^ (h >> 8) as u32
}

impl Slots {
    /// `lines` must be a power of two.
    pub fn new(lines: usize) -> Self {
        debug_assert!(lines.is_power_of_two());
        Slots { lines: vec![Line([0; 64]); lines], mask: lines as u32 - 1 }
    }

    /// Doubles the table until it has `lines`. Each line is copied to where its contexts may now be looked for.
    pub fn grow(&mut self, lines: usize) {
        while self.lines.len() < lines {
            self.lines.extend_from_within(..);
        }
        self.mask = self.lines.len() as u32 - 1;
    }

    /// The place of a context's slot: the index of its first byte in the table. The slot's byte `n` is the history at node `n`, 1..=15.
    #[inline(always)]
    pub fn find(&mut self, hash: u32) -> u32 {
        let index = (hash >> 4) & self.mask;
        let check = (hash >> 24 ^ hash << 4) as u8 | 1;
        let line = &mut self.lines[index as usize].0;
        for way in 0..4 {
            if line[way * 16] == check {
                return index * 64 + way as u32 * 16;
            }
        }
        let mut worst = 0;
        let mut least = u32::MAX;
        for way in 0..4 {
            let c = HISTORIES.counts[usize::from(line[way * 16 + 1])];
            let use_n = if line[way * 16] == 0 { 0 } else { 1 + u32::from(c.n0) + u32::from(c.n1) };
            if use_n < least {
                least = use_n;
                worst = way;
            }
        }
        line[worst * 16..worst * 16 + 16].fill(0);
        line[worst * 16] = check;
        index * 64 + worst as u32 * 16
    }

    /// Takes a slot out to work on.
    #[inline(always)]
    pub fn take(&self, place: u32) -> [u8; 16] {
        let line = &self.lines[(place >> 6) as usize].0;
        let mut slot = [0; 16];
        slot.copy_from_slice(&line[(place & 48) as usize..][..16]);
        slot
    }

    /// Puts it back. Where two contexts share a slot the later one wins.
    #[inline(always)]
    pub fn put(&mut self, place: u32, slot: &[u8; 16]) {
        let line = &mut self.lines[(place >> 6) as usize].0;
        line[(place & 48) as usize..][..16].copy_from_slice(slot);
    }
}
