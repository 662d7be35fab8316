//! `catena tensor`: files of tensors on the command line. The work is done by the crate
//! `catena-tensor`.

use std::fs::File;
use std::io::{BufReader, IsTerminal};
use std::path::Path;

use catena::Level;
use catena_files::printable;
use catena_tensor::archive::{
    ArchiveInfo, PackOptions, TensorInfo, UnpackOptions, info, pack, unpack,
};
use catena_tensor::{Error, ErrorKind, Loss, LossyOptions};
use serde::Serialize;

use crate::archive::{self, Cause, failure};
use crate::args::{TensorCommand, TensorPackArgs, TensorUnpackArgs};
use crate::report::{Failure, Outcome, grouped, name_of, raw_name};

/// One of the commands; what it has to say.
pub fn run(command: &TensorCommand) -> Outcome<String> {
    match command {
        TensorCommand::Pack(args) => run_pack(args),
        TensorCommand::Unpack(args) => run_unpack(args),
        TensorCommand::Info { files, json } => {
            let infos = files.iter().map(|path| Described::of(path));
            let infos: Vec<Described> = infos.collect::<Outcome<_>>()?;
            if *json {
                let text = serde_json::to_string_pretty(&infos);
                return text
                    .map(|text| text + "\n")
                    .map_err(|e| Failure::new("tensor info", e));
            }
            let texts = infos
                .iter()
                .map(|it| text(&printable(&it.file), &it.archive));
            Ok(texts.collect::<Vec<_>>().join("\n"))
        }
    }
}

fn run_pack(args: &TensorPackArgs) -> Outcome<String> {
    let lossy = LossyOptions::default()
        .with_max_rel_error(args.max_rel_error)
        .with_max_pruned(args.max_pruned);
    // Models gain little on quantised integers, and CAQ counts their time.
    let level = match args.lossy {
        true => args.level.level().unwrap_or(Level::MIN),
        false => args.level.or(Level::default()),
    };
    let options = PackOptions::default()
        .with_level(level)
        .with_threads(args.common.threads)
        .with_lossy(args.lossy.then_some(lossy));
    let (input, common) = (&args.input, &args.common);
    let (name, summary) = archive::pack(input, &args.output, common, |file, output, watch| {
        pack(&mut file.into_file(), output, &options, &|n| watch.see(n))
    })?;
    if !args.common.quiet {
        for note in &summary.notes {
            tell!("{name}: {note}");
        }
        for tensor in &summary.tensors {
            if let Some(loss) = &tensor.loss {
                tell!("{name}: {}: {}", shown(&tensor.name), lost(loss));
            }
        }
        if std::io::stderr().is_terminal() || args.lossy {
            let kind = if args.lossy { ", with a loss" } else { "" };
            tell!(
                "{}: {} to {} bytes{kind}; {} tensors",
                name_of(&args.output),
                grouped(summary.file_bytes),
                grouped(summary.archive_bytes),
                summary.tensors.len(),
            );
        }
    }
    Ok(String::new())
}

fn run_unpack(args: &TensorUnpackArgs) -> Outcome<String> {
    let options = UnpackOptions::default()
        .with_threads(args.common.threads)
        .with_memory_limit(args.memory_limit.saturating_mul(1 << 20))
        .with_output_limit(args.max_output.unwrap_or(u64::MAX));
    let (input, common) = (&args.input, &args.common);
    let (name, restored) = archive::unpack(input, &args.output, common, |file, output, watch| {
        unpack(file, output, &options, &|n| watch.see(n))
    })?;
    if restored.lossy && !args.common.quiet {
        tell!(
            "{name}: was packed with a loss: this is not the file that was packed; info says what was lost"
        );
    }
    Ok(String::new())
}

/// What `info` tells of an archive.
#[derive(Debug, Serialize)]
struct Described {
    file: String,
    #[serde(flatten)]
    archive: ArchiveInfo,
}

impl Described {
    fn of(path: &Path) -> Outcome<Self> {
        let name = name_of(path);
        let file = File::open(path).map_err(|e| Failure::new(&name, e))?;
        let archive = info(BufReader::new(file), &UnpackOptions::default());
        Ok(Described {
            archive: archive.map_err(|e| failure(&name, e))?,
            file: raw_name(path),
        })
    }
}

fn text(name: &str, info: &ArchiveInfo) -> String {
    let kind = match info.format.as_str() {
        "" => "archive without a catalogue".to_owned(),
        format => format!("archive of a {format} file"),
    };
    let loss = if info.lossy { ", LOSSY" } else { "" };
    let mut text = format!(
        "{name}: {kind}{loss}: {} bytes in {}, ratio {:.3}; {} tensors\n",
        grouped(info.file_bytes),
        grouped(info.archive_bytes),
        ratio(info.file_bytes, info.archive_bytes),
        info.tensors.len(),
    );
    for tensor in &info.tensors {
        text += &line(tensor);
    }
    for note in &info.notes {
        text += &format!("  {note}\n");
    }
    text
}

fn line(tensor: &TensorInfo) -> String {
    let shape: Vec<String> = tensor.shape.iter().map(u64::to_string).collect();
    let mut line = format!(
        "  {}  {} [{}]  {} bytes in {}, ratio {:.3}",
        shown(&tensor.name),
        tensor.dtype.escape_debug(),
        shape.join(", "),
        grouped(tensor.bytes),
        grouped(tensor.archive_bytes),
        ratio(tensor.bytes, tensor.archive_bytes),
    );
    if let Some(loss) = &tensor.loss {
        line += &format!("\n    lost: {}", lost(loss));
    }
    line + "\n"
}

/// A name from a file, fit for a terminal.
fn shown(name: &str) -> String {
    match name {
        "" => "(array)".into(),
        name => name.escape_debug().to_string(),
    }
}

fn lost(loss: &Loss) -> String {
    format!(
        "largest error {:.3e} ({:.3e} of its channel's largest), mean {:.3e} ({:.3e}); {:.1} % pruned, {:.1} % became zero; {:.1} bits a value",
        loss.max_error,
        loss.max_rel_error,
        loss.mean_error,
        loss.mean_rel_error,
        100.0 * loss.pruned,
        100.0 * loss.zeroed,
        loss.bits,
    )
}

fn ratio(raw: u64, coded: u64) -> f64 {
    raw as f64 / coded.max(1) as f64
}

impl Cause for Error {
    fn io(&self) -> Option<&std::io::Error> {
        match self.kind() {
            ErrorKind::Io(io) => Some(io),
            _ => None,
        }
    }
}
