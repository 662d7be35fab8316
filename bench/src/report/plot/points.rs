//! A codec as one point: over the same files for all, each file in the arrangement that made it
//! smallest.

use std::collections::BTreeMap;

use super::Results;
use crate::row::{Cost, Row, geomean};

/// A codec over many files.
#[derive(Clone, Debug)]
pub struct Point {
    /// Name with level.
    pub codec: String,
    /// Catena's level, if it is Catena.
    pub level: Option<u8>,
    /// Geometric mean of raw over coded bytes.
    pub factor: f64,
    /// Raw MB by CPU second, compressing.
    pub enc: f64,
    /// The same decompressing.
    pub dec: f64,
    /// The most memory that any file took, compressing.
    pub enc_memory: u64,
    /// The same decompressing.
    pub dec_memory: u64,
}

/// The points, best factor first, and the files they are about: those that every codec took. A
/// codec that took less than four files in five stays out, so that it cannot shrink the set for all
/// others.
pub fn points<'a>(results: &Results<'a>) -> (Vec<Point>, Vec<&'a String>) {
    let mut codecs: BTreeMap<&str, BTreeMap<&str, (&Row, Cost)>> = BTreeMap::new();
    for row in results.rows {
        let Some(cost) = row.cost else { continue };
        let files = codecs.entry(&row.codec).or_default();
        let best = files.entry(&row.file).or_insert((row, cost));
        if row.coded < best.0.coded {
            *best = (row, cost);
        }
    }
    codecs.retain(|_, files| files.len() * 5 >= results.files.len() * 4);
    let common = |f: &&String| codecs.values().all(|files| files.contains_key(f.as_str()));
    let files: Vec<&String> = results.files.iter().filter(common).collect();
    let mut points: Vec<Point> = codecs
        .iter()
        .filter_map(|(codec, rows)| point(codec, rows, &files))
        .collect();
    points.sort_by(|a, b| b.factor.total_cmp(&a.factor));
    (points, files)
}

fn point(codec: &str, rows: &BTreeMap<&str, (&Row, Cost)>, files: &[&String]) -> Option<Point> {
    let rows: Vec<&(&Row, Cost)> = files.iter().filter_map(|f| rows.get(f.as_str())).collect();
    let raw: f64 = rows.iter().map(|(r, _)| r.raw as f64).sum();
    let rate = |seconds: f64| raw / 1e6 / seconds.max(1e-9);
    Some(Point {
        codec: codec.to_owned(),
        level: rows.first()?.0.level(),
        factor: geomean(
            rows.iter()
                .map(|(r, _)| r.raw as f64 / r.coded.max(1) as f64),
        )?,
        enc: rate(rows.iter().map(|(_, c)| c.enc_cpu).sum()),
        dec: rate(rows.iter().map(|(_, c)| c.dec_cpu).sum()),
        enc_memory: rows.iter().map(|(_, c)| c.enc_memory).max()?,
        dec_memory: rows.iter().map(|(_, c)| c.dec_memory).max()?,
    })
}
