//! Prints the layout that detection finds for each file, and what it took: `detect FILE...`.

use std::time::Instant;

use catena_filter::layout::detect;

/// As much as detection is given of a stream.
const SAMPLE: usize = 1 << 20;

fn main() -> std::io::Result<()> {
    for path in std::env::args().skip(1) {
        let data = std::fs::read(&path)?;
        let sample = &data[..data.len().min(SAMPLE)];
        let mut fastest = f64::MAX;
        for _ in 0..5 {
            let start = Instant::now();
            std::hint::black_box(detect(std::hint::black_box(sample)));
            fastest = fastest.min(start.elapsed().as_secs_f64());
        }
        println!(
            "{:8.2} ms  {:40}  {}",
            fastest * 1e3,
            path.rsplit('/').next().unwrap_or(&path),
            detect(sample)
        );
    }
    Ok(())
}
