//! All integration tests of the codec, one program: what they share is compiled and linked once.
//! Grouped by promise; `cargo test -p catena-filter --test main truncation::` runs one module.

mod common;
mod exercise;

// Every bit comes back.
mod adaptive;
mod archive;
mod block;
mod engine;
mod memory;
mod model;
mod network;
mod network_streams;
mod repeats;
mod roundtrip;
mod segments;
mod session;
mod short;
mod tables;
mod text;

// The bytes are the same on every machine, however they were cut, and in every later version.
mod chunking;
mod compatibility;
mod format;
mod kernels;
mod paced;

// What is there is found.
mod detect;

// Damage is found, named and survived; no input panics or takes more memory than it may.
mod arbitrary;
mod corruption;
mod damage;
mod hostile;
mod truncation;
