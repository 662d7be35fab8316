//! Promise: `docs/format.md` says what the bytes are.

use crate::common;
use catena_filter::{CompressOptions, Layout, Level, compress};

/// The bytes at the front of an example's line; what they mean stands behind them.
fn bytes_of(line: &str) -> impl Iterator<Item = u8> {
    line.split_whitespace().map_while(|word| {
        let byte = u8::from_str_radix(word, 16).ok();
        byte.filter(|_| word.len() == 2)
    })
}

#[test]
fn the_examples_of_the_document() {
    let options = CompressOptions::default()
        .with_level(Level::MIN)
        .with_layout(Layout::bytes());
    let document = include_str!("../../../docs/format.md");
    let examples = document.split("## Examples").nth(1).unwrap();
    let examples = examples.split("\n## ").next().unwrap();
    let bytes: Vec<Vec<u8>> = examples
        .split("\n\n")
        .filter(|part| part.starts_with("    "))
        .map(|part| part.lines().flat_map(bytes_of).collect())
        .collect();
    let [short, long] = &bytes[..] else {
        panic!("{} examples", bytes.len());
    };
    assert_eq!(*short, compress(b"abc", &options).unwrap());
    assert_eq!(*long, common::long(b"abc", options));
}
