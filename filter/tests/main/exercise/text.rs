//! Arbitrary bytes as text: to frames and back.

use catena_filter::{CompressOptions, DecompressOptions, Layout, Level, compress, decompress};

/// Most bytes that are looked at, and lines of them, so often that they have a shape.
const MOST: usize = 8 << 10;
const REPEATED: usize = 40;

/// Compresses bytes behind one that says the level, as they are and so often that their lines have
/// shapes: they come back, and a text is no larger than its bytes.
pub fn text(bytes: &[u8]) {
    let Some((&head, raw)) = bytes.split_first() else {
        return;
    };
    let raw = &raw[..raw.len().min(MOST)];
    let level = Level::new(1 + head % 6).expect("a level");
    for raw in [
        raw.to_vec(),
        raw[..raw.len().min(MOST / REPEATED)].repeat(REPEATED),
    ] {
        let options = CompressOptions::default()
            .with_level(level)
            .with_layout(Layout::bytes())
            .with_threads(1);
        let frames = options.clone().with_text(true).with_frame_size(1 << 14);
        let packed = compress(&raw, &frames).expect("compresses");
        let back = decompress(&packed, &DecompressOptions::default()).expect("decompresses");
        assert!(back == raw, "another text");
    }
}
