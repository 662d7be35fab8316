//! What the backends make of things, for the benches and for the training of the plan's predictor.
//! No part of the interface.

use std::time::{Duration, Instant};

use super::table::{Table, shuffle};
use super::{Effort, fields, pco, zstd};
use crate::backend::predictor::{Element, features, predict};
use crate::layout::Layout;

/// Bits a byte of a layout's first column: by zstd of planes and elements, and by pco, as level 1
/// does it; with the sample's elements.
pub fn column(layout: &Layout, raw: &[u8]) -> Option<(Element, Vec<u64>, usize, [f32; 3])> {
    let table = Table::new(layout);
    let rows = table.rows(0, raw.len());
    let cut = *table.cuts().first()?;
    let units = table.units(&rows, cut);
    let unit = units.first()?;
    let records = rows.records(raw);
    let (mut elements, mut planes) = (Vec::new(), Vec::new());
    table.gather(unit, records, &mut elements);
    shuffle(&elements, unit.column.width, &mut planes);
    let mut packer = zstd::Packer::new(Effort::Quick.zstd_level())?;
    let bits = |len: usize| (8 * len) as f32 / elements.len().max(1) as f32;
    let by_zstd = [packer.compress(&planes)?, packer.compress(&elements)?];
    let by_pco = pco::compress(&unit.column, &elements, Effort::Quick.pco_level());
    let by_pco = by_pco.map_or(f32::NAN, |bytes| bits(bytes.len()));
    Some((
        unit.column.element(),
        table.sample(unit, records),
        unit.n(),
        [bits(by_zstd[0].len()), bits(by_zstd[1].len()), by_pco],
    ))
}

/// A frame's fields by trying everything, by prediction where it is clear (level 1) and by
/// prediction alone: bytes, and the time that each takes.
pub fn fields(layout: &Layout, raw: &[u8]) -> [(usize, Duration); 3] {
    let table = Table::new(layout);
    let planned = |trust| fields::pack_planned(&table, Effort::Quick, trust, 0, raw, raw.len());
    [
        timed(raw, || {
            fields::pack(&table, Effort::Quick, 0, raw, raw.len())
        }),
        timed(raw, || planned(fields::Trust::WhereClear)),
        timed(raw, || planned(fields::Trust::Always)),
    ]
}

fn timed(raw: &[u8], pack: impl FnOnce() -> Option<Vec<u8>>) -> (usize, Duration) {
    let begun = Instant::now();
    let payload = pack();
    (
        payload.map_or(raw.len(), |payload| payload.len()),
        begun.elapsed(),
    )
}

/// The time that samples and predictions of a frame take.
pub fn planning(layout: &Layout, raw: &[u8]) -> Duration {
    let table = Table::new(layout);
    let begun = Instant::now();
    let rows = table.rows(0, raw.len());
    for &cut in table.cuts() {
        for unit in table.units(&rows, cut) {
            let sample = table.sample(&unit, rows.records(raw));
            std::hint::black_box(predict(&features(unit.column.element(), &sample, unit.n())));
        }
    }
    begun.elapsed()
}
