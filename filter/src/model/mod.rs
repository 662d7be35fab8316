//! Trained models: what a network is made of, the file that holds it, and where it is looked for.

mod network;

pub use network::{
    Block, Dims, Eviction, Field, Head, MAX_HEADS, Matrix, Network, Prior, Priors, Table,
};
