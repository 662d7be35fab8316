//! Reading a part of a compressed file: only the frames that it needs are read and decoded.
//!
//!     cargo run --release -p catena-stream --example range -- events.bin.cat 1000000 4096
//!
//! Without arguments it makes a file of its own.

use std::error::Error;
use std::fs::File;

use catena_filter::{Archive, CompressOptions, Layout, compress};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let folder = tempfile::tempdir()?;
    let (path, offset, len) = match &args[..] {
        [path, offset, len] => (path.into(), offset.parse()?, len.parse()?),
        [] => {
            let raw: Vec<u8> = (0..500_000u32)
                .flat_map(|i| (i as f32).sqrt().to_le_bytes())
                .collect();
            // Small key frames can be reached without the frames before them; they cost ratio.
            let options = CompressOptions::default()
                .with_layout(Layout::parse("<f4")?)
                .with_frame_size(64 << 10)
                .with_key_every(4);
            let path = folder.path().join("roots.cat");
            std::fs::write(&path, compress(&raw, &options)?)?;
            (path, 1_234_568, 16)
        }
        _ => return Err("usage: range [FILE OFFSET LENGTH]".into()),
    };
    let mut archive = Archive::open(File::open(path)?)?;
    println!(
        "{} raw bytes in {} frames",
        archive.len(),
        archive.frames().len()
    );
    let mut part = vec![0; len];
    archive.read_at(offset, &mut part)?;
    for (i, four) in part.chunks_exact(4).take(4).enumerate() {
        let value = f32::from_le_bytes([four[0], four[1], four[2], four[3]]);
        println!("byte {}: {value}", offset + 4 * i as u64);
    }
    Ok(())
}
