//! `catena bench`: Catena's levels beside gzip, zstd, xz and pco on the user's own files, with
//! ratio, speed and CAQ.

use std::fmt::Write as _;

use crate::compare::caq::{caq, caq_per_gb};
use catena::Layout;
use catena::layout::detect;
use serde::Serialize;

use crate::args::{BenchArgs, gridded};
use crate::compare::{Codec, Measured, Unmeasured, at, measure, peers};
use crate::progress::Progress;
use crate::report::{Failure, Outcome, grouped, name_of};

/// A codec on a file.
#[derive(Debug, Serialize)]
struct Row {
    codec: String,
    adaptive: bool,
    bytes: u64,
    ratio: f64,
    compress_mb_per_s: f64,
    decompress_mb_per_s: f64,
    cpu_seconds: f64,
    caq: f64,
    caq_per_gb: f64,
    /// Of CAQ per GB, over the baseline's.
    gain: Option<f64>,
}

/// All codecs on a file.
#[derive(Debug, Serialize)]
struct Table {
    file: String,
    bytes: u64,
    layout: String,
    rows: Vec<Row>,
    /// Codecs that do not take such files, and why.
    left_out: Vec<String>,
}

/// Measures every file; text, or JSON.
pub fn run(args: &BenchArgs) -> Outcome<String> {
    let mut tables = Vec::new();
    for path in &args.files {
        let name = name_of(path);
        let wrong = |e: &dyn std::fmt::Display| Failure::new(&name, e);
        let raw = std::fs::read(path).map_err(|e| wrong(&e))?;
        let given = gridded(args.dtype.clone(), args.shape.as_deref());
        let layout = given.map_err(|e| Failure::new("bench", e))?;
        let layout = layout.unwrap_or_else(|| detect(&raw[..raw.len().min(SAMPLE)]));
        tables.push(table(args, &name, &raw, &layout)?);
    }
    if args.json {
        let json = serde_json::to_string_pretty(&tables).map_err(|e| Failure::new("bench", e))?;
        return Ok(json + "\n");
    }
    Ok(tables.iter().map(render).collect())
}

fn table(args: &BenchArgs, name: &str, raw: &[u8], layout: &Layout) -> Outcome<Table> {
    let levels = args.levels.iter().map(|&level| at(level));
    let codecs: Vec<Box<dyn Codec>> = peers().into_iter().chain(levels).collect();
    let mut table = Table {
        file: name.to_owned(),
        bytes: raw.len() as u64,
        layout: layout.dtype(),
        rows: Vec::new(),
        left_out: Vec::new(),
    };
    for codec in &codecs {
        let running = Progress::spinner(&format!("{name}: {}", codec.name()));
        match measure(codec.as_ref(), raw, layout) {
            Ok(measured) => table
                .rows
                .push(row(codec.as_ref(), raw.len() as u64, &measured)),
            Err(e @ Unmeasured::Different) => {
                return Err(Failure::new(name, format_args!("{}: {e}", codec.name())));
            }
            Err(e) => table.left_out.push(format!("{}: {e}", codec.name())),
        }
        drop(running);
    }
    let baseline = table
        .rows
        .iter()
        .find(|row| row.codec.starts_with(BASELINE));
    if let Some(baseline) = baseline.map(|row| row.caq_per_gb) {
        for row in &mut table.rows {
            row.gain = Some(row.caq_per_gb / baseline - 1.0);
        }
    }
    Ok(table)
}

/// Bytes that a layout is detected from: a frame, as when compressing.
const SAMPLE: usize = 1 << 20;

/// What others are compared with.
const BASELINE: &str = "gzip";

fn row(codec: &dyn Codec, raw: u64, measured: &Measured) -> Row {
    let speed = |time: std::time::Duration| raw as f64 / 1e6 / time.as_secs_f64().max(1e-9);
    let seconds = measured.compress.as_secs_f64();
    Row {
        codec: codec.name(),
        adaptive: codec.is_adaptive(),
        bytes: measured.coded,
        ratio: raw as f64 / measured.coded.max(1) as f64,
        compress_mb_per_s: speed(measured.compress),
        decompress_mb_per_s: speed(measured.decompress),
        cpu_seconds: seconds,
        caq: caq(raw, measured.coded, seconds),
        caq_per_gb: caq_per_gb(raw, measured.coded, seconds),
        gain: None,
    }
}

fn render(table: &Table) -> String {
    let mut text = format!(
        "{}: {} bytes, {}\n{:<18}{:>13}{:>8}{:>9}{:>9}{:>8}{:>9}{:>9}\n",
        table.file,
        grouped(table.bytes),
        table.layout,
        "one thread",
        "bytes",
        "ratio",
        "in MB/s",
        "out MB/s",
        "CAQ",
        "CAQ/GB",
        "gain"
    );
    for row in &table.rows {
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "{:<18}{:>13}{:>8.3}{:>9.1}{:>9.1}{:>8.3}{:>9.4}{:>9}",
            row.codec.clone() + if row.adaptive { " *" } else { "" },
            grouped(row.bytes),
            row.ratio,
            row.compress_mb_per_s,
            row.decompress_mb_per_s,
            row.caq,
            row.caq_per_gb,
            row.gain
                .map_or("-".into(), |gain| format!("{:+.0} %", 100.0 * gain)),
        );
    }
    for left in &table.left_out {
        let _ = writeln!(text, "left out: {left}");
    }
    text + "CAQ = ratio / (CPU seconds to compress + 1); CAQ/GB: for 10^9 bytes at that speed; gain: of CAQ/GB over gzip. *: learns as it goes\n\n"
}
