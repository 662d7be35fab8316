//! TTrees: branches, leaves and baskets.

pub(crate) mod describe;
pub(crate) mod meta;
pub(crate) mod read;
