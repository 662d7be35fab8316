//! `catena root convert`: the messages. Everything else is in the crate `catena-root`.

use std::io::IsTerminal;

use catena::Level;
use catena_h5::PackOptions;
use catena_root::convert::{ConvertOptions, Event, Summary, convert};
use glob::Pattern;

use crate::args::ConvertArgs;
use crate::h5;
use crate::output::{Output, Scratch, Target};
use crate::progress::LateProgress;
use crate::report::{Failure, Outcome, grouped, name_of};

/// Converts one file.
pub fn run(args: &ConvertArgs) -> Outcome<String> {
    h5::ready(&args.models);
    let name = name_of(&args.input);
    let (keep, drop) = patterns(args).map_err(|e| Failure::new("root convert", e))?;
    let mut options = ConvertOptions::default();
    options.trees = args.tree.clone();
    (options.keep, options.drop) = (keep, drop);
    options.entries = args.entries.clone().unwrap_or(0..u64::MAX);
    options.layout = args.layout;
    let level = h5::level(args.level, &args.models, "root convert")?;
    options.keep_going = args.keep_going;
    options.threads = args.common.threads;

    let output = Output::open(&Target::Path(args.output.clone()), args.common.force, true)?;
    let Some(path) = output.path() else {
        return Err(Failure::new(
            &output.name,
            "is no file, and HDF5 writes back and forth",
        ));
    };
    let quiet = args.common.quiet;
    let bar = LateProgress::new(&name, !quiet);
    let tell = |event| see(&bar, &name, quiet, event);
    let summary = if args.models.are_wanted() {
        // Models are for whole datasets: these are written first, quickly, and then packed.
        let scratch = Scratch::beside(path)?;
        options.level = Level::new(1).unwrap_or_default();
        let summary = convert(&args.input, scratch.path(), &options, &tell)
            .map_err(|e| Failure::new(&name, e))?;
        let packing = PackOptions {
            level,
            threads: args.common.threads,
            ..PackOptions::default()
        };
        let tell = |event: catena_h5::Event<'_>| h5::see(&bar, event);
        h5::pack_with(&args.models, scratch.path(), path, packing, quiet, &tell)?;
        summary
    } else {
        options.level = level;
        convert(&args.input, path, &options, &tell).map_err(|e| Failure::new(&name, e))?
    };
    std::mem::drop(bar);
    let before = std::fs::metadata(&args.input).map_or(0, |m| m.len());
    let after = std::fs::metadata(path).map_or(0, |m| m.len());
    let like = std::fs::metadata(&args.input).ok();
    output.commit(like.as_ref())?;
    if !args.common.quiet && std::io::stderr().is_terminal() {
        eprintln!(
            "{}: {}",
            name_of(&args.output),
            told(&summary, before, after)
        );
    }
    match summary.is_complete() {
        true => Ok(String::new()),
        false => {
            let n = summary.left.iter().filter(|left| left.fatal).count();
            let why = format!("{n} parts of the file, named above, are not in the output");
            Err(Failure::new(&name, why))
        }
    }
}

fn told(summary: &Summary, before: u64, after: u64) -> String {
    format!(
        "{} to {} bytes; {} trees, {} branches",
        grouped(before),
        grouped(after),
        summary.trees,
        summary.branches
    )
}

/// Branches to take and to drop.
fn patterns(args: &ConvertArgs) -> Result<(Vec<Pattern>, Vec<Pattern>), String> {
    let parse = |glob: &str| Pattern::new(glob).map_err(|e| format!("'{glob}': {e}"));
    let (mut keep, mut drop) = (Vec::new(), Vec::new());
    for glob in &args.branch {
        match glob.strip_prefix('!') {
            Some(glob) => drop.push(parse(glob)?),
            None => keep.push(parse(glob)?),
        }
    }
    for glob in &args.drop {
        drop.push(parse(glob)?);
    }
    Ok((keep, drop))
}

/// Shows what the library tells, as messages and a bar.
fn see(bar: &LateProgress<'_>, name: &str, quiet: bool, event: Event) {
    match event {
        Event::Left(left) if left.fatal || !quiet => {
            eprintln!("catena: {name}: left out: {left}");
        }
        Event::Total(total) => bar.total(total),
        Event::Bytes(raw, coded) => bar.add(raw, coded),
        _ => {}
    }
}
