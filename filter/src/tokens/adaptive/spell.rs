//! Words spelt out: all bits of a word, the highest first, each a decision. For one column that is
//! many in a row, short ones among them, which no bins and no plan suit for long: what a value is
//! like is learned from its first bits, from the words before it, and from how many of their last
//! bits are zero.

use super::super::prediction::{last_seen, slot};
use super::super::word::{Word, gather};
use super::blend::{Cell, Curves, WHOLE, Weights, quick_curves};
use crate::coder::{BitCoder, RangeDecoder};
use crate::numeric::ValueType;

/// Contexts of a decision: by the bits so far alone, with the first bits of the word before, with
/// the word before that; by what followed the word before last time; and two by zeros.
const CONTEXTS: usize = BY_BITS + 3;
/// Those that know the bits so far.
const BY_BITS: usize = 3;
/// Bits of the word before that one of them sees.
const FIRST: u32 = 10;
/// Bits that are found at once.
const STEP: u32 = 4;
/// Words of which it is counted how often they were foretold in a row, at most.
const MET: usize = 15;
/// Times that a context was met before it is trusted.
const TRUSTED: u32 = 2;

/// Writes the words of a column, which are its values in order.
pub fn write<W: Word, C: BitCoder>(vt: ValueType, words: &[W], coder: &mut C) {
    let mut speller = Speller::new(vt.bits(), words.len());
    for &word in words {
        speller.word(coder, vt.unorder(word.wide()));
    }
}

/// So many words of a column.
pub fn read<W: Word>(vt: ValueType, row_n: usize, coder: &mut RangeDecoder) -> Vec<W> {
    let mut speller = Speller::new(vt.bits(), row_n);
    gather((0..row_n).map(|_| W::low(vt.order(speller.word(coder, 0)))))
}

/// What followed a few bits in one context.
#[derive(Clone, Copy)]
struct Block {
    /// Of the context: another one takes the block's place.
    tag: u32,
    cells: [Cell; 15],
}

impl Block {
    const NEW: Block = Block {
        tag: 0,
        cells: [Cell::NEW; 15],
    };
}

/// Learned so far of a column's words.
struct Speller {
    curves: &'static Curves,
    bits: u32,
    blocks: Vec<Block>,
    block_bits: u32,
    /// By hash of zeros and places.
    zeros: Vec<Cell>,
    zero_bits: u32,
    /// By what is foretold, how often in a row that was right, and the bit's number.
    foretold: Vec<Cell>,
    /// By the bit's number and which contexts are trusted.
    weights: Vec<Weights<CONTEXTS, 0>>,
    /// What followed a word last.
    followers: Vec<u64>,
    met: usize,
    /// The words before, the last first.
    before: [u64; 3],
}

impl Speller {
    /// For so many words of so many bits, a multiple of four.
    fn new(bits: u32, row_n: usize) -> Self {
        let size = row_n.max(1).ilog2();
        let block_bits = (size + 4).clamp(8, 18);
        let zero_bits = (size + 6).clamp(10, 16);
        Speller {
            curves: quick_curves(),
            bits,
            blocks: vec![Block::NEW; 1 << block_bits],
            block_bits,
            zeros: vec![Cell::NEW; 1 << zero_bits],
            zero_bits,
            foretold: vec![Cell::NEW; 3 * (MET + 1) * 64],
            weights: vec![Weights::each(WHOLE * 3 / 10); bits as usize * 8],
            followers: last_seen(),
            met: 0,
            before: [0; 3],
        }
    }

    /// The next word; the coder that writes is told which.
    fn word<C: BitCoder>(&mut self, coder: &mut C, told: u64) -> u64 {
        let bits = self.bits;
        let keys = [
            0,
            self.before[0] >> (bits - FIRST.min(bits)),
            self.before[1],
        ];
        let zeros = self.before.map(|word| word.trailing_zeros().min(bits));
        let least = zeros[0].min(zeros[1]).min(zeros[2]);
        let follower = self.followers[slot(self.before[0])];
        let mut at_block = [0; BY_BITS];
        let (mut word, mut node) = (0u64, 1usize);
        for at in 0..bits {
            if at % STEP == 0 {
                at_block = std::array::from_fn(|which| self.block(word, at, keys[which], which));
                node = 1;
            }
            let left = bits - 1 - at;
            // Unlike above the bit: nothing is foretold.
            let ahead = (follower >> left) ^ (word << 1);
            let foretold = if ahead < 2 { 1 + ahead as usize } else { 0 };
            let ending = word.trailing_zeros().min(at);
            let own = (word & 0xFF) as u32 | at << 8 | zeros[0] << 14;
            let zero = [own, ending | at << 7 | least << 13 | 1 << 21]
                .map(|number| (number.wrapping_mul(0x9E37_79B1) >> (32 - self.zero_bits)) as usize);
            let foretold = (foretold * (MET + 1) + self.met) * 64 + at as usize;
            let mut places = [0i32; CONTEXTS];
            let mut trusted = 0;
            for which in 0..BY_BITS {
                let cell = self.blocks[at_block[which]].cells[node - 1];
                places[which] = cell.place(self.curves);
                trusted |= usize::from(cell.seen() > TRUSTED) << which;
            }
            places[BY_BITS] = self.foretold[foretold].place(self.curves);
            places[BY_BITS + 1] = self.zeros[zero[0]].place(self.curves);
            places[BY_BITS + 2] = self.zeros[zero[1]].place(self.curves);
            let weights = &mut self.weights[at as usize * 8 + trusted];
            let p = self.curves.squash(weights.mix(&places, &[]));
            let bit = coder.code((told >> left & 1) as u32, p);
            weights.learn(&places, &[], ((bit << 16) as i32) - p as i32, self.curves);
            for which in at_block {
                self.blocks[which].cells[node - 1].learn(bit, self.curves);
            }
            self.foretold[foretold].learn(bit, self.curves);
            for which in zero {
                self.zeros[which].learn(bit, self.curves);
            }
            word = word << 1 | u64::from(bit);
            node = node << 1 | bit as usize;
        }
        self.met = match word == follower {
            true => (self.met + 1).min(MET),
            false => 0,
        };
        self.followers[slot(self.before[0])] = word;
        self.before = [word, self.before[0], self.before[1]];
        word
    }

    /// The block of the next bits, given those so far, in a context.
    #[inline(always)]
    fn block(&mut self, word: u64, at: u32, key: u64, which: usize) -> usize {
        let place = (word << 4 | u64::from(at / STEP)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let hash = (place ^ key)
            .wrapping_add(which as u64)
            .wrapping_mul(0xD6E8_FEB8_6659_FD93);
        let hash = (hash ^ hash >> 32).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let block = (hash >> (64 - self.block_bits)) as usize;
        let tag = hash as u32 | 1;
        if self.blocks[block].tag != tag {
            self.blocks[block] = Block { tag, ..Block::NEW };
        }
        block
    }
}
