//! Runs measurements: a process for each direction, several jobs side by side if asked, known results from the cache.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail};

use crate::cache::{Cache, Kept};
use crate::corpus::Entry;
use crate::job::{Direction, Found, Job, Settings, Transform};
use crate::python::Python;
use crate::row::{Cost, Row};
use std::io::Write;

/// What all measurements of a run share.
#[derive(Debug)]
pub struct Runner {
    /// The corpus folder.
    pub corpus: PathBuf,
    /// Only so many bytes from each file's front.
    pub head: Option<u64>,
    /// Runs of each measurement.
    pub repeat: u32,
    /// Measurements side by side.
    pub jobs: usize,
    /// Where coded bytes are put for a moment.
    pub scratch: PathBuf,
    /// Where Python peers are found.
    pub python: Option<Python>,
    /// Earlier results.
    pub cache: Cache,
}

/// One measurement to make.
#[derive(Clone, Debug)]
pub struct Task {
    /// The file.
    pub entry: Entry,
    /// The codec with its level.
    pub codec: String,
    /// The codec's version.
    pub version: String,
    /// How the bytes are arranged.
    pub transform: Transform,
    /// Catena's own settings.
    pub settings: Settings,
}

impl Runner {
    /// Makes all measurements; those that fail are reported and left out.
    pub fn run(&self, tasks: Vec<Task>) -> Vec<Row> {
        let total = tasks.len();
        let queue: Mutex<VecDeque<(usize, Task)>> =
            Mutex::new(tasks.into_iter().enumerate().collect());
        let rows: Mutex<Vec<(usize, Row)>> = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..self.jobs.max(1) {
                scope.spawn(|| {
                    loop {
                        let next = queue
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .pop_front();
                        let Some((i, task)) = next else { break };
                        match self.measure(&task) {
                            Ok(row) => {
                                eprintln!(
                                    "[{}/{total}] {:<36} {:<34} {:.4}",
                                    i + 1,
                                    row.file,
                                    row.label(),
                                    row.bpd()
                                );
                                rows.lock()
                                    .unwrap_or_else(PoisonError::into_inner)
                                    .push((i, row));
                            }
                            Err(e) => {
                                eprintln!(
                                    "FAILED: {} {} on {}: {e:#}",
                                    task.codec,
                                    task.transform.name(),
                                    task.entry.file
                                );
                            }
                        }
                    }
                });
            }
        });
        let mut rows = rows.into_inner().unwrap_or_else(PoisonError::into_inner);
        rows.sort_by_key(|(i, _)| *i);
        rows.into_iter().map(|(_, row)| row).collect()
    }

    /// Makes one measurement: encode, decode, compare.
    pub fn measure(&self, task: &Task) -> Result<Row> {
        let file = self.corpus.join(&task.entry.file);
        let raw = std::fs::metadata(&file)?.len();
        let raw = self.head.map_or(raw, |h| h.min(raw));
        let row = |kept: Kept| Row {
            file: task.entry.file.clone(),
            raw,
            codec: task.codec.clone(),
            transform: Some(task.transform),
            coded: kept.coded,
            cost: Some(kept.cost),
            version: task.version.clone(),
        };
        // Catena changes from build to build, so only peers are kept.
        let key = if task.codec.starts_with("catena") {
            None
        } else {
            Some(self.key(task, &file, raw)?)
        };
        if let Some(kept) = key.as_ref().and_then(|k| self.cache.get(k)) {
            return Ok(row(kept));
        }
        let blob = self.scratch.join(format!(
            "{}-{}-{:?}",
            task.entry.file, task.codec, task.transform
        ));
        let mut job = Job {
            direction: Direction::Encode,
            file,
            head: self.head,
            codec: task.codec.clone(),
            transform: task.transform,
            shape: task.entry.shape()?,
            blob,
            repeat: self.repeat,
            settings: task.settings.clone(),
        };
        let encoded = self.spawn(&job)?;
        job.direction = Direction::Decode;
        let decoded = self.spawn(&job);
        std::fs::remove_file(&job.blob)?;
        let kept = kept(encoded, decoded?);
        if let Some(key) = key {
            self.cache.put(&key, kept)?;
        }
        Ok(row(kept))
    }

    fn key(&self, task: &Task, file: &Path, raw: u64) -> Result<String> {
        let bytes = std::fs::read(file)?;
        let crc = crc32fast::hash(&bytes[..raw as usize]);
        let shape = task.entry.shape()?;
        Ok(format!(
            "{crc:08x}-{raw} {} {} {:?} {} {:?} {} {} n{}",
            task.codec,
            task.version,
            task.transform,
            shape.dtype,
            shape.shape,
            shape.columns,
            shape.header,
            self.repeat
        ))
    }

    fn spawn(&self, job: &Job) -> Result<Found> {
        let python = self
            .python
            .as_ref()
            .filter(|p| p.codecs.contains_key(&job.codec));
        let mut command = match python {
            Some(p) => {
                let mut command = Command::new(&p.program);
                // One thread each, as for all peers.
                command
                    .arg(&p.script)
                    .arg("measure")
                    .env("BLOSC_NTHREADS", "1")
                    .env("OMP_NUM_THREADS", "1");
                command
            }
            None => {
                let mut command = Command::new(std::env::current_exe()?);
                command.arg("measure");
                command
            }
        };
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let stdin = child.stdin.take().context("no standard input")?;
        serde_json::to_writer(&stdin, job)?;
        (&stdin).flush()?;
        drop(stdin);
        let out = child.wait_with_output()?;
        if !out.status.success() {
            bail!("{}", String::from_utf8_lossy(&out.stderr).trim());
        }
        Ok(serde_json::from_slice(&out.stdout)?)
    }
}

fn kept(encoded: Found, decoded: Found) -> Kept {
    Kept {
        coded: encoded.bytes,
        cost: Cost {
            enc_cpu: encoded.cpu,
            dec_cpu: decoded.cpu,
            enc_wall: encoded.wall,
            dec_wall: decoded.wall,
            enc_memory: encoded.memory,
            dec_memory: decoded.memory,
        },
    }
}
