//! What a trained model is worth on data that it has not seen: of each file the first two thirds
//! are trained on, and the last third is coded by levels 7 to 9, by the network alone and by peers.
//!
//! Invariant: nothing but the held-out part is measured, by every codec alike; each result was
//! decoded and compared. Measuring is the runner's, a process for each direction; training is the
//! command line's.

mod cut;
mod model;
mod report;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use catena_filter::Layout;
use serde::Serialize;

use cut::Cut;
use model::{Trained, look_at, train};

use crate::cache::Cache;
use crate::codec::{NATIVE, transforms};
use crate::compare::{home, locked};
use crate::corpus::{Entry, List, default_list};
use crate::job::{Settings, Transform};
use crate::machine::Machine;
use crate::row::Row;
use crate::runner::{Runner, Task};

/// What is measured. The last two have one column, which no network applies to: levels 8 and 9 do
/// the work of level 7 there.
const FILES: [&str; 6] = [
    "ftag_jets_ttbar.bin",
    "cms_like_nanoaod_ttbar_padded43.bin",
    "alice_hyp3_rec.bin",
    "ftag_tracks_ttbar.bin",
    "cosmo_pm_density_112.f32",
    "hepmc_ttbar.hepmc",
];
/// Where two threads are measured beside one, and at which levels.
const SCALED: (&str, [u8; 2]) = ("ftag_jets_ttbar.bin", [8, 9]);
const LEVELS: [u8; 3] = [7, 8, 9];
const PEERS: [&str; 4] = ["xz-9e", "zstd-19", "brotli-11", "pco-12"];

/// What to measure, and with which models.
#[derive(Clone, Debug, clap::Args)]
pub struct Network {
    /// Folder with the corpus
    #[arg(long, default_value = "../shared/corpus")]
    corpus: PathBuf,
    /// The list of its files and their layouts [default: the one that ships with the bench]
    #[arg(long)]
    layouts: Option<PathBuf>,
    /// Folder of models, trained on the first two thirds: STEM.catmodel for a file STEM.bin. One
    /// that is missing is trained and kept there [default: models in --out]
    #[arg(long)]
    models: Option<PathBuf>,
    /// How long to train one that is missing
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// How large a network is trained [default: that of `catena train`]
    #[arg(long)]
    preset: Option<String>,
    /// These files alone, by name, with or without the ending
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Where results go [default: bench/out]
    #[arg(long)]
    out: Option<PathBuf>,
    /// Where measurements of peers are kept for later runs [default: bench/out]
    #[arg(long)]
    cache: Option<PathBuf>,
    /// Runs of each measurement; the fastest counts
    #[arg(long, default_value_t = 1)]
    repeat: u32,
    /// Measure the peers anew
    #[arg(long)]
    fresh: bool,
    /// The command line to train with [default: `catena` beside this program]
    #[arg(long)]
    binary: Option<PathBuf>,
}

/// What was found on one file.
#[derive(Debug, Serialize)]
struct Found {
    file: String,
    /// Bytes trained on, and bytes measured.
    train_bytes: usize,
    held_out_bytes: usize,
    /// Nothing where no network applies.
    model: Option<Trained>,
    /// Catena by level and peers in all their arrangements, one thread each.
    rows: Vec<Row>,
    /// Catena on two threads.
    two_threads: Vec<Row>,
}

/// Trains what is missing, measures, and writes `network.md` and `network.json`.
pub fn network(asked: &Network) -> Result<()> {
    let list = List::read(&asked.layouts.clone().unwrap_or_else(default_list))?;
    let entries = chosen(&list, asked)?;
    let machine = Machine::here();
    let out = asked.out.clone().unwrap_or_else(home);
    let scratch = std::env::temp_dir().join(format!("catena-bench-{}", std::process::id()));
    let cache = asked.cache.clone().unwrap_or_else(home);
    for folder in [&out, &cache, &scratch] {
        std::fs::create_dir_all(folder)?;
    }
    let runner = Runner {
        corpus: scratch.clone(),
        head: None,
        repeat: asked.repeat,
        jobs: 1,
        scratch,
        python: None,
        cache: Cache::open(&cache.join("cache.jsonl"), asked.fresh)?,
    };
    let (mut found, mut failed) = (Vec::new(), Vec::new());
    let mut tables = String::new();
    for entry in &entries {
        match measure(asked, &runner, entry, &out) {
            Ok(one) => found.push(one),
            Err(e) => {
                eprintln!("FAILED: {}: {e:#}", entry.file);
                failed.push(format!("{}: {e:#}", entry.file));
            }
        }
        // A run takes long: what is measured so far is kept, whatever ends it.
        tables = report::write(&found, &failed, &machine, &out)?;
    }
    std::fs::remove_dir_all(&runner.scratch)?;
    println!("{tables}network.md, .json in {}", out.display());
    ensure!(failed.is_empty(), "{} files failed", failed.len());
    Ok(())
}

fn chosen(list: &List, asked: &Network) -> Result<Vec<Entry>> {
    let wanted = |file: &str| {
        let named = |name: &String| name == file || *name == stem(file);
        asked.only.is_empty() || asked.only.iter().any(named)
    };
    let mut entries = Vec::new();
    for file in FILES.into_iter().filter(|file| wanted(file)) {
        let entry = list.files.iter().find(|entry| entry.file == file);
        let entry = entry.with_context(|| format!("{file} is not in the list"))?;
        match asked.corpus.join(file).is_file() {
            true => entries.push(entry.clone()),
            false => eprintln!("not in {}: {file}", asked.corpus.display()),
        }
    }
    if entries.is_empty() {
        bail!("no file to measure; there are: {}", FILES.join(", "));
    }
    Ok(entries)
}

fn stem(file: &str) -> &str {
    file.split_once('.').map_or(file, |(stem, _)| stem)
}

fn measure(asked: &Network, runner: &Runner, entry: &Entry, out: &Path) -> Result<Found> {
    let raw = std::fs::read(asked.corpus.join(&entry.file))?;
    let cut = Cut::new(&entry.shape()?, raw.len());
    let held_out = &raw[cut.train..cut.end];
    let part = |what: &str, shape: &[u64]| Entry {
        file: format!("{}-{what}", entry.file),
        shape: shape.to_vec(),
        ..entry.clone()
    };
    let held = part("held-out", &cut.shapes[1]);
    std::fs::write(runner.corpus.join(&held.file), held_out)?;
    let shape = held.shape()?;
    let layout = Layout::parse(&shape.dtype)?.with_shape(&shape.shape)?;
    let (mut model, mut trained) = (None, None);
    if layout.columns().columns.len() > 1 {
        let folder = asked.models.clone().unwrap_or_else(|| out.join("models"));
        let path = folder.join(format!("{}.catmodel", stem(&entry.file)));
        if !path.is_file() {
            std::fs::create_dir_all(&folder)?;
            let rest = part("train", &cut.shapes[0]);
            let file = runner.corpus.join(&rest.file);
            std::fs::write(&file, &raw[..cut.train])?;
            let records = cut.train / shape.record;
            train(asked, &file, &rest.shape()?, records, &entry.file, &path)?;
        }
        trained = Some(look_at(&path, layout, held_out)?);
        model = Some(path);
    }
    let run = |codec: String, of: &str, transform: Transform, settings: Settings| -> Result<Row> {
        let task = Task {
            entry: held.clone(),
            codec,
            version: of.to_owned(),
            transform,
            settings,
        };
        let mut row = runner.measure(&task)?;
        row.file.clone_from(&entry.file);
        eprintln!("{:<36} {:<34} {:.4}", row.file, row.label(), row.bpd());
        Ok(row)
    };
    let ours = |level: u8, threads: usize| {
        let settings = Settings {
            threads: Some(threads),
            model: model.clone().filter(|_| level > 6),
            ..Settings::default()
        };
        let version = env!("CARGO_PKG_VERSION");
        run(
            format!("catena-{level}"),
            version,
            Transform::Layout,
            settings,
        )
    };
    let (mut rows, mut two_threads) = (Vec::new(), Vec::new());
    for level in LEVELS {
        rows.push(ours(level, 1)?);
        if entry.file == SCALED.0 && SCALED.1.contains(&level) {
            two_threads.push(ours(level, 2)?);
        }
    }
    for (codec, of) in NATIVE.iter().filter(|(codec, _)| PEERS.contains(codec)) {
        for transform in transforms(codec, &shape) {
            let codec = (*codec).to_owned();
            rows.push(run(codec, &locked(of), transform, Settings::default())?);
        }
    }
    Ok(Found {
        file: entry.file.clone(),
        train_bytes: cut.train,
        held_out_bytes: held_out.len(),
        model: trained,
        rows,
        two_threads,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_are_listed_and_all_peers_known() -> Result<()> {
        let list = List::read(&default_list())?;
        for file in FILES {
            assert!(list.files.iter().any(|entry| entry.file == file), "{file}");
        }
        for peer in PEERS {
            assert!(NATIVE.iter().any(|(name, _)| *name == peer), "{peer}");
        }
        assert_eq!(stem("cosmo_pm_density_112.f32"), "cosmo_pm_density_112");
        Ok(())
    }
}
