//! Converts a ROOT file to HDF5 with the library alone: `convert IN.root OUT.h5 [LEVEL]`.

use std::path::Path;

use catena_filter::Level;
use catena_root::convert::{ConvertOptions, Event, convert};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    let [_, input, output, rest @ ..] = &args[..] else {
        return Err("convert IN.root OUT.h5 [LEVEL]".into());
    };
    let mut options = ConvertOptions::default();
    options.keep_going = true;
    if let Some(level) = rest.first() {
        options.level = Level::new(level.parse()?).ok_or("levels are 1 to 9")?;
    }
    let told = |event: Event| {
        if let Event::Left(left) = event {
            eprintln!("left out: {left}");
        }
    };
    let summary = convert(Path::new(input), Path::new(output), &options, &told)?;
    println!("{} trees, {} branches", summary.trees, summary.branches);
    Ok(())
}
