//! Promise: the engine gives back every bit at every level, whatever the values, the cuts and the
//! chains; and whatever a forger writes, it refuses or decodes, but does not panic.

use crate::common;
use crate::common::engine::{self, Coded};
use catena_filter::engine::kernel::Kernel;
use catena_filter::io::write;
use catena_filter::{CompressOptions, DecompressOptions, Layout, compress, decompress};
use proptest::prelude::*;
use std::io::Write;

fn unpack(packed: &[u8]) -> Vec<u8> {
    decompress(packed, &DecompressOptions::default()).unwrap()
}

/// Every value of 16 bits, and of wider floats every exponent with odd fractions: NaNs, zeros,
/// infinities, denormals.
fn odd_values(width: usize) -> Vec<u8> {
    let mut raw = Vec::new();
    let fractions = [0u64, 1, 0x8_0000_0000_0001, 0xF_FFFF_FFFF_FFFF];
    match width {
        2 => (0..=u16::MAX)
            .step_by(7)
            .for_each(|v| raw.extend(v.to_le_bytes())),
        4 => (0..512u32).for_each(|top| {
            fractions.iter().for_each(|&f| {
                raw.extend((top << 23 | (f >> 29) as u32 | f as u32 & 1).to_le_bytes())
            });
        }),
        _ => (0..4096u64).step_by(10).for_each(|top| {
            fractions
                .iter()
                .for_each(|&f| raw.extend((top << 52 | f).to_le_bytes()));
        }),
    }
    raw
}

#[test]
fn every_kind_of_float_comes_back() {
    for (width, plain, records) in [
        (2, "<f2", "3>f2"),
        (4, "<f4", "<f4,>f4,<f4"),
        (8, "<f8", "2<f8,>f8"),
    ] {
        let mut raw = odd_values(width);
        // The same again in another order, so that relations and copies meet them too.
        let turned: Vec<u8> = raw.chunks(width).rev().flatten().copied().collect();
        raw.extend(turned);
        for (dtype, shape) in [
            (plain, &[][..]),
            (records, &[]),
            (plain, &[0, 64]),
            (plain, &[0, 4, 32]),
        ] {
            let layout = Layout::parse(dtype).unwrap().with_shape(shape).unwrap();
            for level in [7, 9] {
                let spec = engine::spec(&layout, level, raw.len());
                let coded = engine::encode(&spec, Kernel::best(), &raw, &[raw.len() / 2 + 1]);
                assert!(
                    engine::decode(&spec, Kernel::best(), &coded).unwrap() == raw,
                    "{dtype} {shape:?} level {level}"
                );
            }
        }
    }
}

/// The largest words: where a careless sum leaves 32 bits.
#[test]
fn the_largest_words_come_back() {
    for dtype in ["<u8", "<f8", ">i8", "<u4", "<u2", "u1"] {
        let layout = Layout::parse(dtype).unwrap();
        let mut raw = vec![0xFF; 800];
        raw.extend([0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF].repeat(40));
        raw.extend([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F].repeat(40));
        for level in [7, 9] {
            let spec = engine::spec(&layout, level, raw.len());
            let coded = engine::encode(&spec, Kernel::best(), &raw, &[]);
            assert!(engine::decode(&spec, Kernel::best(), &coded).unwrap() == raw);
        }
    }
}

#[test]
fn chains_keys_and_frame_sizes() {
    let sample = common::events(700);
    for level in [7, 9] {
        for (chains, every, frame_size) in [
            (1, None, 1 << 20),
            (1, Some(2), 7001),
            (2, None, 5000),
            (3, Some(2), 4999),
            (4, Some(1), 3000),
            (4, None, 40),
        ] {
            let frame_size = frame_size.max(2000);
            let options = common::options(&sample, level)
                .with_frame_size(frame_size)
                .with_chains(chains)
                .with_key_every(every);
            let packed = compress(&sample.raw, &options).unwrap();
            assert!(
                unpack(&packed) == sample.raw,
                "level {level}, {chains} chains, key {every:?}, {frame_size}"
            );
        }
    }
}

#[test]
fn a_flush_may_split_a_record() {
    for sample in [
        common::events(600),
        common::plane(),
        common::grid(),
        common::walk(),
    ] {
        for level in [7, 9] {
            let options = common::options(&sample, level).with_frame_size(6000);
            let mut writer = write::Encoder::new(Vec::new(), options).unwrap();
            let mut rest = &sample.raw[..];
            // Lengths that no record divides, the first shorter than one.
            for len in [3, 1, 4099, 1, 997, 2503] {
                let (piece, after) = rest.split_at(len);
                writer.write_all(piece).unwrap();
                writer.flush().unwrap();
                rest = after;
            }
            writer.write_all(rest).unwrap();
            let packed = writer.finish().unwrap();
            assert!(
                unpack(&packed) == sample.raw,
                "{} level {level}",
                sample.name
            );
        }
    }
}

// --- payloads that a forger wrote ----------------------------------------------------------------

/// Decoding must end, in an error or in as many bytes as were announced.
fn survives(spec: &catena_filter::engine::predict::Spec, frame: &Coded) {
    if let Ok(raw) = engine::decode_first(spec, frame) {
        assert_eq!(raw.len(), frame.raw_len);
    }
}

#[test]
fn forged_payloads_do_not_panic() {
    let mut noise = common::Noise::new(4711);
    let samples = [
        common::events(150),
        common::records(150),
        common::plane(),
        common::grid(),
        common::walk(),
        common::text(),
    ];
    for mut sample in samples {
        sample.raw.truncate(6000);
        for level in [7, 9] {
            let spec = engine::spec(&sample.layout(), level, sample.raw.len());
            let whole = engine::encode(&spec, Kernel::best(), &sample.raw, &[])
                .pop()
                .unwrap();
            let good = || whole.clone();
            for cut in 0..good().plan.len() {
                let mut frame = good();
                frame.plan.truncate(cut);
                assert!(engine::decode_first(&spec, &frame).is_err(), "a cut plan");
                if cut % 8 == 0 {
                    let mut frame = good();
                    frame.plan[cut] = noise.next() as u8;
                    survives(&spec, &frame);
                }
            }
            for _ in 0..12 {
                let mut frame = good();
                let lane = noise.next() as usize % frame.lanes.len();
                let bytes = &mut frame.lanes[lane];
                if !bytes.is_empty() {
                    let at = noise.next() as usize % bytes.len().min(200);
                    match noise.next() % 3 {
                        0 => bytes[at] = noise.next() as u8,
                        1 => bytes.truncate(at),
                        _ => bytes.iter_mut().for_each(|b| *b = noise.next() as u8),
                    }
                }
                survives(&spec, &frame);
            }
            // Lanes of nothing, of zeros, of ones.
            for fill in [&[][..], &[0; 64], &[0xFF; 64], &[0xFF; 3]] {
                let mut frame = good();
                frame.lanes.iter_mut().for_each(|l| *l = fill.to_vec());
                survives(&spec, &frame);
            }
        }
    }
}

/// A plan of every relation with every kind of column, over data that makes its numbers odd.
#[test]
fn forged_plans_over_odd_values() {
    let layout = Layout::parse("<f4,<f8,<f2,<i4,<u8,i1,<f8,<f4").unwrap();
    let raw = odd_values(8)[..39 * 60].to_vec();
    let mut noise = common::Noise::new(12);
    for level in [7, 9] {
        let spec = engine::spec(&layout, level, raw.len());
        for formula in 0..20u8 {
            let mut frame = engine::encode(&spec, Kernel::best(), &raw, &[])
                .pop()
                .unwrap();
            // By column: no setup for the first; then references, a formula and a step for all
            // others.
            frame.plan = vec![1, 0];
            for at in 1..8u8 {
                let mut back = || 1 + noise.next() as u8 % at;
                frame.plan.extend([15, back(), back(), back()]);
                frame.plan.extend([formula, back(), back(), back()]);
                frame.plan.push([0, 15, 0x81, 0x8F][usize::from(at) % 4]);
            }
            let decoded = engine::decode_first(&spec, &frame).unwrap();
            assert_eq!(decoded.len(), raw.len());
        }
    }
}

// --- anything ------------------------------------------------------------------------------------

fn dtype() -> impl Strategy<Value = String> {
    let field = prop::sample::select(vec![
        "<f2", ">f4", "<f4", "<f8", ">f8", "u1", "i1", "<u2", ">i2", "<i4", ">u4", "<i8", ">u8",
        "V3", "2<f4",
    ]);
    prop::collection::vec(field, 1..5).prop_map(|fields| fields.join(","))
}

/// How a column goes on from row to row.
#[derive(Clone, Copy, Debug)]
enum Pattern {
    Constant,
    Ramp,
    Noise,
    Repeat,
    Floats,
}

/// Rows whose bytes follow patterns, one a word of the row.
fn rows() -> impl Strategy<Value = Vec<u8>> {
    let pattern = prop::sample::select(vec![
        Pattern::Constant,
        Pattern::Ramp,
        Pattern::Noise,
        Pattern::Repeat,
        Pattern::Floats,
    ]);
    let patterns = prop::collection::vec((pattern, any::<u64>()), 1..6);
    (patterns, 1usize..2400, 1usize..9).prop_map(|(patterns, n, width)| {
        let mut raw = Vec::new();
        for row in 0..(n / patterns.len() + 1) as u64 {
            for &(pattern, seed) in &patterns {
                let mut noise = common::Noise::new(seed ^ (row << 7));
                let word = match pattern {
                    Pattern::Constant => seed,
                    Pattern::Ramp => seed.wrapping_add(row * (seed >> 56)),
                    Pattern::Noise => noise.next(),
                    Pattern::Repeat => common::Noise::new(seed ^ (row % 5)).next(),
                    Pattern::Floats => u64::from((row as f32 * 0.25 + seed as f32).to_bits()),
                };
                raw.extend_from_slice(&word.to_le_bytes()[..width]);
            }
        }
        raw
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn small_layouts_and_patterns(
        dtype in dtype(),
        shape in prop::sample::select(vec![&[][..], &[0, 7], &[0, 3, 11], &[2, 2, 2, 2]]),
        raw in rows(),
        level in 7u8..=9,
        cuts in prop::collection::vec(1usize..9000, 0..3),
    ) {
        let layout = Layout::parse(&dtype).unwrap().with_shape(shape).unwrap();
        let spec = engine::spec(&layout, level, raw.len());
        let coded = engine::encode(&spec, Kernel::best(), &raw, &cuts);
        prop_assert!(engine::decode(&spec, Kernel::best(), &coded).unwrap() == raw);
        let options = CompressOptions::default()
            .with_level(common::level(level))
            .with_layout(layout)
            .with_frame_size(cuts.first().copied().unwrap_or(1 << 20));
        prop_assert!(unpack(&compress(&raw, &options).unwrap()) == raw);
    }
}
