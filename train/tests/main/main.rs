//! All integration tests of training, one program.

mod operations;
mod training;
