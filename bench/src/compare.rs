//! The main run: all chosen files through Catena's levels and all peers, and the report.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::cache::Cache;
use crate::codec::{NATIVE, transforms};
use crate::corpus::{Entry, List, Source, default_list};
use crate::job::{Settings, Transform};
use crate::machine::Machine;
use crate::python::{self, Python};
use crate::reference;
use crate::report::{self, Results};
use crate::runner::{Runner, Task};

/// The peers that only the Python side has; named here so that their absence is said.
const PYTHON: [&str; 5] = ["bzip3-64", "blosc2-zstd-9", "fpzip", "zfp-rev", "openzl-bf"];

/// What to measure.
#[derive(Clone, Debug, clap::Args)]
pub struct Compare {
    /// Folder with the corpus
    #[arg(long, default_value = "../shared/corpus")]
    corpus: PathBuf,
    /// The list of its files and their layouts [default: the one that ships with the bench]
    #[arg(long)]
    layouts: Option<PathBuf>,
    /// Where results go [default: bench/out]
    #[arg(long)]
    out: Option<PathBuf>,
    /// Where measurements of peers are kept for later runs [default: bench/out]
    #[arg(long)]
    cache: Option<PathBuf>,
    /// Files whose names match, with * and ?, separated by commas [default: those that the goals
    /// speak of]
    #[arg(long, value_delimiter = ',')]
    files: Vec<String>,
    /// Files of these sources
    #[arg(long, value_enum, value_delimiter = ',')]
    sources: Vec<Source>,
    /// Catena's levels, or none
    #[arg(long, default_value = "1,2,3,4,5,6")]
    levels: String,
    /// Peers by name, separated by commas; all or none
    #[arg(long, default_value = "all")]
    peers: String,
    /// Only the first so many bytes of each file
    #[arg(long)]
    head: Option<u64>,
    /// Let Catena find the layouts
    #[arg(long)]
    detect: bool,
    /// Catena's threads
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Runs of each measurement; the fastest counts
    #[arg(long, default_value_t = 1)]
    repeat: u32,
    /// Measurements side by side: quick for sizes, wrong for speeds
    #[arg(long, default_value_t = 1)]
    jobs: usize,
    /// A CSV of sizes measured elsewhere, shown as given
    #[arg(long)]
    reference: Option<PathBuf>,
    /// The Python that has the peers' wheels [default: bench/.venv, made by `setup`]
    #[arg(long)]
    python: Option<PathBuf>,
    /// Measure the peers anew
    #[arg(long)]
    fresh: bool,
}

/// Measures and reports.
pub fn compare(asked: &Compare) -> Result<()> {
    let list = List::read(&asked.layouts.clone().unwrap_or_else(default_list))?;
    let entries = list.select(&asked.corpus, &asked.files, &asked.sources)?;
    let machine = Machine::here();
    let (python, mut skipped) = find_python(asked);
    let peers = peers(asked, python.as_ref(), &mut skipped)?;
    for line in &skipped {
        eprintln!("SKIPPED: {line}");
    }
    let home = home();
    let (out, cache) = (
        asked.out.as_ref().unwrap_or(&home),
        asked.cache.as_ref().unwrap_or(&home),
    );
    std::fs::create_dir_all(cache.join("scratch"))?;
    let runner = Runner {
        corpus: asked.corpus.clone(),
        head: asked.head,
        repeat: asked.repeat,
        jobs: asked.jobs,
        scratch: cache.join("scratch"),
        python,
        cache: Cache::open(&cache.join("cache.jsonl"), asked.fresh)?,
    };
    let (mut rows, failed) = runner.run(tasks(asked, &entries, &peers)?);
    let files: Vec<String> = entries.iter().map(|e| e.file.clone()).collect();
    if let Some(path) = &asked.reference {
        rows.extend(
            reference::read(path, asked.head)?
                .into_iter()
                .filter(|r| files.contains(&r.file)),
        );
    }
    let results = Results {
        rows: &rows,
        files: &files,
        machine: &machine,
        title: title(asked),
        command: report::command_line(),
        goals: if asked.files.is_empty() && asked.sources.is_empty() {
            list.goals(asked.head)
        } else {
            Vec::new()
        },
        skipped: &skipped,
        failed: &failed,
    };
    let name = name(asked);
    report::write(&results, out, &name)?;
    println!(
        "{}{}.md, .csv, .json, .svg in {}",
        report::summary(&results),
        name,
        out.display()
    );
    if !failed.is_empty() {
        bail!("{} measurements failed", failed.len());
    }
    Ok(())
}

fn find_python(asked: &Compare) -> (Option<Python>, Vec<String>) {
    if asked.peers == "none" {
        return (None, Vec::new());
    }
    match python::find(asked.python.as_deref()) {
        Ok(python) => (Some(python), Vec::new()),
        Err(e) => (None, vec![format!("{}: {e:#}", PYTHON.join(", "))]),
    }
}

/// Names and versions of the peers to run.
fn peers(
    asked: &Compare,
    python: Option<&Python>,
    skipped: &mut Vec<String>,
) -> Result<Vec<(String, String)>> {
    let mut known: Vec<(String, String)> = NATIVE
        .iter()
        .map(|(name, of)| ((*name).to_owned(), locked(of)))
        .collect();
    if let Some(python) = python {
        known.extend(python.codecs.clone());
        let lost = PYTHON
            .iter()
            .filter(|name| !python.codecs.contains_key(**name));
        skipped.extend(lost.map(|name| format!("{name}: its wheel cannot be imported")));
    }
    match asked.peers.as_str() {
        "all" => Ok(known),
        "none" => Ok(Vec::new()),
        some => {
            let wanted: Vec<&str> = some.split(',').collect();
            if let Some(name) = wanted
                .iter()
                .find(|w| !known.iter().any(|(name, _)| name == *w))
            {
                let names: Vec<&str> = known.iter().map(|(name, _)| name.as_str()).collect();
                bail!("no peer '{name}' here; there are: {}", names.join(", "));
            }
            Ok(known
                .into_iter()
                .filter(|(name, _)| wanted.contains(&name.as_str()))
                .collect())
        }
    }
}

/// Where results go, and where measurements of peers are kept, unless something else is asked for.
pub fn home() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("out")
}

/// The version of a crate that this program was built with.
pub fn locked(name: &str) -> String {
    let lock = include_str!("../../Cargo.lock");
    let after = lock
        .split_once(&format!("name = \"{name}\"\nversion = \""))
        .map(|(_, after)| after);
    after
        .and_then(|a| a.split('"').next())
        .unwrap_or("unknown")
        .to_owned()
}

fn tasks(asked: &Compare, entries: &[Entry], peers: &[(String, String)]) -> Result<Vec<Task>> {
    let mut levels = Vec::new();
    if asked.levels != "none" {
        for level in asked.levels.split(',') {
            levels.push(level.parse::<u8>()?);
        }
    }
    let settings = Settings {
        threads: Some(asked.threads),
        ..Settings::default()
    };
    let ours = if asked.detect {
        Transform::Detect
    } else {
        Transform::Layout
    };
    let version = env!("CARGO_PKG_VERSION");
    let mut tasks = Vec::new();
    for entry in entries {
        let mut add = |codec: &str, version: &str, transform: Transform| {
            let (entry, settings) = (entry.clone(), settings.clone());
            tasks.push(Task {
                entry,
                codec: codec.to_owned(),
                version: version.to_owned(),
                transform,
                settings,
            });
        };
        levels
            .iter()
            .for_each(|l| add(&format!("catena-{l}"), version, ours));
        let shape = entry.shape()?;
        for (codec, version) in peers {
            transforms(codec, &shape)
                .into_iter()
                .for_each(|t| add(codec, version, t));
        }
    }
    Ok(tasks)
}

fn title(asked: &Compare) -> String {
    let part = asked.head.map_or("whole files".to_owned(), |h| {
        format!("the first {} KiB of each file", h / 1024)
    });
    let layouts = if asked.detect {
        "layouts detected"
    } else {
        "layouts given"
    };
    format!("Catena and its peers: {part}, {layouts}")
}

fn name(asked: &Compare) -> String {
    let part = asked
        .head
        .map_or("whole".to_owned(), |h| format!("head-{h}"));
    if asked.detect {
        part + "-detected"
    } else {
        part
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_native_peer_has_a_version() {
        for (name, of) in NATIVE {
            assert_ne!(locked(of), "unknown", "{name}");
        }
    }
}
