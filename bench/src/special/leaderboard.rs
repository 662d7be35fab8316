//! Who is best for the processor's time: CAQ over bundles of files, in a table that anyone can make
//! anew and add to.
//!
//! The bundles of the source (Adaptive Learned Compression Model: text_medium, image_small,
//! mixed_stream) and the files that the goals speak of. Entries are kept by bundle, codec and
//! machine in a JSON file; a new measurement replaces the old one of the same three.

use std::collections::BTreeMap;
use std::fmt::Write as _;
#[cfg(test)]
use std::path::Path;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::cache::Cache;
use crate::codec::{NATIVE, transforms};
use crate::compare::locked;
use crate::corpus::{Entry, List, Source, default_list};
use crate::job::{Settings, Transform};
use crate::machine::Machine;
use crate::row::Row;
use crate::runner::{Runner, Task};

use caq::{caq, caq_per_gb};

/// The definition that `catena bench` prints by.
#[path = "../../../src/compare/caq.rs"]
mod caq;

/// What to measure.
#[derive(Clone, Debug, clap::Args)]
pub struct Leaderboard {
    /// Folder with the corpus; the source's bundles are in src_lab in it
    #[arg(long, default_value = "../shared/corpus")]
    corpus: PathBuf,
    /// Folder of leaderboard.md and leaderboard.json
    #[arg(long, default_value = "bench/leaderboard")]
    out: PathBuf,
    /// Catena's levels
    #[arg(long, value_delimiter = ',', default_values_t = [1u8, 2, 3, 4, 5, 6])]
    levels: Vec<u8>,
    /// Bundles by name; all unless given
    #[arg(long, value_delimiter = ',')]
    bundles: Vec<String>,
    /// Codec that the others are compared with
    #[arg(long, default_value = "gzip-9")]
    baseline: String,
    /// Runs of each measurement; the fastest counts
    #[arg(long, default_value_t = 1)]
    repeat: u32,
    /// Take the bundle physics from the JSON of an earlier main run, bench/results/whole.json say,
    /// and do not measure it
    #[arg(long)]
    from: Option<PathBuf>,
    /// Measure nothing, write the table of the entries that are there
    #[arg(long)]
    render: bool,
}

/// A codec on a bundle.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Place {
    bundle: String,
    codec: String,
    version: String,
    machine: String,
    date: String,
    /// Whether it learns from the data as it goes, or chooses by it.
    adaptive: bool,
    files: usize,
    raw: u64,
    coded: u64,
    /// CPU seconds to compress.
    cpu_seconds: f64,
}

impl Place {
    fn ratio(&self) -> f64 {
        self.raw as f64 / self.coded.max(1) as f64
    }

    fn caq(&self) -> f64 {
        caq(self.raw, self.coded, self.cpu_seconds)
    }

    fn caq_per_gb(&self) -> f64 {
        caq_per_gb(self.raw, self.coded, self.cpu_seconds)
    }

    fn is_like(&self, other: &Place) -> bool {
        (&self.bundle, &self.codec, &self.machine) == (&other.bundle, &other.codec, &other.machine)
    }
}

/// Measures, adds to what is there, writes both files.
pub fn leaderboard(asked: &Leaderboard) -> Result<()> {
    let kept = asked.out.join("leaderboard.json");
    let mut places: Vec<Place> = match std::fs::read(&kept) {
        Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| kept.display().to_string())?,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(e) => return Err(e).context(kept.display().to_string()),
    };
    if !asked.render {
        let mut measured = measure(asked)?;
        if let Some(path) = &asked.from {
            measured.extend(known(path)?);
        }
        for new in measured {
            match places.iter_mut().find(|old| old.is_like(&new)) {
                Some(old) => *old = new,
                None => places.push(new),
            }
        }
    }
    std::fs::create_dir_all(&asked.out)?;
    std::fs::write(&kept, serde_json::to_string_pretty(&places)? + "\n")?;
    let text = render(&places, &asked.baseline);
    std::fs::write(asked.out.join("leaderboard.md"), &text)?;
    print!("{text}");
    Ok(())
}

/// Bundles by name, in the table's order.
fn bundles(asked: &Leaderboard) -> Result<Vec<(String, Vec<Entry>)>> {
    let mut found: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
    let lab = asked.corpus.join("src_lab");
    for file in std::fs::read_dir(&lab).with_context(|| lab.display().to_string())? {
        let name = file?.file_name().to_string_lossy().into_owned();
        for bundle in ["text_medium", "image_small", "mixed_stream"] {
            if name.starts_with(bundle) {
                let entry = Entry {
                    file: format!("src_lab/{name}"),
                    dtype: None,
                    shape: Vec::new(),
                    columns: false,
                    header: 0,
                    source: Source::Bytes,
                    counts: false,
                };
                found.entry(bundle.into()).or_default().push(entry);
            }
        }
    }
    let mut bundles: Vec<_> = found.into_iter().collect();
    bundles
        .iter_mut()
        .for_each(|(_, files)| files.sort_by(|a, b| a.file.cmp(&b.file)));
    let counted = List::read(&default_list())?
        .files
        .into_iter()
        .filter(|e| e.counts);
    bundles.push(("physics".into(), counted.collect()));
    if let Some(wrong) = asked
        .bundles
        .iter()
        .find(|name| !bundles.iter().any(|(b, _)| b == *name))
    {
        let names: Vec<&str> = bundles.iter().map(|(name, _)| name.as_str()).collect();
        bail!("no bundle '{wrong}'; there are: {}", names.join(", "));
    }
    bundles.retain(|(name, _)| asked.from.is_none() || name != "physics");
    bundles.retain(|(name, _)| asked.bundles.is_empty() || asked.bundles.contains(name));
    Ok(bundles)
}

/// What a main run wrote, as far as it is needed here.
#[derive(Deserialize)]
struct Known {
    machine: Machine,
    rows: Vec<Row>,
}

/// The bundle physics of a main run: each codec that took all its files, in its smallest
/// arrangement of each.
fn known(path: &std::path::Path) -> Result<Vec<Place>> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    let Known { machine, rows } = serde_json::from_slice(&bytes)?;
    let mut best: BTreeMap<&str, BTreeMap<&str, &Row>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.cost.is_some()) {
        let files = best.entry(&row.codec).or_default();
        let known = files.entry(&row.file).or_insert(row);
        if row.coded < known.coded {
            *known = row;
        }
    }
    let files_n = best.values().map(BTreeMap::len).max().unwrap_or(0);
    let all = best.into_iter().filter(|(_, files)| files.len() == files_n);
    Ok(all
        .map(|(codec, files)| Place {
            bundle: "physics".into(),
            codec: codec.to_owned(),
            version: files
                .values()
                .next()
                .map_or(String::new(), |row| row.version.clone()),
            machine: machine.short(),
            date: machine.date.clone(),
            adaptive: Row::is_adaptive(codec),
            files: files.len(),
            raw: files.values().map(|row| row.raw).sum(),
            coded: files.values().map(|row| row.coded).sum(),
            cpu_seconds: files
                .values()
                .filter_map(|row| row.cost)
                .map(|cost| cost.enc_cpu)
                .sum(),
        })
        .collect())
}

fn measure(asked: &Leaderboard) -> Result<Vec<Place>> {
    let machine = Machine::here();
    let scratch = std::env::temp_dir().join(format!("catena-leaderboard-{}", std::process::id()));
    std::fs::create_dir_all(scratch.join("src_lab"))?;
    let runner = Runner {
        corpus: asked.corpus.clone(),
        head: None,
        repeat: asked.repeat,
        jobs: 1,
        cache: Cache::open(&scratch.join("cache.jsonl"), true)?,
        scratch: scratch.clone(),
        python: None,
    };
    let codecs = NATIVE
        .iter()
        .map(|(name, of)| ((*name).to_owned(), locked(of)));
    let ours = asked.levels.iter().map(|level| {
        (
            format!("catena-{level}"),
            env!("CARGO_PKG_VERSION").to_owned(),
        )
    });
    let codecs: Vec<(String, String)> = codecs.chain(ours).collect();
    let mut places = Vec::new();
    for (bundle, files) in bundles(asked)? {
        for (codec, version) in &codecs {
            let mut place = Place {
                bundle: bundle.clone(),
                codec: codec.clone(),
                version: version.clone(),
                machine: machine.short(),
                date: machine.date.clone(),
                adaptive: Row::is_adaptive(codec),
                files: files.len(),
                raw: 0,
                coded: 0,
                cpu_seconds: 0.0,
            };
            let rows: Result<Vec<Row>> = files
                .iter()
                .map(|file| best(&runner, file, codec, version))
                .collect();
            // pco takes numbers alone.
            let Ok(rows) = rows else { continue };
            for row in rows {
                place.raw += row.raw;
                place.coded += row.coded;
                place.cpu_seconds += row.cost.map_or(0.0, |cost| cost.enc_cpu);
            }
            eprintln!(
                "{bundle} {codec}: {:.3}, {:.2} s",
                place.ratio(),
                place.cpu_seconds
            );
            places.push(place);
        }
    }
    std::fs::remove_dir_all(&scratch)?;
    Ok(places)
}

/// A codec in its smallest arrangement of a file; the time of that arrangement alone.
fn best(runner: &Runner, file: &Entry, codec: &str, version: &str) -> Result<Row> {
    let shape = file.shape()?;
    let ours = codec.starts_with("catena-");
    let arrangements = match (ours, file.dtype.is_some()) {
        (true, true) => vec![Transform::Layout],
        (true, false) => vec![Transform::Detect],
        (false, _) => transforms(codec, &shape),
    };
    let rows = arrangements.into_iter().map(|transform| {
        runner.measure(&Task {
            entry: file.clone(),
            codec: codec.to_owned(),
            version: version.to_owned(),
            transform,
            settings: Settings {
                threads: Some(1),
                ..Settings::default()
            },
        })
    });
    let rows = rows.collect::<Result<Vec<Row>>>()?;
    rows.into_iter()
        .min_by_key(|row| row.coded)
        .with_context(|| format!("{codec} takes no {}", file.file))
}

fn render(places: &[Place], baseline: &str) -> String {
    let mut out = "# Leaderboard\n\nCAQ = ratio / (CPU seconds + 1), as the Adaptive Learned Compression Model defines it, of compressing a whole bundle; CAQ/GB is the \
        same for 10^9 bytes at that speed and ratio, which does not depend on how large a bundle is. \
        One thread, every result decoded and compared; peers in their smallest arrangement of each file, whose time alone counts. \
        \\* learns from the data as it goes, or chooses by it. "
        .to_owned();
    let _ = writeln!(
        out,
        "Gain: over {baseline} on the same machine.\n\nMade by `catena-bench leaderboard`, which measures here and replaces this machine's entries alone; `leaderboard.json` has them all.\n"
    );
    let mut bundles: Vec<&str> = places.iter().map(|place| place.bundle.as_str()).collect();
    bundles.sort_unstable();
    bundles.dedup();
    for bundle in bundles {
        let mut rows: Vec<&Place> = places
            .iter()
            .filter(|place| place.bundle == bundle)
            .collect();
        rows.sort_by(|a, b| b.caq_per_gb().total_cmp(&a.caq_per_gb()));
        let (files, raw) = rows
            .first()
            .map_or((0, 0), |place| (place.files, place.raw));
        let _ = writeln!(
            out,
            "## {bundle}: {files} files, {raw} bytes\n\n| codec | ratio | CPU s | CAQ | gain | CAQ/GB | gain | version | machine | date |\n|---|--:|--:|--:|--:|--:|--:|---|---|---|"
        );
        for row in &rows {
            let base = rows
                .iter()
                .find(|other| other.codec == baseline && other.machine == row.machine);
            let gain = |own: f64, of: fn(&Place) -> f64| {
                base.map_or(String::new(), |base| {
                    format!("{:+.1} %", 100.0 * (own / of(base) - 1.0))
                })
            };
            let _ = writeln!(
                out,
                "| {}{} | {:.3} | {:.3} | {:.3} | {} | {:.4} | {} | {} | {} | {} |",
                row.codec,
                if row.adaptive { " \\*" } else { "" },
                row.ratio(),
                row.cpu_seconds,
                row.caq(),
                gain(row.caq(), Place::caq),
                row.caq_per_gb(),
                gain(row.caq_per_gb(), Place::caq_per_gb),
                row.version,
                row.machine,
                row.date,
            );
        }
        out.push('\n');
    }
    out
}

/// Writes into a folder that is there or not, for the tests.
#[cfg(test)]
fn written(folder: &Path, places: &[Place]) -> Result<String> {
    std::fs::write(
        folder.join("leaderboard.json"),
        serde_json::to_string(places)?,
    )?;
    let asked = Leaderboard {
        corpus: PathBuf::new(),
        out: folder.to_owned(),
        levels: Vec::new(),
        bundles: Vec::new(),
        baseline: "gzip-9".into(),
        repeat: 1,
        from: None,
        render: true,
    };
    leaderboard(&asked)?;
    Ok(std::fs::read_to_string(folder.join("leaderboard.md"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gains_are_over_the_baseline_of_the_machine() -> Result<()> {
        let place = |codec: &str, machine: &str, coded, cpu_seconds| Place {
            bundle: "b".into(),
            codec: codec.into(),
            version: "1".into(),
            machine: machine.into(),
            date: "2026-01-01".into(),
            adaptive: Row::is_adaptive(codec),
            files: 1,
            raw: 1000,
            coded,
            cpu_seconds,
        };
        let places = [
            place("gzip-9", "m", 500, 1.0),
            place("catena-5", "m", 250, 1.0),
            place("catena-5", "n", 250, 0.0),
        ];
        let folder =
            std::env::temp_dir().join(format!("catena-leaderboard-test-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let text = written(&folder, &places)?;
        std::fs::remove_dir_all(&folder)?;
        assert!(
            text.contains("| catena-5 \\* | 4.000 | 1.000 | 2.000 | +100.0 %"),
            "{text}"
        );
        assert!(
            text.contains("| catena-5 \\* | 4.000 | 0.000 | 4.000 |  |"),
            "{text}"
        );
        Ok(())
    }
}
