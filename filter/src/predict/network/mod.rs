//! The network of levels 8 and 9: integer inference, the same to the bit on every machine.
//!
//! `docs/network.md` defines what is computed. An [`Engine`] is a network made ready; each lane of
//! a chain has a [`NetworkState`]; a column of a frame is coded through a [`ColumnPass`], which
//! ends in the column's [`Tokens`], and columns to the right read those.
//!
//! Invariant: a row's numbers depend on its own values to the left, on tokens and memory alone: not
//! on the vector unit, nor on which rows share a panel, nor on whether later rows are known.

mod attention;
mod backbone;
mod engine;
pub mod exp;
mod heads;
mod input;
mod memory;
mod panel;
mod pass;
mod tables;
mod tokens;

pub use engine::Engine;
pub use pass::ColumnPass;
pub use tokens::{NetworkState, Tokens};
