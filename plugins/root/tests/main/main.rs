//! All integration tests of ROOT files and their archives, one program.

#[path = "../../examples/values/entries.rs"]
mod entries;
#[cfg(feature = "archive")]
mod exercise;
#[cfg(feature = "archive")]
#[path = "../../../tensor/tests/main/made/random.rs"]
mod random;

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
