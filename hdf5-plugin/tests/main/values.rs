//! `cd_values`: what goes in comes out, whatever does not fit becomes something that does, and
//! nonsense is refused.

use catena_filter::{ByteOrder, Field, Kind, Layout, Level};
use h5catena::{MAX_VALUES, Parsed, Settings, Shuffle, Type, decode_chunk, encode_chunk};
use proptest::prelude::*;

fn of(text: &str) -> Parsed {
    Parsed::new(Settings::default(), &Layout::parse(text).unwrap())
}

fn dtype(parsed: &Parsed) -> String {
    let shape = parsed.layout.shape();
    match shape {
        [] => parsed.layout.dtype(),
        _ => format!("{} {shape:?}", parsed.layout.dtype()),
    }
}

#[test]
fn layouts_come_back_through_the_values() {
    for (text, canonical) in [
        ("<f4", "<f4"),
        (">f8", ">f8"),
        ("a:<f4,b:<f4,c:>i2", "2<f4,>i2"),
        ("V12,<u8", "12u1,<u8"),
        ("<f4 [7,30,40]", "<f4 [0, 30, 40]"),
        ("33<f4,u1,i1,<f2 [5,6]", "33<f4,u1,i1,<f2 [0, 6]"),
        ("<u8,>u8,<u8", "<u8,>u8,<u8"),
        ("1000000<f4", "1000000<f4"),
    ] {
        let parsed = of(text);
        assert_eq!(dtype(&parsed), canonical);
        let values = parsed.values();
        assert!(values.len() <= MAX_VALUES);
        assert_eq!(Parsed::parse(&values).unwrap(), parsed, "{text}");
    }
}

#[test]
fn patterns_that_come_again_take_little_room() {
    let text = ["<f4,<u2,u1,<i8"; 300].join(",");
    let parsed = of(&text);
    assert_eq!(parsed.layout, Layout::parse(&text).unwrap());
    assert!(parsed.values().len() < 9);
}

#[test]
fn what_does_not_fit_becomes_words() {
    let mut seed = 7u32;
    let mut text = String::new();
    for _ in 0..200 {
        seed = seed.wrapping_mul(1664525).wrapping_add(1013904223);
        text += ["<f4,", "<i4,", "2<u2,", "4u1,"][(seed >> 30) as usize];
    }
    let parsed = of(text.trim_end_matches(','));
    assert_eq!(parsed.layout.record_size(), 800);
    assert_eq!(parsed.layout.fields().len(), 1);
    assert_eq!(parsed.layout.fields()[0].width, 4);
    assert_eq!(Parsed::parse(&parsed.values()).unwrap(), parsed);
}

#[test]
fn types_become_layouts() {
    let float = || Type::Number(Kind::Float, 4, ByteOrder::Little);
    let layout = |of: &Type, chunk: &[u64]| of.layout(chunk).dtype();
    assert_eq!(layout(&float(), &[100]), "<f4");
    assert_eq!(
        layout(&Type::Number(Kind::Float, 16, ByteOrder::Little), &[9]),
        "16u1"
    );
    assert_eq!(
        layout(&Type::Number(Kind::Int, 3, ByteOrder::Big), &[9]),
        "3u1"
    );
    assert_eq!(layout(&Type::Array(Box::new(float()), 12), &[9]), "12<f4");
    let inner = Type::Compound(8, vec![(0, float()), (6, Type::Bytes(2))]);
    assert_eq!(layout(&inner, &[9]), "<f4,4u1");
    let outer = Type::Compound(
        30,
        vec![(24, float()), (0, Type::Array(Box::new(inner), 3))],
    );
    assert_eq!(layout(&outer, &[9]), "<f4,4u1,<f4,4u1,<f4,4u1,<f4,2u1");
    // Members that overlap, and such as leave the record.
    for offset in [2, 5] {
        let odd = Type::Compound(8, vec![(0, float()), (offset, float())]);
        assert_eq!(layout(&odd, &[9]), "8u1");
    }
    assert_eq!(layout(&Type::Compound(0, vec![]), &[9]), "u1");
    assert_eq!(
        layout(&Type::Array(Box::new(float()), u32::MAX), &[9]),
        "u1"
    );
    assert_eq!(float().layout(&[1, 1, 30, 40]).shape(), [0, 40]);
    assert_eq!(float().layout(&[5, 30, 40]).shape(), [0, 30, 40]);
    assert!(float().layout(&[1, 1, 30]).shape().is_empty());
}

#[test]
fn users_values() {
    let level = |values: &[u32]| Settings::parse(values).map(|s| s.level.get());
    assert_eq!(level(&[]).unwrap(), 3);
    assert_eq!(level(&[0]).unwrap(), 3);
    assert_eq!(level(&[9, 0, 0, 0, 77, 88]).unwrap(), 9);
    let settings = Settings::parse(&[8, 1, 0x0123_4567, 0x89AB_CDEF]).unwrap();
    assert_eq!(settings.model_name().unwrap(), "0123456789abcdef");
    assert_eq!(settings.user_values(), [8, 1, 0x0123_4567, 0x89AB_CDEF]);
    for bad in [
        &[10][..],
        &[5, 2],
        &[8, 1],
        &[7, 1, 1, 1],
        &[5, 0, 1],
        &[5; 17],
    ] {
        assert!(level(bad).is_err(), "{bad:?}");
    }
    assert!(Parsed::parse(&[5, 0, 0, 0, 1]).is_err());
    for bad in [
        &[5, 0, 0, 0, 0xCA7E_0002][..],
        &[5, 0, 0, 0, 0xCA7E_0002, 1],
    ] {
        assert!(Parsed::parse(bad).is_err());
    }
}

#[test]
fn shuffled_chunks_take_what_plain_ones_do() {
    let plain = of("<f4,<u2");
    let shuffle = Shuffle::new(6, 4);
    let shuffled = plain.clone().with_shuffle(shuffle);
    assert_eq!(Parsed::parse(&shuffled.values()).unwrap(), shuffled);
    let raw: Vec<u8> = (0..6004u32).map(|i| (i * i / 77) as u8).collect();
    let bytes = shuffle.unwrap().again(&raw);
    let stored = encode_chunk(&bytes, &shuffled, None, 1).unwrap();
    assert_eq!(stored, encode_chunk(&raw, &plain, None, 1).unwrap());
    assert_eq!(decode_chunk(&stored, &shuffled, None, 0).unwrap(), bytes);
}

#[test]
fn chunks_come_back() {
    let parsed = Parsed::new(
        Settings::new(Level::new(4).unwrap()),
        &Layout::parse("<f4,<u2").unwrap(),
    );
    let raw: Vec<u8> = (0..6000u32).map(|i| (i * i / 77) as u8).collect();
    let stored = encode_chunk(&raw, &parsed, None, 1).unwrap();
    assert_eq!(decode_chunk(&stored, &parsed, None, 0).unwrap(), raw);
    let error = decode_chunk(&stored[1..], &parsed, None, 0).unwrap_err();
    assert!(error.to_string().contains("checksum"), "{error}");
}

fn fields() -> impl Strategy<Value = Vec<Field>> {
    let kinds = vec![
        (Kind::Float, 4),
        (Kind::Float, 8),
        (Kind::Int, 2),
        (Kind::Uint, 1),
        (Kind::Uint, 4),
        (Kind::Bytes, 5),
    ];
    let field = (prop::sample::select(kinds), 1u32..20, any::<bool>());
    prop::collection::vec(field, 1..150).prop_map(|parts| {
        let parts = parts.into_iter();
        let field = parts.map(|((kind, width), count, big)| {
            let order = if big {
                ByteOrder::Big
            } else {
                ByteOrder::Little
            };
            Field::new(kind, width, count, order)
        });
        field.collect()
    })
}

proptest! {
    #[test]
    fn any_layout_becomes_values(fields in fields(), shape in prop::collection::vec(1u64..2000, 0..12), size in 2u32..99) {
        let layout = Layout::from_fields(fields).unwrap();
        let layout = layout.with_shape(&shape).unwrap_or(Layout::bytes());
        let parsed = Parsed::new(Settings::default(), &layout);
        let values = parsed.values();
        prop_assert!(values.len() <= MAX_VALUES);
        prop_assert_eq!(Parsed::parse(&values).unwrap(), parsed.clone());
        prop_assert_eq!(parsed.layout.record_size(), layout.record_size());
        prop_assert_eq!(Parsed::new(Settings::default(), &parsed.layout), parsed.clone());
        let shuffled = parsed.with_shuffle(Shuffle::new(size, 0));
        let values = shuffled.values();
        prop_assert!(values.len() <= MAX_VALUES);
        prop_assert_eq!(Parsed::parse(&values).unwrap(), shuffled.clone());
        prop_assert_eq!(shuffled.layout.record_size(), layout.record_size());
    }

    #[test]
    fn any_values_are_read_or_refused(code in prop::collection::vec(any::<u32>(), 0..12)) {
        let values: Vec<u32> = [5, 0, 0, 0, 0xCA7E_0001].into_iter().chain(code).collect();
        if let Ok(parsed) = Parsed::parse(&values) {
            prop_assert!(parsed.layout.record_size() > 0);
        }
    }
}
