//! Catena beside the codecs that everybody has, on bytes in memory, each in one thread:
//! `catena demo` and `catena bench`.

pub mod caq;
mod catena_codec;
mod peers;

use std::time::{Duration, Instant};

use catena::Layout;

pub use catena_codec::at;
pub use peers::all as peers;

/// A codec in the comparison.
pub trait Codec {
    /// As the table names it.
    fn name(&self) -> String;
    /// Whether it learns from the data as it goes, and chooses by it.
    fn is_adaptive(&self) -> bool {
        false
    }
    /// Coded bytes.
    fn compress(&self, raw: &[u8], layout: &Layout) -> Result<Vec<u8>, String>;
    /// The raw bytes again, `raw_len` of them.
    fn decompress(&self, coded: &[u8], layout: &Layout, raw_len: usize) -> Result<Vec<u8>, String>;
}

/// What a codec did with some bytes.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// Coded bytes.
    pub coded: u64,
    /// Time of a processor, each way.
    pub compress: Duration,
    /// And back.
    pub decompress: Duration,
}

/// Why there is no measurement.
#[derive(Debug)]
pub enum Unmeasured {
    /// The codec does not take such bytes, or failed.
    Refused(String),
    /// Other bytes came back.
    Different,
}

impl std::fmt::Display for Unmeasured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Unmeasured::Refused(why) => f.write_str(why),
            Unmeasured::Different => f.write_str("came back different"),
        }
    }
}

/// Compresses, decompresses, compares.
pub fn measure(codec: &dyn Codec, raw: &[u8], layout: &Layout) -> Result<Measured, Unmeasured> {
    let (coded, compress) = timed(|| codec.compress(raw, layout)).map_err(Unmeasured::Refused)?;
    let back = || codec.decompress(&coded, layout, raw.len());
    let (back, decompress) = timed(back).map_err(Unmeasured::Refused)?;
    if back != raw {
        return Err(Unmeasured::Different);
    }
    Ok(Measured {
        coded: coded.len() as u64,
        compress,
        decompress,
    })
}

/// The result and the best time of a few runs; slow codecs run once.
fn timed<T>(mut run: impl FnMut() -> Result<T, String>) -> Result<(T, Duration), String> {
    const ENOUGH: Duration = Duration::from_millis(150);
    let begin = Instant::now();
    let mut best = Duration::MAX;
    loop {
        let started = processor();
        let result = run()?;
        best = best.min(processor().saturating_sub(started));
        if begin.elapsed() > ENOUGH {
            return Ok((result, best));
        }
    }
}

/// Time that this process has had processors for; where that cannot be asked, time on the clock.
fn processor() -> Duration {
    #[cfg(unix)]
    {
        use rustix::time::{ClockId, clock_gettime};
        let now = clock_gettime(ClockId::ProcessCPUTime);
        Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec as u32)
    }
    #[cfg(not(unix))]
    {
        static BEGUN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        BEGUN.get_or_init(Instant::now).elapsed()
    }
}
