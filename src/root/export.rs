//! `catena root export`: the messages. Everything else is in the crate `catena-root`.

use std::io::{BufWriter, IsTerminal};

use catena_files::{Attributes, Inputs};
use catena_root::export::{ExportOptions, export};

use crate::args::ExportArgs;
use crate::output::Output;
use crate::report::{Failure, Outcome, grouped, name_of};

/// Exports one file.
pub fn run(args: &ExportArgs) -> Outcome<String> {
    let name = name_of(&args.input);
    let mut options = ExportOptions::default();
    options.codec = args.codec;
    options.keep_going = args.keep_going;
    let like = std::fs::metadata(&args.input).map_err(|e| Failure::new(&name, e))?;
    let mut output = Output::open_file(&args.output, args.force, &Inputs::of([&args.input]))?;
    let writing = |e| Failure::writing(&name_of(&args.output), e);
    let to = BufWriter::new(output.file().try_clone().map_err(writing)?);
    let summary = export(&args.input, to, &options, &mut |why| {
        tell!("catena: {name}: left out: {why}");
    })
    .map_err(|e| Failure::new(&name, e))?;
    let after = output.file().metadata().map_or(0, |m| m.len());
    output.commit(&Attributes::like(&like)).map_err(writing)?;
    if !args.quiet && std::io::stderr().is_terminal() {
        tell!(
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
