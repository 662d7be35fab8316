//! What a measuring process is asked and what it answers: JSON on its standard input and output.
//!
//! Encoding and decoding run in processes of their own, so that the peak memory of one is not
//! hidden by the other's and a decoder knows nothing but the coded bytes. `peers.py` speaks the
//! same protocol.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::corpus::Shape;

/// One codec, in one setting, over one file (or its head).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    /// Which way.
    pub direction: Direction,
    /// The raw file.
    pub file: PathBuf,
    /// Only so many bytes from its front.
    pub head: Option<u64>,
    /// The codec with its level, such as `xz-9e` or `catena-5`.
    pub codec: String,
    /// How the bytes are arranged before the codec sees them.
    pub transform: Transform,
    /// What the bytes mean.
    pub shape: Shape,
    /// Where the coded bytes are written, or read from.
    pub blob: PathBuf,
    /// Runs; the fastest counts.
    pub repeat: u32,
    /// Catena's own settings.
    #[serde(default)]
    pub settings: Settings,
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Raw to coded.
    Encode,
    /// Coded to raw, compared with the raw file.
    Decode,
}

/// How the bytes are arranged before the codec sees them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transform {
    /// As they are.
    Raw,
    /// Transposed by record.
    Record,
    /// Shuffled by word.
    Word,
    /// Bits shuffled by word.
    Bits,
    /// Each field of the record, or each column, by itself.
    Column,
    /// As one grid.
    Grid,
    /// As one row of values.
    Flat,
    /// Catena with the layout given.
    Layout,
    /// Catena finding the layout.
    Detect,
}

impl Transform {
    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Transform::Raw => "raw",
            Transform::Record => "transposed by record",
            Transform::Word => "shuffled by word",
            Transform::Bits => "bits shuffled by word",
            Transform::Column => "by column",
            Transform::Grid => "as a grid",
            Transform::Flat => "as one row",
            Transform::Layout => "layout given",
            Transform::Detect => "layout detected",
        }
    }
}

/// Catena's own settings; the codec's defaults where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Threads; 1 if nothing is said.
    pub threads: Option<usize>,
    /// Bytes a frame.
    pub frame_size: Option<usize>,
    /// A key frame every so many frames.
    pub key_every: Option<u32>,
    /// The file of a trained model, for levels 8 and 9.
    #[serde(default)]
    pub model: Option<PathBuf>,
}

/// What a measuring process found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Found {
    /// Coded bytes.
    pub bytes: u64,
    /// CPU seconds of all threads.
    pub cpu: f64,
    /// Seconds on the clock.
    pub wall: f64,
    /// Peak resident bytes above those of the process at rest with its input loaded.
    pub memory: u64,
}
