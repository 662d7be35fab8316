//! Promise: damage is found, named and survived. No flip of a bit passes, no hostile number panics
//! or allocates.

use std::io::{Cursor, Read};

use crate::common::forge::{
    FIELDS, MODELLED, STORED, ZSTD, end, frame_header, sealed, short_head, short_stream,
    stream_header, varint,
};
use crate::common::{self, Sample};
use catena_filter::io::read;
use catena_filter::{
    Archive, CompressOptions, DecompressOptions, ErrorKind, FrameKind, Result, compress, decompress,
};

fn unpack(packed: &[u8]) -> Result<Vec<u8>> {
    decompress(packed, &DecompressOptions::default().with_threads(1))
}

fn read_archive(packed: &[u8]) -> Result<Vec<u8>> {
    let options = DecompressOptions::default().with_threads(1);
    let mut archive = Archive::open_with(Cursor::new(packed), options)?;
    let mut raw = vec![0; archive.len() as usize];
    archive.read_at(0, &mut raw)?;
    Ok(raw)
}

/// Small streams that have frames of all kinds between them, with indices.
fn small_streams() -> Vec<(Sample, Vec<u8>)> {
    let mut streams = Vec::new();
    for sample in [common::records(40), common::text(), common::noise()] {
        for level in [1, 3, 7] {
            let mut sample = Sample {
                raw: sample.raw.clone(),
                ..sample
            };
            sample.raw.truncate(900);
            let options = common::options(&sample, level).with_frame_size(400);
            let packed = compress(&sample.raw, &options).unwrap();
            streams.push((sample, packed));
        }
    }
    let mut sample = common::segments();
    sample.raw.truncate(4 * 2600);
    sample.raw.drain(..4 * 700);
    let packed = common::long(&sample.raw, common::options(&sample, 3));
    streams.push((sample, packed));
    streams
}

/// Short streams of all kinds of frames, and one without.
fn short_streams() -> Vec<(Sample, Vec<u8>)> {
    let mut streams = Vec::new();
    let samples = [
        (common::records(20), 1..7),
        (common::records(20), 7..8),
        (common::twins(80), 3..4),
        (common::text(), 1..2),
        (common::noise(), 7..8),
        (common::constant(), 1..2),
        (common::segments(), 3..4),
    ];
    for (mut sample, levels) in samples {
        match sample.name {
            "segments" => {
                sample.raw.truncate(4 * 2600);
                sample.raw.drain(..4 * 700);
            }
            _ => sample.raw.truncate(700),
        }
        for level in levels {
            let packed = compress(&sample.raw, &common::options(&sample, level)).unwrap();
            assert_eq!(packed[5] & 4, 4, "{}", sample.name);
            let raw = sample.raw.clone();
            streams.push((Sample { raw, ..sample }, packed));
        }
    }
    let empty = Sample {
        raw: Vec::new(),
        ..common::records(0)
    };
    let packed = compress(b"", &common::options(&empty, 1)).unwrap();
    streams.push((empty, packed));
    streams
}

#[test]
fn the_streams_of_this_test_have_all_kinds() {
    let mut kinds = Vec::new();
    let mut short_kinds = Vec::new();
    for (kinds, streams) in [
        (&mut kinds, small_streams()),
        (&mut short_kinds, short_streams()),
    ] {
        for (_, packed) in streams {
            let archive = Archive::open(Cursor::new(packed)).unwrap();
            kinds.extend(archive.frames().iter().map(|frame| frame.kind));
        }
    }
    for kind in [
        FrameKind::Stored,
        FrameKind::Zstd,
        FrameKind::Fields,
        FrameKind::Modelled,
        FrameKind::Segments,
    ] {
        assert!(kinds.contains(&kind), "{kind:?}");
        assert!(short_kinds.contains(&kind), "{kind:?}");
    }
    assert!(short_kinds.contains(&FrameKind::Tokens));
}

#[test]
fn every_flipped_bit_is_found() {
    for (sample, packed) in small_streams().into_iter().chain(short_streams()) {
        assert!(unpack(&packed).unwrap() == sample.raw);
        assert!(read_archive(&packed).unwrap() == sample.raw);
        let mut spoiled = packed.clone();
        for bit in 0..8 * packed.len() {
            spoiled[bit / 8] ^= 1 << (bit % 8);
            let error = unpack(&spoiled).expect_err("a flipped bit");
            assert!(error.offset().is_some(), "{error}");
            assert!(!matches!(error.kind(), ErrorKind::Panicked(_)), "{error}");
            let error = read_archive(&spoiled).expect_err("a flipped bit");
            assert!(!matches!(error.kind(), ErrorKind::Panicked(_)), "{error}");
            spoiled[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

#[test]
fn frames_in_another_order_are_found() {
    let sample = common::records(100);
    let options = common::options(&sample, 1)
        .with_frame_size(520)
        .with_index(false);
    let packed = compress(&sample.raw, &options).unwrap();
    let frames = Archive::open(Cursor::new(&packed))
        .unwrap()
        .frames()
        .to_vec();
    let place = |i: usize| frames[i].position as usize;
    let swapped = [
        &packed[..place(1)],
        &packed[place(2)..place(3)],
        &packed[place(1)..place(2)],
        &packed[place(3)..],
    ];
    let error = unpack(&swapped.concat()).unwrap_err();
    assert_eq!(
        (error.frame(), error.offset()),
        (Some(1), Some(place(1) as u64))
    );
    let dropped = [&packed[..place(1)], &packed[place(2)..]].concat();
    assert_eq!(unpack(&dropped).unwrap_err().frame(), Some(1));
}

#[test]
fn what_comes_before_the_damage_comes_out() {
    let sample = common::records(1000);
    for level in [1, 7] {
        let options = common::options(&sample, level).with_frame_size(2600);
        let mut packed = compress(&sample.raw, &options).unwrap();
        let frames = Archive::open(Cursor::new(&packed))
            .unwrap()
            .frames()
            .to_vec();
        packed[frames[4].position as usize + 30] ^= 0x10;
        let mut raw = Vec::new();
        let mut reader =
            read::Decoder::new(packed.as_slice(), DecompressOptions::default()).unwrap();
        assert!(reader.read_to_end(&mut raw).is_err());
        assert!(
            raw == sample.raw[..frames[4].offset as usize],
            "{}",
            raw.len()
        );
    }
}

#[test]
fn foreign_bytes() {
    for foreign in [
        &b""[..],
        b"\x1f\x8b\x08\0\0\0\0\0",
        b"hello",
        &[0; 1000],
        &[0xCA; 50],
    ] {
        let error = unpack(foreign).unwrap_err();
        if foreign.is_empty() {
            assert!(matches!(error.kind(), ErrorKind::Truncated));
        } else {
            assert!(matches!(error.kind(), ErrorKind::NotCatena));
        }
        assert!(Archive::open(Cursor::new(foreign)).is_err());
    }
    let mut packed = compress(b"abc", &CompressOptions::default()).unwrap();
    packed.extend_from_slice(b"garbage");
    assert!(matches!(
        unpack(&packed).unwrap_err().kind(),
        ErrorKind::NotCatena
    ));
    packed[4] = 9;
    assert!(matches!(
        unpack(&packed).unwrap_err().kind(),
        ErrorKind::Version(9)
    ));
}

// --- streams forged with right checksums: see `common::forge` ------------------------------------

fn refused(packed: &[u8]) {
    for error in [
        unpack(packed).unwrap_err(),
        read_archive(packed).unwrap_err(),
    ] {
        let expected = matches!(
            error.kind(),
            ErrorKind::Corrupt(_) | ErrorKind::Truncated | ErrorKind::MemoryLimit { .. }
        );
        assert!(expected, "{error:?}");
    }
}

#[test]
fn hostile_stream_headers() {
    let huge = [0, 1 << 28, u64::from(u32::MAX), 1 << 63, u64::MAX];
    for number in huge {
        refused(&stream_header(number, 1, 1000, b"u1", &[]));
        refused(&stream_header(1, number, 1000, b"u1", &[]));
        refused(&stream_header(1, 1, 1000, b"u1", &[number, number, number]));
    }
    for number in [0, (1 << 28) + 1, 1 << 63, u64::MAX] {
        refused(&stream_header(1, 1, number, b"u1", &[]));
    }
    for dtype in [
        &b""[..],
        b"<f5",
        b"f4",
        b"\xff\xfe",
        b"4294967295<f8",
        b"V99999999999",
        b"u1,",
    ] {
        refused(&stream_header(1, 1, 1000, dtype, &[]));
    }
    // Large, but within the format: too much together.
    let columns = vec!["<f4"; 1000].join(",");
    for (chains, frame_size, dtype) in [(256, 1 << 20, columns.as_str()), (1, 1 << 28, "u1")] {
        let header = stream_header(chains, 16, frame_size, dtype.as_bytes(), &[]);
        let error = unpack(&header).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::MemoryLimit { .. }),
            "{error:?}"
        );
    }
    // A shape of 2^63 axes, of which none is there.
    let mut body = vec![5, 1, 1, 100, 2, b'u', b'1'];
    varint(&mut body, 1 << 63);
    let mut out = vec![0xCA, 0x7E, 0x4E, 0xA0, 2, 0x80, body.len() as u8];
    out.extend(body);
    refused(&sealed(out));
    // A header of 2^63 bytes.
    let mut out = vec![0xCA, 0x7E, 0x4E, 0xA0, 2, 0x80];
    varint(&mut out, 1 << 63);
    refused(&out);
}

#[test]
fn hostile_frames() {
    let header = stream_header(1, 1, 1 << 28, b"<f4", &[]);
    let numbers = [0, 1, 4, 1 << 28, (1 << 28) + 1, 1 << 63, u64::MAX];
    for tag in [STORED, ZSTD, FIELDS, MODELLED, 5, 7, 0x29, 0x49, 0x89] {
        for raw_len in numbers {
            for coded_len in numbers {
                let frame = frame_header(tag, raw_len, coded_len, &[]);
                refused(&[&header[..], &frame].concat());
                let garbage = vec![0x5A; coded_len.min(64) as usize];
                let frame = frame_header(tag, raw_len, garbage.len() as u64, &garbage);
                refused(&[&header[..], &frame, &garbage].concat());
            }
        }
    }
}

/// Payloads that damage has not come to by chance: their checksums are right.
#[test]
fn hostile_payloads() {
    let mut noise = common::Noise::new(99);
    for (sample, packed) in small_streams() {
        let archive = Archive::open(Cursor::new(&packed)).unwrap();
        for frame in archive.frames() {
            let start = frame.position as usize;
            let len = frame_header(0, frame.raw_len as u64, frame.coded_len as u64, &[]).len();
            let payload = start + len..start + len + frame.coded_len;
            for round in 0..200 {
                let mut forged = packed.clone();
                for _ in 0..1 + round % 4 {
                    let at = payload.start + noise.next() as usize % frame.coded_len;
                    forged[at] = noise.next() as u8;
                }
                let sum = crc32fast::hash(&forged[payload.clone()]).to_le_bytes();
                forged[payload.start - 8..payload.start - 4].copy_from_slice(&sum);
                let sum = crc32fast::hash(&forged[start..payload.start - 4]).to_le_bytes();
                forged[payload.start - 4..payload.start].copy_from_slice(&sum);
                match unpack(&forged) {
                    Ok(raw) => assert!(raw == sample.raw),
                    Err(error) => {
                        assert!(matches!(error.kind(), ErrorKind::Corrupt(_)), "{error:?}")
                    }
                }
            }
        }
    }
}

#[test]
fn hostile_short_streams() {
    let numbers = [0, 1, 4, 64, 1 << 20, (1 << 20) + 1, 1 << 63, u64::MAX];
    for tag in [STORED, ZSTD, FIELDS, MODELLED, 5 | 8, 6 | 8, 5 | 24] {
        for raw_len in numbers {
            for coded_len in numbers {
                let lens = [1, raw_len, coded_len];
                let lens = match tag {
                    STORED => &lens[1..2],
                    MODELLED => &lens[..],
                    _ => &lens[1..],
                };
                let head = short_head(tag, b"<f4", &[], lens);
                refused(&head);
                refused(&short_stream(&head, &[]));
                let garbage = vec![0x5A; coded_len.min(1 << 16) as usize];
                refused(&short_stream(&head, &garbage));
            }
        }
    }
    // Tags of frames that a short stream has not, or of none with something behind.
    for tag in [1, 2 | 24, 4 | 8, 7 | 8, 8, 0x10, 0x29, 0x49, 0x89, 0xFF] {
        refused(&short_stream(&short_head(tag, b"", &[], &[1, 4]), b"data"));
    }
    refused(&short_stream(&short_head(0, b"", &[], &[]), &[]));
    // Lanes that are too many or none.
    for lane_n in [0, 257, u64::MAX] {
        let head = short_head(MODELLED, b"<f4", &[], &[lane_n, 100, 2]);
        refused(&short_stream(&head, &[0; 2]));
    }
    // Layouts, among them one that has a shorter form.
    let long = "<f4,".repeat(1 << 10) + "<f4";
    for dtype in [&b"u1"[..], b"<f5", b"u1,", b"\xff\xfe", long.as_bytes()] {
        refused(&short_stream(
            &short_head(STORED, dtype, &[], &[4]),
            b"data",
        ));
    }
    let shape = [1 << 32, 1 << 32];
    let head = short_head(STORED, b"<f4", &shape, &[4]);
    refused(&short_stream(&head, b"data"));
    // A model's file has no place in it; and a reserved flag.
    for flags in [0x87, 0x86, 0x8C, 0x04] {
        let mut head = short_head(STORED, b"", &[], &[4]);
        head[5] = flags;
        let error = unpack(&short_stream(&head, b"data")).unwrap_err();
        let expected = matches!(error.kind(), ErrorKind::Corrupt(_) | ErrorKind::Version(1));
        assert!(expected, "{error:?}");
    }
    // The smallest that is right.
    let mut head = short_head(0, b"", &[], &[]);
    head[6] = 3;
    assert_eq!(unpack(&sealed(head)).unwrap(), b"");
}

/// Changed payloads of short streams with right checksums.
#[test]
fn hostile_short_payloads() {
    let mut noise = common::Noise::new(9);
    for (sample, packed) in short_streams() {
        for round in 0..200 {
            let mut forged = packed[..packed.len() - 4].to_vec();
            for _ in 0..1 + round % 4 {
                let at = 6 + noise.next() as usize % (forged.len() - 6);
                forged[at] = noise.next() as u8;
            }
            let forged = sealed(forged);
            let read = unpack(&forged);
            match &read {
                Ok(raw) => assert!(*raw == sample.raw),
                Err(error) => assert!(
                    matches!(
                        error.kind(),
                        ErrorKind::Corrupt(_) | ErrorKind::Truncated | ErrorKind::NotCatena
                    ),
                    "{error:?}"
                ),
            }
            assert_eq!(read_archive(&forged).is_ok(), read.is_ok());
        }
    }
}

#[test]
fn hostile_indices() {
    let header = stream_header(2, 1, 1000, b"u1", &[]);
    let frame = frame_header(STORED, 4, 4, b"data");
    let body = [&header[..], &frame, b"data"].concat();
    let len = body.len() as u64;
    let entry = (STORED, 4, 4);
    for tail in [
        end(1, 4, len, &[entry, entry]),
        end(2, 8, len, &[entry, entry]),
        end(1, 4, 0, &[entry]),
        end(1, 4, u64::MAX, &[entry]),
        end(1, 4, len + 1, &[entry]),
        end(u64::MAX, u64::MAX, len, &[]),
        end(1, 1 << 63, len, &[(STORED, 1 << 63, 1 << 63)]),
        end(
            2,
            0,
            len,
            &[(STORED, 1 << 63, 1 << 63), (STORED, 1 << 63, 1 << 63)],
        ),
        end(1, 1000, len, &[(ZSTD, 1000, 4)]),
    ] {
        refused(&[&body[..], &tail].concat());
    }
    // A tail that names more bytes than there are.
    let mut packed = [&body[..], &end(1, 4, len, &[entry])].concat();
    let at = packed.len() - 8;
    packed[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    refused(&packed);
}

#[test]
fn a_model_at_a_level_without_one() {
    let mut header = stream_header(1, 1, 1000, b"u1", &[]);
    header[7] = 1;
    let header = sealed(header[..header.len() - 4].to_vec());
    let frame = frame_header(MODELLED, 100, 2, &[0, 0]);
    let error = unpack(&[&header[..], &frame, &[0, 0]].concat()).unwrap_err();
    assert!(error.to_string().contains("a level without one"), "{error}");
}

#[test]
fn a_limit_on_memory() {
    let raw = common::noise().raw;
    let long = common::long(&raw, CompressOptions::default());
    let short = compress(&raw, &CompressOptions::default()).unwrap();
    // What the frames of the one may take, and the frame of the other takes.
    for (packed, limit) in [(&long, 1 << 20), (&short, 1 << 15)] {
        let options = DecompressOptions::default().with_memory_limit(limit);
        let error = decompress(packed, &options).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::MemoryLimit { .. }));
    }
    let options = DecompressOptions::default().with_memory_limit(1 << 20);
    assert!(decompress(&short, &options).unwrap() == raw);
}
