//! All integration tests of files of tensors, one program.

mod made;

mod damage;
mod lossless;
mod lossy;
