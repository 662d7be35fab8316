//! Training of Catena's networks. The codec never needs this crate: it reads what training leaves
//! behind, integer weights.
//!
//! The modules stand in the order in which a training run uses them.

pub mod records;

pub mod references;

pub mod data;

pub mod experts;

pub mod batch;
pub mod device;

pub mod ops;
pub mod parameters;
pub mod preset;

pub mod network;

pub mod schedule;

pub mod checkpoint;
pub mod held_out;
pub mod learn;
pub mod optimise;
pub mod random;

pub mod export;
pub mod prune;
pub mod report;
pub mod train;

pub use device::{Place, Precision};
pub use preset::Preset;
pub use train::{TrainOptions, Trained, train};
