//! The weights of the small networks that are built into the codec: made here, checked in beside
//! what reads them.

pub mod backends;
pub mod entropy;
mod perceptron;
