//! Hashed contexts: where the bit histories of a context lie.
//!
//! A cache line holds four checks of a byte and four slots; a slot holds the fifteen histories of
//! one nibble. A context that is not found takes the place of the least used of the line's four.

use super::history::HISTORIES;
use crate::kernel::prefetch;

#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Line([u8; 64]);

/// Fifteen histories; the first byte is not used.
pub type Slot = [u8; 16];

/// Where a slot lies: line and way.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place(u32);

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

/// Which byte of `word` equals `byte`, if any: the lowest.
#[inline(always)]
fn matching(word: u32, byte: u8) -> Option<u32> {
    let x = word ^ (u32::from(byte) * 0x0101_0101);
    let zero = x.wrapping_sub(0x0101_0101) & !x & 0x8080_8080;
    (zero != 0).then(|| zero.trailing_zeros() / 8)
}

impl Slots {
    /// `lines` must be a power of two.
    pub fn new(lines: usize) -> Self {
        debug_assert!(lines.is_power_of_two());
        Slots {
            lines: vec![Line([0; 64]); lines],
            mask: lines as u32 - 1,
        }
    }

    /// Doubles the table until it has `lines`. Each line is copied to where its contexts may now be
    /// looked for.
    pub fn grow(&mut self, lines: usize) {
        while self.lines.len() < lines {
            self.lines.extend_from_within(..);
        }
        self.mask = self.lines.len() as u32 - 1;
    }

    /// Starts to fetch the line of a context.
    #[inline(always)]
    pub fn prefetch(&self, hash: u32) {
        prefetch(&self.lines, ((hash >> 4) & self.mask) as usize);
    }

    /// Takes the slot of a context out to work on. A context that is not found takes the place of
    /// the least used.
    #[inline(always)]
    pub fn take(&mut self, hash: u32) -> (Place, Slot) {
        let index = (hash >> 4) & self.mask;
        let check = (hash >> 24 ^ hash << 4) as u8 | 1;
        let line = &mut self.lines[index as usize].0;
        let checks = u32::from_le_bytes([line[0], line[1], line[2], line[3]]);
        let way = match matching(checks, check) {
            Some(way) => way,
            None => {
                let mut worst = 0;
                let mut least = u32::MAX;
                for way in 0..4 {
                    let c = HISTORIES.counts[usize::from(line[4 + way * 15])];
                    let use_n = if line[way] == 0 {
                        0
                    } else {
                        1 + u32::from(c.n0) + u32::from(c.n1)
                    };
                    if use_n < least {
                        least = use_n;
                        worst = way;
                    }
                }
                line[worst] = check;
                line[4 + worst * 15..][..15].fill(0);
                worst as u32
            }
        };
        let mut slot = [0; 16];
        slot[1..].copy_from_slice(&line[4 + way as usize * 15..][..15]);
        (Place(index << 2 | way), slot)
    }

    /// Puts it back. Where two contexts share a slot the later one wins.
    #[inline(always)]
    pub fn put(&mut self, place: Place, slot: &Slot) {
        let line = &mut self.lines[(place.0 >> 2) as usize].0;
        line[4 + (place.0 & 3) as usize * 15..][..15].copy_from_slice(&slot[1..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_keep_their_slots() {
        let mut slots = Slots::new(64);
        for n in 0..60u32 {
            let (place, mut slot) = slots.take(hash2(n, 1));
            slot[1 + n as usize % 15] = 40;
            slots.put(place, &slot);
        }
        let kept = (0..60u32)
            .filter(|&n| slots.take(hash2(n, 1)).1[1 + n as usize % 15] == 40)
            .count();
        assert!(kept > 50, "{kept}");
        slots.grow(256);
        assert!(
            (0..60u32)
                .filter(|&n| slots.take(hash2(n, 1)).1[1 + n as usize % 15] == 40)
                .count()
                > 45
        );
    }

    #[test]
    fn a_byte_is_found_in_a_word() {
        assert_eq!(matching(0x0305_0701, 5), Some(2));
        assert_eq!(matching(0x0305_0701, 1), Some(0));
        assert_eq!(matching(0x0305_0701, 9), None);
    }
}
