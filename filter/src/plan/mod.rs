//! Where effort pays: what the encoder finds out about a frame before it codes it.
//!
//! What is found is written into the stream, so a decoder repeats none of it. It must still be the same on every machine: entropies are computed
//! with [`crate::numeric::functions`], never the system's logarithm.

pub mod backends;
pub mod caq;
pub mod entropy;
pub mod lattice;
pub mod noise;
pub mod perceptron;
pub mod references;
pub mod relations;
#[doc(hidden)]
pub use crate::backend::trial;
pub(crate) mod scheduler;
