//! The measuring process: one job from standard input, one answer to standard output.

use std::io::Read;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use rustix::time::{ClockId, clock_gettime};

use crate::codec;
use crate::job::{Direction, Found, Job};

/// Reads a job, runs it, prints what was found.
pub fn serve() -> Result<()> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let job: Job = serde_json::from_str(&text).context("reading the job")?;
    let found = run(&job)?;
    println!("{}", serde_json::to_string(&found)?);
    Ok(())
}

/// Runs a job in this process.
pub fn run(job: &Job) -> Result<Found> {
    match job.direction {
        Direction::Encode => {
            let raw = read_raw(job)?;
            let (coded, found) = timed(job.repeat, || codec::encode(job, &raw))?;
            std::fs::write(&job.blob, &coded)?;
            Ok(Found {
                bytes: coded.len() as u64,
                ..found
            })
        }
        Direction::Decode => {
            let coded = std::fs::read(&job.blob)?;
            let raw_len = raw_len(job)?;
            let (raw, found) = timed(job.repeat, || codec::decode(job, &coded, raw_len))?;
            if raw != read_raw(job)? {
                bail!("{} did not give {} back", job.codec, job.file.display());
            }
            Ok(Found {
                bytes: coded.len() as u64,
                ..found
            })
        }
    }
}

fn raw_len(job: &Job) -> Result<usize> {
    let len = std::fs::metadata(&job.file)?.len();
    Ok(job.head.map_or(len, |h| h.min(len)) as usize)
}

fn read_raw(job: &Job) -> Result<Vec<u8>> {
    let mut raw = Vec::new();
    let file = std::fs::File::open(&job.file).with_context(|| job.file.display().to_string())?;
    file.take(job.head.unwrap_or(u64::MAX))
        .read_to_end(&mut raw)?;
    Ok(raw)
}

/// The fastest of `repeat` runs, and the memory that the first of them took.
fn timed(repeat: u32, mut work: impl FnMut() -> Result<Vec<u8>>) -> Result<(Vec<u8>, Found)> {
    let rest = memory("VmRSS")?;
    // From here on the kernel counts the peak anew. Where it does not let us, the peak of the
    // process stands in.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let mut best: Option<(Vec<u8>, Found)> = None;
    let mut peak = 0;
    for run in 0..repeat.max(1) {
        let (wall, cpu) = (Instant::now(), cpu_seconds());
        let out = work()?;
        let (wall, cpu) = (wall.elapsed().as_secs_f64(), cpu_seconds() - cpu);
        if run == 0 {
            peak = memory("VmHWM")?.saturating_sub(rest);
        }
        if best.as_ref().is_none_or(|(_, b)| cpu < b.cpu) {
            best = Some((
                out,
                Found {
                    bytes: 0,
                    cpu,
                    wall,
                    memory: peak,
                },
            ));
        }
    }
    best.context("no run")
}

/// CPU seconds of all threads of this process so far.
pub fn cpu_seconds() -> f64 {
    let t = clock_gettime(ClockId::ProcessCPUTime);
    t.tv_sec as f64 + t.tv_nsec as f64 * 1e-9
}

/// A line of /proc/self/status in bytes.
pub fn memory(key: &str) -> Result<u64> {
    memory_of("self", key)
}

/// A line of another process's /proc/PID/status in bytes.
pub fn memory_of(pid: &str, key: &str) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status
        .lines()
        .find_map(|l| l.strip_prefix(key)?.strip_prefix(':'));
    let kib: u64 = line
        .with_context(|| format!("no {key}"))?
        .trim()
        .trim_end_matches("kB")
        .trim()
        .parse()?;
    Ok(kib * 1024)
}
