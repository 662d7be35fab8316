//! Bits to bytes under a given probability, and back.

mod range;

pub use range::{BitCoder, Mark, RangeDecoder, RangeEncoder};
