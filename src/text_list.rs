//! What `-l` says of text: the shapes of its lines, and what stayed as it is.

use catena::engine::text::Description;
use serde::Serialize;

use crate::list::count;
use crate::report::grouped;

/// What the first frame holds.
#[derive(Debug, Serialize)]
pub struct TextList {
    shapes: Vec<ShapeList>,
    literal_lines: usize,
    literal_bytes: usize,
    /// Bytes for shapes, their sequence, lines that stayed as they are, words beside columns.
    coded_rest_bytes: [usize; 4],
}

/// Lines of one shape.
#[derive(Debug, Serialize)]
struct ShapeList {
    lines: usize,
    coded_bytes: usize,
    /// Fields in braces.
    pattern: String,
}

impl TextList {
    pub fn new(found: Description) -> Self {
        let shapes = found.shapes.into_iter().map(|shape| ShapeList {
            lines: shape.count,
            coded_bytes: shape.coded,
            pattern: shape.pattern,
        });
        TextList {
            shapes: shapes.collect(),
            literal_lines: found.literal_lines,
            literal_bytes: found.literal,
            coded_rest_bytes: found.rest,
        }
    }

    /// One line.
    pub fn summary(&self) -> String {
        let lines: usize = self.shapes.iter().map(|shape| shape.lines).sum();
        format!(
            "{} in {} of the first frame, {} ({} bytes) as they are",
            count(lines, "line"),
            count(self.shapes.len(), "shape"),
            grouped(self.literal_lines as u64),
            grouped(self.literal_bytes as u64)
        )
    }

    /// A line for every shape.
    pub fn table(&self) -> String {
        let mut text = format!("  {:>9} {:>11}  lines like this\n", "lines", "coded");
        for shape in &self.shapes {
            let (lines, coded) = (
                grouped(shape.lines as u64),
                grouped(shape.coded_bytes as u64),
            );
            text += &format!("  {lines:>9} {coded:>11}  {}\n", shape.pattern);
        }
        let names = [
            "shapes",
            "their sequence",
            "lines as they are",
            "words beside columns",
        ];
        for (name, coded) in names.iter().zip(self.coded_rest_bytes) {
            text += &format!("  {:>9} {:>11}  {name}\n", "", grouped(coded as u64));
        }
        text
    }
}
