//! The peers that are reached through Python wheels: `peers.py` in a virtual environment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// A Python that can import at least one of the peers.
#[derive(Clone, Debug)]
pub struct Python {
    /// The interpreter.
    pub program: PathBuf,
    /// `peers.py`.
    pub script: PathBuf,
    /// Codec names with their versions.
    pub codecs: BTreeMap<String, String>,
}

/// Finds the environment that `setup` made, or the interpreter asked for.
pub fn find(asked: Option<&Path>) -> Result<Python> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = asked
        .map(Path::to_path_buf)
        .unwrap_or_else(|| home.join(".venv/bin/python"));
    let script = home.join("peers.py");
    let out = Command::new(&program)
        .arg(&script)
        .arg("versions")
        .output()
        .with_context(|| {
            format!(
                "no {} (make it with the subcommand `setup`)",
                program.display()
            )
        })?;
    if !out.status.success() {
        bail!(
            "peers.py failed: {}",
            String::from_utf8_lossy(&out.stderr).trim()
        );
    }
    let codecs = serde_json::from_slice(&out.stdout).context("reading what peers.py has")?;
    Ok(Python {
        program,
        script,
        codecs,
    })
}

/// Makes the virtual environment beside the crate and installs the wheels into it.
pub fn setup() -> Result<()> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let venv = home.join(".venv");
    run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    run(Command::new(venv.join("bin/python"))
        .args(["-m", "pip", "install", "--quiet", "--requirement"])
        .arg(home.join("requirements.txt")))?;
    let found = find(None)?;
    println!(
        "peers through Python: {}",
        found.codecs.keys().cloned().collect::<Vec<_>>().join(", ")
    );
    Ok(())
}

fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("starting {command:?}"))?;
    if !status.success() {
        bail!("{command:?} failed");
    }
    Ok(())
}
