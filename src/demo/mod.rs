//! `catena demo`: the main job on the data that the program carries with it. Compresses at several levels beside the usual
//! codecs, decompresses, compares, and says where the bytes went.

mod catena_codec;
mod fields;
mod peers;
mod samples;
mod table;

use std::io::{self, Write};
use std::time::{Duration, Instant};

use catena::{Layout, Level};

use crate::progress::Progress;
use crate::report::{Failure, Outcome, grouped};
use samples::Sample;
use table::{Row, Size};

/// A codec in the comparison.
trait Codec {
    /// As the table names it.
    fn name(&self) -> String;
    /// Coded bytes.
    fn compress(&self, raw: &[u8], layout: &Layout) -> Result<Vec<u8>, String>;
    /// The raw bytes again, `raw_len` of them.
    fn decompress(&self, coded: &[u8], layout: &Layout, raw_len: usize) -> Result<Vec<u8>, String>;
}

/// Levels of Catena in the table. The fields are taken apart at the default level.
const LEVELS: [u8; 4] = [1, 3, 5, 6];
/// Fields of a sample that are listed unless all are wanted.
const FIELDS: usize = 10;

/// Runs the demonstration; fails if anything comes back other than it went in.
pub fn run(all_fields: bool) -> Outcome<()> {
    let samples = samples::all().map_err(|e| Failure::new("samples", e))?;
    let mut out = io::stdout().lock();
    let total: usize = samples.iter().map(|sample| sample.bytes.len()).sum();
    let mut text = format!(
        "Catena {} on its sample data, {} bytes:\n",
        env!("CARGO_PKG_VERSION"),
        grouped(total as u64)
    );
    for sample in &samples {
        text += &format!(
            "  {:<12}{:>9}  {}\n",
            sample.file,
            grouped(sample.bytes.len() as u64),
            sample.about
        );
    }
    say(&mut out, &text)?;

    let codecs = peers::all()
        .into_iter()
        .chain(LEVELS.iter().map(|level| catena_codec::at(*level)));
    let mut rows = Vec::new();
    for codec in codecs {
        let running = Progress::spinner(&codec.name());
        rows.push(measure(codec.as_ref(), &samples)?);
        drop(running);
    }
    say(&mut out, &table::render(&samples, &rows))?;
    say(
        &mut out,
        "Everything was decompressed and compared: no bit differs.\n",
    )?;
    let most = if all_fields { usize::MAX } else { FIELDS };
    for sample in &samples {
        say(&mut out, &fields::render(sample, Level::default(), most)?)?;
    }
    Ok(())
}

fn say(out: &mut impl Write, text: &str) -> Outcome<()> {
    out.write_all(text.as_bytes())
        .map_err(|e| Failure::writing("(standard output)", e))
}

/// Sizes and times of one codec over all samples.
fn measure(codec: &dyn Codec, samples: &[Sample]) -> Outcome<Row> {
    let name = codec.name();
    let mut row = Row {
        name: name.clone(),
        sizes: Vec::new(),
        compress: Duration::ZERO,
        decompress: Duration::ZERO,
    };
    for sample in samples {
        let wrong = |e: String| Failure::new(&name, format_args!("{}: {e}", sample.file));
        let (coded, compress) =
            timed(|| codec.compress(sample.bytes, &sample.layout)).map_err(wrong)?;
        let back = || codec.decompress(&coded, &sample.layout, sample.bytes.len());
        let (raw, decompress) = timed(back).map_err(wrong)?;
        if raw != sample.bytes {
            return Err(wrong("came back different".into()));
        }
        row.sizes.push(Size(coded.len() as u64));
        row.compress += compress;
        row.decompress += decompress;
    }
    Ok(row)
}

/// The result and the best time of a few runs; slow codecs run once.
fn timed<T>(mut run: impl FnMut() -> Result<T, String>) -> Result<(T, Duration), String> {
    const ENOUGH: Duration = Duration::from_millis(150);
    let begin = Instant::now();
    let mut best = Duration::MAX;
    loop {
        let started = Instant::now();
        let result = run()?;
        best = best.min(started.elapsed());
        if begin.elapsed() > ENOUGH {
            return Ok((result, best));
        }
    }
}
