//! The parts of a plan as side information: transform, prediction, copy, bins, and what contexts
//! look at and are cut by. Each is one walk for both directions, which refuses what no encoder
//! writes.

use super::super::bins::{BINS, Bins};
use super::super::context::{CUTS, Source};
use super::super::form::{Form, Transform};
use super::super::prediction::{Copy, KNOTS, Prediction, ROWS, TERMS};
use super::super::side::{Side, Topic};
use super::super::stencil::{Domain, NEIGHBOURS, Stencil};
use super::{Place, corrupt};
use crate::Result;
use crate::coder::BitCoder;
use crate::numeric::{FORMULAS, Lattice, Relation, ValueType};

/// Farthest row above that a plan looks at.
pub(super) const FARTHEST: u64 = 1 << 28;

pub(super) fn code_transform<C: BitCoder>(
    transform: &mut Transform,
    side: &mut Side<C>,
    vt: ValueType,
) -> Result<()> {
    let (kind, by) = match *transform {
        Transform::Shift(shift) => (0, shift),
        Transform::Lattice(Lattice::Decimals(n)) => (1, n),
        Transform::Lattice(Lattice::Digits(n)) => (2, n),
    };
    let kind = side.bounded(Topic::Kind, kind, 2)?;
    let most = [u64::from(vt.bits()) - 1, 15, 16][kind as usize];
    let by = side.bounded(Topic::Kind, by.into(), most)? as u8;
    *transform = match kind {
        0 => Transform::Shift(by),
        1 => Transform::Lattice(Lattice::Decimals(by)),
        _ if by == 0 => return Err(corrupt("digits of a lattice")),
        _ => Transform::Lattice(Lattice::Digits(by)),
    };
    Ok(())
}

/// A column to the left.
fn code_column<C: BitCoder>(side: &mut Side<C>, column: u16, place: Place) -> Result<u16> {
    let most = (place.left as u64)
        .checked_sub(1)
        .ok_or_else(|| corrupt("a column to the left of the first"))?;
    let steps = side.bounded(Topic::Column, most.wrapping_sub(column.into()), most)?;
    Ok((most - steps) as u16)
}

fn code_distance<C: BitCoder>(side: &mut Side<C>, distance: u32) -> Result<u32> {
    let less = side.bounded(
        Topic::Distance,
        u64::from(distance).wrapping_sub(1),
        FARTHEST,
    )?;
    Ok(less as u32 + 1)
}

/// The upper 48 bits of a finite number: what plans keep of a weight.
fn code_weight<C: BitCoder>(side: &mut Side<C>, weight: f64) -> Result<f64> {
    let weight = f64::from_bits(side.raw(weight.to_bits() >> 16, 48) << 16);
    if weight.is_finite() {
        Ok(weight)
    } else {
        Err(corrupt("a weight"))
    }
}

/// A weight as plans keep it.
pub fn kept_weight(weight: f64) -> f64 {
    f64::from_bits(weight.to_bits() >> 16 << 16)
}

fn code_relation<C: BitCoder>(
    relation: &mut Relation,
    side: &mut Side<C>,
    place: Place,
) -> Result<()> {
    let formula = side.bounded(
        Topic::Kind,
        relation.formula as u64,
        FORMULAS.len() as u64 - 1,
    )?;
    let (formula, arity) = FORMULAS[formula as usize];
    relation.formula = formula;
    for at in 0..4 {
        relation.columns[at] = match at < usize::from(arity) {
            true => code_column(side, relation.columns[at], place)?,
            false => relation.columns[0],
        };
    }
    Ok(())
}

const NO_RELATION: Relation = Relation {
    formula: FORMULAS[0].0,
    columns: [0; 4],
};

pub(super) fn code_prediction<C: BitCoder>(
    prediction: &mut Prediction,
    side: &mut Side<C>,
    place: Place,
) -> Result<()> {
    let kind = match prediction {
        Prediction::Zero => 0,
        Prediction::Row(_) => 1,
        Prediction::Relation(_) => 2,
        Prediction::Column(_) => 3,
        Prediction::Mirror(_) => 4,
        Prediction::Linear { .. } => 5,
        Prediction::Curve { .. } => 6,
        Prediction::Stencil(_) => 7,
    };
    let kind = side.bounded(Topic::Kind, kind, 7)?;
    if !Side::<C>::WRITES {
        *prediction = match kind {
            0 => Prediction::Zero,
            1 => Prediction::Row(1),
            2 => Prediction::Relation(NO_RELATION),
            3 => Prediction::Column(0),
            4 => Prediction::Mirror(0),
            5 => Prediction::Linear {
                columns: Vec::new(),
                weights: vec![0.0],
            },
            6 => Prediction::Curve {
                column: 0,
                knots: Vec::new(),
            },
            _ => Prediction::Stencil(Stencil {
                domain: Domain::Numbers,
                row: 1,
                bias: 0.0,
                terms: Vec::new(),
            }),
        };
    }
    match prediction {
        Prediction::Zero => {}
        Prediction::Row(distance) => *distance = code_distance(side, *distance)?,
        Prediction::Relation(relation) => code_relation(relation, side, place)?,
        Prediction::Column(at) | Prediction::Mirror(at) => *at = code_column(side, *at, place)?,
        Prediction::Linear { columns, weights } => {
            let n = side.bounded(Topic::Count, columns.len() as u64, TERMS as u64)? as usize;
            columns.resize(n, 0);
            weights.resize(n + 1, 0.0);
            for column in columns {
                *column = code_column(side, *column, place)?;
            }
            for weight in weights {
                *weight = code_weight(side, *weight)?;
            }
        }
        Prediction::Curve { column, knots } => {
            *column = code_column(side, *column, place)?;
            code_knots(knots, side)?;
        }
        Prediction::Stencil(stencil) => code_stencil(stencil, side)?,
    }
    Ok(())
}

fn code_knots<C: BitCoder>(knots: &mut Vec<(u64, u64)>, side: &mut Side<C>) -> Result<()> {
    let n = side.bounded(Topic::Count, knots.len() as u64, KNOTS as u64)? as usize;
    if n == 0 {
        return Err(corrupt("a curve without knots"));
    }
    let shared = knots
        .iter()
        .fold(0, |bits, knot| bits | knot.0 | knot.1)
        .trailing_zeros()
        .min(63);
    let shift = side.bounded(Topic::CutShift, shared.into(), 63)?;
    knots.resize(n, (0, 0));
    let (mut x, mut y) = (0u64, 0u64);
    for (at, knot) in knots.iter_mut().enumerate() {
        let step = side.number(Topic::Knot, (knot.0 >> shift).wrapping_sub(x));
        let height = ((knot.1 >> shift) as i64).wrapping_sub(y as i64);
        let folded = side.number_by(Topic::Knot, 0, (height << 1 ^ height >> 63) as u64);
        let height = (folded >> 1) as i64 ^ -((folded & 1) as i64);
        x = x
            .checked_add(step)
            .filter(|_| at == 0 || step > 0)
            .ok_or_else(|| corrupt("knots of a curve"))?;
        y = y.wrapping_add(height as u64);
        if (x << shift >> shift, y << shift >> shift) != (x, y) {
            return Err(corrupt("knots of a curve"));
        }
        *knot = (x << shift, y << shift);
    }
    Ok(())
}

fn code_stencil<C: BitCoder>(stencil: &mut Stencil, side: &mut Side<C>) -> Result<()> {
    stencil.domain = match side.flag(stencil.domain == Domain::Words) {
        true => Domain::Words,
        false => Domain::Numbers,
    };
    stencil.row = code_distance(side, stencil.row)?;
    stencil.bias = code_weight(side, stencil.bias)?;
    let n = side.bounded(Topic::Count, stencil.terms.len() as u64, NEIGHBOURS as u64)? as usize;
    stencil.terms.resize(n, (1, 0.0));
    for (distance, weight) in &mut stencil.terms {
        *distance = code_distance(side, *distance)?;
        *weight = code_weight(side, *weight)?;
    }
    Ok(())
}

pub(super) fn code_copy<C: BitCoder>(
    copy: &mut Copy,
    side: &mut Side<C>,
    place: Place,
    form: Form,
) -> Result<()> {
    let kind = match copy {
        Copy::None => 0,
        Copy::Fill(_) => 1,
        Copy::Row(_) => 2,
        Copy::Relation(_) => 3,
        Copy::Column(_) => 4,
        Copy::Mirror(_) => 5,
        Copy::LastSeen(_) => 6,
        Copy::Rows(_) => 7,
    };
    let kind = side.bounded(Topic::Kind, kind, 7)?;
    if !Side::<C>::WRITES {
        *copy = match kind {
            0 => Copy::None,
            1 => Copy::Fill(0),
            2 => Copy::Row(1),
            3 => Copy::Relation(NO_RELATION),
            4 => Copy::Column(0),
            5 => Copy::Mirror(0),
            6 => Copy::LastSeen(0),
            _ => Copy::Rows(Vec::new()),
        };
    }
    match copy {
        Copy::None => {}
        Copy::Fill(word) => *word = side.raw(*word, if form.is_wide() { 64 } else { 32 }),
        Copy::Row(distance) => *distance = code_distance(side, *distance)?,
        Copy::Rows(distances) => {
            let more = (distances.len() as u64).wrapping_sub(2);
            let n = side.bounded(Topic::Count, more, ROWS as u64 - 2)? + 2;
            distances.resize(n as usize, 1);
            for distance in distances {
                *distance = code_distance(side, *distance)?;
            }
        }
        Copy::Relation(relation) => code_relation(relation, side, place)?,
        Copy::Column(at) | Copy::Mirror(at) | Copy::LastSeen(at) => {
            *at = code_column(side, *at, place)?
        }
    }
    Ok(())
}

pub(super) fn code_bins<C: BitCoder>(
    bins: &mut Bins,
    side: &mut Side<C>,
    (word_bits, copy_n): (u32, usize),
) -> Result<()> {
    let most = BINS + 1 - copy_n;
    bins.more_copies = copy_n as u8 - 1;
    let exact_n = side.bounded(Topic::Count, bins.exact.len() as u64, most as u64)? as usize;
    let interval_n = side.bounded(
        Topic::Count,
        bins.intervals.len() as u64,
        (most - exact_n) as u64,
    )? as usize;
    bins.exact.resize(exact_n, 0);
    bins.intervals.resize(interval_n, (0, 0));
    let end = 1u128 << word_bits;
    let mut next = 0u128;
    for exact in &mut bins.exact {
        let step = side.number(Topic::Exact, exact.wrapping_sub(next as u64));
        let at = next + u128::from(step);
        if at >= end {
            return Err(corrupt("an exact bin"));
        }
        *exact = at as u64;
        next = at + 1;
    }
    let (mut next, mut bits_before) = (0u128, 0usize);
    for (lower, bits) in &mut bins.intervals {
        let length = side.number_by(Topic::IntervalBits, bits_before, (*bits).into());
        if length > word_bits.into() {
            return Err(corrupt("length of an interval"));
        }
        *bits = length as u8;
        bits_before = length as usize;
        // Counted in its own lengths from the first place that is free.
        let base = next.div_ceil(1 << length);
        let step = side.number(
            Topic::Interval,
            (u128::from(*lower) >> length).wrapping_sub(base) as u64,
        );
        if u128::from(step) > end >> length {
            return Err(corrupt("an interval"));
        }
        let at = (base + u128::from(step)) << length;
        next = at + (1u128 << length);
        if next > end {
            return Err(corrupt("an interval"));
        }
        *lower = at as u64;
    }
    Ok(())
}

pub fn code_source<C: BitCoder>(
    source: &mut Source,
    side: &mut Side<C>,
    place: Place,
) -> Result<()> {
    let kind = match source {
        Source::Token(_) => 0,
        Source::Value(_) => 1,
        Source::Repeats(_) => 2,
        Source::Predicted => 3,
        Source::Place => 4,
        Source::Own(_) => 5,
        Source::Near => 6,
        Source::Above => 7,
    };
    let kind = side.bounded(Topic::Kind, kind, 7)?;
    let (column, distance) = match *source {
        Source::Token(at) | Source::Value(at) | Source::Repeats(at) => (at, 1),
        Source::Own(distance) => (0, distance),
        _ => (0, 1),
    };
    *source = match kind {
        0 => Source::Token(code_column(side, column, place)?),
        1 => Source::Value(code_column(side, column, place)?),
        2 => Source::Repeats(code_column(side, column, place)?),
        3 => Source::Predicted,
        4 => Source::Place,
        5 => Source::Own(code_distance(side, distance)?),
        6 => Source::Near,
        _ => Source::Above,
    };
    Ok(())
}

pub(super) fn code_cuts<C: BitCoder>(cuts: &mut Vec<u64>, side: &mut Side<C>) -> Result<()> {
    let n = side.bounded(Topic::Cut, cuts.len() as u64, CUTS as u64)? as usize;
    cuts.resize(n, 0);
    if n == 0 {
        return Ok(());
    }
    let shared = cuts
        .iter()
        .fold(0, |bits, cut| bits | cut)
        .trailing_zeros()
        .min(63);
    let shift = side.bounded(Topic::CutShift, shared.into(), 63)?;
    let mut before = 0u64;
    for (at, cut) in cuts.iter_mut().enumerate() {
        let step = side.number(Topic::CutStep, (*cut >> shift).wrapping_sub(before));
        let value = before.checked_add(step).filter(|_| at == 0 || step > 0);
        before = value
            .filter(|v| v << shift >> shift == *v)
            .ok_or_else(|| corrupt("cuts of a context"))?;
        *cut = before << shift;
    }
    Ok(())
}
