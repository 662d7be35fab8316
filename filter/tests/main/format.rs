//! Promise: `docs/format.md` says what the bytes are.

use catena_filter::{CompressOptions, Layout, Level, compress};

/// The bytes at the front of an example's line; what they mean stands behind them.
fn bytes_of(line: &str) -> impl Iterator<Item = u8> {
    line.split_whitespace().map_while(|word| {
        let byte = u8::from_str_radix(word, 16).ok();
        byte.filter(|_| word.len() == 2)
    })
}

#[test]
fn the_example_of_the_document() {
    let options = CompressOptions::default()
        .with_level(Level::MIN)
        .with_layout(Layout::bytes());
    let packed = compress(b"abc", &options).unwrap();
    let document = include_str!("../../../docs/format.md");
    let example = document.split("## Example").nth(1).unwrap();
    let example = example.split("\n## ").next().unwrap();
    let lines = example.lines().filter(|line| line.starts_with("    "));
    assert_eq!(packed, lines.flat_map(bytes_of).collect::<Vec<u8>>());
}
