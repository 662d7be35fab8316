//! `catena demo`: the main job on the data that the program carries with it. Compresses at several
//! levels beside the usual codecs, decompresses, compares, and says where the bytes went.

mod fields;
mod samples;
mod table;

use std::time::Duration;

use catena::Level;

use crate::compare::{self, Codec};
use crate::progress::Progress;
use crate::report::{Failure, Outcome, grouped};
use crate::stdio;
use samples::Sample;
use table::{Row, Size};

/// Levels of Catena in the table. The fields are taken apart at the default level.
const LEVELS: [u8; 4] = [1, 3, 5, 6];
/// Fields of a sample that are listed unless all are wanted.
const FIELDS: usize = 10;

/// Runs the demonstration; fails if anything comes back other than it went in.
pub fn run(all_fields: bool) -> Outcome<()> {
    let samples = samples::all().map_err(|e| Failure::new("samples", e))?;
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
    stdio::print(text.as_bytes())?;

    let codecs = compare::peers()
        .into_iter()
        .chain(LEVELS.iter().map(|level| compare::at(*level)));
    let mut rows = Vec::new();
    for codec in codecs {
        let running = Progress::spinner(&codec.name());
        rows.push(measure(codec.as_ref(), &samples)?);
        drop(running);
    }
    stdio::print(table::render(&samples, &rows).as_bytes())?;
    stdio::print(b"Everything was decompressed and compared: no bit differs.\n")?;
    let most = if all_fields { usize::MAX } else { FIELDS };
    for sample in &samples {
        stdio::print(fields::render(sample, Level::default(), most)?.as_bytes())?;
    }
    Ok(())
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
        let wrong = |e| Failure::new(&name, format_args!("{}: {e}", sample.file));
        let measured = compare::measure(codec, sample.bytes, &sample.layout).map_err(wrong)?;
        row.sizes.push(Size(measured.coded));
        row.compress += measured.compress;
        row.decompress += measured.decompress;
    }
    Ok(row)
}
