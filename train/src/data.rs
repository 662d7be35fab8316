//! What a network is told of each column of records: which planes get heads, between which knots
//! its values lie, and how often each bit was what.

use catena_filter::Error;
use catena_filter::model::{MAX_HEADS, Reference};

use crate::records::Records;

/// A plane whose bits are this close to even, in bits a byte, gets no head.
const NOISE: f64 = 0.04;
/// Entropy, in bits, above which a lower byte is not read by other fields: it would tell which row
/// this is, not what it is like.
const IDENTITY: f64 = 6.5;
/// Share of later values beyond the range of the earlier ones from which on a column counts
/// something: its values never come again.
const DRIFT: f64 = 0.4;
/// Rows below which there is nothing to learn from.
pub const FEWEST_ROWS: usize = 256;
/// Times that a byte must have come for the byte after it to have a prior of its own.
const PRIOR_MIN: u32 = 48;

/// How often each node of a byte's tree was followed by a zero and by a one.
pub type Counts = [[u32; 2]; 256];

/// Counts that a node may be given before it has seen any: of a plane without structure the deep
/// nodes are even, and few values must not say otherwise.
const PSEUDO: [f64; 8] = [0.4, 1.0, 2.5, 6.0, 16.0, 40.0, 100.0, 300.0];

/// Of one head: over all values, and after each byte of the first head's plane that is frequent
/// enough (second head only).
#[derive(Clone, Debug)]
pub struct HeadCounts {
    /// Over all values.
    pub common: Box<Counts>,
    /// By that byte.
    pub after: Vec<Option<Box<Counts>>>,
    /// Pseudo-counts by depth of the node, of `common` and of `after`.
    pub pseudo: [[f64; 8]; 2],
}

impl HeadCounts {
    /// The counts that hold after the byte of the first head's plane.
    pub fn at(&self, before: Option<u8>) -> (&Counts, &[f64; 8]) {
        match before.and_then(|b| self.after.get(usize::from(b))?.as_deref()) {
            Some(counts) => (counts, &self.pseudo[1]),
            None => (&self.common, &self.pseudo[0]),
        }
    }

    /// The logit of a one at a node. `own` is taken out of the counts: a value must not be told of
    /// itself while it is learned from.
    pub fn logit((counts, pseudo): (&Counts, &[f64; 8]), node: usize, own: Option<u8>) -> f32 {
        let mut n = counts[node];
        if let Some(bit) = own {
            n[usize::from(bit)] = n[usize::from(bit)].saturating_sub(1);
        }
        let pseudo = pseudo[node.max(1).ilog2() as usize];
        ((f64::from(n[1]) + pseudo) / (f64::from(n[0]) + pseudo))
            .ln()
            .clamp(-7.9, 7.9) as f32
    }
}

/// A column that varies.
#[derive(Clone, Debug)]
pub struct FieldPlan {
    /// Number of the column.
    pub column: usize,
    /// Bytes a value.
    pub width: usize,
    /// Planes with a head, the most significant first.
    pub planes: Vec<usize>,
    /// Whether the value is read by others at all: not that of a running number.
    pub read: bool,
    /// Planes that others read as bytes.
    pub bytes: Vec<usize>,
    /// Another column whose value this one often repeats.
    pub reference: Option<Reference>,
    /// Rising values between which others are interpolated.
    pub knots: Vec<u64>,
    /// By head.
    pub counts: Vec<HeadCounts>,
}

impl FieldPlan {
    /// Byte `plane` (0 the most significant) of a value.
    pub fn byte(&self, value: u64, plane: usize) -> u8 {
        (value >> (8 * (self.width - 1 - plane))) as u8
    }

    /// The knot below a value and the part of the way to the next.
    pub fn place(&self, value: u64) -> (usize, f32) {
        let last = self.knots.len() - 2;
        let k = self
            .knots
            .partition_point(|&knot| knot <= value)
            .saturating_sub(1)
            .min(last);
        if value <= self.knots[k] {
            return (k, 0.0);
        }
        let t = (value - self.knots[k]) as f64 / (self.knots[k + 1] - self.knots[k]) as f64;
        (k, t.min(1.0) as f32)
    }
}

/// What the rows `0..rows` tell of each column.
pub fn plan_fields(records: &Records, rows: usize, knot_n: usize) -> Vec<FieldPlan> {
    (0..records.columns.len())
        .filter_map(|column| plan_field(records, column, rows, knot_n))
        .collect()
}

fn plan_field(records: &Records, column: usize, rows: usize, knot_n: usize) -> Option<FieldPlan> {
    let values = &records.columns[column][..rows];
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    if sorted.first() == sorted.last() {
        return None;
    }
    let mut knots: Vec<u64> = (0..knot_n)
        .map(|i| sorted[i * (rows - 1) / (knot_n - 1)])
        .collect();
    knots.dedup();
    if knots.len() < 2 {
        knots = vec![sorted[0], sorted[rows - 1]];
    }
    let mut field = FieldPlan {
        column,
        width: usize::from(records.types[column].width),
        planes: Vec::new(),
        read: !drifts(values),
        bytes: Vec::new(),
        reference: crate::references::find(records, column, rows),
        knots,
        counts: Vec::new(),
    };
    let expected = field.reference.is_some();
    for plane in 0..field.width {
        let mut histogram = [0u32; 256];
        values
            .iter()
            .for_each(|&v| histogram[usize::from(field.byte(v, plane))] += 1);
        let entropy = entropy(&histogram);
        let seen = histogram.iter().filter(|&&n| n > 0).count();
        if seen > 1
            && (plane < 2 || expected || entropy < 8.0 - NOISE)
            && field.planes.len() < MAX_HEADS
        {
            field.planes.push(plane);
            if field.read && (plane < 2 || entropy < IDENTITY) {
                field.bytes.push(plane);
            }
        }
    }
    field.counts = (0..field.planes.len())
        .map(|head| count(&field, values, head))
        .collect();
    Some(field)
}

/// Whether the later half of the values leaves the range of the earlier half.
fn drifts(values: &[u64]) -> bool {
    let (early, late) = values.split_at(values.len() / 2);
    let (Some(low), Some(high)) = (early.iter().min(), early.iter().max()) else {
        return false;
    };
    let outside = late.iter().filter(|v| !(low..=high).contains(v)).count();
    outside as f64 > DRIFT * late.len() as f64
}

/// Bits a byte, corrected for the few that were seen (Miller and Madow, 1955).
fn entropy(histogram: &[u32; 256]) -> f64 {
    let total: f64 = histogram.iter().map(|&n| f64::from(n)).sum();
    let seen = histogram.iter().filter(|&&n| n > 0).count() as f64;
    let plain: f64 = histogram
        .iter()
        .filter(|&&n| n > 0)
        .map(|&n| -(f64::from(n) / total) * (f64::from(n) / total).log2())
        .sum();
    plain + (seen - 1.0) / (2.0 * total * std::f64::consts::LN_2)
}

fn count(field: &FieldPlan, values: &[u64], head: usize) -> HeadCounts {
    let add = |counts: &mut Counts, byte: u8| {
        for bit in 0..8 {
            let node = crate::ops::node(byte, bit);
            counts[node][usize::from(byte >> (7 - bit) & 1)] += 1;
        }
    };
    let mut common = Box::new([[0; 2]; 256]);
    let mut after: Vec<Option<Box<Counts>>> = Vec::new();
    for &value in values {
        add(&mut common, field.byte(value, field.planes[head]));
    }
    if head == 1 {
        after = vec![None; 256];
        for &value in values {
            let before = usize::from(field.byte(value, field.planes[0]));
            let counts = after[before].get_or_insert_with(|| Box::new([[0; 2]; 256]));
            add(counts, field.byte(value, field.planes[1]));
        }
        for counts in &mut after {
            if counts
                .as_ref()
                .is_some_and(|c| c[1][0] + c[1][1] < PRIOR_MIN)
            {
                *counts = None;
            }
        }
    }
    let common_pseudo = std::array::from_fn(|depth| best_pseudo(depth, std::iter::once(&*common)));
    let after_pseudo = std::array::from_fn(|depth| {
        best_pseudo(depth, after.iter().flatten().map(|counts| &**counts))
    });
    let pseudo = [common_pseudo, after_pseudo];
    HeadCounts {
        common,
        after,
        pseudo,
    }
}

/// The pseudo-count under which each value is foretold best by all others.
fn best_pseudo<'a>(depth: usize, tables: impl Iterator<Item = &'a Counts> + Clone) -> f64 {
    let bits = |pseudo: f64| -> f64 {
        let nodes = tables.clone().flat_map(|t| &t[1 << depth..2 << depth]);
        nodes
            .map(|&[zeros, ones]| {
                let cost = |own: u32, other: u32| {
                    if own == 0 {
                        return 0.0;
                    }
                    let p =
                        (f64::from(own - 1) + pseudo) / (f64::from(own + other - 1) + 2.0 * pseudo);
                    -f64::from(own) * p.log2()
                };
                cost(zeros, ones) + cost(ones, zeros)
            })
            .sum()
    };
    let costs = PSEUDO.map(bits);
    let best = (0..PSEUDO.len()).min_by(|&a, &b| costs[a].total_cmp(&costs[b]));
    PSEUDO[best.unwrap_or(0)]
}

/// Whether there are enough records, of several columns.
///
/// # Errors
/// Says what is missing.
pub fn check_size(columns: usize, rows: usize) -> Result<(), Error> {
    if columns < 2 {
        return Err(Error::invalid(
            "a network learns how the columns of a record depend on one another; this layout has one column",
        ));
    }
    if rows < FEWEST_ROWS {
        return Err(Error::invalid(format!(
            "{rows} records are too few to train on: at least {FEWEST_ROWS} are needed"
        )));
    }
    Ok(())
}

/// Whether anything varies.
///
/// # Errors
/// Says that nothing does.
pub fn check_fields(fields: &[FieldPlan]) -> Result<(), Error> {
    if fields.iter().all(|field| field.planes.is_empty()) {
        return Err(Error::invalid(
            "every byte is constant or noise: there is nothing to learn",
        ));
    }
    Ok(())
}
