//! All integration tests of ROOT files and their archives, one program.

#[cfg(feature = "archive")]
mod exercise;

// Values and files come back.
#[cfg(feature = "archive")]
mod archive;
mod cern;
#[cfg(feature = "hdf5")]
mod convert;
mod values;
mod write;

mod damage;
mod rooms;
