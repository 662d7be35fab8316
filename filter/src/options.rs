//! What the caller asks for, as against what is stored (`frame::StreamHeader`).

use crate::error::{Error, Result};
use crate::frame::{MAX_CHAINS, MAX_FRAME_SIZE};
use crate::{Layout, Level};

/// Frame size of the modelled levels unless asked otherwise: 1 MiB.
pub const DEFAULT_FRAME_SIZE: usize = 1 << 20;
/// Frame size of levels 1 and 2 unless asked otherwise: 8 MiB. Their frames do not learn from one another.
pub const DEFAULT_FAST_FRAME_SIZE: usize = 1 << 23;

/// How to compress. The same options and input give the same bytes, whatever `threads` is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CompressOptions {
    /// Effort.
    pub level: Level,
    /// What the bytes are; `None`: detected from the first frame.
    pub layout: Option<Layout>,
    /// Raw bytes a frame, rounded down to whole records (but at least one); `None`: by level.
    pub frame_size: Option<usize>,
    /// Chains that do not learn from one another, so that they run side by side; `None`: 1.
    pub chains: Option<u32>,
    /// A place to seek to every this many frames of a chain; `None`: only the first frame is one.
    pub key_every: Option<u32>,
    /// Whether the stream ends with an index of its frames (about 7 bytes a frame). Streams of one frame never have one.
    pub index: bool,
    /// Worker threads; 0: as many as the machine has cores.
    pub threads: usize,
    /// Length of the whole input if known: saves reallocations, changes no byte.
    pub size_hint: Option<u64>,
}

impl Default for CompressOptions {
    fn default() -> Self {
        CompressOptions {
            level: Level::default(),
            layout: None,
            frame_size: None,
            chains: None,
            key_every: None,
            index: true,
            threads: 0,
            size_hint: None,
        }
    }
}

impl CompressOptions {
    /// The default options: level 5, everything else found out.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the effort.
    pub fn with_level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Says what the bytes are (`None`: detect it).
    pub fn with_layout(mut self, layout: impl Into<Option<Layout>>) -> Self {
        self.layout = layout.into();
        self
    }

    /// Sets the raw bytes a frame.
    pub fn with_frame_size(mut self, bytes: usize) -> Self {
        self.frame_size = Some(bytes);
        self
    }

    /// Sets the number of chains.
    pub fn with_chains(mut self, chains: u32) -> Self {
        self.chains = Some(chains);
        self
    }

    /// Asks for a key frame every `frames` frames of a chain.
    pub fn with_key_every(mut self, frames: impl Into<Option<u32>>) -> Self {
        self.key_every = frames.into();
        self
    }

    /// Asks for an index, or for none.
    pub fn with_index(mut self, index: bool) -> Self {
        self.index = index;
        self
    }

    /// Sets the worker threads (0: all cores).
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Says how long the whole input is.
    pub fn with_size_hint(mut self, bytes: impl Into<Option<u64>>) -> Self {
        self.size_hint = bytes.into();
        self
    }

    /// The frame size in force, before it is rounded to whole records.
    pub fn frame_size(&self) -> usize {
        self.frame_size.unwrap_or(if self.level.get() <= 2 {
            DEFAULT_FAST_FRAME_SIZE
        } else {
            DEFAULT_FRAME_SIZE
        })
    }

    /// The number of chains in force.
    pub fn chains(&self) -> u32 {
        self.chains.unwrap_or(1)
    }

    /// `InvalidInput` for numbers outside the format's limits.
    pub fn check(&self) -> Result<()> {
        let size = self.frame_size();
        if size == 0 || size > MAX_FRAME_SIZE {
            return Err(Error::invalid(format!(
                "a frame has 1 to {MAX_FRAME_SIZE} bytes, not {size}"
            )));
        }
        let chains = self.chains();
        if chains == 0 || chains > MAX_CHAINS {
            return Err(Error::invalid(format!(
                "a stream has 1 to {MAX_CHAINS} chains, not {chains}"
            )));
        }
        if self.key_every == Some(0) {
            return Err(Error::invalid("a key frame every 0 frames"));
        }
        Ok(())
    }
}

/// How to decompress.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DecompressOptions {
    /// Worker threads; 0: as many as the machine has cores.
    pub threads: usize,
    /// Streams that need more bytes of memory than this are refused.
    pub memory_limit: u64,
}

impl Default for DecompressOptions {
    fn default() -> Self {
        DecompressOptions {
            threads: 0,
            memory_limit: 2 << 30,
        }
    }
}

impl DecompressOptions {
    /// The default options: all cores, 2 GiB.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the worker threads (0: all cores).
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Sets the memory limit in bytes.
    pub fn with_memory_limit(mut self, bytes: u64) -> Self {
        self.memory_limit = bytes;
        self
    }
}
