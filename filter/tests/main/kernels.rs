//! Promise: the bytes do not depend on the vector unit. What one unit encodes all others decode.

use crate::common::{self, engine};
use catena_filter::engine::kernel::Kernel;
use catena_filter::engine::predict::{FrameTokens, Lane, Planner};

#[test]
fn every_unit_gives_the_same_bytes_at_every_level() {
    let units = Kernel::available();
    assert_eq!(units[0], Kernel::Scalar);
    let mut samples = common::all();
    samples.extend([common::events(900), common::plane(), common::walk()]);
    for sample in samples {
        let layout = sample.layout();
        // The cuts split records and leave one frame of a single byte.
        let cuts = [sample.raw.len() / 3, 1, sample.raw.len() / 4 + 1];
        for level in 3..=6 {
            let spec = engine::spec(&layout, level, sample.raw.len());
            let wanted = engine::encode(&spec, Kernel::Scalar, &sample.raw, &cuts);
            for &unit in &units {
                let coded = engine::encode(&spec, unit, &sample.raw, &cuts);
                for (frame, (one, other)) in coded.iter().zip(&wanted).enumerate() {
                    assert!(
                        one.plan == other.plan && one.lanes == other.lanes,
                        "{} level {level} frame {frame}: {unit:?} differs",
                        sample.name
                    );
                }
                // Equal bytes: whatever unit wrote them, this one reads them.
                assert!(
                    engine::decode(&spec, unit, &wanted).unwrap() == sample.raw,
                    "{} level {level}: {unit:?} does not decode",
                    sample.name
                );
            }
        }
    }
}

#[test]
fn asking_for_costs_changes_nothing() {
    let mut noise = common::Noise::new(3);
    // One column, its lower planes noise: what a frame cost decides how the next one is coded.
    let raw: Vec<u8> = (0..24_000u32)
        .flat_map(|i| ((i / 8) << 16 | (noise.next() >> 48) as u32).to_le_bytes())
        .collect();
    let layout = catena_filter::Layout::parse("<u4").unwrap();
    let spec = engine::spec(&layout, 4, raw.len());
    let run = |ask: bool| {
        let mut planner = Planner::new(&spec);
        let mut lane = Lane::new(&spec, 0);
        let mut all = Vec::new();
        for (at, frame) in raw.chunks(8000).enumerate() {
            let (plan, columns) = planner.plan(&spec, 8000 * at as u64, frame);
            all.push(lane.encode(&spec, &plan, &columns, &mut FrameTokens::default()));
            if ask {
                assert!(!lane.take_costs().is_empty());
            }
        }
        all
    };
    assert!(run(true) == run(false));
}
