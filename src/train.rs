//! `catena train`: a model from data. Everything but the messages is in the crate `catena-train`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use catena::Layout;
use catena::layout::detect;
use catena::model::MAX_HEADS;
use catena_files::{Attributes, Inputs};
use catena_train::learn::Learning;
use catena_train::report::{Baseline, Board, Curve, Events, Watchers, baselines};
use catena_train::train::{KNOTS, check, training_rows};
use catena_train::{Place, Preset, TrainOptions, train};

use crate::args::{TrainArgs, gridded};
use crate::output::{How, Output, Target};
use crate::report::{Failure, Outcome, grouped, name_of};
use crate::signals;

/// Sequences side by side that give a GPU enough to do.
const GPU_SEQUENCES: usize = 32;
/// Rows of each sequence that a step holds in memory at once: two chunks.
const ROWS_AT_ONCE: usize = 2 * 64;
/// Bytes that a layout is detected from.
const SAMPLE: usize = 1 << 20;

/// Trains and writes the model.
pub fn run(args: &TrainArgs) -> Outcome<()> {
    one_thread_of_candle();
    if let Err(e) = args.device.open() {
        return Err(Failure::new("train", format_args!("{e:#}")));
    }
    let output = model_path(args);
    // Hours of training must not end at a file that cannot be written: its place is taken first.
    let inputs = Inputs::of(&args.files);
    let how = How {
        force: args.force,
        to_terminal: true,
        sparse: false,
        limit: None,
        inputs: &inputs,
    };
    let mut file = Output::open(&Target::Path(output.clone()), how)?;
    let sources = args.files.iter().filter_map(|file| fs::metadata(file).ok());
    let attributes = Attributes::made_from(sources);
    let stem = output.with_extension("");
    check_beside(args, &stem, inputs, &output)?;
    let (layout, raw) = read(args)?;
    let wrong = |e: &dyn std::fmt::Display| Failure::new("train", e);
    check(&layout, &raw).map_err(|e| wrong(&format!("{e:#}")))?;
    let record = layout.columns().record_size as usize;
    let rows = raw.len() / record;
    let held_out = &raw[training_rows(rows) * record..rows * record];
    tell!(
        "{} records of {record} bytes, {}; the last {} are held out",
        grouped(rows as u64),
        layout.dtype(),
        grouped((held_out.len() / record) as u64)
    );
    let marks: Vec<Baseline> = if held_out.is_empty() {
        Vec::new()
    } else {
        baselines(held_out, &layout).map_err(|e| wrong(&format!("{e:#}")))?
    };
    let columns = layout.columns().columns.len();
    let preset = args.preset.unwrap_or(Preset::Small);
    // Of a record's columns some are constant and some have fewer planes to predict: these are
    // upper bounds.
    let weights = preset.parameters(columns, 3 * columns, MAX_HEADS, KNOTS);
    let stop = Arc::new(AtomicBool::new(false));
    let options = options(args, preset, &layout, rows, stop.clone());
    let at_once = ROWS_AT_ONCE * options.learning.sequences;
    let bytes = preset.training_bytes(weights, columns, at_once);
    tell!(
        "{} network: at most {} weights, about {} MiB to train",
        preset.name(),
        grouped(weights as u64),
        grouped(bytes >> 20)
    );
    signals::ask_to_stop(stop);
    let mut watchers = Watchers(vec![Box::new(Board::new(&marks))]);
    if args.curve {
        let title = name_of(&output);
        watchers.0.push(Box::new(Curve::new(&stem, &title, &marks)));
    }
    if let Some(folder) = &args.events {
        let events = Events::create(folder).map_err(|e| wrong(&format!("{e:#}")))?;
        watchers.0.push(Box::new(events));
    }
    let trained =
        train(&layout, &raw, &options, &mut watchers).map_err(|e| wrong(&format!("{e:#}")))?;
    let model = trained.model;
    file.put(model.file())?;
    file.commit(&attributes)?;
    tell!(
        "{}: {} weights, {} bytes, {}; ended: {}",
        name_of(&output),
        grouped(trained.parameters as u64),
        grouped(model.file().len() as u64),
        model.id(),
        trained.outcome.end.words()
    );
    Ok(())
}

/// What is written beside the model: a checkpoint, the curve. None of it may be data, the model,
/// or, unless it is to be overwritten, there already.
fn check_beside(args: &TrainArgs, stem: &Path, mut inputs: Inputs, model: &Path) -> Outcome<()> {
    inputs.add(model);
    let mut taken = |path: &Path, may_exist: bool| {
        let wrong = |e: &dyn std::fmt::Display| Failure::new(&name_of(path), e);
        inputs.refuse(path).map_err(|e| wrong(&e))?;
        if place(path) == place(model) {
            return Err(wrong(&"is where the model goes"));
        }
        if !may_exist && path.symlink_metadata().is_ok() {
            return Err(wrong(&"already exists; -f overwrites it"));
        }
        inputs.add(path);
        Ok(())
    };
    if let Some(path) = &args.checkpoint {
        taken(path, args.force || args.resume)?;
    }
    if args.curve {
        let mut path = stem.as_os_str().to_owned();
        path.push(".svg");
        taken(Path::new(&path), args.force)?;
    }
    Ok(())
}

/// Where a file is, or would be.
fn place(path: &Path) -> Option<(PathBuf, &std::ffi::OsStr)> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let folder = fs::canonicalize(folder.unwrap_or(Path::new("."))).ok()?;
    Some((folder, path.file_name()?))
}

fn model_path(args: &TrainArgs) -> PathBuf {
    args.output.clone().unwrap_or_else(|| {
        let first = args.files.first().map_or(Path::new("data"), |f| f);
        let stem = first.file_stem().unwrap_or(first.as_os_str());
        let mut name = stem.to_owned();
        name.push(".catmodel");
        PathBuf::from(name)
    })
}

fn options(
    args: &TrainArgs,
    preset: Preset,
    layout: &Layout,
    rows: usize,
    stop: Arc<AtomicBool>,
) -> TrainOptions {
    let names: Vec<String> = args
        .files
        .iter()
        .map(|f| name_of(Path::new(f.file_name().unwrap_or(f.as_os_str()))))
        .collect();
    let notes = args.notes.clone().unwrap_or_else(|| {
        format!(
            "trained on {} ({} records)",
            names.join(", "),
            grouped(rows as u64)
        )
    });
    let on_gpu = args.device != Place::Cpu;
    let threads = match args.threads {
        // One feeds a GPU, and no more can.
        _ if on_gpu => 1,
        0 => Learning::default().threads,
        n => n,
    };
    let default = Learning::default();
    let sequences = match args.sequences {
        Some(n) => n.max(1) as usize,
        None if on_gpu => GPU_SEQUENCES,
        None => default.sequences,
    };
    let learning = Learning {
        place: args.device,
        precision: args.precision,
        seconds: args.steps.is_none().then_some(args.minutes * 60.0),
        steps: args.steps,
        sequences: sequences.next_multiple_of(threads),
        threads,
        seed: args.seed,
        accumulate: args.accumulate.max(1) as usize,
        rate: args.learning_rate,
        decay: args.weight_decay,
        mixed: args.mixed,
        patience: args.patience as usize,
        checkpoint: args.checkpoint.clone(),
        resume: args.resume,
        stop,
        about: format!(
            "{} {} seed {} rows {rows}",
            preset.name(),
            layout.dtype(),
            args.seed
        ),
    };
    TrainOptions {
        preset,
        learning,
        notes,
    }
}

/// All files' whole records, one after another.
fn read(args: &TrainArgs) -> Outcome<(Layout, Vec<u8>)> {
    let mut layout =
        gridded(args.dtype.clone(), args.shape.as_deref()).map_err(Failure::Message)?;
    let mut all = Vec::new();
    for path in &args.files {
        let name = name_of(path);
        let raw = fs::read(path).map_err(|e| Failure::new(&name, e))?;
        if raw.is_empty() {
            return Err(Failure::new(&name, "is empty"));
        }
        let layout = layout.get_or_insert_with(|| detect(&raw[..raw.len().min(SAMPLE)]));
        let record = layout.record_size() as usize;
        if raw.len() < record {
            return Err(Failure::new(
                &name,
                format_args!("{} bytes hold no record of {record}", raw.len()),
            ));
        }
        all.extend_from_slice(&raw[..raw.len() / record * record]);
    }
    let layout = layout.ok_or_else(|| Failure::new("train", "no files"))?;
    Ok((layout, all))
}

/// Training runs a thread for each share of the data; candle must not start more of its own in
/// each. It reads their number from the environment, which only a new process has from its start.
pub fn one_thread_of_candle() {
    const NAMES: [&str; 2] = ["RAYON_NUM_THREADS", "CANDLE_NUM_THREADS"];
    if NAMES.iter().all(|name| std::env::var_os(name).is_some()) {
        return;
    }
    #[cfg(unix)]
    if let Ok(program) = std::env::current_exe() {
        use std::os::unix::process::CommandExt;
        let mut command = std::process::Command::new(program);
        command.args(std::env::args_os().skip(1));
        command.envs(NAMES.map(|name| (name, "1")));
        // Large tensors come and go: keep their pages.
        command.env("MALLOC_MMAP_THRESHOLD_", "4294967296");
        command.env("MALLOC_TRIM_THRESHOLD_", "8589934592");
        command.env("MALLOC_ARENA_MAX", "2");
        // On return it has failed: slower, but the same result.
        let _ = command.exec();
    }
}
