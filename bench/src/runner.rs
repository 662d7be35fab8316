//! Runs measurements: a process for each direction, several jobs side by side if asked, known
//! results from the cache.

use std::collections::VecDeque;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, bail};

use crate::cache::{Cache, Kept};
use crate::corpus::Entry;
use crate::job::{Direction, Found, Job, Settings, Transform};
use crate::python::Python;
use crate::row::{Cost, Row};

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
    /// Makes all measurements: the rows in the order of the tasks, and what went wrong, in words.
    pub fn run(&self, tasks: Vec<Task>) -> (Vec<Row>, Vec<String>) {
        let total = tasks.len();
        let queue: Mutex<VecDeque<(usize, Task)>> =
            Mutex::new(tasks.into_iter().enumerate().collect());
        let rows = Mutex::new(Vec::new());
        let failed = Mutex::new(Vec::new());
        let work = || {
            loop {
                let Some((i, task)) = lock(&queue).pop_front() else {
                    break;
                };
                match self.measure(&task) {
                    Ok(row) => {
                        let (name, bpd) = (row.label(), row.bpd());
                        eprintln!("[{}/{total}] {:<36} {name:<34} {bpd:.4}", i + 1, row.file);
                        lock(&rows).push((i, row));
                    }
                    Err(e) => {
                        let (codec, how) = (&task.codec, task.transform.name());
                        let what = format!("{codec} {how} on {}: {e:#}", task.entry.file);
                        eprintln!("FAILED: {what}");
                        lock(&failed).push(what);
                    }
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..self.jobs.max(1) {
                scope.spawn(work);
            }
        });
        let mut rows: Vec<(usize, Row)> = std::mem::take(&mut lock(&rows));
        rows.sort_by_key(|(i, _)| *i);
        let failed = std::mem::take(&mut *lock(&failed));
        (rows.into_iter().map(|(_, row)| row).collect(), failed)
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
