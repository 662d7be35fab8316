//! What the tests of the command line share: the built program, run in a folder of its own.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

#[allow(dead_code, reason = "the codec's tests use the rest")]
#[path = "../../../filter/tests/main/common/models.rs"]
pub mod models;

/// The built program.
pub const CATENA: &str = env!("CARGO_BIN_EXE_catena");

/// A small record layout that most tests use on `jets.bin`.
pub const JETS: &str = "<u8,33<f4";

/// What a run left behind.
#[derive(Debug)]
pub struct Ran {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Ran {
    /// Exit status, 255 for death by a signal.
    pub fn code(&self) -> i32 {
        self.status.code().unwrap_or(255)
    }

    /// The run, if all was well.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert!(self.status.success(), "{}: {}", self.status, self.stderr);
        self
    }

    /// The run, if it ended with this status and this text in its message.
    #[track_caller]
    pub fn failed(self, code: i32, with: &str) -> Self {
        assert_eq!(self.code(), code, "stderr: {}", self.stderr);
        assert!(
            self.stderr.contains(with),
            "'{with}' is not in: {}",
            self.stderr
        );
        self
    }
}

/// A folder that is gone afterwards, with the program run inside it.
pub struct Folder {
    folder: TempDir,
}

impl Folder {
    pub fn new() -> Self {
        Folder {
            folder: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Writes a file.
    pub fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.join(name);
        fs::write(&path, bytes).expect("write");
        path
    }

    /// Reads a file.
    #[track_caller]
    pub fn get(&self, name: &str) -> Vec<u8> {
        fs::read(self.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// All names in the folder, sorted.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).expect("read_dir");
        let mut names: Vec<String> = entries
            .map(|e| e.expect("entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// The program with these arguments, not yet run.
    pub fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(CATENA);
        command.args(args).current_dir(self.path());
        command
    }

    /// Runs with nothing on standard input.
    pub fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ran {
        ran(self.command(args), b"")
    }

    /// Runs with `stdin` on standard input.
    pub fn pipe<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>, stdin: &[u8]) -> Ran {
        ran(self.command(args), stdin)
    }

    /// Runs with these folders of models alone.
    pub fn run_with_models(&self, folders: &str, args: &[&str]) -> Ran {
        let mut command = self.command(args);
        command
            .env("XDG_DATA_HOME", self.join("data"))
            .env("CATENA_MODEL_PATH", folders);
        ran(command, b"")
    }

    /// Starts with a standard input that has `stdin` and stays open, waits until there is a
    /// temporary file, and sends the signal: how it ended, and how long that took.
    pub fn signalled(&self, args: &[&str], stdin: &[u8], signal: &str) -> (ExitStatus, Duration) {
        let before = self.names().len();
        let mut child = self
            .command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("spawn");
        let mut pipe = child.stdin.take().expect("stdin");
        pipe.write_all(stdin).expect("write");
        let limit = Instant::now() + Duration::from_secs(60);
        while self.names().len() == before {
            assert!(Instant::now() < limit, "no temporary file appeared");
            std::thread::sleep(Duration::from_millis(5));
        }
        let sent = Instant::now();
        // The shell has a kill of its own; the program is not everywhere.
        let line = format!("kill -{signal} {}", child.id());
        let killed = Command::new("sh").args(["-c", &line]).status().expect("sh");
        assert!(killed.success());
        (child.wait().expect("wait"), sent.elapsed())
    }

    /// Runs a line of shell, with the program's folder first in PATH.
    pub fn shell(&self, line: &str) -> Ran {
        let mut command = Command::new("sh");
        let folder = Path::new(CATENA)
            .parent()
            .expect("a folder")
            .display()
            .to_string();
        let path = std::env::var("PATH").unwrap_or_default();
        command
            .args(["-c", line])
            .current_dir(self.path())
            .env("PATH", format!("{folder}:{path}"));
        ran(command, b"")
    }
}

/// Runs a command to its end, fed from a thread so that neither side waits for the other.
pub fn ran(mut command: Command, stdin: &[u8]) -> Ran {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("spawn");
    let mut pipe = child.stdin.take().expect("stdin");
    let stdin = stdin.to_vec();
    let feeder = std::thread::spawn(move || {
        // The program may have enough before it has all: that is its right.
        let _ = pipe.write_all(&stdin);
    });
    let output = child.wait_with_output().expect("wait");
    feeder.join().expect("feeder");
    Ran {
        status: output.status,
        stdout: output.stdout,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A sample file's bytes.
pub fn sample(name: &str) -> Vec<u8> {
    fs::read(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("samples")
            .join(name),
    )
    .expect("sample")
}

/// The first `records` jets.
pub fn jets(records: usize) -> Vec<u8> {
    sample("jets.bin")[..records * 140].to_vec()
}
