//! Training of Catena's networks.
pub mod batch;
pub mod data;
pub mod experts;
pub mod export;
pub mod learn;
pub mod network;
pub mod ops;
pub mod parameters;
pub mod references;
