//! Bytes of entries as ROOT writes them, and the values in them.

use crate::column::{Column, Kind, Values};
use crate::container::cursor::Cursor;
use crate::error::Result;
use crate::streamer::classes::Classes;

use super::{Builder, Codec, Step};

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|p| (p[0] * 16 + p[1]) as u8).collect()
}

/// The one value of a type that is a whole branch.
fn whole(name: &str, hex: &str) -> Result<Column> {
    let classes = Classes::default();
    let (ty, codec, _) = Builder::new(&classes).whole(name).unwrap();
    let mut column = Column::new(&ty);
    let data = bytes(hex);
    let mut cursor = Cursor::new(&data);
    codec.read(&mut cursor, 1, &mut column)?;
    assert!(cursor.is_at_end());
    Ok(column)
}

fn list(offsets: &[i64], item: Column) -> Column {
    let offsets = offsets.to_vec();
    let item = Box::new(item);
    Column::List { offsets, item }
}

#[test]
fn vectors_have_a_header_and_inner_ones_have_none() {
    let flat = whole("vector<short>", "4000000a 0009 00000002 0001 fffe").unwrap();
    assert_eq!(
        flat,
        list(&[0, 2], Column::Values(Values::I16(vec![1, -2])))
    );
    let nested = "40000010 0009 00000002 00000000 00000002 0102";
    let nested = whole("std::vector<std::vector<unsigned char>>", nested).unwrap();
    let inner = list(&[0, 0, 2], Column::Values(Values::U8(vec![1, 2])));
    assert_eq!(nested, list(&[0, 2], inner));
}

#[test]
fn strings_and_maps() {
    let Column::Strings(text) = whole("string", "03 616263").unwrap() else {
        panic!("no text");
    };
    assert_eq!(text.bytes, b"abc");
    let words = whole("vector<string>", "40000009 0009 00000002 00 0161").unwrap();
    let Column::List { offsets, item } = words else {
        panic!("no list");
    };
    assert_eq!((offsets, item.len()), (vec![0, 2], 2));
    let map = whole("map<int,string>", "4000000c 0009 00000001 00000007 01 7a").unwrap();
    let Column::List { item, .. } = map else {
        panic!("no list");
    };
    assert!(matches!(*item, Column::Record { len: 1, .. }));
    // A byte more than the header counts, or one less.
    for wrong in [
        "4000000b 0009 00000001 00000007 01 7a",
        "4000000d 0009 00000001 00000007 01 7a 00",
    ] {
        assert!(whole("map<int,string>", wrong).is_err(), "{wrong}");
    }
}

/// A vector of two numbers in a struct, as ATLAS's links are: all first members, then all second
/// ones.
#[test]
fn objects_stored_member_by_member() {
    let steps = vec![
        Step::Member(0, Codec::Scalar(Kind::U32)),
        Step::Member(1, Codec::Scalar(Kind::U32)),
    ];
    let codec = Codec::Collection {
        item: Box::new(Codec::Record(steps.clone())),
        members: Some(steps),
    };
    let field = |name: &str| crate::column::Field {
        name: name.into(),
        ty: crate::column::Type::Scalar(Kind::U32),
    };
    let record = crate::column::Type::Record(vec![field("key"), field("index")]);
    let mut column = Column::new(&crate::column::Type::list(record));
    // Byte count, version with the bit, no version of the class but its checksum, number, members.
    let data = bytes("4000001c 4009 0000 a706700b 00000002 00000005 00000006 00000001 00000002");
    codec.read(&mut Cursor::new(&data), 1, &mut column).unwrap();
    let Column::List { offsets, item } = column else {
        panic!("no list");
    };
    let Column::Record { len: 2, fields } = *item else {
        panic!("no records");
    };
    assert_eq!(offsets, [0, 2]);
    assert_eq!(fields[0].1, Column::Values(Values::U32(vec![5, 6])));
    assert_eq!(fields[1].1, Column::Values(Values::U32(vec![1, 2])));
}

#[test]
fn members_of_split_collections_share_a_header() {
    let classes = Classes::default();
    let pair = Builder::new(&classes).pair_member("pair<string,vector<int> >", 0);
    let (ty, codec) = pair.unwrap().unwrap();
    let mut column = Column::new(&ty);
    for hex in ["40000002 0009", "40000006 0009 01 61 01 62"] {
        let data = bytes(hex);
        codec
            .read_to_end(&mut Cursor::new(&data), &mut column)
            .unwrap();
    }
    let Column::Strings(texts) = column else {
        panic!("no texts");
    };
    assert_eq!(
        (texts.offsets, texts.bytes),
        (vec![0, 1, 2], b"ab".to_vec())
    );
}

#[test]
fn a_length_is_not_believed() {
    for hex in [
        "40000006 0009 ffffffff",
        "4000000a 0009 7fffffff 00000001",
        "4fffffff 0009 00000000",
    ] {
        assert!(whole("vector<double>", hex).is_err(), "{hex}");
        assert!(whole("vector<vector<string>>", hex).is_err(), "{hex}");
    }
}
