//! `catena root export`: the messages. Everything else is in the crate `catena-root`.

use std::fs::File;
use std::io::{BufWriter, IsTerminal};

use catena_root::export::{ExportOptions, export};

use crate::args::ExportArgs;
use crate::output::{Output, Target};
use crate::report::{Failure, Outcome, grouped, name_of};

/// Exports one file.
pub fn run(args: &ExportArgs) -> Outcome<String> {
    let name = name_of(&args.input);
    let mut options = ExportOptions::default();
    options.codec = args.codec;
    options.keep_going = args.keep_going;
    let output = Output::open(&Target::Path(args.output.clone()), args.force, true)?;
    let Some(path) = output.path() else {
        let why = "is no file, and a ROOT file's header is written last";
        return Err(Failure::new(&output.name, why));
    };
    let to = File::options().write(true).open(path);
    let to = BufWriter::new(to.map_err(|e| Failure::writing(&output.name, e))?);
    let summary = export(&args.input, to, &options, &mut |why| {
        eprintln!("catena: {name}: left out: {why}");
    })
    .map_err(|e| Failure::new(&name, e))?;
    let after = std::fs::metadata(path).map_or(0, |m| m.len());
    let like = std::fs::metadata(&args.input).ok();
    output.commit(like.as_ref())?;
    if !args.quiet && std::io::stderr().is_terminal() {
        eprintln!(
            "{}: {} bytes; {} trees, {} branches",
            name_of(&args.output),
            grouped(after),
            summary.trees,
            summary.branches
        );
    }
    match summary.left.is_empty() {
        true => Ok(String::new()),
        false => {
            let n = summary.left.len();
            let why = format!("{n} columns, named above, are not in the output");
            Err(Failure::new(&name, why))
        }
    }
}
