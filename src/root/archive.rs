//! `catena root pack`, `unpack` and `info` of archives. The work is done by `catena_root::archive`.

use std::fs::File;
use std::io::{IsTerminal, Read};
use std::path::Path;

use catena_root::archive::{
    ArchiveInfo, PackOptions, Summary, UnpackOptions, info as info_of, pack, unpack,
};
use catena_root::{Error, ErrorKind};

use crate::args::{RootPackArgs, RootUnpackArgs};
use crate::input::Input;
use crate::output::{Output, Target};
use crate::progress::Watch;
use crate::report::{Failure, Outcome, grouped, name_of};

/// The first bytes of an archive.
const MAGIC: [u8; 4] = [0xCA, 0x7E, 0x4E, 0xA2];

pub fn run_pack(args: &RootPackArgs) -> Outcome<String> {
    let input = Input::open(&args.input)?;
    let name = input.name.clone();
    let total = input
        .len()
        .ok_or_else(|| Failure::new(&name, "is no file, and packing reads back and forth"))?;
    let like = input.metadata.clone();
    let mut output = Output::open(&Target::of(&args.output), args.common.force, false)?;
    let watch = Watch::new(&name, total, !args.common.quiet);
    let options = PackOptions::default()
        .with_level(args.level.level().unwrap_or_default())
        .with_threads(args.common.threads);
    let packed = pack(input.into_file(), &mut output, &options, &|n| watch.see(n));
    drop(watch);
    let summary = packed.map_err(|e| failure(&name, e))?;
    output.commit(Some(&like))?;
    if !args.common.quiet {
        if let Some(reason) = &summary.plain {
            eprintln!("{name}: packed as plain bytes: {reason}");
        }
        if std::io::stderr().is_terminal() {
            eprintln!("{}: {}", name_of(&args.output), told(&summary));
        }
    }
    Ok(String::new())
}

pub fn run_unpack(args: &RootUnpackArgs) -> Outcome<String> {
    let input = Input::open(&args.input)?;
    let name = input.name.clone();
    let like = input.metadata.clone();
    let mut output = Output::open(&Target::of(&args.output), args.common.force, false)?;
    let watch = Watch::new(&name, 0, !args.common.quiet);
    let options = UnpackOptions::default()
        .with_threads(args.common.threads)
        .with_memory_limit(args.memory_limit.saturating_mul(1 << 20));
    let unpacked = unpack(input, &mut output, &options, &|n| watch.see(n));
    drop(watch);
    unpacked.map_err(|e| failure(&name, e))?;
    output.commit(Some(&like))?;
    Ok(String::new())
}

/// Whether the file begins like an archive.
pub fn is_archive(path: &Path) -> bool {
    let mut magic = [0; 4];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut magic));
    read.is_ok() && magic == MAGIC
}

/// What an archive says of itself.
pub fn info(path: &Path) -> Outcome<ArchiveInfo> {
    let name = name_of(path);
    let file = File::open(path).map_err(|e| Failure::new(&name, e))?;
    let file = std::io::BufReader::new(file);
    info_of(file, &UnpackOptions::default()).map_err(|e| failure(&name, e))
}

/// The same in words.
pub fn text(name: &str, info: &ArchiveInfo) -> String {
    let share = |part: u64| match info.file_bytes {
        0 => "0".into(),
        all => format!("{:.1}", 100.0 * part as f64 / all as f64),
    };
    let still = info.plain_bytes.saturating_add(info.kept_bytes);
    let [described, between, objects, rows, joined] = info.coded;
    let [shaped, plain, others, kept] = info.objects;
    let mut text = format!(
        "{name}: archive of {} bytes in {}; {} % taken apart, {} % as plain bytes, {} % kept compressed\n",
        grouped(info.file_bytes),
        grouped(info.archive_bytes),
        share(info.file_bytes.saturating_sub(still)),
        share(info.plain_bytes),
        share(info.kept_bytes),
    );
    text += &format!(
        "  baskets: {shaped} in columns, {plain} as plain bytes; {others} other objects; {kept} kept compressed\n"
    );
    text += &format!(
        "  coded bytes: columns {}, short columns {}, objects {}, between objects {}, description {}\n",
        grouped(rows),
        grouped(joined),
        grouped(objects),
        grouped(between),
        grouped(described),
    );
    let settings = info.settings.iter().map(|(name, n)| format!("{name} {n}"));
    let settings: Vec<_> = settings.collect();
    text + &format!("  objects by codec: {}\n", settings.join(", "))
}

fn failure(name: &str, error: Error) -> Failure {
    match error.kind() {
        ErrorKind::Io(io) if io.kind() == std::io::ErrorKind::BrokenPipe => Failure::BrokenPipe,
        _ => Failure::new(name, error),
    }
}

fn told(summary: &Summary) -> String {
    let share = 100.0 * summary.modelled_bytes as f64 / summary.file_bytes.max(1) as f64;
    format!(
        "{} to {} bytes; {share:.1} % modelled",
        grouped(summary.file_bytes),
        grouped(summary.archive_bytes),
    )
}
