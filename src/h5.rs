//! `catena h5`: HDF5 files with Catena's filter. Everything but the messages is in the crate
//! `catena-h5`.

use std::fmt::Write as _;
use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

use catena::model::ModelKind;
use catena::{Level, Model};
use catena_files::{Attributes, Inputs, printable};
use catena_h5::{
    Chunking, DatasetInfo, Event, PackOptions, Summary, UnpackOptions, info, pack, unpack, verify,
};

use crate::args::{Common, H5Command, H5Models, InfoArgs, PackArgs, UnpackArgs, VerifyArgs};
use crate::levels::LevelFlags;
use crate::models;
use crate::output::Output;
use crate::progress::LateProgress;
use crate::report::{Failure, Outcome, grouped, name_of};

/// Level of `--train` and `--model` where none is asked for.
const MODEL_LEVEL: u8 = 8;

/// One of the commands; what goes to standard output.
pub fn run(command: &H5Command) -> Outcome<String> {
    match command {
        H5Command::Pack(args) => run_pack(args),
        H5Command::Unpack(args) => run_unpack(args),
        H5Command::Verify(args) => run_verify(args),
        H5Command::Info(args) => run_info(args),
    }
}

fn run_pack(args: &PackArgs) -> Outcome<String> {
    let models = Models::find(args.level, &args.models, "h5 pack")?;
    write(
        &args.input,
        args.models.file(),
        &args.output,
        &args.common,
        told,
        |path, bar| {
            let options = PackOptions {
                datasets: args.dataset.clone(),
                chunk: args.chunk.clone().unwrap_or(Chunking::Keep),
                keep_filters: args.keep_filters,
                threads: args.common.threads,
                ..PackOptions::default()
            };
            models.pack(&args.input, path, options, args.common.quiet, bar)
        },
    )?;
    Ok(String::new())
}

/// The level and the models that datasets get.
pub struct Models {
    /// One that uses models, if there are any.
    pub level: Level,
    /// Whether there are any.
    #[cfg(feature = "root")]
    pub wanted: bool,
    model: Option<Arc<Model>>,
    #[cfg(feature = "train")]
    minutes: Option<f64>,
}

impl Models {
    /// What is asked for. The process may begin anew, to train, so no file may be open yet.
    pub fn find(asked: LevelFlags, wanted: &H5Models, command: &str) -> Outcome<Self> {
        let with = wanted.are_wanted();
        let model = wanted.model.as_deref().map(models::one).transpose()?;
        // What is trained are networks.
        let kind = model.as_ref().map(|model| model.kind());
        let network = with && kind.is_none_or(|kind| kind == ModelKind::Network);
        let level = match asked.level() {
            Some(level) if network && !level.uses_network() => {
                let why = format!("level {} uses no network; -8 and -9 do", level.get());
                return Err(Failure::new(command, why));
            }
            Some(level) => level,
            None if network => Level::new(MODEL_LEVEL).unwrap_or_default(),
            None => asked.or(Level::default()),
        };
        if let Some(model) = &model {
            model.suits(level).map_err(|e| Failure::new(command, e))?;
        }
        #[cfg(feature = "train")]
        if wanted.train.is_some() {
            crate::train::one_thread_of_candle();
        }
        Ok(Models {
            level,
            #[cfg(feature = "root")]
            wanted: with,
            model,
            #[cfg(feature = "train")]
            minutes: wanted.train,
        })
    }

    /// Packs with them; `options` has the rest.
    pub fn pack(
        &self,
        input: &Path,
        output: &Path,
        options: PackOptions<'static>,
        quiet: bool,
        bar: &LateProgress<'_>,
    ) -> Outcome<Summary> {
        #[cfg(feature = "train")]
        let mut trainer =
            (self.minutes).map(|minutes| crate::h5_train::Training::new(minutes, quiet));
        #[cfg(not(feature = "train"))]
        let _ = quiet;
        let mut options = PackOptions {
            level: self.level,
            model: self.model.clone(),
            #[cfg(feature = "train")]
            trainer: trainer.as_mut().map(|trainer| trainer as _),
            #[cfg(not(feature = "train"))]
            trainer: None,
            datasets: options.datasets,
            chunk: options.chunk,
            keep_filters: options.keep_filters,
            threads: options.threads,
        };
        pack(input, output, &mut options, &|event| see(bar, event))
            .map_err(|e| Failure::new(&name_of(input), e))
    }
}

fn run_unpack(args: &UnpackArgs) -> Outcome<String> {
    let options = UnpackOptions {
        gzip: args.gzip,
        threads: args.common.threads,
    };
    write(
        &args.input,
        None,
        &args.output,
        &args.common,
        told,
        |path, bar| {
            unpack(&args.input, path, &options, &|event| see(bar, event))
                .map_err(|e| Failure::new(&name_of(&args.input), e))
        },
    )?;
    Ok(String::new())
}

/// Has an HDF5 file written under a temporary name, and gives it its own when it is complete.
/// `told` is what is said of the work behind the sizes.
pub fn write<S>(
    input: &Path,
    model: Option<&Path>,
    target: &Path,
    common: &Common,
    told: impl FnOnce(&S) -> String,
    work: impl FnOnce(&Path, &LateProgress<'_>) -> Outcome<S>,
) -> Outcome<S> {
    let name = name_of(input);
    let like = std::fs::metadata(input).map_err(|e| Failure::new(&name, e))?;
    let inputs = Inputs::of([input].into_iter().chain(model));
    let output = Output::open_file(target, common.force, &inputs)?;
    let path = output.temporary_path();
    let bar = LateProgress::new(&name, !common.quiet);
    let summary = work(path, &bar)?;
    drop(bar);
    let before = like.len();
    let after = std::fs::metadata(path).map_or(0, |m| m.len());
    output
        .commit(&Attributes::like(&like))
        .map_err(|e| Failure::writing(&name_of(target), e))?;
    if !common.quiet && std::io::stderr().is_terminal() {
        tell!(
            "{}: {} to {} bytes; {}",
            name_of(target),
            grouped(before),
            grouped(after),
            told(&summary)
        );
    }
    Ok(summary)
}

fn told(summary: &Summary) -> String {
    let mut text = format!("{} datasets coded, {} kept", summary.recoded, summary.kept);
    // Writing to a string does not fail.
    if summary.not_smaller > 0 {
        let _ = write!(text, " ({} would have grown)", summary.not_smaller);
    }
    if summary.models > 0 {
        let _ = write!(text, ", {} models", summary.models);
    }
    text
}

/// Shows what the library tells.
fn see(bar: &LateProgress<'_>, event: Event<'_>) {
    match event {
        Event::Total(total) => bar.total(total),
        Event::Bytes(raw, coded) => bar.add(raw, coded),
        _ => {}
    }
}

/// Differences that are listed before the others are counted.
const LISTED: usize = 100;

fn run_verify(args: &VerifyArgs) -> Outcome<String> {
    let name = name_of(&args.b);
    let bar = LateProgress::new(&name, !args.quiet);
    let found = verify(&args.a, &args.b, args.threads, &|event| see(&bar, event));
    drop(bar);
    let found = found.map_err(|e| Failure::new("verify", e))?;
    if found.is_empty() {
        return Ok(String::new());
    }
    let mut text = format!("{} differs from {}:", name, name_of(&args.a));
    for difference in found.iter().take(LISTED) {
        // Writing to a string does not fail.
        let _ = write!(text, "\n  {}: {}", difference.path, difference.what);
    }
    if found.len() > LISTED {
        let _ = write!(
            text,
            "\n  and {} more",
            grouped((found.len() - LISTED) as u64)
        );
    }
    Err(Failure::Message(text))
}

fn run_info(args: &InfoArgs) -> Outcome<String> {
    let name = name_of(&args.file);
    let info = info(&args.file).map_err(|e| Failure::new(&name, e))?;
    if args.json {
        let json = serde_json::to_string_pretty(&info).map_err(|e| Failure::new(&name, e))?;
        return Ok(json + "\n");
    }
    let mut text = String::new();
    let mut rows = vec![
        [
            "dataset", "type", "shape", "raw", "stored", "ratio", "chunks", "filters",
        ]
        .map(String::from),
    ];
    rows.extend(info.datasets.iter().map(row));
    let mut widths = [0; 8];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in &rows {
        let cells = row
            .iter()
            .zip(widths)
            .enumerate()
            .map(|(at, (cell, width))| match at {
                3..=5 => format!("{cell:>width$}"),
                _ => format!("{cell:<width$}"),
            });
        let line = cells.collect::<Vec<_>>().join("  ");
        // Writing to a string does not fail.
        let _ = writeln!(text, "{}", line.trim_end());
    }
    let raw: u64 = info
        .datasets
        .iter()
        .map(|d| d.raw)
        .fold(0, u64::saturating_add);
    let stored: u64 = info.datasets.iter().map(|d| d.stored).sum();
    let _ = writeln!(
        text,
        "{} datasets, {} raw bytes, {} stored; the file has {}",
        grouped(info.datasets.len() as u64),
        grouped(raw),
        grouped(stored),
        grouped(info.file_bytes)
    );
    for model in &info.models {
        let _ = writeln!(text, "model {model}");
    }
    Ok(text)
}

fn row(dataset: &DatasetInfo) -> [String; 8] {
    let joined = |axes: &[u64]| {
        axes.iter()
            .map(u64::to_string)
            .collect::<Vec<_>>()
            .join("x")
    };
    let ratio = match dataset.stored {
        0 => "-".into(),
        stored => format!("{:.2}", dataset.raw as f64 / stored as f64),
    };
    let chunks = match (&dataset.chunk, dataset.chunks) {
        (Some(shape), Some(n)) => format!("{n} of {}", joined(shape)),
        _ => dataset.storage.into(),
    };
    let filters = dataset
        .filters
        .iter()
        .map(|id| match (*id, &dataset.catena) {
            (1, _) => "gzip".into(),
            (2, _) => "shuffle".into(),
            (3, _) => "fletcher32".into(),
            (4, _) => "szip".into(),
            (5, _) => "nbit".into(),
            (6, _) => "scaleoffset".into(),
            (_, Some(catena)) => {
                let mut text = format!("catena -{}", catena.level);
                if let Some(model) = &catena.model {
                    let _ = write!(text, " model {model}");
                }
                if catena.raw_chunks > 0 {
                    let _ = write!(text, ", {} chunks raw", catena.raw_chunks);
                }
                text
            }
            (id, None) => id.to_string(),
        });
    [
        printable(&dataset.path),
        dataset.dtype.clone(),
        match dataset.shape.is_empty() {
            true => "-".into(),
            false => joined(&dataset.shape),
        },
        grouped(dataset.raw),
        grouped(dataset.stored),
        ratio,
        chunks,
        filters.collect::<Vec<String>>().join(" "),
    ]
}
