//! The plot of ratio against speed: what each codec makes of the same files, and how fast, both ways.

mod label;
mod points;
mod svg;

use std::path::Path;

use anyhow::Result;

use super::Results;
pub use points::{Point, points};

/// The plot, if there is anything to show.
pub fn svg(results: &Results) -> Option<String> {
    let (points, files) = points(results);
    (!points.is_empty()).then(|| svg::draw(&points, files.len(), results))
}

/// Renders the plot as PNG, at twice its size for sharp text.
#[cfg(feature = "png")]
pub fn png(svg: &str, path: &Path) -> Result<()> {
    use anyhow::Context;
    use resvg::{tiny_skia, usvg};

    let mut options = usvg::Options {
        font_family: "DejaVu Sans".into(),
        ..usvg::Options::default()
    };
    options.fontdb_mut().load_system_fonts();
    if options.fontdb.is_empty() {
        eprintln!("no fonts on this machine: the plot is written as SVG only");
        return Ok(());
    }
    let tree = usvg::Tree::from_str(svg, &options)?;
    let size = tree.size().to_int_size().scale_by(2.0).context("no size")?;
    let mut image = tiny_skia::Pixmap::new(size.width(), size.height()).context("no image")?;
    resvg::render(
        &tree,
        tiny_skia::Transform::from_scale(2.0, 2.0),
        &mut image.as_mut(),
    );
    Ok(image.save_png(path)?)
}

/// Without the renderer there is the SVG alone.
#[cfg(not(feature = "png"))]
pub fn png(_svg: &str, _path: &Path) -> Result<()> {
    Ok(())
}
