//! Questions that the table of files does not answer: memory of a long stream, what chaining pays,
//! threads, speed, networks.

mod chaining;
mod leaderboard;
mod memory;
mod network;
mod paced;
mod plan;
mod scaling;
mod speed;

use std::path::PathBuf;

use anyhow::{Context, Result};

pub use chaining::chaining;
pub use leaderboard::{Leaderboard, leaderboard};
pub use memory::{Memory, memory};
pub use network::{Network, network};
pub use paced::{Paced, paced};
pub use plan::{Plan, plan};
pub use scaling::scaling;
pub use speed::speed;

use crate::cache::Cache;
use crate::corpus::{List, default_list};
use crate::job::{Settings, Transform};
use crate::runner::{Runner, Task};

/// What these measurements share.
#[derive(Clone, Debug, clap::Args)]
pub struct Common {
    /// Folder with the corpus
    #[arg(long, default_value = "../shared/corpus")]
    corpus: PathBuf,
    /// The list of its files and their layouts [default: the one that ships with the bench]
    #[arg(long)]
    layouts: Option<PathBuf>,
    /// The file to measure on
    #[arg(long, default_value = "ftag_jets_ttbar.bin")]
    file: String,
    /// Catena's levels
    #[arg(long, value_delimiter = ',', default_values_t = [1u8, 2, 3, 4, 5, 6])]
    levels: Vec<u8>,
    /// Runs of each measurement; the fastest counts
    #[arg(long, default_value_t = 3)]
    repeat: u32,
    /// Threads, where they are not the question
    #[arg(long, default_value_t = 1)]
    threads: usize,
}

impl Common {
    fn runner(&self) -> Result<Runner> {
        let scratch = std::env::temp_dir().join(format!("catena-bench-{}", std::process::id()));
        std::fs::create_dir_all(&scratch)?;
        let cache = Cache::open(&scratch.join("cache.jsonl"), true)?;
        Ok(Runner {
            corpus: self.corpus.clone(),
            head: None,
            repeat: self.repeat,
            jobs: 1,
            scratch,
            python: None,
            cache,
        })
    }

    fn task(&self, codec: &str, transform: Transform, settings: Settings) -> Result<Task> {
        let list = List::read(&self.layouts.clone().unwrap_or_else(default_list))?;
        let entry = list.files.into_iter().find(|e| e.file == self.file);
        let entry = entry.with_context(|| format!("{} is not in the list", self.file))?;
        Ok(Task {
            entry,
            codec: codec.to_owned(),
            version: String::new(),
            transform,
            settings,
        })
    }
}

/// A rate in MB/s.
fn rate(raw: u64, seconds: f64) -> f64 {
    raw as f64 / 1e6 / seconds.max(1e-9)
}
