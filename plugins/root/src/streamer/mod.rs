//! StreamerInfo: what classes are made of, and objects read by it.

pub(crate) mod builtin;
pub(crate) mod classes;
pub(crate) mod cxx;
pub(crate) mod object;
pub(crate) mod pointers;
