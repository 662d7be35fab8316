//! What the writer writes, the reader reads back equal: all kinds, arrays, lists, texts,
//! directories, codecs, many baskets.

use std::io::Cursor;

use catena_root::write::{Codec, NewBranch, Writer};
use catena_root::{Column, File, Strings, Values};

fn lists(counts: &[usize], item: Column) -> Column {
    let mut offsets = vec![0i64];
    for &n in counts {
        offsets.push(offsets.last().unwrap() + n as i64);
    }
    Column::List {
        offsets,
        item: Box::new(item),
    }
}

fn texts(all: &[String]) -> Column {
    let mut offsets = vec![0i64];
    let mut bytes = Vec::new();
    for text in all {
        bytes.extend_from_slice(text.as_bytes());
        offsets.push(bytes.len() as i64);
    }
    Column::Strings(Strings { offsets, bytes })
}

fn branches(n: usize) -> Vec<NewBranch> {
    let counts: Vec<usize> = (0..n).map(|i| i * 7 % 5).collect();
    let total: usize = counts.iter().sum();
    let numbers = |n: usize| 0..n as u64;
    let matrix = Column::Fixed {
        len: n,
        size: 2,
        item: Box::new(Column::Fixed {
            len: 2 * n,
            size: 3,
            item: Box::new(Column::Values(Values::I16(
                numbers(6 * n).map(|i| (i as i16).wrapping_sub(9)).collect(),
            ))),
        }),
    };
    let pairs = Column::Fixed {
        len: total,
        size: 2,
        item: Box::new(Column::Values(Values::F64(
            numbers(2 * total).map(|i| i as f64 / 3.0).collect(),
        ))),
    };
    let long = |i: usize| "x".repeat(if i == 1 { 300 } else { i % 4 });
    let values = vec![
        (
            "flag",
            Values::Bool(numbers(n).map(|i| (i % 2) as u8).collect()),
        ),
        ("i8", Values::I8(numbers(n).map(|i| i as i8).collect())),
        ("u8", Values::U8(numbers(n).map(|i| i as u8).collect())),
        ("u16", Values::U16(numbers(n).map(|i| i as u16).collect())),
        (
            "i32",
            Values::I32(numbers(n).map(|i| -(i as i32)).collect()),
        ),
        (
            "u32",
            Values::U32(numbers(n).map(|i| u32::MAX - i as u32).collect()),
        ),
        (
            "i64",
            Values::I64(numbers(n).map(|i| i64::MIN + i as i64).collect()),
        ),
        (
            "u64",
            Values::U64(numbers(n).map(|i| u64::MAX - i).collect()),
        ),
        (
            "f32",
            Values::F32(
                numbers(n)
                    .map(|i| f32::from_bits(0x7FC0_0001 + i as u32))
                    .collect(),
            ),
        ),
        (
            "f64",
            Values::F64(numbers(n).map(|i| -0.0 * i as f64).collect()),
        ),
    ];
    let mut all: Vec<NewBranch> = (values.into_iter())
        .map(|(name, values)| NewBranch::new(name, Column::Values(values)))
        .collect();
    let pt = Column::Values(Values::F32(numbers(total).map(|i| i as f32).collect()));
    all.push(NewBranch::new("jet_pt", lists(&counts, pt)).with_counter("njet"));
    all.push(NewBranch::new("jet_pair", lists(&counts, pairs)).with_counter("njet"));
    let id = Column::Values(Values::U8(numbers(total).map(|i| i as u8).collect()));
    all.push(NewBranch::new("own", lists(&counts, id)));
    all.push(NewBranch::new("matrix", matrix).with_title("a matrix"));
    all.push(NewBranch::new(
        "label",
        texts(&(0..n).map(long).collect::<Vec<_>>()),
    ));
    all
}

/// Bits, so that NaNs are equal to themselves.
fn bits(column: &Column) -> String {
    match column {
        Column::Values(values) => format!("{:?}{:?}", values.kind(), values.as_bytes()),
        Column::List { offsets, item } => format!("{offsets:?}{}", bits(item)),
        Column::Fixed { len, size, item } => format!("{len}*{size}{}", bits(item)),
        other => format!("{other:?}"),
    }
}

#[test]
fn what_is_written_is_read_back() {
    for codec in [Codec::None, Codec::Zlib(6), Codec::Zstd(5)] {
        for n in [0, 1, 40_000] {
            let mut bytes = Cursor::new(Vec::new());
            let mut writer = Writer::new(&mut bytes, "made.root", codec).unwrap();
            for path in ["events", "in/ner/events"] {
                writer.tree(path, "all kinds", branches(n)).unwrap();
            }
            assert!(writer.tree("events", "again", branches(1)).is_err());
            writer.finish().unwrap();
            let file = File::from_reader(Cursor::new(bytes.into_inner())).unwrap();
            assert!(file.damage().is_empty(), "{:?}", file.damage());
            assert!(file.classes() > 15);
            for path in ["events", "in/ner/events"] {
                let tree = file.tree(path).unwrap();
                assert_eq!((tree.entries(), tree.title()), (n as u64, "all kinds"));
                for branch in branches(n) {
                    let read = tree.column(&branch.name).unwrap_or_else(|e| panic!("{e}"));
                    assert!(
                        bits(&read) == bits(&branch.column),
                        "{codec:?} {n} {}",
                        branch.name
                    );
                }
                assert!(tree.find("njet").is_some() && tree.find("nown").is_some());
            }
        }
    }
}

#[test]
fn what_has_no_place_is_refused() {
    let refused = |branches: Vec<NewBranch>| {
        let mut writer = Writer::new(Cursor::new(Vec::new()), "x.root", Codec::None).unwrap();
        writer.tree("t", "", branches).unwrap_err().to_string()
    };
    let numbers = |n: i32| Column::Values(Values::I32((0..n).collect()));
    let nested = lists(&[1], lists(&[1], numbers(1)));
    assert!(refused(vec![NewBranch::new("a", nested)]).contains("branch a"));
    let other = vec![
        NewBranch::new("a", numbers(1)),
        NewBranch::new("b", numbers(2)),
    ];
    assert!(refused(other).contains("branch b"));
    let twice = vec![
        NewBranch::new("a", numbers(1)),
        NewBranch::new("a", numbers(1)),
    ];
    assert!(refused(twice).contains("two branches a"));
    let list = NewBranch::new("l", lists(&[2], numbers(2))).with_counter("n");
    let wrong = vec![NewBranch::new("n", numbers(1)), list];
    assert!(refused(wrong).contains("no counter"));
}
