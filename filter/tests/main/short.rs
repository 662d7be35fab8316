//! Promise: what is small costs little, whoever writes it and however, and is a stream like any
//! other to all who read.

use std::io::{Cursor, Read, Write};
use std::sync::Arc;

use crate::common::{self, Noise, Sample};
use catena_filter::io::{read, write};
use catena_filter::{
    Archive, CompressOptions, Decoder, DecompressOptions, Encoder, Layout, Pull, Remains, compress,
    decompress,
};

/// Most raw bytes of a short stream.
const MOST: usize = 1 << 20;

fn is_short(packed: &[u8]) -> bool {
    packed[5] & 4 != 0
}

fn plain(level: u8) -> CompressOptions {
    CompressOptions::default()
        .with_level(common::level(level))
        .with_layout(Layout::bytes())
}

fn unpack(packed: &[u8]) -> Vec<u8> {
    decompress(packed, &DecompressOptions::default().with_threads(1)).unwrap()
}

fn read_archive(packed: &[u8]) -> Vec<u8> {
    let options = DecompressOptions::default().with_threads(1);
    let mut archive = Archive::open_with(Cursor::new(packed), options).unwrap();
    let mut raw = vec![0; archive.len() as usize];
    archive.read_at(0, &mut raw).unwrap();
    raw
}

#[test]
fn few_bytes_around_the_raw_ones() {
    let mut noise = Noise::new(2);
    for level in 1..=9 {
        for (len, around) in [
            (0, 13),
            (1, 22),
            (16, 22),
            (100, 22),
            (200, 23),
            (20_000, 24),
        ] {
            let raw: Vec<u8> = (0..len).map(|_| (noise.next() >> 30) as u8).collect();
            let packed = compress(&raw, &plain(level)).unwrap();
            assert!(
                packed.len() <= len + around,
                "{level} {len}: {}",
                packed.len()
            );
            assert!(unpack(&packed) == raw && read_archive(&packed) == raw);
        }
    }
}

#[test]
fn every_kind_at_every_level() {
    for level in 1..=9 {
        for mut sample in common::all() {
            sample.raw.truncate(3000);
            let packed = compress(&sample.raw, &common::options(&sample, level)).unwrap();
            assert!(is_short(&packed));
            assert!(unpack(&packed) == sample.raw, "{} {level}", sample.name);
            let long = common::long(&sample.raw, common::options(&sample, level));
            assert!(!is_short(&long) && long.len() > packed.len());
            let mut archive = Archive::open(Cursor::new(&packed)).unwrap();
            let header = archive.streams().next().unwrap();
            assert!(header.short && header.layout == sample.layout());
            assert_eq!((header.level, header.chains), (common::level(level), 1));
            assert_eq!(header.frame_size, sample.raw.len());
            let [frame] = archive.frames() else {
                panic!("{} frames", archive.frames().len());
            };
            assert_eq!((frame.key, frame.offset, frame.position), (true, 0, 0));
            let mut some = [0; 10];
            archive.read_at(77, &mut some).unwrap();
            assert!(some == sample.raw[77..87]);
        }
    }
}

#[test]
fn one_frame_that_is_not_full_and_no_flush() {
    let raw = common::text().raw;
    let options = || plain(2).with_frame_size(5000);
    for (len, short) in [
        (0, true),
        (1, true),
        (4999, true),
        (5000, false),
        (5001, false),
    ] {
        let packed = compress(&raw[..len], &options()).unwrap();
        assert_eq!(is_short(&packed), short, "{len}");
        // However it comes.
        for pieces in [&[1][..], &[4999, 1], &[5000], &[333, 2000]] {
            let pushed = common::in_pieces(&raw[..len], options(), pieces);
            assert!(pushed == packed, "{len} {pieces:?}");
        }
    }
    let flushed = common::in_pieces(&raw[..300], options(), &[200, 0, 100]);
    assert!(!is_short(&flushed) && unpack(&flushed) == raw[..300]);
    assert!(!is_short(&common::long(&raw[..300], options())));
    // Where nothing came, there is nothing to flush.
    assert!(is_short(&common::long(&[], options())));
    // Chains, keys and an index are for more than a frame.
    let options = options().with_chains(3).with_key_every(2).with_index(false);
    assert!(is_short(&compress(&raw[..300], &options).unwrap()));
}

#[test]
fn up_to_a_mebibyte() {
    let zeros = vec![0; MOST + 1];
    assert!(is_short(&compress(&zeros[..MOST], &plain(1)).unwrap()));
    let packed = compress(&zeros, &plain(1)).unwrap();
    assert!(!is_short(&packed) && unpack(&packed) == zeros);
}

#[test]
fn with_a_model() {
    let sample = common::events(300);
    let options = common::options(&sample, 3);
    let model = catena_filter::Model::of_sample(
        &sample.layout(),
        common::level(3),
        &common::events(2000).raw,
        "events",
        1,
    );
    let model = Arc::new(model.unwrap().unwrap());
    let named = options.with_model(Arc::clone(&model));
    let packed = compress(&sample.raw, &named).unwrap();
    assert!(is_short(&packed));
    let lacking = DecompressOptions::default().with_model_search(false);
    assert!(decompress(&packed, &lacking).is_err());
    let having = lacking.clone().with_model(Arc::clone(&model));
    assert!(decompress(&packed, &having).unwrap() == sample.raw);
    let mut archive = Archive::open_with(Cursor::new(&packed), having).unwrap();
    assert!(archive.read_frame(0).unwrap() == sample.raw);
    assert_eq!(archive.model(0).unwrap().unwrap().id(), model.id());
    // A file that is carried is longer than all that would be saved.
    let carrying = compress(&sample.raw, &named.with_embed_model(true)).unwrap();
    assert!(!is_short(&carrying));
    assert!(decompress(&carrying, &lacking).unwrap() == sample.raw);
}

/// Short streams, empty ones and long ones in an order of their own, and their raw bytes.
fn mixed(seed: u64, n: usize) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let mut noise = Noise::new(seed);
    let samples = [common::records(50), common::text(), common::noise()];
    let mut next = |n: usize| (noise.next() >> 33) as usize % n;
    let (mut streams, mut raws) = (Vec::new(), Vec::new());
    for _ in 0..n {
        let sample = &samples[next(3)];
        let raw = &sample.raw[..next(900).saturating_sub(60)];
        let options = common::options(sample, [1, 3, 7][next(3)]);
        streams.push(match next(3) {
            0 => compress(raw, &options.with_frame_size(250)).unwrap(),
            _ => compress(raw, &options).unwrap(),
        });
        raws.push(raw.to_vec());
    }
    (streams, raws)
}

#[test]
fn in_any_place_among_others() {
    for seed in 0..12 {
        let (streams, raws) = mixed(seed, 9);
        assert!(streams.iter().any(|it| is_short(it)) && !streams.iter().all(|it| is_short(it)));
        let (packed, raw) = (streams.concat(), raws.concat());
        assert!(unpack(&packed) == raw && read_archive(&packed) == raw);
        let mut archive = Archive::open(Cursor::new(&packed)).unwrap();
        assert_eq!(archive.streams().len(), 9);
        let mut noise = Noise::new(seed);
        for _ in 0..50 {
            let from = noise.next() as usize % raw.len();
            let mut some = vec![0; noise.next() as usize % (raw.len() - from)];
            archive.read_at(from as u64, &mut some).unwrap();
            assert!(some == raw[from..from + some.len()]);
        }
        let number = |frame: &catena_filter::FrameInfo| frame.offset;
        assert!(archive.frames().is_sorted_by_key(number));
        let remains = Remains::examine(Cursor::new(&packed)).unwrap();
        assert!(remains.is_whole() && remains.ending().is_empty());
        assert_eq!(remains.streams(), 9);
        assert_eq!(remains.frames(), archive.frames().len() as u64);
        assert_eq!(remains.kept_len(), packed.len() as u64);
    }
}

#[test]
fn a_single_one_leaves_the_rest() {
    let sample = common::records(20);
    for raw in [&sample.raw[..], b""] {
        let packed = compress(raw, &common::options(&sample, 3)).unwrap();
        let both = [&packed[..], b"what follows"].concat();
        let mut decoder = Decoder::new(DecompressOptions::default().with_threads(1)).unwrap();
        decoder.set_multiple_members(false);
        let (mut taken, mut out) = (0, Vec::new());
        loop {
            taken += decoder.push(&both[taken..]).unwrap();
            match decoder.pull().unwrap() {
                Pull::Data(data) => out.extend(data),
                Pull::End => break,
                Pull::Pending => decoder.wait(),
                Pull::Starved => {}
            }
        }
        assert!(taken == packed.len() && out == raw);
    }
}

#[test]
fn cut_or_lost_bytes_are_found() {
    let (streams, raws) = mixed(3, 6);
    let packed = streams.concat();
    for cut in 0..packed.len() {
        let left = &packed[..cut];
        let ends = streams.iter().scan(0, |end, it| {
            *end += it.len();
            Some(*end)
        });
        let whole = ends.take_while(|&end| end <= cut).count();
        let border = streams[..whole].concat().len() == cut && cut > 0;
        let mut raw = Vec::new();
        let options = DecompressOptions::default().with_threads(1);
        let mut reader = read::Decoder::new(left, options).unwrap();
        assert_eq!(reader.read_to_end(&mut raw).is_ok(), border, "{cut}");
        let before = raws[..whole].concat();
        assert!(raw.starts_with(&before) && raws.concat().starts_with(&raw));
        assert_eq!(Archive::open(Cursor::new(left)).is_ok(), border, "{cut}");
        let Ok(remains) = Remains::examine(Cursor::new(left)) else {
            assert!(raw.is_empty());
            continue;
        };
        let kept = &left[..remains.kept_len() as usize];
        assert!(unpack(&[kept, remains.ending()].concat()) == raw, "{cut}");
    }
}

/// The raw bytes of the frames that can be read of what is damaged.
fn recovered(packed: &[u8]) -> Vec<u8> {
    let options = DecompressOptions::default().with_threads(1);
    let mut archive = Archive::recover(Cursor::new(packed), options).unwrap();
    let frames = 0..archive.frames().len();
    let read = frames.filter_map(|frame| archive.read_frame(frame).ok());
    read.collect::<Vec<_>>().concat()
}

#[test]
fn one_that_is_damaged_spoils_no_other() {
    let short = |sample: &Sample| compress(&sample.raw, &common::options(sample, 3)).unwrap();
    let samples = [20, 30, 40, 50].map(common::records);
    let streams = samples.each_ref().map(short);
    let without = |i: usize| {
        let mut raws = samples.each_ref().map(|sample| sample.raw.clone());
        raws[i].clear();
        raws.concat()
    };
    for damaged in 1..streams.len() {
        for at in 0..streams[damaged].len() {
            let mut streams = streams.clone();
            streams[damaged][at] ^= 0x44;
            assert!(
                recovered(&streams.concat()) == without(damaged),
                "{damaged} {at}"
            );
        }
        // A hole of any kind.
        let mut streams = streams.clone();
        streams[damaged].drain(30..50);
        assert!(recovered(&streams.concat()) == without(damaged));
    }
    // One inside another's bytes is not one of them.
    let inner = short(&samples[1]);
    let mut outer = compress(&inner, &plain(1).with_layout(Layout::bytes())).unwrap();
    assert!(outer.windows(inner.len()).any(|it| it == inner));
    outer[9] ^= 0x40;
    let around = [&streams[0][..], &outer, &streams[2]].concat();
    assert!(recovered(&around) == [&samples[0].raw[..], &samples[2].raw].concat());
}

#[test]
fn behind_a_long_one_that_is_damaged() {
    let (first, second) = (common::records(400), common::records(30));
    let options = common::options(&first, 1).with_frame_size(2600);
    let long = compress(&first.raw, &options).unwrap();
    let short = compress(&second.raw, &common::options(&second, 3)).unwrap();
    let frames = Archive::open(Cursor::new(&long)).unwrap().frames().to_vec();
    let (start, end) = (frames[1].offset as usize, frames[2].offset as usize);
    let expected = [&first.raw[..start], &first.raw[end..], &second.raw[..]].concat();
    // The frame's header.
    let mut packed = [long, short].concat();
    packed[frames[1].position as usize + 3] ^= 1;
    assert!(recovered(&packed) == expected);
    let mut archive = Archive::recover(Cursor::new(&packed), DecompressOptions::default()).unwrap();
    assert!(archive.damage().is_some() && archive.streams().len() == 2);
    assert!(archive.read_frame(archive.frames().len() - 1).unwrap() == second.raw);
}

#[test]
fn nothing_leaves_before_the_end_is_known() {
    let raw = common::text().raw;
    let mut writer = write::Encoder::new(Vec::new(), plain(1)).unwrap();
    writer.write_all(&raw[..1000]).unwrap();
    assert!(writer.get_ref().is_empty());
    let packed = writer.finish().unwrap();
    assert!(is_short(&packed) && unpack(&packed) == raw[..1000]);
}

#[test]
fn a_decoder_needs_what_the_frame_takes() {
    let options = plain(1).with_frame_size(1 << 28).with_chains(9);
    let mut encoder = Encoder::new(options).unwrap();
    assert_eq!(encoder.push(&common::noise().raw[..5000]).unwrap(), 5000);
    encoder.finish().unwrap();
    let mut packed = Vec::new();
    loop {
        match encoder.pull().unwrap() {
            Pull::Data(data) => packed.extend(data),
            Pull::End => break,
            Pull::Pending | Pull::Starved => encoder.wait(),
        }
    }
    let needed = encoder.decoder_memory().unwrap();
    assert!(needed < 1 << 17, "{needed}");
    let options = DecompressOptions::default().with_memory_limit(needed);
    assert!(decompress(&packed, &options).unwrap() == common::noise().raw[..5000]);
}
