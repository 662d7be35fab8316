//! What the caller asks for, as against what is stored (`frame::StreamHeader`).

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::frame::{MAX_CHAINS, MAX_EMBEDDED, MAX_FRAME_SIZE};
use crate::model::Model;
use crate::{Layout, Level};

/// Frame size unless asked otherwise: 4 MiB.
pub const DEFAULT_FRAME_SIZE: usize = 1 << 22;
/// Frame size with a model unless asked otherwise: 128 KiB. A frame's lanes wait for one another
/// there, so threads share the work only along frames.
pub const DEFAULT_MODEL_FRAME_SIZE: usize = 1 << 17;
/// Frame size of plain bytes at levels 1 to 6 unless asked otherwise: 16 MiB, so that zstd sees in
/// most of a frame as much as it does at its level 19.
pub const DEFAULT_BYTES_FRAME_SIZE: usize = 1 << 24;

/// Frames a second, at least, of a stream that keeps a speed, unless they become smaller than
/// [`LEAST_PACED_FRAME_SIZE`].
const FRAMES_A_SECOND: u64 = 16;
const LEAST_PACED_FRAME_SIZE: usize = 1 << 16;
const MOST_PACED_FRAME_SIZE: usize = 1 << 20;

/// How to compress. The same options and input give the same bytes, whatever `threads` is, unless
/// `min_speed` is asked for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CompressOptions {
    /// Effort.
    pub level: Level,
    /// What the bytes are; `None`: the model's layout, or without a model detected from the first
    /// frame.
    pub layout: Option<Layout>,
    /// A trained model, for levels 8 and 9. The stream names it, and is decoded with it alone.
    pub model: Option<Arc<Model>>,
    /// Whether the stream carries the model's file, so that it can be decoded without any other.
    pub embed_model: bool,
    /// Raw bytes a frame, rounded down to whole records (but at least one); `None`: by level, and
    /// by whether there is a model.
    pub frame_size: Option<usize>,
    /// Chains that do not learn from one another, so that they run side by side; `None`: 1.
    pub chains: Option<u32>,
    /// A place to seek to every this many frames of a chain; `None`: only the first frame is one.
    pub key_every: Option<u32>,
    /// Whether the stream ends with an index of its frames (about 7 bytes a frame). Streams of one
    /// frame never have one.
    pub index: bool,
    /// Worker threads; 0: as many as the machine has cores.
    pub threads: usize,
    /// Whether frames of plain bytes are tried as text, lines of numbers as columns; `None`: those
    /// that seem to be. What it comes to is taken only where it is smaller.
    pub text: Option<bool>,
    /// Raw bytes a second that the stream keeps up with, by less effort where it must be; `None`:
    /// the level's effort for all frames. With it the stream's bytes depend on the clock.
    pub min_speed: Option<u64>,
    /// Length of the whole input if known: saves reallocations, changes no byte.
    pub size_hint: Option<u64>,
}

impl Default for CompressOptions {
    fn default() -> Self {
        CompressOptions {
            level: Level::default(),
            layout: None,
            model: None,
            embed_model: false,
            frame_size: None,
            chains: None,
            key_every: None,
            index: true,
            threads: 0,
            text: None,
            min_speed: None,
            size_hint: None,
        }
    }
}

impl CompressOptions {
    /// The default options: level 3, everything else found out.
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

    /// Uses a trained model (`None`: none).
    pub fn with_model(mut self, model: impl Into<Option<Arc<Model>>>) -> Self {
        self.model = model.into();
        self
    }

    /// Puts the model's file into the stream, or leaves it out.
    pub fn with_embed_model(mut self, embed: bool) -> Self {
        self.embed_model = embed;
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

    /// Tries frames of plain bytes as text, or none (`None`: those that seem to be).
    pub fn with_text(mut self, text: impl Into<Option<bool>>) -> Self {
        self.text = text.into();
        self
    }

    /// Asks for a speed in raw bytes a second (`None`: for the level's effort, however long it
    /// takes).
    pub fn with_min_speed(mut self, bytes: impl Into<Option<u64>>) -> Self {
        self.min_speed = bytes.into();
        self
    }

    /// Says how long the whole input is.
    pub fn with_size_hint(mut self, bytes: impl Into<Option<u64>>) -> Self {
        self.size_hint = bytes.into();
        self
    }

    /// The frame size in force, before it is rounded to whole records.
    pub fn frame_size(&self) -> usize {
        let by_level = match self.level.learns() && self.model.is_some() {
            true => DEFAULT_MODEL_FRAME_SIZE,
            false => DEFAULT_FRAME_SIZE,
        };
        // What is to keep a speed chooses some times a second.
        let by_speed = self.min_speed.map_or(by_level, |speed| {
            let frame = usize::try_from(speed / FRAMES_A_SECOND).unwrap_or(by_level);
            frame.clamp(LEAST_PACED_FRAME_SIZE, by_level.min(MOST_PACED_FRAME_SIZE))
        });
        self.frame_size.unwrap_or(by_speed)
    }

    /// The same for bytes of this layout.
    pub(crate) fn frame_size_of(&self, layout: &Layout) -> usize {
        match self.frame_size.is_none() && self.min_speed.is_none() && !self.level.learns() {
            true if layout.is_bytes() => DEFAULT_BYTES_FRAME_SIZE,
            _ => self.frame_size(),
        }
    }

    /// The number of chains in force.
    pub fn chains(&self) -> u32 {
        self.chains.unwrap_or(1)
    }

    /// `InvalidInput` for numbers outside the format's limits and for a model at a level that uses
    /// none or of another layout.
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
        if self.min_speed == Some(0) {
            return Err(Error::invalid("a speed of 0 bytes a second"));
        }
        if self.key_every == Some(0) {
            return Err(Error::invalid("a key frame every 0 frames"));
        }
        self.check_model()
    }

    fn check_model(&self) -> Result<()> {
        let Some(model) = &self.model else {
            return match self.embed_model {
                true => Err(Error::invalid("there is no model to embed")),
                false => Ok(()),
            };
        };
        model
            .suits(self.level)
            .map_err(|error| Error::invalid(error.to_string()))?;
        let len = model.file().len();
        if self.embed_model && len > MAX_EMBEDDED {
            return Err(Error::invalid(format!(
                "a model of {len} bytes; at most {MAX_EMBEDDED} are embedded"
            )));
        }
        let layout = self.layout.as_ref().unwrap_or(model.layout());
        model
            .fits(layout)
            .map_err(|error| Error::invalid(error.to_string()))
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
    /// Raw bytes that may come out of one input, all its streams together; what would be more is
    /// refused before it is decoded. `u64::MAX`: any number. An [`Archive`](crate::Archive), whose
    /// reader says how much it wants, is not bound by it.
    pub output_limit: u64,
    /// Models at hand: what a stream names is looked for here first.
    pub models: Vec<Arc<Model>>,
    /// Whether a model that is neither here nor in the stream is looked for in the folders of
    /// `CATENA_MODEL_PATH`, in the user's and among those built in.
    pub model_search: bool,
}

impl Default for DecompressOptions {
    fn default() -> Self {
        DecompressOptions {
            threads: 0,
            memory_limit: 1 << 30,
            output_limit: u64::MAX,
            models: Vec::new(),
            model_search: true,
        }
    }
}

impl DecompressOptions {
    /// The default options: all cores, 1 GiB.
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

    /// Sets the limit on what comes out, in raw bytes.
    pub fn with_output_limit(mut self, bytes: u64) -> Self {
        self.output_limit = bytes;
        self
    }

    /// Adds a model to those at hand.
    pub fn with_model(mut self, model: Arc<Model>) -> Self {
        self.models.push(model);
        self
    }

    /// Looks for models that are not at hand in the places where they are installed, or does not.
    pub fn with_model_search(mut self, search: bool) -> Self {
        self.model_search = search;
        self
    }
}
