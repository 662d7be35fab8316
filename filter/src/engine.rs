//! The codec's parts for what is built together with it: training, the bench, the integrations'
//! tests, fuzzing.
//!
//! Not part of the interface: anything here may change or go in any version, whatever semantic
//! versioning says.

/// Models of what is not coded by prediction, and the experiments of their training.
pub mod backend {
    pub use crate::backend::{entropy, predictor, trial};
}

/// Bits by probability.
pub mod coder {
    pub use crate::coder::*;
}

/// The bytes of streams.
pub mod frame {
    pub use crate::frame::*;
}

/// Vector units.
pub mod kernel {
    pub use crate::kernel::*;
}

/// Value types, functions, formulas.
pub mod numeric {
    pub use crate::numeric::*;
}

/// Prediction.
pub mod predict {
    pub use crate::predict::*;
}

/// What columns tell of one another.
pub mod survey {
    pub use crate::survey::*;
}

/// Text as columns.
pub mod text {
    pub use crate::text::{Description, Lines};
}

/// Tokens and offsets.
pub mod tokens {
    pub use crate::tokens::*;
}

/// What lets a test stand in for a session.
pub mod session {
    pub use crate::session::direction::Sealed;
}
