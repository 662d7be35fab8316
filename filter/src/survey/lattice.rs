//! Finds the decimal step of a column of floats.

use super::references::sample_rows;
use crate::Kind;
use crate::numeric::{Lattice, ValueType};

/// Values looked at.
const SAMPLE: usize = 512;
/// Share of them that must lie on the step, in percent.
const SHARE: usize = 96;

/// The coarsest lattice that nearly all values lie on, if it leaves out most floats.
pub fn lattice(values: &[u64], vt: ValueType) -> Option<Lattice> {
    if vt.kind != Kind::Float || vt.width < 4 {
        return None;
    }
    let sample: Vec<u64> = sample_rows(values.len(), SAMPLE)
        .map(|i| values[i])
        .filter(|&v| {
            let x = vt.number(v).abs();
            x > 1e-9 && x < 1e12
        })
        .collect();
    let mut distinct = sample.clone();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() < 24 {
        return None;
    }
    // Few mantissa bits: the byte contexts see that for themselves.
    let free_bits = if vt.width == 4 { 10 } else { 34 };
    let short = distinct
        .iter()
        .filter(|&&v| vt.unorder(v).trailing_zeros() >= free_bits)
        .count();
    if short * 100 > distinct.len() * 80 {
        return None;
    }
    let on = |l: Lattice| {
        let hits = distinct
            .iter()
            .filter(|&&v| vt.ordered_from_number(l.nearest(vt.number(v))) == v)
            .count();
        hits * 100 >= distinct.len() * SHARE
    };
    let (digits, decimals) = if vt.width == 4 { (6, 6) } else { (13, 12) };
    let by_decimals = (0..=decimals).map(Lattice::Decimals).find(|&l| on(l));
    let by_digits = (2..=digits).map(Lattice::Digits).find(|&l| on(l));
    let points =
        |l: Lattice| (l.count(distinct[distinct.len() - 1], vt) - l.count(distinct[0], vt)).abs();
    let found = match (by_decimals, by_digits) {
        (Some(a), Some(b)) => Some(if points(a) <= points(b) { a } else { b }),
        (a, b) => a.or(b),
    }?;
    // Of all floats between the smallest and the largest value, at least three in four must be left
    // out.
    let floats = (distinct[distinct.len() - 1] - distinct[0]) as f64;
    (points(found) * 4.0 < floats).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const F4: ValueType = ValueType {
        kind: Kind::Float,
        width: 4,
    };

    fn column(f: impl Fn(u32) -> f32) -> Vec<u64> {
        (1..2000u32)
            .map(|i| F4.order(u64::from(f(i.wrapping_mul(2654435761) >> 8).to_bits())))
            .collect()
    }

    #[test]
    fn steps_are_found() {
        assert_eq!(
            lattice(&column(|i| (f64::from(i % 99999) / 1000.0) as f32), F4),
            Some(Lattice::Decimals(3))
        );
        assert_eq!(
            lattice(&column(|i| -(f64::from(i % 99999) / 1000.0) as f32), F4),
            Some(Lattice::Decimals(3))
        );
        let digits = column(|i| {
            format!("{:.4e}", f64::from(i) * f64::from(i % 97 + 1) * 1e-4)
                .parse()
                .unwrap()
        });
        assert_eq!(lattice(&digits, F4), Some(Lattice::Digits(5)));
    }

    #[test]
    fn floats_without_a_step_have_none() {
        assert_eq!(lattice(&column(|i| i as f32 * 1.234_567e-3), F4), None);
        assert_eq!(lattice(&column(|i| (i % 512) as f32 * 0.25), F4), None);
    }
}
