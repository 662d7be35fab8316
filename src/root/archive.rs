//! `catena root pack`, `unpack` and `info` of archives. The work is done by `catena_root::archive`.

use std::fs::File;
use std::io::{IsTerminal, Read};
use std::path::Path;

use catena::Level;
use catena_root::archive::{
    ArchiveInfo, PackOptions, Summary, UnpackOptions, info as info_of, pack, unpack,
};
use catena_root::{Error, ErrorKind};

use crate::archive::{self, Cause, failure};
use crate::args::{RootPackArgs, RootUnpackArgs};
use crate::report::{Failure, Outcome, grouped, name_of};

/// The first bytes of an archive.
const MAGIC: [u8; 4] = [0xCA, 0x7E, 0x4E, 0xA2];

pub fn run_pack(args: &RootPackArgs) -> Outcome<String> {
    let options = PackOptions::default()
        .with_level(args.level.or(Level::default()))
        .with_threads(args.common.threads);
    let (input, common) = (&args.input, &args.common);
    let (name, summary) = archive::pack(input, &args.output, common, |file, output, watch| {
        pack(file.into_file(), output, &options, &|n| watch.see(n))
    })?;
    if !common.quiet {
        if let Some(reason) = &summary.plain {
            tell!("{name}: packed as plain bytes: {reason}");
        }
        if std::io::stderr().is_terminal() {
            tell!("{}: {}", name_of(&args.output), told(&summary));
        }
    }
    Ok(String::new())
}

pub fn run_unpack(args: &RootUnpackArgs) -> Outcome<String> {
    let options = UnpackOptions::default()
        .with_threads(args.common.threads)
        .with_memory_limit(args.memory_limit.saturating_mul(1 << 20))
        .with_output_limit(args.max_output.unwrap_or(u64::MAX));
    let (input, common) = (&args.input, &args.common);
    archive::unpack(input, &args.output, common, |file, output, watch| {
        unpack(file, output, &options, &|n| watch.see(n))
    })?;
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

impl Cause for Error {
    fn io(&self) -> Option<&std::io::Error> {
        match self.kind() {
            ErrorKind::Io(io) => Some(io),
            _ => None,
        }
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
