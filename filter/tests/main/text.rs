//! Promise: lines of numbers are coded as columns, at no level larger than as bytes, and whatever
//! is taken for text comes back by every way.

use std::io::Cursor;

use catena_filter::block::{self, BlockOptions};
use catena_filter::{
    Archive, CompressOptions, DecompressOptions, FrameKind, Layout, compress, decompress,
};

use crate::common;

fn options(level: u8) -> CompressOptions {
    let level = common::level(level);
    let options = CompressOptions::default().with_level(level);
    options.with_layout(Layout::bytes())
}

fn kinds(packed: &[u8]) -> Vec<FrameKind> {
    let archive = Archive::open(Cursor::new(packed)).unwrap();
    archive.frames().iter().map(|frame| frame.kind).collect()
}

/// Compresses as text and as bytes: what comes out is no larger, and comes back.
fn holds(raw: &[u8], level: u8, what: &str) -> Vec<u8> {
    let packed = compress(raw, &options(level).with_text(true)).unwrap();
    let plain = compress(raw, &options(level).with_text(false)).unwrap();
    assert!(packed.len() <= plain.len(), "{what} at level {level}");
    let back = decompress(&packed, &DecompressOptions::default()).unwrap();
    assert!(back == raw, "{what} at level {level}");
    packed
}

#[test]
fn listings_become_columns_at_all_levels() {
    let raw = common::listing(2000).raw;
    for level in 1..=9 {
        let packed = holds(&raw, level, "a listing");
        assert_eq!(kinds(&packed), [FrameKind::Text], "level {level}");
        // Three random momenta, two of 50 bits and one of 53, and little else.
        assert!(
            packed.len() < raw.len() / 4,
            "{} at level {level}",
            packed.len()
        );
    }
    // It is seen without being told, also where the layout is to be found.
    let detected = CompressOptions::default().with_threads(3);
    let packed = compress(&raw, &detected).unwrap();
    assert!(packed == compress(&raw, &options(3).with_text(true).with_threads(1)).unwrap());
}

#[test]
fn what_is_no_listing_stays_as_it_was() {
    for sample in [common::text(), common::noise(), common::constant()] {
        let seen = compress(&sample.raw, &options(3)).unwrap();
        assert!(seen == compress(&sample.raw, &options(3).with_text(false)).unwrap());
    }
}

/// Text that tempts.
fn odd_texts() -> Vec<(&'static str, Vec<u8>)> {
    let listing = String::from_utf8(common::listing(300).raw).unwrap();
    let rows = |of: &dyn Fn(usize) -> String| (0..500).map(of).collect::<String>().into_bytes();
    let crlf = listing.replace('\n', "\r\n");
    let mixed = listing.replace("3 ", "3\r").replace("7\n", "7\r\n");
    let mut wrong_utf8 = listing.clone().into_bytes();
    wrong_utf8
        .iter_mut()
        .step_by(97)
        .for_each(|byte| *byte ^= 0x80);
    let mut zeros = listing.clone().into_bytes();
    zeros.iter_mut().step_by(89).for_each(|byte| *byte = 0);
    let specials = [
        "nan",
        "NaN",
        "NAN",
        "-nan",
        "nan(0x8000)",
        "inf",
        "-inf",
        "Infinity",
        "1.#INF",
        "-0",
        "-0.0",
        "+0",
        "0e0",
        "-0e-400",
        "1e400",
        "1e-400",
        "0x1p-3",
        "1.",
        ".5",
        "-.5e+1",
        "1d5",
        "00012",
        "1,234.5",
        "1e+005",
        "4.9406564584124654e-324",
        "1.7976931348623157e+308",
    ];
    let digits = |at: usize| "1234567890".repeat(40)[at % 7..].to_string();
    vec![
        ("CRLF", crlf.into_bytes()),
        ("mixed line ends", mixed.into_bytes()),
        ("no last newline", listing.trim_end().as_bytes().to_vec()),
        ("invalid UTF-8", wrong_utf8),
        ("NUL bytes", zeros),
        ("one line", listing.replace('\n', " ").into_bytes()),
        ("empty lines", vec![b'\n'; 3000]),
        (
            "specials",
            rows(&|at| format!("{},{}\n", specials[at % 26], specials[at * 7 % 26])),
        ),
        (
            "a special now and then",
            rows(&|at| match at % 25 {
                7 => format!("{at} -0.00\n"),
                9 => format!("{at} nan\n"),
                _ => format!("{at} {:.2}\n", at as f64 / 7.0 - 30.0),
            }),
        ),
        (
            "long numbers",
            rows(&|at| format!("{} -{}.{}\n", digits(at), digits(at), digits(at))),
        ),
        (
            "shapes without end",
            rows(&|at| format!("{}{at}\n", "-,;".repeat(at))),
        ),
        (
            "columns that change",
            rows(&|at| match at < 250 {
                true => format!("{at} {:.3} {}\n", at as f64 / 3.0, at % 5),
                false => format!("{:.9e};{at};x{}\n", at as f64 / 3.0, at % 3),
            }),
        ),
        (
            "rows that end in brackets",
            rows(&|at| format!("[{at},{}.5],", at * 3)),
        ),
        (
            "widths that change",
            rows(&|at| format!("{:>8} {:<6}|{:>3}\n", at * at, at % 50, at)),
        ),
    ]
}

#[test]
fn odd_text_comes_back() {
    for (what, raw) in odd_texts() {
        for level in [1, 3, 6, 7] {
            holds(&raw, level, what);
        }
        // Frames that begin and end inside of lines.
        let packed = compress(&raw, &options(4).with_text(true).with_frame_size(1777)).unwrap();
        let mut archive = Archive::open(Cursor::new(&packed)).unwrap();
        let len = (raw.len() / 2).min(5000);
        let mut part = vec![0; len];
        archive.read_at(raw.len() as u64 / 3, &mut part).unwrap();
        assert!(part == raw[raw.len() / 3..][..len], "{what}");
    }
}

#[test]
fn long_lines_are_left_alone() {
    let mut raw = "3.25,".repeat(1 << 20).into_bytes();
    raw.extend(common::listing(400).raw);
    holds(&raw, 1, "a line of megabytes");
}

#[test]
fn damage_is_found() {
    let raw = common::listing(120).raw;
    let packed = compress(&raw, &options(2).with_text(true)).unwrap();
    assert_eq!(kinds(&packed), [FrameKind::Text]);
    for at in 0..packed.len() {
        let mut wrong = packed.clone();
        wrong[at] ^= 1 << (at % 8);
        let found = decompress(&wrong, &DecompressOptions::default());
        assert!(found.is_err(), "byte {at}");
    }
}

#[test]
fn blocks_have_it_too() {
    let raw = common::listing(1000).raw;
    let options = BlockOptions::new().with_level(common::level(3));
    let block = block::encode(&raw, &Layout::bytes(), &options).unwrap();
    assert!(block.len() < raw.len() / 4);
    assert!(block::decode(&block, &Layout::bytes(), &options).unwrap() == raw);
}
