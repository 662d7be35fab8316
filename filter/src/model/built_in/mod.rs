//! Models that are part of the program: found last, so that whoever has a folder of models needs
//! none of these.
//!
//! Their files lie beside this one and are taken in with `include_bytes!`. Invariant: each is a
//! whole model file (a test reads all).

/// The files of all built-in models.
pub(super) static BUILT_IN: &[&[u8]] = &[];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Model;

    #[test]
    fn all_are_models() {
        for file in BUILT_IN {
            Model::read(file).unwrap();
        }
    }
}
