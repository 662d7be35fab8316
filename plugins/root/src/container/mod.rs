//! The file as a container of objects: positions, keys, directories, compressed records.

pub(crate) mod basket;
pub(crate) mod compress;
pub(crate) mod cursor;
pub(crate) mod directory;
pub(crate) mod key;
pub(crate) mod source;
