//! What the experts alone say of a file's bits, for whoever trains a network to add to them.
//!
//! A coder that only listens takes the place of the range coder, so nothing is spent on it where
//! none is wanted.

use super::{Lane, Planner, Spec, lane_count};
use crate::coder::{BitCoder, Mark};
use crate::numeric::functions::ln;
use crate::{Layout, Level, Result};

/// One modelled byte of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TracedByte {
    /// Column of the record.
    pub column: usize,
    /// Row of the input, counted from its first whole record.
    pub row: u64,
    /// Which byte of the ordered value, counted from the most significant one.
    pub plane: usize,
    /// For each of its bits, the highest first: ln(p / (1 - p)) in 1/256 of the probability p that
    /// the experts gave to a one, knowing the bits before it. Zero for bits that were not coded.
    pub said: [i16; 8],
    /// How many bits were coded: 8, or 4 where the lower half is stored as it is.
    pub bits: u8,
}

/// Models `raw` in frames of about `frame` bytes as one chain with the experts of level 7 and
/// reports every byte that they predicted, column by column within each frame. Bytes that are
/// stored as they are, constant, or part of a copied value are not reported.
///
/// # Errors
/// None yet: any bytes can be modelled.
pub fn trace(
    layout: &Layout,
    raw: &[u8],
    frame: usize,
    sink: &mut dyn FnMut(TracedByte),
) -> Result<()> {
    let level = Level::MAX;
    let record = layout.record_size() as usize;
    let frame = (frame / record).max(1) * record;
    let lane_n = lane_count(layout, level, frame.min(raw.len()));
    let spec = Spec::new(layout.clone(), level, lane_n);
    let mut planner = Planner::new(&spec);
    let mut lanes: Vec<Lane> = (0..lane_n).map(|index| Lane::new(&spec, index)).collect();
    for (number, bytes) in raw.chunks(frame).enumerate() {
        let (plan, columns) = planner.plan(&spec, (number * frame) as u64, bytes);
        let mut listener = Listener::new((number * (frame / record)) as u64, &mut *sink);
        for lane in &mut lanes {
            lane.listen(&spec, &plan, &columns, &mut listener);
        }
        listener.report();
    }
    Ok(())
}

/// The coder that only listens.
struct Listener<'a> {
    first_row: u64,
    sink: &'a mut dyn FnMut(TracedByte),
    column: usize,
    /// Values of the column so far.
    values: u64,
    /// The byte at hand, if a plane is.
    plane: Option<usize>,
    said: [i16; 8],
    bits: u8,
}

impl<'a> Listener<'a> {
    fn new(first_row: u64, sink: &'a mut dyn FnMut(TracedByte)) -> Self {
        Listener {
            first_row,
            sink,
            column: 0,
            values: 0,
            plane: None,
            said: [0; 8],
            bits: 0,
        }
    }

    /// Hands over the byte at hand.
    fn report(&mut self) {
        if let Some(plane) = self.plane.take() {
            (self.sink)(TracedByte {
                column: self.column,
                row: self.first_row + self.values - 1,
                plane,
                said: std::mem::take(&mut self.said),
                bits: std::mem::take(&mut self.bits),
            });
        }
    }
}

impl BitCoder for Listener<'_> {
    const ENCODES: bool = true;

    fn code(&mut self, bit: u32, p1: u32) -> u32 {
        if self.plane.is_some()
            && let Some(said) = self.said.get_mut(usize::from(self.bits))
        {
            let p = f64::from(p1) / 65536.0;
            // |ln| <= 11.1: far inside sixteen bits.
            *said = (ln(p / (1.0 - p)) * 256.0) as i16;
            self.bits += 1;
        }
        bit
    }

    fn byte(&mut self, byte: u8) -> u8 {
        byte
    }

    fn nibble(&mut self, nibble: u8) -> u8 {
        nibble
    }

    fn mark(&mut self, mark: Mark) {
        self.report();
        match mark {
            Mark::Column(column) => (self.column, self.values) = (column, 0),
            Mark::Value => self.values += 1,
            Mark::Plane(plane) => self.plane = Some(plane),
        }
    }
}
