//! What a level makes of a file, column by column and plane by plane, and what the network alone
//! would.

use super::carried::{Carried, FrameTokens};
use super::network::{ColumnPass, Tokens};
use super::{Lane, PlaneMode, Planner, Spec};
use crate::Result;
use crate::kernel::vector::Isa;
use crate::kernel::{self, Kernel, Task};
use crate::numeric::{
    ValueType,
    functions::{exp, log2},
};

/// Costs in bits by plane, the most significant byte of the ordered value first.
pub type PlaneBits = [f64; 8];

/// One column's costs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ColumnCosts {
    /// By the level, planes that are stored as they are at 8 bits a value.
    pub planes: PlaneBits,
    /// By the level: the bits that say whether values are copies.
    pub copies: f64,
    /// By the network alone, under its own probabilities and without the experts. Bytes without a
    /// head count 8 bits, and nothing in frames where they are all the same. All zero without a
    /// network.
    pub network: PlaneBits,
}

/// A file's costs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Costs {
    /// In the record's order. Estimates from the coder's probabilities; they add up to `coded` but
    /// for its rounding.
    pub columns: Vec<ColumnCosts>,
    /// Bytes of all frames' payloads, really coded: plans, lanes and their lengths.
    pub coded: u64,
    /// Raw bytes.
    pub raw: u64,
    /// Whole records.
    pub rows: u64,
}

/// Codes `raw` in frames of about `frame` bytes as one chain under a spec, and adds up.
///
/// # Errors
/// None yet: any bytes can be coded.
pub fn evaluate(spec: &Spec, raw: &[u8], frame: usize) -> Result<Costs> {
    let record = spec.expansion.record_size as usize;
    let frame = (frame / record).max(1) * record;
    let mut planner = Planner::new(spec);
    let mut lanes: Vec<Lane> = (0..spec.lane_n).map(|i| Lane::new(spec, i)).collect();
    let mut alone = spec
        .engine()
        .map(|engine| Carried::new(engine, 0..spec.types.len()));
    let mut costs = Costs {
        columns: vec![ColumnCosts::default(); spec.types.len()],
        raw: raw.len() as u64,
        ..Costs::default()
    };
    for (number, bytes) in raw.chunks(frame).enumerate() {
        let (plan, columns) = planner.plan(spec, (number * frame) as u64, bytes);
        let mut head = Vec::new();
        plan.write(&mut head);
        costs.coded += head.len() as u64;
        costs.rows += plan.rows.n as u64;
        let mut tokens = FrameTokens::default();
        for lane in &mut lanes {
            let part = lane.encode(spec, &plan, &columns, &mut tokens);
            let bits = (usize::BITS - part.len().leading_zeros()).max(1);
            let is_last = lane.index() + 1 == spec.lane_n;
            costs.coded +=
                part.len() as u64 + u64::from(if is_last { 0 } else { bits.div_ceil(7) });
        }
        if let Some(carried) = &mut alone {
            let values: Vec<&[u64]> = columns.values.iter().map(Vec::as_slice).collect();
            let modes = lanes.iter().flat_map(Lane::plane_modes);
            let mut tokens = FrameTokens::default();
            carried.start(plan.rows);
            for (at, modes) in modes.enumerate() {
                let task = Alone {
                    pass: carried.begin(spec.engine(), at, plan.rows, &values[..at], &tokens),
                    values: values[at],
                    value_type: spec.types[at],
                    modes,
                };
                let (bits, left_behind) = kernel::run(Kernel::best(), task);
                tokens.extend(left_behind);
                add(&mut costs.columns[at].network, &bits);
            }
            carried.end(plan.rows, values.iter().copied());
        }
    }
    let coded = lanes.iter_mut().flat_map(Lane::take_costs);
    for (column, (planes, copies)) in costs.columns.iter_mut().zip(coded) {
        column.planes = planes.map(|cost| cost as f64 / 256.0);
        column.copies = copies as f64 / 256.0;
    }
    Ok(costs)
}

/// Start weights of the columns' mixers, by column, as a run over representative data has left
/// them: in 1/1024.
///
/// # Errors
/// None yet: any bytes can be coded.
pub fn harvest_starts(spec: &Spec, raw: &[u8], frame: usize) -> Result<Vec<Vec<i16>>> {
    let record = spec.expansion.record_size as usize;
    let frame = (frame / record).max(1) * record;
    let mut planner = Planner::new(spec);
    let mut lanes: Vec<Lane> = (0..spec.lane_n).map(|i| Lane::new(spec, i)).collect();
    for (number, bytes) in raw.chunks(frame).enumerate() {
        let (plan, columns) = planner.plan(spec, (number * frame) as u64, bytes);
        let mut tokens = FrameTokens::default();
        for lane in &mut lanes {
            lane.encode(spec, &plan, &columns, &mut tokens);
        }
    }
    let whole = |w: f64| (w * 1024.0).round().clamp(-32767.0, 32767.0) as i16;
    Ok(lanes
        .iter()
        .flat_map(Lane::mixer_means)
        .map(|means| means.into_iter().map(whole).collect())
        .collect())
}

fn add(sum: &mut PlaneBits, bits: &PlaneBits) {
    sum.iter_mut().zip(bits).for_each(|(a, b)| *a += b);
}

/// One column of one frame under the network alone.
struct Alone<'a> {
    pass: Option<ColumnPass<'a>>,
    values: &'a [u64],
    value_type: ValueType,
    modes: [PlaneMode; 8],
}

impl Task for Alone<'_> {
    type Output = (PlaneBits, Option<Tokens>);

    #[inline(always)]
    fn run<I: Isa>(mut self) -> Self::Output {
        let mut bits = PlaneBits::default();
        let width = usize::from(self.value_type.width);
        for (row, &value) in self.values.iter().enumerate() {
            if let Some(pass) = &mut self.pass {
                pass.row::<I>(row, &self.values[..row]);
            }
            for k in 0..width {
                let shift = 8 * (width - 1 - k) as u32;
                let headed = self.pass.as_mut().filter(|pass| pass.has_head(k));
                match (headed, self.modes[k]) {
                    (Some(pass), _) => {
                        let prefix = if k == 0 { 0 } else { value >> (shift + 8) };
                        pass.plane::<I>(k, prefix);
                        bits[k] += byte_bits::<I>(pass, (value >> shift) as u32 & 255);
                    }
                    (None, PlaneMode::Constant(_)) => {}
                    (None, _) => bits[k] += 8.0,
                }
            }
        }
        let tokens = self.pass.map(|pass| pass.finish::<I>(self.values));
        (bits, tokens)
    }
}

/// Bits for one byte of the plane at hand.
#[inline(always)]
fn byte_bits<I: Isa>(pass: &mut ColumnPass<'_>, byte: u32) -> f64 {
    let mut node = 1;
    let mut sum = 0.0;
    for at in (0..8).rev() {
        let bit = byte >> at & 1;
        let logit = f64::from(pass.logit::<I>(node));
        // -log2 of the probability of this bit.
        let against = if bit == 1 { -logit } else { logit };
        sum += log2(1.0 + exp(against));
        node = node << 1 | bit;
    }
    sum
}
