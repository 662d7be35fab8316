//! Promise: the bytes do not depend on the vector unit. What one unit encodes all others decode.

mod common;

use catena_filter::kernel::Kernel;
use common::engine;

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
