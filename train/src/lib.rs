//! Training of Catena's networks. The codec never needs this crate: it reads what training leaves behind, integer weights.
//!
//! The modules stand in the order in which a training run uses them.

pub mod checkpoint;
pub mod optimise;
pub mod random;
pub mod reference;
pub mod report;
pub mod schedule;
