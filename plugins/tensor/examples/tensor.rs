//! Packs a file of tensors, unpacks it again, and says what came of it as JSON: what
//! `bench/tensor.py` runs. Seconds are those that the one thread ran, where the system tells.
//!
//! `cargo run --release -p catena-tensor --example tensor -- LEVEL FILE ARCHIVE RESTORED [BOUND]`:
//! with a bound, with a loss. One thread.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::time::Instant;

use catena_filter::Level;
use catena_tensor::LossyOptions;
use catena_tensor::archive::{PackOptions, UnpackOptions, info, pack, unpack};

type Failed = Box<dyn std::error::Error>;

fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [level, file, archive, restored, bound @ ..] = arguments.as_slice() else {
        return Err("usage: tensor LEVEL FILE ARCHIVE RESTORED [BOUND]".into());
    };
    let level = Level::new(level.parse()?).ok_or("levels are 1 to 9")?;
    let lossy = match bound {
        [bound] => Some(LossyOptions::default().with_max_rel_error(bound.parse()?)),
        _ => None,
    };
    let options = PackOptions::default()
        .with_level(level)
        .with_threads(1)
        .with_lossy(lossy);
    let clock = Clock::start();
    pack(
        &mut File::open(file)?,
        BufWriter::new(File::create(archive)?),
        &options,
        &|_| {},
    )?;
    let packing = clock.seconds();
    let clock = Clock::start();
    let unpacking = UnpackOptions::default().with_threads(1);
    let output = BufWriter::new(File::create(restored)?);
    unpack(
        BufReader::new(File::open(archive)?),
        output,
        &unpacking,
        &|_| {},
    )?;
    let seconds = [packing, clock.seconds()];
    let info = info(BufReader::new(File::open(archive)?), &unpacking)?;
    println!(
        "{}",
        serde_json::json!({ "seconds": seconds, "info": info })
    );
    Ok(())
}

/// Time that this thread ran, on Linux; else time.
struct Clock {
    start: Instant,
    ran: Option<u64>,
}

impl Clock {
    fn start() -> Self {
        Clock {
            start: Instant::now(),
            ran: ran(),
        }
    }

    fn seconds(&self) -> f64 {
        match self.ran.zip(ran()) {
            Some((before, now)) => now.saturating_sub(before) as f64 * 1e-9,
            None => self.start.elapsed().as_secs_f64(),
        }
    }
}

/// Nanoseconds that this thread has run.
fn ran() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok()
}
