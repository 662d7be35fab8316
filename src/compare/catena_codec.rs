//! Catena itself, as one codec of the comparison. One thread, as all the others.

use catena::{CompressOptions, DecompressOptions, Layout, Level};

use super::Codec;

struct Catena(Level);

/// Catena at a level.
pub fn at(level: u8) -> Box<dyn Codec> {
    Box::new(Catena(Level::new(level).unwrap_or_default()))
}

impl Codec for Catena {
    fn name(&self) -> String {
        format!("catena -{}", self.0.get())
    }

    fn is_adaptive(&self) -> bool {
        self.0.get() > 2
    }

    fn compress(&self, raw: &[u8], layout: &Layout) -> Result<Vec<u8>, String> {
        let options = CompressOptions::default()
            .with_level(self.0)
            .with_layout(layout.clone())
            .with_threads(1);
        catena::compress(raw, &options).map_err(|e| e.to_string())
    }

    fn decompress(&self, coded: &[u8], _: &Layout, _: usize) -> Result<Vec<u8>, String> {
        catena::decompress(coded, &DecompressOptions::default().with_threads(1))
            .map_err(|e| e.to_string())
    }
}
