//! A long stream through the pipe: generated numbers into `catena -LEVEL`, its output into
//! `catena -d`, both watched.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::measure::memory_of;

/// What is fed and to whom.
#[derive(Clone, Debug, clap::Args)]
pub struct Memory {
    /// Bytes to feed, with K, M or G
    #[arg(long, default_value = "4G", value_parser = size)]
    size: u64,
    /// Level
    #[arg(long, default_value_t = 5)]
    level: u8,
    /// Threads of both processes
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// The command line to measure [default: `catena` beside this program]
    #[arg(long)]
    binary: Option<PathBuf>,
}

/// Bytes a record of the generated stream.
const RECORD: usize = 64;

/// Feeds the pipe, watches both processes and prints their peaks.
pub fn memory(asked: &Memory) -> Result<()> {
    let beside = || Ok::<_, std::io::Error>(std::env::current_exe()?.with_file_name("catena"));
    let binary = asked.binary.clone().map_or_else(beside, Ok)?;
    let start = |args: &[&str], stdin: Stdio| {
        Command::new(&binary)
            .args(args)
            .stdin(stdin)
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| {
                format!(
                    "starting {} (build it first: cargo build --release)",
                    binary.display()
                )
            })
    };
    let (level, threads) = (format!("-{}", asked.level), format!("-T{}", asked.threads));
    let mut encoder = start(&[&level, &threads, "--dtype", "16<f4"], Stdio::piped())?;
    let coded = encoder.stdout.take().context("no output")?;
    let mut decoder = start(&["-d", &threads], Stdio::from(coded))?;
    let mut raw_in = encoder.stdin.take().context("no input")?;
    let mut raw_out = decoder.stdout.take().context("no output")?;
    let began = Instant::now();
    let (done, peaks) = (
        AtomicBool::new(false),
        [AtomicU64::new(0), AtomicU64::new(0)],
    );
    let pids = [encoder.id().to_string(), decoder.id().to_string()];
    let (sent, got) = std::thread::scope(|scope| {
        let sender = scope.spawn(move || feed(&mut raw_in, asked.size));
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                for (pid, peak) in pids.iter().zip(&peaks) {
                    // The high-water mark only grows, so the last look before the end is the peak.
                    if let Ok(now) = memory_of(pid, "VmHWM") {
                        peak.fetch_max(now, Ordering::Relaxed);
                    }
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        let got = drain(&mut raw_out);
        done.store(true, Ordering::Relaxed);
        (sender.join(), got)
    });
    let sent = match sent {
        Ok(sent) => sent?,
        Err(panic) => std::panic::resume_unwind(panic),
    };
    finish(encoder)?;
    finish(decoder)?;
    let (crc, len) = got?;
    if (crc, len) != (sent, asked.size) {
        bail!(
            "the pipe did not give the stream back: {len} bytes of {}",
            asked.size
        );
    }
    let [enc, dec] = peaks.map(|p| p.into_inner() >> 20);
    println!(
        "{} MiB through catena {level} {threads} | catena -d {threads}: peak {enc} MiB compressing, {dec} MiB decompressing, \
         {:.0} s, all bytes back",
        asked.size >> 20,
        began.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Sixteen floats a record: some smooth, some noisy, some repeated; the same stream every time.
fn feed(out: &mut impl Write, size: u64) -> Result<u32> {
    let (mut hasher, mut left) = (crc32fast::Hasher::new(), size);
    let (mut state, mut walk) = (0x9e37_79b9_7f4a_7c15u64, [0f32; 16]);
    let mut piece = Vec::with_capacity(1 << 16);
    while left > 0 {
        piece.clear();
        while piece.len() + RECORD <= 1 << 16 {
            for (i, value) in walk.iter_mut().enumerate() {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                let noise = (state >> 40) as f32 / (1u32 << 24) as f32 - 0.5;
                *value = match i {
                    0..4 => *value + noise * 0.01,
                    4..8 => (noise * 1000.0).round(),
                    8..12 => noise,
                    _ if state & 31 == 0 => noise * 10.0,
                    _ => *value,
                };
                piece.extend_from_slice(&value.to_le_bytes());
            }
        }
        let n = piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        hasher.update(&piece[..n]);
        out.write_all(&piece[..n])?;
        left -= n as u64;
    }
    Ok(hasher.finalize())
}

fn drain(input: &mut impl Read) -> Result<(u32, u64)> {
    let (mut hasher, mut len, mut piece) = (crc32fast::Hasher::new(), 0, vec![0; 1 << 16]);
    loop {
        let n = input.read(&mut piece)?;
        if n == 0 {
            return Ok((hasher.finalize(), len));
        }
        hasher.update(&piece[..n]);
        len += n as u64;
    }
}

fn finish(mut child: Child) -> Result<()> {
    let status = child.wait()?;
    if !status.success() {
        bail!("catena ended with {status}");
    }
    Ok(())
}

/// `4G` in bytes.
fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match &text[digits.len()..] {
        "" => 0,
        "K" => 10,
        "M" => 20,
        "G" => 30,
        other => return Err(format!("no unit '{other}'")),
    };
    let n: u64 = digits.parse().map_err(|e| format!("{e}"))?;
    n.checked_mul(1 << shift)
        .ok_or_else(|| "too large".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_has_its_size_and_is_the_same_every_time() -> Result<()> {
        let mut out = Vec::new();
        let crc = feed(&mut out, 100_001)?;
        assert_eq!(drain(&mut out.as_slice())?, (crc, 100_001));
        assert_eq!(feed(&mut Vec::new(), 100_001)?, crc);
        assert_eq!(size("4G"), Ok(4 << 30));
        assert!(size("4X").is_err());
        Ok(())
    }
}
