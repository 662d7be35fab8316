//! What the reader hands out: types, and columns of values.

mod branch;
mod columns;
mod types;
mod values;

pub use branch::{Branch, Compression, Content};
pub use columns::{Column, Strings};
pub use types::{Field, Kind, Type};
pub use values::Values;
