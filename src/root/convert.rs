//! `catena root convert`: the messages. Everything else is in the crate `catena-root`.

use std::path::Path;

use catena::Level;
use catena_files::Scratch;
use catena_h5::PackOptions;
use catena_root::convert::{ConvertOptions, Event, Summary, convert};
use glob::Pattern;

use crate::args::ConvertArgs;
use crate::h5::{self, Models};
use crate::progress::LateProgress;
use crate::report::{Failure, Outcome, name_of};

/// Converts one file.
pub fn run(args: &ConvertArgs) -> Outcome<String> {
    let models = Models::find(args.level, &args.models, "root convert")?;
    let name = name_of(&args.input);
    let (keep, drop) = patterns(args).map_err(|e| Failure::new("root convert", e))?;
    let mut options = ConvertOptions::default();
    options.trees = args.tree.clone();
    (options.keep, options.drop) = (keep, drop);
    options.entries = args.entries.clone().unwrap_or(0..u64::MAX);
    options.layout = args.layout;
    options.keep_going = args.keep_going;
    options.threads = args.common.threads;

    let quiet = args.common.quiet;
    let summary = h5::write(
        &args.input,
        args.models.file(),
        &args.output,
        &args.common,
        told,
        |path, bar| {
            let mut to = |path: &Path, level| {
                options.level = level;
                let tell = |event| see(bar, &name, quiet, event);
                convert(&args.input, path, &options, &tell).map_err(|e| Failure::new(&name, e))
            };
            if !models.wanted {
                return to(path, models.level);
            }
            // Models are for whole datasets: these are written first, quickly, and then packed.
            let scratch = Scratch::beside(path).map_err(|e| Failure::new(&name, e))?;
            let summary = to(scratch.path(), Level::MIN)?;
            let packing = PackOptions {
                threads: args.common.threads,
                ..PackOptions::default()
            };
            models.pack(scratch.path(), path, packing, quiet, bar)?;
            Ok(summary)
        },
    )?;
    match summary.is_complete() {
        true => Ok(String::new()),
        false => {
            let n = summary.left.iter().filter(|left| left.fatal).count();
            let why = format!("{n} parts of the file, named above, are not in the output");
            Err(Failure::new(&name, why))
        }
    }
}

fn told(summary: &Summary) -> String {
    format!("{} trees, {} branches", summary.trees, summary.branches)
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
            let how = if left.renamed { "" } else { "left out: " };
            tell!("catena: {name}: {how}{left}");
        }
        Event::Total(total) => bar.total(total),
        Event::Bytes(raw, coded) => bar.add(raw, coded),
        _ => {}
    }
}
