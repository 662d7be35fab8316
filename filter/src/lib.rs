//! Catena's codec: bytes in, bytes out.
//!
//! The modules stand in the order in which data flows through the encoder.

#![allow(missing_docs)]
pub mod coder;
pub mod error;
pub mod layout;
pub mod level;
pub mod predict;

pub use error::{Error, Result};
pub use layout::{ByteOrder, Field, Kind, Layout};
pub use level::Level;
