//! `catena root`: ROOT files on the command line. What they hold is read by the crate
//! `catena-root`.

mod archive;
#[cfg(feature = "h5")]
mod convert;
#[cfg(feature = "h5")]
mod export;

use std::io::Write;
use std::path::Path;

use catena_files::printable;
use catena_root::File;
use catena_root::archive::ArchiveInfo;
use catena_root::info::Info;
use serde::Serialize;

use crate::args::RootCommand;
use crate::report::{Failure, Outcome, name_of, raw_name};

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
        RootCommand::Pack(args) => archive::run_pack(args),
        RootCommand::Unpack(args) => archive::run_unpack(args),
        RootCommand::Info { files, json, trees } => {
            // What can be told is told, whatever is wrong with another file.
            let (mut infos, mut failed) = (Vec::new(), None);
            for path in files {
                match Described::of(path) {
                    Ok(info) => infos.push(info),
                    Err(failure) => {
                        if let Some(Failure::Message(before)) = failed.replace(failure) {
                            tell!("catena: {before}");
                        }
                    }
                }
            }
            let text = match *json {
                true => serde_json::to_string_pretty(&infos)
                    .map(|text| text + "\n")
                    .map_err(|e| Failure::new("root info", e))?,
                false => {
                    let texts = infos.iter().map(|it| match it {
                        Described::File(it) => {
                            format!("{}: {}", printable(&it.file), it.info.text(!trees))
                        }
                        Described::Archive(it) => archive::text(&printable(&it.file), &it.archive),
                    });
                    texts.collect::<Vec<_>>().join("\n")
                }
            };
            let Some(failure) = failed else {
                return Ok(text);
            };
            std::io::stdout()
                .write_all(text.as_bytes())
                .map_err(|e| Failure::writing("(standard output)", e))?;
            Err(failure)
        }
        #[cfg(feature = "h5")]
        RootCommand::Convert(args) => convert::run(args),
        #[cfg(feature = "h5")]
        RootCommand::Export(args) => export::run(args),
    }
}

/// A ROOT file or an archive of one.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Described {
    File(FileInfo),
    Archive(ArchivedInfo),
}

/// What `info` tells of an archive.
#[derive(Debug, Serialize)]
struct ArchivedInfo {
    file: String,
    archive: ArchiveInfo,
}

impl Described {
    fn of(path: &Path) -> Outcome<Self> {
        Ok(match archive::is_archive(path) {
            false => Described::File(info(path)?),
            true => Described::Archive(ArchivedInfo {
                file: raw_name(path),
                archive: archive::info(path)?,
            }),
        })
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
        file: raw_name(path),
        info: Info::of(&file),
    })
}
