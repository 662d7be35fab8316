//! The adaptive stage: tokens coded by probabilities that learn while they code, so that nothing is
//! said of them beforehand but which contexts to look at.
//!
//! A token is a walk through a small binary tree (`tree`). Each decision is foretold by what
//! followed under each of a few contexts (`look`), mixed by weights that learn, too (`blend`). On
//! grids, a second prediction that follows the data (`second`) is a context, and tells where in its
//! scale a branch divides the residuals. `walk` puts a value's decisions together, `rows` a
//! column's.

pub mod blend;
pub mod look;
pub mod rows;
pub mod second;
pub mod spell;
pub mod tree;
pub mod walk;

use super::stencil::Domain;
use look::Look;

/// Contexts of a column, at most.
pub const CONTEXTS: usize = 4;
/// Looks of a context, at most.
pub const LOOKS: usize = 4;
/// Offset bits that are coded by contexts where there is no second prediction, at most.
pub const TOPS: u8 = 2;
/// Classes of how often a token is met.
pub const CLASSES: u8 = 32;

/// How a column's tokens are coded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Adaptive {
    /// One to [`CONTEXTS`], each of up to [`LOOKS`]; those that see the column itself last.
    pub contexts: Vec<Vec<Look>>,
    /// What the second prediction is made in, where there is one.
    pub second: Option<Domain>,
    /// Offset bits coded by contexts, where there is no second prediction.
    pub tops: u8,
    /// By token: about the logarithm of how often it is met, what the tree is balanced by.
    pub classes: Vec<u8>,
    /// Words are spelt out (`spell`), and there is nothing of the above.
    pub spelt: bool,
}

/// The classes of so many tokens by how often these rows have them.
pub fn classes(tokens: &[u8], token_n: usize) -> Vec<u8> {
    let mut counts = vec![0u32; token_n];
    for &token in tokens {
        counts[usize::from(token)] += 1;
    }
    let class = |count: u32| (32 - count.leading_zeros()).min(u32::from(CLASSES) - 1) as u8;
    counts.into_iter().map(class).collect()
}
