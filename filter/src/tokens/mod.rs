//! Tokens: a value is predicted from columns to the left and rows above; what is left falls into a
//! bin, its *token*, and a place inside, its *offset*, written as it is. Tokens are coded by
//! distributions that are sent, chosen by context (the static stage, levels 1 to 4), or by
//! probabilities that learn (the adaptive stage, levels 5 and 6).
//!
//! The modules stand in the order in which a value goes through them: `rows` (bytes as columns),
//! `form` (values as words), `prediction` and `stencil`, `bins`, then `context`, `cluster` and
//! `rans`, or `adaptive`, and `offsets`. `plan` is what was found out about a column, `side` how it
//! is written, `search` how it is found; `encode`, `decode` and `frame` put them together.

pub mod activity;
pub mod adaptive;
pub mod bins;
pub mod cluster;
pub mod column;
pub mod context;
pub mod decode;
pub mod encode;
pub mod form;

pub mod frame;
pub mod offsets;
pub mod plan;
pub mod prediction;
pub mod rans;
pub mod rows;
pub mod search;
mod shelf;
pub mod side;
pub mod stage;
pub mod stencil;
pub mod tables;
pub mod word;
