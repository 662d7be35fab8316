//! How much a level spends on a bit.

use super::super::experts::numeric::EXPERTS;
use super::super::start::{self, Start};

/// A level's sizes, known when the code is compiled.
pub trait Effort: Copy {
    /// Hashed contexts.
    const CONTEXTS: usize;
    /// Whether each context gives a second input, its confidence.
    const CONFIDENT: bool;
    /// Numeric experts whose probabilities are also mapped by what came of them.
    const MAPPED: usize;
    /// Candidates for a copy that are watched bit by bit.
    const COPIES: usize;
    /// Refinements of the mixed probability.
    const REFINED: usize;
    /// Weight sets that see a bit.
    const MIXERS: usize;
    /// Values between two solutions of the least squares.
    const OLS_PERIOD: u32;
    /// Most regressors taken from other columns.
    const REGRESSORS: usize;
    /// Bits of half a byte, of four, that may be given away to save the time of modelling it.
    const WASTE: f64;
    /// What the mixers begin with.
    const START: Start;
    /// Whether a network may take part.
    const NETWORK: bool = false;
    /// Share of a frame's values, in percent, from which on exact copies get a bit of their own.
    /// The network knows more of a value's bits than of that one.
    const HITS_PAY: usize = 30;
    /// First input of the confidences.
    const AT_CONFIDENCE: usize = Self::CONTEXTS;
    /// First input of the numeric experts.
    const AT_BANK: usize = Self::CONTEXTS * (1 + Self::CONFIDENT as usize);
    /// First input of the mapped experts.
    const AT_MAPPED: usize = Self::AT_BANK + EXPERTS;
    /// First input of the copies.
    const AT_COPIES: usize = Self::AT_MAPPED + Self::MAPPED;
    /// First input of the lattice.
    const AT_LATTICE: usize = Self::AT_COPIES + Self::COPIES;
    /// The partial byte's own probability.
    const AT_DIRECT: usize = Self::AT_LATTICE + 2;
    /// The constant input.
    const AT_BIAS: usize = Self::AT_DIRECT + 1;
    /// First input of the network.
    const AT_NETWORK: usize = Self::AT_BIAS + 1;
    /// Inputs of the network.
    const NETWORK_INPUTS: usize = if Self::NETWORK { 3 } else { 0 };
    /// Inputs.
    const INPUTS: usize = Self::AT_NETWORK + Self::NETWORK_INPUTS;
    /// Blocks of sixteen inputs.
    const BLOCKS: usize = Self::INPUTS.div_ceil(16);
}

/// Level 7, and above it without a network.
#[derive(Clone, Copy, Debug)]
pub struct Thorough;
/// Levels 8 and 9 with a network.
#[derive(Clone, Copy, Debug)]
pub struct Full;

impl Effort for Thorough {
    const CONTEXTS: usize = 16;
    const CONFIDENT: bool = true;
    const MAPPED: usize = 5;
    const COPIES: usize = 5;
    const REFINED: usize = 2;
    const MIXERS: usize = 4;
    const OLS_PERIOD: u32 = 8;
    const REGRESSORS: usize = 18;
    const WASTE: f64 = 0.0;
    const START: Start = start::THOROUGH;
}

impl Effort for Full {
    const CONTEXTS: usize = Thorough::CONTEXTS;
    const CONFIDENT: bool = Thorough::CONFIDENT;
    const MAPPED: usize = Thorough::MAPPED;
    const COPIES: usize = Thorough::COPIES;
    const REFINED: usize = Thorough::REFINED;
    const MIXERS: usize = Thorough::MIXERS;
    const OLS_PERIOD: u32 = Thorough::OLS_PERIOD;
    const REGRESSORS: usize = Thorough::REGRESSORS;
    const WASTE: f64 = Thorough::WASTE;
    const START: Start = Thorough::START;
    const NETWORK: bool = true;
    const HITS_PAY: usize = 95;
}

/// Contexts that a family has, in the order in which levels take them; the most thorough takes 16.
pub const MAX_CONTEXTS: usize = 20;
/// Most mapped experts of any level.
pub const MAX_MAPPED: usize = 5;
/// Most first-layer mixers of any level.
pub const MAX_MIXERS: usize = 4;
