//! Exports an HDF5 file to ROOT with the library alone: `export IN.h5 OUT.root`.

use std::path::Path;

use catena_root::export::{ExportOptions, export};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    let [_, input, output] = &args[..] else {
        return Err("export IN.h5 OUT.root".into());
    };
    let mut options = ExportOptions::default();
    options.keep_going = true;
    let out = std::io::BufWriter::new(std::fs::File::create(output)?);
    let summary = export(Path::new(input), out, &options, &mut |why| {
        eprintln!("left out: {why}");
    })?;
    println!("{} trees, {} branches", summary.trees, summary.branches);
    Ok(())
}
