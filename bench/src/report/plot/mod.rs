//! The plot of ratio against speed: what each codec makes of the same files, and how fast, both
//! ways.

mod label;
mod points;
mod svg;

use super::Results;
pub use points::{Point, points};

/// The plot, if there is anything to show.
pub fn svg(results: &Results) -> Option<String> {
    let (points, files) = points(results);
    (!points.is_empty()).then(|| svg::draw(&points, files.len(), results))
}
