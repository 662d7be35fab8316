//! Where the bytes of a sample went, field by field.

use catena::engine::predict::{Spec, lane_count};
use catena::{CompressOptions, Level};

use super::samples::Sample;
use crate::costs;
use crate::report::{Failure, Outcome};

/// The table of the dearest fields of one sample.
pub fn render(sample: &Sample, level: Level, most: usize) -> Outcome<String> {
    let options = CompressOptions::default()
        .with_level(level)
        .with_layout(sample.layout.clone());
    let wrong = |e| Failure::new(&sample.file, e);
    let coded = catena::compress(sample.bytes, &options)
        .map_err(wrong)?
        .len() as u64;
    // A sample is shorter than a frame.
    let lane_n = lane_count(&sample.named, level, sample.bytes.len());
    let spec = Spec::new(sample.named.clone(), level, lane_n);
    let fields = costs::of_frame(&spec, sample.bytes);
    let table = costs::table(fields, coded, most);
    Ok(format!(
        "\n{}: where the bytes went at level {}\n{table}",
        sample.file,
        level.get()
    ))
}
