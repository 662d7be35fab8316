//! The command line: catena with the habits of zstd and xz. This file reads the arguments and gives
//! the exit status.

// What may fail has an error, or an `expect` that says why it cannot fail.
#![cfg_attr(not(test), deny(clippy::unwrap_used))]
// They panic when nobody listens.
#![deny(clippy::print_stderr, clippy::print_stdout)]

/// `eprintln`, but that a standard error which takes nothing stops no work.
macro_rules! tell {
    ($($what:tt)*) => {
        $crate::stdio::tell(format_args!($($what)*))
    };
}

#[cfg(any(feature = "root", feature = "tensor"))]
mod archive;
mod args;
mod bench;
mod compare;
mod costs;
mod demo;
mod environment;
#[cfg(feature = "train")]
mod eval;
mod foreign;
#[cfg(feature = "h5")]
mod h5;
#[cfg(all(feature = "h5", feature = "train"))]
mod h5_train;
mod input;
mod job;
mod levels;
mod list;
mod man;
mod models;
mod naming;
mod output;
mod progress;
mod pump;
mod range;
mod repair;
mod report;
#[cfg(feature = "root")]
mod root;
mod signals;
mod stdio;
mod summary;
#[cfg(feature = "tensor")]
mod tensor;
mod text_list;
#[cfg(feature = "train")]
mod train;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::CommandFactory;

use crate::args::{Args, Command, Mode};
use crate::job::Job;
use crate::report::{Failure, Outcome, Report};

/// A file failed.
const FAILED: u8 = 1;
/// The arguments make no sense. The parser uses the same number.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let args = match args::parse(std::env::args_os()) {
        Ok(args) => args,
        Err(error) => return answer(&error),
    };
    let report = Report::new(&args);
    if let Err(e) = signals::watch() {
        report.error(&Failure::new("signals", e));
        return ExitCode::from(FAILED);
    }
    let failures = match &args.command {
        Some(command) => run_command(command, report).err().into_iter().collect(),
        None => {
            let models = match models::asked_for(&args) {
                Ok(models) => models,
                Err(failure) => {
                    report.error(&failure);
                    return ExitCode::from(FAILED);
                }
            };
            let job = match Job::new(&args, models, report) {
                Ok(job) => job,
                Err(message) => {
                    report.error(&Failure::Message(message));
                    return ExitCode::from(USAGE);
                }
            };
            run_files(&args, &job, report)
        }
    };
    if failures
        .iter()
        .any(|failure| matches!(failure, Failure::BrokenPipe))
    {
        signals::die_of_broken_pipe();
    }
    // Commands report here; files were reported as they failed.
    if args.command.is_some() {
        failures.iter().for_each(|failure| report.error(failure));
    }
    if failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(FAILED)
    }
}

/// Help and version go to standard output, as anything that was asked for, and may fail there;
/// wrong usage is told on standard error.
fn answer(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        // The message repeats what was written, which may be a file's name.
        let plain = |arg: std::ffi::OsString| !arg.to_string_lossy().contains(char::is_control);
        match std::env::args_os().all(plain) {
            true => drop(error.print()),
            false => {
                for line in error.to_string().lines() {
                    tell!("{}", catena_files::printable(line));
                }
            }
        }
        return ExitCode::from(USAGE);
    }
    let printed = stdio::output().and_then(|_| error.print());
    match printed.and_then(|()| io::stdout().flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => match Failure::writing(stdio::OUT, e) {
            Failure::Message(message) => {
                tell!("catena: {message}");
                ExitCode::from(FAILED)
            }
            _ => signals::die_of_broken_pipe(),
        },
    }
}

/// Every file, whatever became of the ones before it. Returns what failed.
fn run_files(args: &Args, job: &Job<'_>, report: Report) -> Vec<Failure> {
    let stdin = [PathBuf::from("-")];
    let files: &[PathBuf] = if args.files.is_empty() {
        &stdin
    } else {
        &args.files
    };
    let mut list = list::Listing::new(args, job.decompress_options());
    let mut failures = Vec::new();
    let mut one = |path: &Path| match args.mode() {
        Mode::List => list.add(path),
        _ => job.run(path),
    };
    for path in files {
        if let Err(failure) = one(path) {
            report.error(&failure);
            let broken = matches!(failure, Failure::BrokenPipe);
            failures.push(failure);
            if broken {
                return failures;
            }
        }
    }
    if args.mode() == Mode::List
        && let Err(failure) = list.finish()
    {
        report.error(&failure);
        failures.push(failure);
    }
    failures
}

fn run_command(command: &Command, report: Report) -> Outcome<()> {
    let mut out = Vec::new();
    match command {
        Command::Demo { all_fields } => return demo::run(*all_fields),
        Command::Bench(args) => out = bench::run(args)?.into_bytes(),
        Command::Model { command } => out = models::run(command)?.into_bytes(),
        #[cfg(feature = "train")]
        Command::Train(args) => return train::run(args),
        #[cfg(feature = "train")]
        Command::Eval(args) => out = eval::run(args)?.into_bytes(),
        Command::Repair {
            files,
            dry_run,
            force,
            memory,
        } => return repair::run(files, *dry_run, *force, *memory, report),
        #[cfg(feature = "h5")]
        Command::H5 { command } => out = h5::run(command)?.into_bytes(),
        #[cfg(feature = "root")]
        Command::Root { command } => out = root::run(command)?.into_bytes(),
        #[cfg(feature = "tensor")]
        Command::Tensor { command } => out = tensor::run(command)?.into_bytes(),
        Command::Completions { shell } => {
            clap_complete::generate(*shell, &mut Args::command(), "catena", &mut out)
        }
        Command::Man => out = man::page().map_err(|e| Failure::new("man", e))?,
    }
    stdio::print(&out)
}
