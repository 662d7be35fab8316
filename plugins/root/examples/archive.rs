//! Packs ROOT files into archives in memory, restores and compares them, and prints sizes and times: `archive [-LEVEL] FILE...`.

use std::io::Cursor;
use std::time::Instant;

use catena_filter::Level;
use catena_root::archive::{PackOptions, UnpackOptions, info, pack, unpack};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut level = Level::default();
    for argument in std::env::args().skip(1) {
        if let Some(number) = argument.strip_prefix('-') {
            level = Level::new(number.parse()?).ok_or("no such level")?;
            continue;
        }
        let file = std::fs::read(&argument)?;
        let options = PackOptions::default().with_level(level).with_verify(false);
        let mut archive = Vec::new();
        let start = Instant::now();
        let summary = pack(Cursor::new(file.clone()), &mut archive, &options, &|_| {})?;
        let pack_time = start.elapsed();
        let start = Instant::now();
        let mut back = Vec::new();
        unpack(archive.as_slice(), &mut back, &UnpackOptions::default(), &|_| {})?;
        let unpack_time = start.elapsed();
        assert!(back == file, "{argument} came back with other bytes");
        let name = argument.rsplit('/').next().unwrap_or_default();
        println!(
            "{name}: {} to {}, {:.4}; modelled {:.3}; packed in {:.1} s, unpacked in {:.1} s",
            file.len(),
            archive.len(),
            archive.len() as f64 / file.len() as f64,
            summary.modelled_bytes as f64 / file.len() as f64,
            pack_time.as_secs_f64(),
            unpack_time.as_secs_f64()
        );
        if let Some(reason) = &summary.plain {
            println!("  as plain bytes: {reason}");
        }
        let info = info(archive.as_slice(), &UnpackOptions::default())?;
        println!("  {:?}, kept {}", summary.settings, summary.kept_bytes);
        println!("  coded {:?}, objects {:?}", info.coded, info.objects);
    }
    Ok(())
}
