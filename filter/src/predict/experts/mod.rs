//! Experts: small predictors that learn from the data as they go.

pub mod cells;
pub mod history;
pub mod lattice;
pub mod numeric;
pub mod ols;
pub mod slots;
