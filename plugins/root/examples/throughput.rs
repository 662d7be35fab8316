//! Reads all columns of ROOT files batch by batch and says how fast: what an analysis would wait
//! for.
//!
//! ```sh
//! cargo run --release -p catena-root --example throughput -- events.root
//! ```
//!
//! On a busy machine, look at the process's CPU time (`time`) instead.

use std::time::Instant;

use catena_root::File;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for path in std::env::args().skip(1) {
        let start = Instant::now();
        let file = File::open(&path)?;
        let (mut bytes, mut entries) = (0, 0);
        for key in file.trees() {
            let tree = file.open_tree(&key)?;
            entries += tree.entries();
            for batch in tree.read(&tree.readable(), 0..tree.entries())? {
                bytes += batch?.columns.iter().map(|c| c.bytes()).sum::<usize>();
            }
        }
        let seconds = start.elapsed().as_secs_f64();
        let megabytes = bytes as f64 / 1e6;
        println!(
            "{path}: {entries} entries, {megabytes:.1} MB of columns in {seconds:.3} s, {:.0} MB/s",
            megabytes / seconds
        );
    }
    Ok(())
}
