//! A token as a walk through a binary tree: left or right at each node, the tokens in the order of
//! their residuals, divided where their weights are most alike.

use super::super::bins::{Bins, TOKENS};

/// Where a branch leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Branch {
    Node(u16),
    Token(u8),
}

/// A place where the walk goes left or right.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    pub sides: [Branch; 2],
    /// The first residual to the right, and how far it is from there to either end: from half of
    /// the range.
    pub middle: i64,
    pub lengths: [u64; 2],
    /// Place in the order of the first token to the right.
    place: u16,
    /// Which kind of decision it is.
    pub kind: u16,
}

/// Kinds of decisions come in blocks, which lie close together in memory: a node and those up to
/// three steps below it are of one block.
pub const BLOCK: u16 = 16;
/// Steps that a block's nodes are apart, at most.
const STEPS: u32 = 4;

/// The tree of a column's bins and its exception; copies are told apart before.
#[derive(Clone, Debug)]
pub struct Tree {
    pub nodes: Vec<Node>,
    pub root: Branch,
    /// By token: its place in the order.
    places: [u16; TOKENS],
    /// The bins' first residuals, from half of the range, in the order.
    starts: Vec<i64>,
    /// Blocks that the nodes take.
    pub blocks: u16,
}

/// A residual as a distance from half of the range.
pub fn centred(residual: u64, word_bits: u32) -> i64 {
    residual.wrapping_sub(1 << (word_bits - 1)) as i64
}

impl Tree {
    /// Of bins of words of so many bits, by classes of how often their tokens are met.
    pub fn new(bins: &Bins, word_bits: u32, classes: &[u8]) -> Self {
        let exact = bins.exact.iter().map(|&value| (value, 0));
        let mut order: Vec<(u64, u8, u8)> = exact
            .chain(bins.intervals.iter().copied())
            .enumerate()
            .map(|(token, (lower, bits))| (lower, bits, token as u8))
            .collect();
        order.sort_unstable();
        let weight = |token: u8| 1u64 << classes.get(usize::from(token)).map_or(0, |&c| c.min(31));
        let mut edges: Vec<i64> = order.iter().map(|bin| centred(bin.0, word_bits)).collect();
        let last = order.last().map_or(0, |&(lower, bits, _)| {
            centred(lower, word_bits).saturating_add(1i64 << bits.min(62))
        });
        let starts = edges.clone();
        let mut tokens: Vec<u8> = order.iter().map(|bin| bin.2).collect();
        tokens.push(bins.exception());
        edges.extend([last, last.saturating_add(1 << (word_bits - 2))]);
        let mut sums = vec![0];
        let mut places = [0; TOKENS];
        for (place, &token) in tokens.iter().enumerate() {
            places[usize::from(token)] = place as u16;
            sums.push(sums[place] + weight(token));
        }
        let mut tree = Tree {
            nodes: Vec::with_capacity(tokens.len()),
            root: Branch::Token(tokens[0]),
            places,
            starts,
            blocks: 0,
        };
        tree.root = tree.divide(&tokens, &sums, &edges, (0, tokens.len()));
        tree.number(tree.root);
        tree
    }

    /// Numbers the kinds of a branch's nodes, from a new block on.
    fn number(&mut self, root: Branch) {
        let block = self.blocks * BLOCK;
        self.blocks += 1;
        let (mut level, mut n) = (vec![root], 0);
        for _ in 0..STEPS {
            let mut below = Vec::new();
            for branch in level {
                if let Branch::Node(at) = branch {
                    let node = &mut self.nodes[usize::from(at)];
                    node.kind = block + n;
                    n += 1;
                    below.extend(node.sides);
                }
            }
            level = below;
        }
        for branch in level {
            if matches!(branch, Branch::Node(_)) {
                self.number(branch);
            }
        }
    }

    fn divide(
        &mut self,
        tokens: &[u8],
        sums: &[u64],
        edges: &[i64],
        (start, end): (usize, usize),
    ) -> Branch {
        if end - start == 1 {
            return Branch::Token(tokens[start]);
        }
        let both = sums[start] + sums[end];
        let apart = |at: &usize| (2 * sums[*at]).abs_diff(both);
        let place = (start + 1..end).min_by_key(apart).unwrap_or(end - 1);
        let at = self.nodes.len();
        let middle = edges[place];
        let length = |edge: i64| middle.abs_diff(edge);
        self.nodes.push(Node {
            sides: [self.root; 2],
            middle,
            lengths: [length(edges[start]), length(edges[end])],
            place: place as u16,
            kind: 0,
        });
        let left = self.divide(tokens, sums, edges, (start, place));
        let right = self.divide(tokens, sums, edges, (place, end));
        self.nodes[at].sides = [left, right];
        Branch::Node(at as u16)
    }

    /// The place of the last bin that does not begin behind a residual.
    #[inline(always)]
    pub fn place_of(&self, residual: i64) -> u8 {
        let behind = self.starts.partition_point(|&start| start <= residual);
        behind.saturating_sub(1) as u8
    }

    /// Whether a token lies to the right of a node that is on its way.
    #[inline(always)]
    pub fn is_right(&self, node: &Node, token: u8) -> bool {
        self.places[usize::from(token)] >= node.place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_is_reached_and_the_frequent_ones_soon() {
        let bins = Bins {
            exact: vec![1 << 31, 7],
            intervals: vec![(0, 3), (64, 6), (1 << 31, 20)],
            ..Bins::default()
        };
        let classes = [20, 1, 2, 10, 4, 0, 0];
        let tree = Tree::new(&bins, 32, &classes);
        let mut lengths = Vec::new();
        for token in (0..bins.bin_n() as u8).chain([bins.exception()]) {
            let (mut branch, mut length) = (tree.root, 0);
            while let Branch::Node(at) = branch {
                let node = &tree.nodes[usize::from(at)];
                branch = node.sides[usize::from(tree.is_right(node, token))];
                length += 1;
            }
            assert_eq!(branch, Branch::Token(token));
            lengths.push(length);
        }
        assert!(lengths.iter().all(|&length| length >= lengths[0]));
    }
}
