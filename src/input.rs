//! Where the bytes come from: a file or standard input, counted as they are read.

use std::fs::{File, Metadata};
use std::io::{self, IsTerminal, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::args::is_stdin;
use crate::report::{Failure, Outcome, name_of};
use crate::stdio;

/// Bytes that went by so far; shared with the progress bar.
#[derive(Clone, Debug, Default)]
pub struct Counter(Arc<AtomicU64>);

impl Counter {
    /// The count so far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Makes the count `n`.
    pub fn set(&self, n: u64) {
        self.0.store(n, Ordering::Relaxed);
    }

    /// Counts `n` more.
    pub fn add(&self, n: usize) {
        self.0.fetch_add(n as u64, Ordering::Relaxed);
    }
}

/// An open input.
#[derive(Debug)]
pub struct Input {
    /// As messages name it.
    pub name: String,
    file: File,
    /// What the file system knows; for standard input too, where it is a file.
    pub metadata: Metadata,
    /// Bytes read so far.
    pub read_n: Counter,
}

impl Input {
    /// Opens `path`, or standard input for `-`.
    pub fn open(path: &Path) -> Outcome<Self> {
        if is_stdin(path) {
            return Self::stdin();
        }
        let name = name_of(path);
        let file = File::open(path).map_err(|e| Failure::new(&name, e))?;
        Self::new(name, file)
    }

    fn stdin() -> Outcome<Self> {
        let name = stdio::IN.to_string();
        let file = stdio::input().map_err(|e| Failure::new(&name, e))?;
        if io::stdin().is_terminal() {
            return Err(Failure::new(
                &name,
                "is a terminal; give a FILE, or see --help",
            ));
        }
        Self::new(name, file)
    }

    fn new(name: String, file: File) -> Outcome<Self> {
        let metadata = file.metadata().map_err(|e| Failure::new(&name, e))?;
        if metadata.is_dir() {
            return Err(Failure::new(&name, "is a directory"));
        }
        Ok(Input {
            name,
            file,
            metadata,
            read_n: Counter::default(),
        })
    }

    /// The length, where it is known beforehand.
    pub fn len(&self) -> Option<u64> {
        self.metadata.is_file().then_some(self.metadata.len())
    }

    /// The file itself, for random access.
    pub fn into_file(self) -> File {
        self.file
    }
}

impl Read for Input {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = stdio::patiently(&mut self.file, stdio::For::Reading, |file| file.read(buf))?;
        self.read_n.add(n);
        Ok(n)
    }
}
