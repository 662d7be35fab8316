//! Promise: with a network every bit comes back, and the bytes depend on the input and the options
//! alone, whatever the layout, the cuts, the chains, the vector unit and the threads. Any network
//! will do for that: these have random weights.

use std::io::Cursor;
use std::sync::Arc;

use crate::common::{self, Noise, Sample, engine};
use catena_filter::engine::kernel::Kernel;
use catena_filter::engine::predict::trace::{TracedByte, trace};
use catena_filter::engine::predict::{
    Spec, evaluate, harvest_setups, harvest_starts, network_lane_count,
};
use catena_filter::model::{ColumnStart, Dims, Model, Starts, sample_dims, sample_network};
use catena_filter::{
    Archive, CompressOptions, DecompressOptions, ErrorKind, FrameKind, Layout, compress, decompress,
};

const LEVELS: [u8; 2] = [8, 9];

fn model(layout: &Layout) -> Arc<Model> {
    let network = sample_network(layout, sample_dims(), 5);
    Arc::new(Model::new(layout.clone(), network, Starts::default(), "random").unwrap())
}

fn options(sample: &Sample, level: u8, model: &Arc<Model>) -> CompressOptions {
    common::options(sample, level).with_model(model.clone())
}

fn unpack(packed: &[u8], model: &Arc<Model>, threads: usize) -> Vec<u8> {
    let options = DecompressOptions::default()
        .with_threads(threads)
        .with_model_search(false)
        .with_model(model.clone());
    decompress(packed, &options).unwrap()
}

/// Records of all widths and byte orders, with gaps, whose columns have to do with one another.
fn mixed(n: u32) -> Sample {
    let mut noise = Noise::new(21);
    let mut raw = Vec::new();
    for i in 0..n {
        let x = (noise.next() >> 40) as f32 / 1000.0;
        raw.push((x as u32 % 7) as u8);
        raw.extend(((x * 3.0) as u16).to_be_bytes());
        raw.extend(x.to_le_bytes());
        raw.extend((f64::from(x) * 2.0 + f64::from(i % 5)).to_be_bytes());
        raw.extend((-(i as i64) * 1000).to_le_bytes());
        raw.extend([0; 3]);
        raw.extend((x.sqrt() as i32 - 50).to_be_bytes());
    }
    Sample {
        name: "mixed",
        dtype: "u1,>u2,<f4,>f8,<i8,V3,>i4",
        shape: &[],
        raw,
    }
}

fn samples() -> Vec<Sample> {
    vec![common::events(500), common::records(400), mixed(300)]
}

/// What one unit encodes all others decode; frames may be of one byte, of no whole record, of one
/// record.
#[test]
fn every_unit_gives_the_same_bytes() {
    for sample in samples() {
        let layout = sample.layout();
        let record = layout.record_size() as usize;
        let cuts = [
            sample.raw.len() / 3,
            1,
            3,
            record,
            2 * record + 1,
            sample.raw.len() / 4,
        ];
        let network = sample_network(&layout, sample_dims(), 3);
        for level in LEVELS {
            let spec = engine::spec_with(&layout, level, sample.raw.len(), &network);
            let wanted = engine::encode(&spec, Kernel::Scalar, &sample.raw, &cuts);
            for unit in Kernel::available() {
                let coded = engine::encode(&spec, unit, &sample.raw, &cuts);
                for (one, other) in coded.iter().zip(&wanted) {
                    assert!(
                        one.plan == other.plan && one.lanes == other.lanes,
                        "{} level {level} at {}: {unit:?} differs",
                        sample.name,
                        one.offset
                    );
                }
                assert!(
                    engine::decode(&spec, unit, &wanted).unwrap() == sample.raw,
                    "{} level {level}: {unit:?} does not decode",
                    sample.name
                );
            }
        }
    }
}

/// Architectures: no memory, a window of one, small chunks, one block of one head.
#[test]
fn any_architecture_comes_back() {
    let sample = mixed(150);
    let layout = sample.layout();
    let usual = sample_dims();
    let one = Dims {
        window: 1,
        slots: 0,
        chunk: 16,
        blocks: 1,
        heads: 1,
        ..usual
    };
    for dims in [Dims { slots: 0, ..usual }, Dims { chunk: 16, ..usual }, one] {
        let network = sample_network(&layout, dims, 8);
        let spec = engine::spec_with(&layout, 9, sample.raw.len(), &network);
        let coded = engine::encode(&spec, Kernel::best(), &sample.raw, &[1000, 900]);
        assert!(engine::decode(&spec, Kernel::best(), &coded).unwrap() == sample.raw);
    }
}

#[test]
fn the_network_is_used() {
    let sample = common::events(300);
    let layout = sample.layout();
    let coded = |seed| {
        let network = sample_network(&layout, sample_dims(), seed);
        let spec = engine::spec_with(&layout, 8, sample.raw.len(), &network);
        let frames = engine::encode(&spec, Kernel::best(), &sample.raw, &[]);
        frames[0].lanes.clone()
    };
    assert!(coded(1) != coded(2));
}

#[test]
fn chains_keys_and_frame_sizes() {
    let sample = mixed(600);
    let model = model(&sample.layout());
    for level in LEVELS {
        for (chains, every, frame_size) in [
            (1, None, 1 << 20),
            (1, Some(2), 4001),
            (2, None, 5000),
            (3, Some(2), 2999),
            (4, Some(1), 6000),
        ] {
            let options = options(&sample, level, &model)
                .with_frame_size(frame_size)
                .with_chains(chains)
                .with_key_every(every);
            let one = compress(&sample.raw, &options.clone().with_threads(1)).unwrap();
            for threads in [2, 5] {
                let other = compress(&sample.raw, &options.clone().with_threads(threads));
                assert!(other.unwrap() == one, "{chains} chains, {threads} threads");
                assert!(unpack(&one, &model, threads) == sample.raw);
            }
            let mut archive = Archive::open_with(
                Cursor::new(one),
                DecompressOptions::default().with_model(model.clone()),
            )
            .unwrap();
            let mut some = vec![0; 3000];
            archive.read_at(7000, &mut some).unwrap();
            assert!(some == sample.raw[7000..10_000]);
        }
    }
}

/// Many lanes, larger frames: the lanes of a frame wait for one another in both directions.
#[test]
fn lanes_wait_for_one_another() {
    let sample = common::events(6000);
    let model = model(&sample.layout());
    let options = options(&sample, 8, &model).with_frame_size(100_000);
    let one = compress(&sample.raw, &options.clone().with_threads(1)).unwrap();
    let archive = Archive::open(Cursor::new(&one)).unwrap();
    assert!(archive.streams().all(|header| header.lane_n > 2));
    for threads in [2, 4] {
        assert!(compress(&sample.raw, &options.clone().with_threads(threads)).unwrap() == one);
        assert!(unpack(&one, &model, threads) == sample.raw);
    }
}

#[test]
fn splits_do_not_matter_and_flushes_may_cut_records() {
    let sample = common::events(500);
    let model = model(&sample.layout());
    for level in [8, 9] {
        for chains in [1, 2] {
            let options = options(&sample, level, &model)
                .with_frame_size(8000)
                .with_chains(chains);
            let whole = compress(&sample.raw, &options).unwrap();
            for pieces in [&[1][..], &[7, 8000, 7999]] {
                assert!(common::in_pieces(&sample.raw, options.clone(), pieces) == whole);
            }
            for flushed in [&[3001, 0, 0, 13, 0][..], &[1, 0, 9000, 0]] {
                let packed = common::in_pieces(&sample.raw, options.clone(), flushed);
                assert!(unpack(&packed, &model, 2) == sample.raw, "{flushed:?}");
            }
        }
    }
}

/// Frames that a backend codes better: the decoder's network learns them all the same.
#[test]
fn frames_of_other_kinds_are_learned() {
    let sample = common::events(800);
    let model = model(&sample.layout());
    let frame = 100 * sample.layout().record_size() as usize;
    let mut noise = Noise::new(4);
    let mut raw = Vec::new();
    for (at, bytes) in sample.raw.chunks(frame).enumerate() {
        raw.extend_from_slice(bytes);
        match at % 4 {
            1 => raw.extend((0..frame).map(|_| (noise.next() >> 32) as u8)),
            2 => raw.extend(std::iter::repeat_n(0xA5, frame)),
            _ => {}
        }
    }
    for level in LEVELS {
        let options = options(&sample, level, &model).with_frame_size(frame);
        let packed = compress(&raw, &options.clone().with_threads(1)).unwrap();
        let archive = Archive::open(Cursor::new(&packed)).unwrap();
        let modelled = archive
            .frames()
            .iter()
            .filter(|f| f.kind == FrameKind::Modelled);
        let modelled = modelled.count();
        assert!(modelled > 3 && modelled < archive.frames().len());
        for threads in [1, 3] {
            assert!(compress(&raw, &options.clone().with_threads(threads)).unwrap() == packed);
            assert!(unpack(&packed, &model, threads) == raw, "level {level}");
        }
    }
}

/// Without a model levels 8 and 9 are level 7 but for the number in the header.
#[test]
fn without_a_model_nothing_changes() {
    let sample = common::events(300);
    let layout = sample.layout();
    let coded = |level| {
        let spec = engine::spec(&layout, level, sample.raw.len());
        let frames = engine::encode(&spec, Kernel::best(), &sample.raw, &[3000]);
        frames
            .into_iter()
            .map(|f| (f.plan, f.lanes))
            .collect::<Vec<_>>()
    };
    for level in LEVELS {
        assert!(coded(level) == coded(7));
    }
}

#[test]
fn what_has_no_use_for_a_network_refuses_it() {
    let records = Layout::parse("2<f4").unwrap();
    let network = sample_network(&records, sample_dims(), 1);
    let spec = |layout: &Layout, level| engine::spec(layout, level, 1000);
    let refused = |spec: catena_filter::engine::predict::Spec| {
        let error = spec.with_network(&network, &Starts::default()).unwrap_err();
        matches!(error.kind(), ErrorKind::InvalidInput(_))
    };
    assert!(refused(spec(&records, 7)));
    assert!(refused(spec(&Layout::parse("<f4").unwrap(), 8)));
    assert!(
        spec(&records, 8)
            .with_network(&network, &Starts::default())
            .is_ok()
    );
}

fn jets() -> (Vec<u8>, Layout) {
    let layout = Layout::parse("<u8,3<f4,<i4,11<f4,3<i4,2<f4,<i4,<f4,2<i4,4<f4,<i4,4<f4").unwrap();
    (include_bytes!("../../../samples/jets.bin").to_vec(), layout)
}

/// On 400 KB already: what does not help must not cost much. The model is wrong in everything:
/// weights, priors, and where values are expected to come from; levels 8 and 9 rely on it for exact
/// copies, which is most of the cost.
#[test]
fn a_network_that_knows_nothing_costs_little() {
    let (raw, layout) = jets();
    let network = sample_network(&layout, sample_dims(), 2);
    let bytes = |level: u8, with: bool| {
        let level = common::level(level);
        let spec = Spec::new(layout.clone(), level, network_lane_count(&layout, 1 << 17));
        let spec = if with {
            spec.with_network(&network, &Starts::default()).unwrap()
        } else {
            spec
        };
        evaluate(&spec, &raw, 1 << 17).unwrap().coded
    };
    let without = bytes(6, false);
    for level in [8, 9] {
        let with = bytes(level, true);
        println!("level {level}: {with} with random weights, {without} without");
        assert!(
            with * 100 <= without * 104,
            "level {level}: {with}, {without}"
        );
    }
}

#[test]
fn costs_add_up_to_what_is_coded() {
    let sample = common::events(2000);
    let layout = sample.layout();
    let network = sample_network(&layout, sample_dims(), 6);
    let spec = engine::spec_with(&layout, 8, sample.raw.len(), &network);
    let costs = evaluate(&spec, &sample.raw, 30_000).unwrap();
    assert_eq!(costs.raw, sample.raw.len() as u64);
    let bits: f64 = costs
        .columns
        .iter()
        .map(|c| c.copies + c.planes.iter().sum::<f64>())
        .sum();
    let coded = costs.coded as f64 * 8.0;
    assert!((bits / coded - 1.0).abs() < 0.02, "{bits} {coded}");
    // Weights at random are worse than eight bits a byte, but not by much.
    for (column, costs) in layout.columns().columns.iter().zip(&costs.columns) {
        let alone: f64 = costs.network.iter().sum();
        let raw = 8.0 * 2000.0 * f64::from(column.width);
        assert!(alone > 0.0 && alone < 4.0 * raw, "{}: {alone}", column.name);
    }
    // It is the frames that are coded, no others.
    let coded = engine::encode(&spec, Kernel::best(), &sample.raw, &[]);
    let whole = evaluate(&spec, &sample.raw, sample.raw.len())
        .unwrap()
        .coded;
    let lengths = whole as usize - coded[0].len();
    assert!(lengths <= 3 * coded[0].lanes.len(), "{lengths}");
}

/// What is traced costs what the experts' account says.
#[test]
fn a_trace_is_what_the_experts_said() {
    let sample = common::events(900);
    let layout = sample.layout();
    let frame = 20_000;
    let columns = layout.columns().columns;
    let mut traced: Vec<TracedByte> = Vec::new();
    trace(&layout, &sample.raw, frame, &mut |byte| traced.push(byte)).unwrap();
    let spec = engine::spec(&layout, 6, frame);
    let costs = evaluate(&spec, &sample.raw, frame).unwrap();
    let mut bits = vec![[0.0f64; 8]; columns.len()];
    for byte in &traced {
        let column = &columns[byte.column];
        assert!(byte.plane < usize::from(column.width) && byte.row < 900);
        assert!(byte.bits == 8 || byte.bits == 4);
        for said in &byte.said[..usize::from(byte.bits)] {
            let p = 1.0 / (1.0 + (-f64::from(*said) / 256.0).exp());
            let entropy = -(p * p.log2() + (1.0 - p) * (1.0 - p).log2());
            bits[byte.column][byte.plane] += entropy;
        }
        bits[byte.column][byte.plane] += f64::from(8 - byte.bits);
    }
    // Experts that are honest expect about what they pay.
    let expected: f64 = bits.iter().flatten().sum();
    let modelled: f64 = (costs.columns.iter().zip(&bits))
        .flat_map(|(c, bits)| c.planes.iter().zip(bits))
        .filter(|(_, bits)| **bits > 0.0)
        .map(|(paid, _)| paid)
        .sum();
    assert!(
        (expected / modelled - 1.0).abs() < 0.1,
        "{expected} {modelled}"
    );
}

/// What was harvested is what a model's mixers begin with, and it pays on the same data.
#[test]
fn start_values_are_used() {
    let sample = common::events(1500);
    let layout = sample.layout();
    let network = sample_network(&layout, sample_dims(), 9);
    let spec = |starts: &Starts| {
        engine::spec(&layout, 8, sample.raw.len())
            .with_network(&network, starts)
            .unwrap()
    };
    let harvested = harvest_starts(&spec(&Starts::default()), &sample.raw, 1 << 17).unwrap();
    assert_eq!(harvested.len(), layout.columns().columns.len());
    let columns = harvested
        .into_iter()
        .enumerate()
        .map(|(column, weights)| ColumnStart {
            column: column as u16,
            efforts: [None, Some(weights)],
        });
    let starts = Starts {
        columns: columns.collect(),
        setups: harvest_setups(&layout, &sample.raw),
    };
    let coded = |starts: &Starts| evaluate(&spec(starts), &sample.raw, 1 << 17).unwrap().coded;
    let (with, without) = (coded(&starts), coded(&Starts::default()));
    assert!(with < without, "{with} {without}");
    let spec = spec(&starts);
    let frames = engine::encode(&spec, Kernel::best(), &sample.raw, &[7000]);
    assert!(engine::decode(&spec, Kernel::best(), &frames).unwrap() == sample.raw);
}
