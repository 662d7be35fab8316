//! The decisions that a value is: whether it is a copy, the walk to its token, and the first bits
//! of its offset, each under a mixed probability.

use super::super::bins::{Bins, TOKENS};
use super::blend::{Cell, Curves, Weights, curves};
use super::second::{Guess, quarters};
use super::tree::{BLOCK, Branch, Tree, centred};
use super::{Adaptive, TOPS};
use crate::coder::BitCoder;

/// Offset bits by contexts where there is a second prediction, at most.
const DEEP: u32 = 12;
/// Places of a branch in the scale of a guess: distance, and the lengths to both sides.
const PLACES: usize = 64 * 8 * 8;
/// Kinds of decisions about an offset's first bits, for each token: a quarter of a block.
const OFFSETS: u16 = 4;
/// The kind of whether a value is a copy: the last of the first block, which no node takes.
const COPY: u16 = BLOCK - 1;

/// Learned so far of a column's decisions, by `K` contexts and `E` guesses.
pub struct Walk<const K: usize, const E: usize> {
    curves: &'static Curves,
    tree: Tree,
    /// By node: the lengths to both sides in [`quarters`].
    lengths: Vec<[i32; 2]>,
    lower: [i64; TOKENS],
    bits: [u8; TOKENS],
    tops: u32,
    /// The first copy's token, and how many stand behind it.
    copy: Option<u8>,
    more_copies: u8,
    /// The kind of whether it is one behind the first.
    further: u16,
    /// The kind of the first decision about the first token's offset, and about any deep bit.
    offsets: u16,
    deep: u16,
    /// By hash of context and block; a whole block each.
    cells: Vec<Cell>,
    cell_bits: u32,
    /// By guess, then by place.
    places: Vec<Cell>,
    weights: Vec<Weights<K, E>>,
}

/// Where a decision divides the residuals: the first to the right, and the lengths to both sides.
struct Split {
    middle: i64,
    lengths: [i32; 2],
}

impl<const K: usize, const E: usize> Walk<K, E> {
    /// For so many rows of words of so many bits.
    pub fn new(plan: &Adaptive, bins: &Bins, copies: bool, word_bits: u32, row_n: usize) -> Self {
        let tree = Tree::new(bins, word_bits, &plan.classes);
        let (lower, bits) = bins.table::<u64>(0);
        let cell_bits = (row_n.max(1).ilog2() + 5).clamp(10, 20);
        let offsets = tree.blocks * BLOCK;
        let deep = offsets + (bins.token_n() as u16 * OFFSETS).next_multiple_of(BLOCK);
        let further = deep + BLOCK;
        let kinds = match (bins.more_copies > 0, E > 0 || plan.tops > 0) {
            (true, _) => further + BLOCK,
            (false, true) => deep + BLOCK,
            (false, false) => offsets,
        };
        Walk {
            curves: curves(),
            lengths: tree
                .nodes
                .iter()
                .map(|node| node.lengths.map(quarters))
                .collect(),
            tree,
            lower: lower.map(|lower| centred(lower, word_bits)),
            bits,
            tops: plan.tops.min(TOPS).into(),
            copy: copies.then(|| bins.copy()),
            more_copies: bins.more_copies,
            further,
            offsets,
            deep,
            cells: vec![Cell::NEW; 1 << cell_bits],
            cell_bits,
            places: vec![Cell::NEW; E * PLACES],
            weights: vec![Weights::default(); kinds.into()],
        }
    }

    /// Where the cells of a block lie, by context.
    #[inline(always)]
    fn block(&self, kind: u16, contexts: &[u32; K]) -> [usize; K] {
        let block = u32::from(kind / BLOCK).wrapping_mul(0x85EB_CA6B);
        let shift = 32 - self.cell_bits + BLOCK.ilog2();
        std::array::from_fn(|at| {
            let number = contexts[at].wrapping_add(at as u32) ^ block;
            ((number.wrapping_mul(0xC2B2_AE35) >> shift) as usize) << BLOCK.ilog2()
        })
    }

    #[inline(always)]
    fn decide<C: BitCoder>(
        &mut self,
        coder: &mut C,
        (kind, bit): (u16, u32),
        block: &[usize; K],
        guessed: Option<(&Split, &[Guess; E])>,
    ) -> u32 {
        let seen = block.map(|cells| cells | usize::from(kind % BLOCK));
        let mut contextual = [0i32; K];
        for at in 0..K {
            contextual[at] = self.cells[seen[at]].place(self.curves);
        }
        let mut placed = [0usize; E];
        let mut expert = [0i32; E];
        if let Some((split, guesses)) = guessed {
            for at in 0..E {
                placed[at] = at * PLACES + place(split, guesses[at]);
                expert[at] = self.places[placed[at]].place(self.curves);
            }
        }
        let weights = &mut self.weights[usize::from(kind)];
        let p = self.curves.squash(weights.mix(&contextual, &expert));
        let bit = coder.code(bit, p);
        let error = ((bit << 16) as i32) - p as i32;
        weights.learn(&contextual, &expert, error, self.curves);
        for at in seen {
            self.cells[at].learn(bit, self.curves);
        }
        if guessed.is_some() {
            for at in placed {
                self.places[at].learn(bit, self.curves);
            }
        }
        bit
    }

    /// Where in the order of the bins a guess lies.
    #[inline(always)]
    pub fn place_of(&self, guess: Guess) -> u8 {
        self.tree.place_of(guess.centre)
    }

    /// A value's token; the coder that writes is told which.
    #[inline(always)]
    pub fn token<C: BitCoder>(
        &mut self,
        coder: &mut C,
        contexts: &[u32; K],
        guesses: &[Guess; E],
        told: u8,
    ) -> u8 {
        let mut block = self.block(0, contexts);
        if let Some(copy) = self.copy {
            let told_copy = told >= copy && told <= copy + self.more_copies;
            if self.decide(coder, (COPY, told_copy.into()), &block, None) != 0 {
                return self.which_copy(coder, contexts, copy, told);
            }
        }
        let (mut branch, mut last) = (self.tree.root, 0);
        loop {
            let at = match branch {
                Branch::Token(token) => return token,
                Branch::Node(at) => usize::from(at),
            };
            let node = self.tree.nodes[at];
            let split = Split {
                middle: node.middle,
                lengths: self.lengths[at],
            };
            let right = self.tree.is_right(&node, told);
            if node.kind / BLOCK != last {
                last = node.kind / BLOCK;
                block = self.block(node.kind, contexts);
            }
            let decision = (node.kind, right.into());
            let bit = self.decide(coder, decision, &block, Some((&split, guesses)));
            branch = node.sides[bit as usize & 1];
        }
    }

    /// Which copy a value is: one after another, whether it is a later one.
    fn which_copy<C: BitCoder>(
        &mut self,
        coder: &mut C,
        contexts: &[u32; K],
        copy: u8,
        told: u8,
    ) -> u8 {
        let block = self.block(self.further, contexts);
        for which in 0..self.more_copies {
            let later = told > copy + which;
            let kind = self.further + u16::from(which);
            if self.decide(coder, (kind, later.into()), &block, None) == 0 {
                return copy + which;
            }
        }
        copy + self.more_copies
    }

    /// How many of the first bits of a token's offset are coded here.
    #[inline(always)]
    pub fn top_n(&self, token: u8, guesses: &[Guess; E]) -> u32 {
        // Copies and exceptions have none.
        let bits = u32::from(self.bits[usize::from(token)]);
        match guesses.iter().map(|guess| guess.scale).min() {
            None => bits.min(self.tops),
            Some(scale) => bits.saturating_sub((u32::from(scale) + 2) / 4).min(DEEP),
        }
    }

    /// The first bits of a token's offset.
    #[inline(always)]
    pub fn tops<C: BitCoder>(
        &mut self,
        coder: &mut C,
        contexts: &[u32; K],
        guesses: &[Guess; E],
        (token, n): (u8, u32),
        told: u64,
    ) -> u64 {
        let bits = u32::from(self.bits[usize::from(token)]);
        let of_token = self.offsets + OFFSETS * u16::from(token);
        let mut block = self.block(of_token, contexts);
        let mut lower = self.lower[usize::from(token)];
        let mut tops = 0u64;
        for at in 0..n {
            let left = bits - 1 - at;
            let kind = match at {
                0 => of_token,
                1 => of_token + 1 + (tops & 1) as u16,
                _ => self.deep + at as u16,
            };
            if at == 2 {
                block = self.block(kind, contexts);
            }
            let half = 1i64 << left.min(62);
            let split = Split {
                middle: lower.wrapping_add(half),
                lengths: [quarters(half as u64); 2],
            };
            let decision = (kind, (told >> (n - 1 - at) & 1) as u32);
            let bit = self.decide(coder, decision, &block, Some((&split, guesses)));
            tops = tops << 1 | u64::from(bit);
            if bit != 0 {
                lower = split.middle;
            }
        }
        tops
    }
}

/// Where a split lies in the scale of a guess.
#[inline(always)]
fn place(split: &Split, guess: Guess) -> usize {
    let scale = i32::from(guess.scale);
    let away = split.middle.saturating_sub(guess.centre);
    let distance = (quarters(away.unsigned_abs()) - scale + 12).clamp(0, 31);
    let side = if away < 0 {
        31 - distance
    } else {
        32 + distance
    };
    let length = |quarters: i32| ((quarters - scale + 12) >> 2).clamp(0, 7);
    ((side * 8 + length(split.lengths[0])) * 8 + length(split.lengths[1])) as usize
}
