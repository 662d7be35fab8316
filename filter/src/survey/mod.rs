//! What columns tell of one another, found on a sample: which columns tell most about a column,
//! formulas that give it, the lattice that its values lie on.
//!
//! Plans are made of it, those of tokens and those of prediction. Everything is computed in basic
//! operations of f64 and the functions of [`crate::numeric::functions`], so it is the same on every
//! machine.

mod lattice;
mod references;
mod relations;

pub use lattice::lattice;
pub use references::{entropy, references};
pub use relations::relations;
