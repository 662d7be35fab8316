//! What a person sees of training: a scoreboard while it runs, event files for TensorBoard, a curve
//! at the end.
//!
//! Training tells its [`Watch`]ers what happens and knows nothing of them; none of them can stop
//! it.

mod baselines;
mod board;
mod curve;
mod events;
mod progress;

pub use baselines::{Baseline, baselines, bits_per_byte};
pub use board::Board;
pub use curve::Curve;
pub use events::Events;
pub use progress::{End, Outcome, Step, Validation, Watch, Watchers};
