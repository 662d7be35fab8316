//! What the caller of a block asks for, and what it knows.

use std::sync::Arc;

use crate::Level;
use crate::model::Model;

/// How to encode or decode a block. The same layout, level, model and bytes give the same block,
/// whatever `threads` is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BlockOptions {
    /// Effort of encoding. A block says its own when it is decoded.
    pub level: Level,
    /// A model: tables for levels 1 to 6, a network for levels 8 and 9. Used by blocks whose level
    /// and layout it fits, else passed over; a block that was encoded with it is decoded with it.
    pub model: Option<Arc<Model>>,
    /// Whether a model that a block names and that is not given is looked for where models are
    /// installed.
    pub model_search: bool,
    /// Threads: 1 is the caller's own, 0 the process's pool, others a pool of their own.
    pub threads: usize,
    /// Blocks that claim more raw bytes than this are refused.
    pub raw_limit: u64,
}

impl Default for BlockOptions {
    fn default() -> Self {
        BlockOptions {
            level: Level::default(),
            model: None,
            model_search: true,
            threads: 0,
            raw_limit: u64::from(u32::MAX),
        }
    }
}

impl BlockOptions {
    /// Level 3, no model, the process's pool, blocks of less than 4 GiB.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the effort.
    pub fn with_level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Gives a model (`None`: none).
    pub fn with_model(mut self, model: impl Into<Option<Arc<Model>>>) -> Self {
        self.model = model.into();
        self
    }

    /// Looks for models that were not given, or does not.
    pub fn with_model_search(mut self, search: bool) -> Self {
        self.model_search = search;
        self
    }

    /// Sets the threads (1: the caller's own, 0: the process's pool).
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Sets the most raw bytes that a block may claim.
    pub fn with_raw_limit(mut self, bytes: u64) -> Self {
        self.raw_limit = bytes;
        self
    }
}
