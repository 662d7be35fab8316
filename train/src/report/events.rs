//! Event files that TensorBoard opens: scalars over steps.
//!
//! A file is a row of records: a length and its check, the bytes and theirs (TFRecord). The bytes
//! are protobuf's encoding of TensorFlow's `Event`; the five fields that scalars need are written
//! here by hand, since the crates that know all of it bring a compiler of protobuf or have not
//! moved in years.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

use super::progress::{Outcome, Step, Validation, Watch};

/// What is not yet in the file is at most this old.
const FLUSH: Duration = Duration::from_secs(5);

/// Writes a run's event file.
#[derive(Debug)]
pub struct Events {
    path: PathBuf,
    out: BufWriter<File>,
    flushed: Instant,
    /// The first write that failed; nothing is written after it.
    failed: Option<io::Error>,
}

impl Events {
    /// A new event file in a folder, which is made if need be. TensorBoard takes each folder for a
    /// run.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn create(folder: &Path) -> Result<Self> {
        let now = now();
        let name = format!(
            "events.out.tfevents.{:010}.{:06}.catena.{}",
            now as u64,
            (now.fract() * 1e6) as u32,
            std::process::id()
        );
        let path = folder.join(name);
        let create = || {
            fs::create_dir_all(folder)?;
            File::create_new(&path)
        };
        let out = create().with_context(|| format!("creating {}", catena_files::shown(&path)))?;
        let mut events = Events {
            out: BufWriter::new(out),
            flushed: Instant::now(),
            failed: None,
            path,
        };
        events.write(&file_version(now), true);
        Ok(events)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn write(&mut self, event: &[u8], now: bool) {
        if self.failed.is_some() {
            return;
        }
        let flush = now || self.flushed.elapsed() > FLUSH;
        let mut write = || {
            self.out.write_all(&record(event))?;
            if flush {
                self.out.flush()?;
            }
            Ok(())
        };
        self.failed = write().err();
        if flush {
            self.flushed = Instant::now();
        }
    }
}

impl Watch for Events {
    fn step(&mut self, s: &Step) {
        let values = [
            ("train/bpb", s.train_bpb),
            ("learning_rate", s.learning_rate),
            ("gradient_norm", s.gradient_norm),
            ("chunk", s.chunk as f64),
        ];
        self.write(&scalars(now(), s.step, &values), false);
    }

    fn validation(&mut self, v: &Validation) {
        let mut values = vec![("validation/bpb", v.alone_bpb)];
        values.extend(v.mixed_bpb.map(|mixed| ("validation/mixed_bpb", mixed)));
        self.write(&scalars(now(), v.step, &values), true);
    }

    fn ended(&mut self, _: &Outcome) {
        if self.failed.is_none() {
            self.failed = self.out.flush().err();
        }
        if let Some(why) = &self.failed {
            eprintln!(
                "the event file {} is not whole: {why}",
                catena_files::shown(&self.path)
            );
        }
    }
}

/// Seconds since 1970.
fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs_f64()
}

/// A TFRecord.
fn record(bytes: &[u8]) -> Vec<u8> {
    let len = (bytes.len() as u64).to_le_bytes();
    let check = |bytes| masked(bytes).to_le_bytes();
    [&len[..], &check(&len), bytes, &check(bytes)].concat()
}

/// CRC-32C, rotated and shifted, as TFRecord stores it.
fn masked(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes)
        .rotate_right(15)
        .wrapping_add(0xa282_ead8)
}

/// `Event { wall_time = 1: double, file_version = 3: string }`, the first of a file.
fn file_version(wall_time: f64) -> Vec<u8> {
    let mut event = Message::default();
    event.double(1, wall_time);
    event.bytes(3, b"brain.Event:2");
    event.0
}

/// `Event { wall_time = 1: double, step = 2: int64, summary = 5: Summary }`, in it
/// `Summary { value = 1: repeated Value }` and
/// `Value { tag = 1: string, simple_value = 2: float }`.
fn scalars(wall_time: f64, step: u64, values: &[(&str, f64)]) -> Vec<u8> {
    let mut summary = Message::default();
    for (tag, value) in values {
        let mut message = Message::default();
        message.bytes(1, tag.as_bytes());
        message.float(2, *value as f32);
        summary.bytes(1, &message.0);
    }
    let mut event = Message::default();
    event.double(1, wall_time);
    event.integer(2, step);
    event.bytes(5, &summary.0);
    event.0
}

/// A protobuf message under construction.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn key(&mut self, field: u64, wire: u64) {
        self.varint(field << 3 | wire);
    }

    fn integer(&mut self, field: u64, value: u64) {
        self.key(field, 0);
        self.varint(value);
    }

    fn double(&mut self, field: u64, value: f64) {
        self.key(field, 1);
        self.0.extend(value.to_le_bytes());
    }

    fn bytes(&mut self, field: u64, value: &[u8]) {
        self.key(field, 2);
        self.varint(value.len() as u64);
        self.0.extend(value);
    }

    fn float(&mut self, field: u64, value: f32) {
        self.key(field, 5);
        self.0.extend(value.to_le_bytes());
    }
}

#[cfg(test)]
mod tests;
