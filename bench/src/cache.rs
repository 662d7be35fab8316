//! What was measured before: a line of JSON for each measurement, so that a rerun for Catena is
//! quick.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::row::Cost;

/// A measurement that is kept.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Kept {
    /// Coded bytes.
    pub coded: u64,
    /// Both directions.
    pub cost: Cost,
}

#[derive(Serialize, Deserialize)]
struct Line {
    key: String,
    #[serde(flatten)]
    kept: Kept,
}

/// The measurements of earlier runs, by key: file hash, codec, version, setting.
#[derive(Debug)]
pub struct Cache {
    kept: HashMap<String, Kept>,
    file: Mutex<File>,
}

impl Cache {
    /// Opens the cache of a results folder; `fresh` forgets what is in it.
    pub fn open(path: &Path, fresh: bool) -> Result<Cache> {
        let text = if fresh {
            String::new()
        } else {
            std::fs::read_to_string(path).unwrap_or_default()
        };
        // A line that a broken run left half-written is no measurement.
        let lines = text
            .lines()
            .filter_map(|l| serde_json::from_str::<Line>(l).ok());
        let kept = lines.map(|l| (l.key, l.kept)).collect();
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Cache {
            kept,
            file: Mutex::new(file),
        })
    }

    /// What was measured under this key.
    pub fn get(&self, key: &str) -> Option<Kept> {
        self.kept.get(key).copied()
    }

    /// Keeps a measurement for later runs.
    pub fn put(&self, key: &str, kept: Kept) -> Result<()> {
        let line = serde_json::to_string(&Line {
            key: key.to_owned(),
            kept,
        })?;
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(writeln!(file, "{line}")?)
    }
}
