//! All integration tests of `catena h5`'s library, one program.

mod files;

mod damage;
mod differences;
mod roundtrip;
