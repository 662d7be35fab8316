//! `catena root`: ROOT files on the command line. What they hold is read by the crate `catena-root`.

#[cfg(feature = "h5")]
mod convert;
#[cfg(feature = "h5")]
mod export;

use std::path::Path;

use catena_root::File;
use catena_root::info::Info;
use serde::Serialize;

use crate::args::RootCommand;
use crate::report::{Failure, Outcome, name_of};

/// What `info` tells of a file.
#[derive(Debug, Serialize)]
struct FileInfo {
    file: String,
    #[serde(flatten)]
    info: Info,
}

/// One of the commands; what it has to say.
pub fn run(command: &RootCommand) -> Outcome<String> {
    match command {
        RootCommand::Info { files, json, trees } => {
            let infos = files.iter().map(|path| info(path));
            let infos: Vec<FileInfo> = infos.collect::<Outcome<_>>()?;
            if *json {
                let text = serde_json::to_string_pretty(&infos);
                return text
                    .map(|text| text + "\n")
                    .map_err(|e| Failure::new("root info", e));
            }
            let texts = infos
                .iter()
                .map(|it| format!("{}: {}", it.file, it.info.text(!trees)));
            Ok(texts.collect::<Vec<_>>().join("\n"))
        }
        #[cfg(feature = "h5")]
        RootCommand::Convert(args) => convert::run(args),
        #[cfg(feature = "h5")]
        RootCommand::Export(args) => export::run(args),
    }
}

fn info(path: &Path) -> Outcome<FileInfo> {
    let file = File::open(path).map_err(|e| Failure::new(&name_of(path), e))?;
    // A damaged file is a failure, with all that could be told of it.
    if !file.damage().is_empty() {
        let rest = Info::of(&file).text(true);
        return Err(Failure::new(
            &name_of(path),
            format_args!("damaged; what is left: {rest}"),
        ));
    }
    Ok(FileInfo {
        file: name_of(path),
        info: Info::of(&file),
    })
}
