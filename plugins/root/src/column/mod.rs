//! What the reader hands out: types, and columns of values.

mod columns;
mod types;
mod values;

pub use columns::{Column, Strings};
pub use types::{Field, Kind, Type};
pub use values::Values;
