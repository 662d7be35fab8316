//! All integration tests of ROOT files and their archives, one program.

mod exercise;

// Values and files come back.
mod archive;
#[cfg(feature = "hdf5")]
mod convert;
mod values;
mod write;

mod damage;
