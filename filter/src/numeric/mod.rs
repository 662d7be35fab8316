//! The ground floor: numbers and what is computed of them, the same bits on every machine.
//!
//! Invariant: integers, or f64 with + - * / and sqrt in a fixed order; no function of a math
//! library, and no state. What learns from data stands above, in `predict`; so does the finding of
//! what a column is like.

pub mod formula;
pub mod functions;
pub mod lattice;
pub mod logistic;
pub mod perceptron;
pub mod value;

pub use formula::{FORMULAS, Formula, Relation};
pub use lattice::Lattice;
pub use value::ValueType;
