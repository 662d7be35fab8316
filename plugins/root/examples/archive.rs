//! Packs ROOT files into archives in memory, restores and compares them, and prints one JSON object
//! a file with sizes and times: `archive [-LEVEL] [--keep FOLDER] FILE...`. `bench/root_archive.py`
//! reads it.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::time::Instant;

use catena_filter::Level;
use catena_root::archive::{PackOptions, UnpackOptions, info, pack, unpack};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut level = Level::default();
    let mut keep: Option<PathBuf> = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--keep" {
            keep = arguments.next().map(PathBuf::from);
            continue;
        }
        if let Some(number) = argument.strip_prefix('-') {
            level = Level::new(number.parse()?).ok_or("no such level")?;
            continue;
        }
        one(Path::new(&argument), level, keep.as_deref())?;
    }
    Ok(())
}

fn one(path: &Path, level: Level, keep: Option<&Path>) -> Result<(), Box<dyn std::error::Error>> {
    let file = std::fs::read(path)?;
    let mut archive = Vec::new();
    let start = Instant::now();
    let options = PackOptions::default().with_level(level);
    let summary = pack(Cursor::new(file.clone()), &mut archive, &options, &|_| {})?;
    let pack_s = start.elapsed().as_secs_f64();
    let mut back = Vec::new();
    let start = Instant::now();
    let options = UnpackOptions::default();
    unpack(archive.as_slice(), &mut back, &options, &|_| {})?;
    let unpack_s = start.elapsed().as_secs_f64();
    assert!(
        back == file,
        "{} came back with other bytes",
        path.display()
    );
    let info = info(archive.as_slice(), &options)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if let Some(folder) = keep {
        std::fs::write(folder.join(format!("{name}.croot")), &archive)?;
    }
    let told = serde_json::json!({
        "file": name,
        "bytes": file.len(),
        "archive": archive.len(),
        "ratio": archive.len() as f64 / file.len() as f64,
        "modelled": summary.modelled_bytes,
        "kept": summary.kept_bytes,
        "settings": summary.settings,
        "plain": summary.plain,
        "coded": info.coded,
        "objects": info.objects,
        "pack_s": pack_s,
        "unpack_s": unpack_s,
    });
    println!("{told}");
    Ok(())
}
