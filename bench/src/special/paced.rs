//! Whether `--min-speed` holds: a load of some seconds each of noise, jets and grids in turn, once
//! as fast as it is taken and once at its own speed.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use catena_filter::{CompressOptions, DecompressOptions, Encoder, Layout, Level, Pull, decompress};

use crate::corpus::{List, default_list};

/// Bytes that the source hands over at a time.
const PACKET: usize = 1 << 16;
/// What a source of its own speed holds before it loses data: a second's worth.
const HELD_SECONDS: f64 = 1.0;

/// What to ask of the stream.
#[derive(Clone, Debug, clap::Args)]
pub struct Paced {
    /// Folder with the corpus
    #[arg(long, default_value = "../shared/corpus")]
    corpus: PathBuf,
    /// Speeds in MB/s
    #[arg(long, value_delimiter = ',', default_values_t = [5.0f64, 20.0])]
    speeds: Vec<f64>,
    /// Level
    #[arg(long, default_value_t = 5)]
    level: u8,
    /// Threads; 0: one a core
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// Seconds of each run
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Seconds of one kind of data
    #[arg(long, default_value_t = 5)]
    phase: u64,
}

/// One kind of data, repeated as long as it is wanted.
struct Kind {
    name: &'static str,
    bytes: Vec<u8>,
}

/// A packet: which kind it is of, when it was made.
struct Packet {
    kind: usize,
    bytes: Vec<u8>,
}

/// What came of a kind, or of all.
#[derive(Clone, Copy, Default)]
struct Sum {
    raw: u64,
    coded: u64,
    seconds: f64,
}

/// Prints a table for each speed and source.
pub fn paced(asked: &Paced) -> Result<()> {
    let list = List::read(&default_list())?;
    let read = |file: &str| {
        let path = asked.corpus.join(file);
        std::fs::read(&path).with_context(|| path.display().to_string())
    };
    let jets = list.files.iter().find(|e| e.file == "ftag_jets_ttbar.bin");
    let dtype = jets.and_then(|entry| entry.dtype.as_deref());
    let layout = Layout::parse(dtype.context("jets are not in the list")?)?;
    let mut state = 1u64;
    let noise = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 56) as u8
    });
    let kinds = [
        Kind {
            name: "noise",
            bytes: noise.take(4 << 20).collect(),
        },
        Kind {
            name: "jets",
            bytes: read("ftag_jets_ttbar.bin")?,
        },
        Kind {
            name: "grid",
            bytes: read("turb_vorticity_41x128x128.f32")?,
        },
    ];
    println!(
        "| asked MB/s | source | data | MB | ratio | MB/s | of what was asked | source held up, s |"
    );
    println!("|--:|---|---|--:|--:|--:|--:|--:|");
    for &speed in &asked.speeds {
        for free in [true, false] {
            one(asked, &layout, &kinds, speed * 1e6, free)?;
        }
    }
    Ok(())
}

/// One run and its rows.
fn one(asked: &Paced, layout: &Layout, kinds: &[Kind; 3], speed: f64, free: bool) -> Result<()> {
    let level = Level::new(asked.level).context("levels are 1 to 9")?;
    let options = CompressOptions::default()
        .with_level(level)
        .with_layout(layout.clone())
        .with_threads(asked.threads)
        .with_min_speed(speed as u64);
    let mut encoder = Encoder::new(options)?;
    let held = if free {
        1
    } else {
        (HELD_SECONDS * speed) as usize / PACKET
    };
    let (to, from) = sync_channel(held.max(1));
    let record = layout.record_size() as usize;
    let (sums, late, raw, coded) = thread::scope(|scope| {
        let source =
            scope.spawn(move || source(asked, kinds, record, (!free).then_some(speed), &to));
        let worked = consume(&mut encoder, &from);
        let late = source.join().unwrap_or(f64::NAN);
        worked.map(|(sums, raw, coded)| (sums, late, raw, coded))
    })?;
    let back = decompress(&coded, &DecompressOptions::default())?;
    ensure!(back == raw, "other bytes came back");
    let name = if free {
        "as fast as it is taken"
    } else {
        "of that speed"
    };
    let all = sums.iter().fold(Sum::default(), |a, b| Sum {
        raw: a.raw + b.raw,
        coded: a.coded + b.coded,
        seconds: a.seconds + b.seconds,
    });
    let rows = kinds
        .iter()
        .map(|k| k.name)
        .zip(&sums)
        .chain([("all", &all)]);
    for (kind, sum) in rows {
        let got = sum.raw as f64 / sum.seconds.max(1e-9);
        let held_up = if kind == "all" {
            format!("{late:.2}")
        } else {
            String::new()
        };
        println!(
            "| {:.0} | {name} | {kind} | {:.1} | {:.3} | {:.2} | {:.2} | {held_up} |",
            speed / 1e6,
            sum.raw as f64 / 1e6,
            sum.raw as f64 / sum.coded.max(1) as f64,
            got / 1e6,
            got / speed,
        );
    }
    Ok(())
}

/// Makes packets until the time is up, each when it is due; how many seconds it could not hand them
/// over though it had to.
fn source(
    asked: &Paced,
    kinds: &[Kind],
    record: usize,
    speed: Option<f64>,
    to: &SyncSender<Packet>,
) -> f64 {
    let begun = Instant::now();
    let packet = PACKET - PACKET % record;
    let (mut at, mut sent, mut late) = (vec![0; kinds.len()], 0u64, Duration::ZERO);
    while begun.elapsed().as_secs() < asked.seconds {
        let kind = (begun.elapsed().as_secs() / asked.phase) as usize % kinds.len();
        let data = &kinds[kind].bytes;
        let usable = data.len() - data.len() % packet;
        let start = at[kind];
        at[kind] = (start + packet) % usable;
        let packet_of = Packet {
            kind,
            bytes: data[start..start + packet].to_vec(),
        };
        sent += packet as u64;
        let Some(speed) = speed else {
            if to.send(packet_of).is_err() {
                break;
            }
            continue;
        };
        let due = begun + Duration::from_secs_f64(sent as f64 / speed);
        thread::sleep(due.saturating_duration_since(Instant::now()));
        match to.try_send(packet_of) {
            Ok(()) => {}
            Err(TrySendError::Full(packet)) => {
                let waits = Instant::now();
                if to.send(packet).is_err() {
                    break;
                }
                late += waits.elapsed();
            }
            Err(TrySendError::Disconnected(_)) => break,
        }
    }
    late.as_secs_f64()
}

/// Takes packets as they come: by kind what went through in which time, and raw and coded bytes of
/// all.
fn consume(encoder: &mut Encoder, from: &Receiver<Packet>) -> Result<([Sum; 3], Vec<u8>, Vec<u8>)> {
    let (mut sums, mut raw, mut coded) = ([Sum::default(); 3], Vec::new(), Vec::new());
    let (mut kind, mut since, mut before) = (0, Instant::now(), (0, 0));
    let mut ended = false;
    loop {
        match encoder.pull()? {
            Pull::Data(data) => {
                coded.extend(data);
                continue;
            }
            Pull::End => break,
            Pull::Pending if ended => {
                encoder.wait();
                continue;
            }
            Pull::Pending | Pull::Starved => {}
        }
        let Ok(packet) = from.recv() else {
            ended = true;
            encoder.finish()?;
            continue;
        };
        if packet.kind != kind {
            // Frames under way are counted with the kind behind them: a quarter of a second of
            // some.
            close(
                &mut sums[kind],
                &mut since,
                &mut before,
                (raw.len(), coded.len()),
            );
            kind = packet.kind;
        }
        let mut rest = &packet.bytes[..];
        while !rest.is_empty() {
            let n = encoder.push(rest)?;
            rest = &rest[n..];
            if n == 0 {
                encoder.wait();
            }
            while let Pull::Data(data) = encoder.pull()? {
                coded.extend(data);
            }
        }
        raw.extend_from_slice(&packet.bytes);
    }
    close(
        &mut sums[kind],
        &mut since,
        &mut before,
        (raw.len(), coded.len()),
    );
    Ok((sums, raw, coded))
}

fn close(sum: &mut Sum, since: &mut Instant, before: &mut (usize, usize), now: (usize, usize)) {
    sum.raw += (now.0 - before.0) as u64;
    sum.coded += (now.1 - before.1) as u64;
    sum.seconds += since.elapsed().as_secs_f64();
    (*since, *before) = (Instant::now(), now);
}
