//! The daemon as a process, and what its folder holds.

pub mod client;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use catena_filter::{DecompressOptions, Layout, decompress};
use catena_stream::segment::SegmentName;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A record of the messages.
pub fn records() -> Layout {
    Layout::parse("<u4,<f4").unwrap()
}

/// Message number `i`: some records that begin with the number.
pub fn message(i: u32) -> Vec<u8> {
    let n = 20 + i % 50;
    let values = (0..n).map(|j| ((i * 50 + j) as f32 * 0.01).sin());
    values
        .flat_map(|v| [i.to_le_bytes(), v.to_le_bytes()].concat())
        .collect()
}

/// Bytes that no level makes smaller.
pub fn noise(seed: u32, len: usize) -> Vec<u8> {
    let mut state = u64::from(seed) << 32 | 1;
    let step = move |_| {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 56) as u8
    };
    (0..len).map(step).collect()
}

/// The numbers of a source's messages. A segment that a crash has left may end inside one.
pub fn numbers(folder: &Path, source: &str) -> Vec<u32> {
    let mut numbers = Vec::new();
    for raw in raw_segments(folder, source) {
        let mut rest = &raw[..];
        while let Some(first) = rest.first_chunk::<4>() {
            let number = u32::from_le_bytes(*first);
            let expected = message(number);
            if !rest.starts_with(&expected) {
                assert!(expected.starts_with(rest), "message {number} is damaged");
                break;
            }
            rest = &rest[expected.len()..];
            numbers.push(number);
        }
    }
    numbers
}

fn segments(folder: &Path) -> Vec<SegmentName> {
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    files
        .filter_map(|file| SegmentName::parse(file.to_str().unwrap()))
        .collect()
}

/// The raw bytes of a source's finished segments, in order.
fn raw_segments(folder: &Path, source: &str) -> Vec<Vec<u8>> {
    let mut all = segments(folder);
    all.retain(|name| name.finished && name.source.as_str() == source);
    all.sort_by_key(|name| name.number);
    let one = |name: &SegmentName| {
        let stored = fs::read(folder.join(name.to_string())).unwrap();
        decompress(&stored, &DecompressOptions::default()).unwrap_or_else(|e| panic!("{name}: {e}"))
    };
    all.iter().map(one).collect()
}

/// All raw bytes of a source, in order.
pub fn read(folder: &Path, source: &str) -> Vec<u8> {
    raw_segments(folder, source).concat()
}

/// No segment is without its end.
#[track_caller]
pub fn nothing_unfinished(folder: &Path) {
    let left: Vec<_> = segments(folder)
        .into_iter()
        .filter(|name| !name.finished)
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

/// A folder in which a daemon has worked, and what it said.
pub struct Folder {
    folder: TempDir,
    log: String,
}

impl Folder {
    /// One in which none has worked.
    pub fn new() -> Self {
        Folder {
            folder: tempfile::tempdir().unwrap(),
            log: String::new(),
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn log(&self) -> String {
        self.log.clone()
    }
}

/// A daemon at work.
pub struct Daemon {
    child: Child,
    folder: Option<TempDir>,
    address: String,
    metrics: String,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

fn program() -> PathBuf {
    // target/PROFILE/deps/THIS, target/PROFILE/examples/THAT
    let own = std::env::current_exe().unwrap();
    let profile = own.parent().and_then(Path::parent).unwrap();
    profile.join("examples/ingest_daemon")
}

impl Daemon {
    pub fn command(folder: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(program());
        command
            .args(["--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0"])
            .arg("--folder")
            .arg(folder)
            .args(args);
        command
    }

    pub fn start(args: &[&str]) -> Self {
        Daemon::start_in(None, args)
    }

    /// In a folder where one has worked before.
    pub fn start_in(folder: Option<Folder>, args: &[&str]) -> Self {
        let folder = folder.map_or_else(|| tempfile::tempdir().unwrap(), |f| f.folder);
        let command = Daemon::command(folder.path(), args);
        Daemon::wait_for(command, folder)
    }

    /// With files of at most so many blocks of 512 bytes.
    pub fn start_limited(blocks: u32, args: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let daemon = Daemon::command(folder.path(), args);
        let mut command = Command::new("sh");
        let line = format!("ulimit -f {blocks}; trap '' XFSZ; exec \"$@\"");
        command
            .args(["-c", &line, "sh"])
            .arg(daemon.get_program())
            .args(daemon.get_args());
        Daemon::wait_for(command, folder)
    }

    /// With at most so many file descriptors.
    pub fn start_with_descriptors(n: u32, args: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let daemon = Daemon::command(folder.path(), args);
        let mut command = Command::new("sh");
        let line = format!("ulimit -n {n}; exec \"$@\"");
        command
            .args(["-c", &line, "sh"])
            .arg(daemon.get_program())
            .args(daemon.get_args());
        Daemon::wait_for(command, folder)
    }

    /// With a library before those that it links.
    pub fn start_preloaded(library: &Path, args: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Daemon::command(folder.path(), args);
        command.env("LD_PRELOAD", library);
        Daemon::wait_for(command, folder)
    }

    fn wait_for(mut command: Command, folder: TempDir) -> Self {
        let mut child = command
            .stderr(Stdio::piped())
            .spawn()
            .expect("the example ingest_daemon is built with the tests");
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let log = Arc::new(Mutex::new(String::new()));
        let (mut address, mut metrics) = (None, None);
        while address.is_none() {
            let line = lines.next().expect("it says where it listens").unwrap();
            let found = line
                .split("address=")
                .nth(1)
                .map(|text| text.trim().to_owned());
            if line.contains("metrics") {
                metrics = found;
            } else if line.contains("listening") {
                address = found;
            }
            *log.lock().unwrap() += &(line + "\n");
        }
        let to = Arc::clone(&log);
        let reader = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                *to.lock().unwrap() += &(line + "\n");
            }
        });
        Daemon {
            child,
            folder: Some(folder),
            address: address.unwrap(),
            metrics: metrics.expect("it says where its metrics are"),
            log,
            reader: Some(reader),
        }
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn folder(&self) -> &Path {
        self.folder.as_ref().unwrap().path()
    }

    /// What its HTTP port answers.
    pub async fn get(&self, path: &str) -> String {
        let mut socket = tokio::net::TcpStream::connect(&self.metrics).await.unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        answer
    }

    /// The upper end of the bucket that holds this share of a histogram's values.
    pub async fn quantile(&self, name: &str, share: f64) -> f64 {
        let metrics = self.get("/metrics").await;
        let count = |line: &str| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap();
        let total = metrics
            .lines()
            .find(|l| l.starts_with(&format!("{name}_count")))
            .map(count)
            .unwrap();
        let mut buckets = metrics
            .lines()
            .filter(|l| l.starts_with(&format!("{name}_bucket")));
        let found = buckets.find(|l| count(l) >= share * total).unwrap();
        let end = found
            .split("le=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        end.parse().unwrap_or(f64::INFINITY)
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([name, &pid]).status().unwrap();
        assert!(sent.success());
    }

    fn end(&mut self) -> Folder {
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        Folder {
            folder: self.folder.take().unwrap(),
            log: self.log.lock().unwrap().clone(),
        }
    }

    /// The most memory that it ever had, in bytes.
    pub fn peak(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmHWM:"))
            .unwrap();
        let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kib << 10
    }

    /// SIGKILL.
    pub fn kill(mut self) -> Folder {
        self.signal("-KILL");
        self.child.wait().unwrap();
        self.end()
    }

    /// SIGTERM, which it has to end well on.
    pub fn terminate(mut self) -> Folder {
        self.signal("-TERM");
        let deadline = Instant::now() + Duration::from_secs(60);
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None if Instant::now() > deadline => {
                    panic!("it does not end:\n{}", self.log.lock().unwrap())
                }
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        };
        let folder = self.end();
        assert!(status.success(), "{status}:\n{}", folder.log);
        folder
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
