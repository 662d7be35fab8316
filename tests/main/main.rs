//! All tests of the command line, one program. Each runs the built `catena` in a folder of its own.

mod common;

// What the options promise.
mod kernels;
mod list_range;
mod models;
mod options;
mod pipes;
#[cfg(target_os = "linux")]
mod terminal;

// Nothing is lost and nothing half-written stays.
#[cfg(unix)]
mod files;
mod repair;
mod safety;
#[cfg(target_os = "linux")]
mod streams;

// The commands.
mod demo;
#[cfg(feature = "h5")]
mod h5;
#[cfg(feature = "root")]
mod root;
#[cfg(feature = "root")]
mod root_archive;
#[cfg(feature = "tensor")]
mod tensor;
#[cfg(feature = "train")]
mod train;

mod samples;
