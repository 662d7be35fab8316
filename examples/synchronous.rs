//! The codec without an async runtime: `std::io` readers and writers around files.
//!
//!     cargo run --release -p catena-stream --example synchronous -- events.bin '<u8,33<f4'
//!
//! Without arguments it compresses records that it makes up.

use std::error::Error;
use std::io::{Read, Write};

use catena_filter::io::{read, write};
use catena_filter::{CompressOptions, DecompressOptions, Layout, Level};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (raw, layout) = match &args[..] {
        [path, dtype] => (std::fs::read(path)?, Layout::parse(dtype)?),
        [] => {
            let record = |i: u32| [i.to_le_bytes(), (i as f32).ln_1p().to_le_bytes()].concat();
            (
                (0..100_000).flat_map(record).collect(),
                Layout::parse("<u4,<f4")?,
            )
        }
        _ => return Err("usage: synchronous [FILE DTYPE]".into()),
    };
    let level = Level::new(5).unwrap_or_default();
    let options = CompressOptions::default()
        .with_layout(layout)
        .with_level(level);

    let mut encoder = write::Encoder::new(Vec::new(), options)?;
    // As the data comes: frames are encoded by other threads meanwhile.
    for piece in raw.chunks(10_000) {
        encoder.write_all(piece)?;
    }
    let coded = encoder.finish()?;

    let mut back = Vec::new();
    read::Decoder::new(&coded[..], DecompressOptions::default())?.read_to_end(&mut back)?;
    assert!(back == raw, "the same bytes came out");
    println!("{} bytes became {}, and came back", raw.len(), coded.len());
    Ok(())
}
