//! Trained models: what a network is made of, the file that holds it, and where it is looked for.

mod check;
mod network;
mod sample;

pub use check::{MAX_CHUNK, MAX_FIELDS, MAX_NUMBER};
pub use network::{
    Block, Dims, Eviction, Field, Head, MAX_HEADS, Matrix, Network, Prior, Priors, Table,
};
#[doc(hidden)]
pub use sample::{sample_dims, sample_network};
