//! What was lost of a tensor, counted while it is lost.

use serde::Serialize;

use crate::error::Result;
use catena_container::Cursor;

/// What was lost of a tensor. Relative errors are in parts of the largest finite magnitude of the
/// value's channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Loss {
    /// Largest difference.
    pub max_error: f64,
    /// Mean difference, over all finite values.
    pub mean_error: f64,
    /// Largest relative error.
    pub max_rel_error: f64,
    /// Mean relative error.
    pub mean_rel_error: f64,
    /// Share of the values that were set to zero because they are small.
    pub pruned: f64,
    /// Share of the values that were not zero and are now, the pruned ones included.
    pub zeroed: f64,
    /// Mean bits that hold a value, before they are coded.
    pub bits: f64,
}

impl Loss {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let numbers = [
            self.max_error,
            self.mean_error,
            self.max_rel_error,
            self.mean_rel_error,
            self.pruned,
            self.zeroed,
            self.bits,
        ];
        numbers.iter().for_each(|it| out.extend(it.to_le_bytes()));
    }

    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Self> {
        Ok(Loss {
            max_error: cursor.f64_le()?,
            mean_error: cursor.f64_le()?,
            max_rel_error: cursor.f64_le()?,
            mean_rel_error: cursor.f64_le()?,
            pruned: cursor.f64_le()?,
            zeroed: cursor.f64_le()?,
            bits: cursor.f64_le()?,
        })
    }
}

/// Sums of a tensor, or of a part of one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    /// Finite values.
    pub n: u64,
    pub max_error: f64,
    pub sum_error: f64,
    pub max_rel_error: f64,
    pub sum_rel_error: f64,
    pub pruned: u64,
    pub zeroed: u64,
    /// Sum over the values of the bits that hold their channel's steps.
    pub bits: f64,
    /// Bits that the integers would take, one independent of the other.
    pub entropy: f64,
    /// Bytes of steps, scales and exceptions.
    pub beside: u64,
}

impl Tally {
    /// Counts a value that became another one.
    pub fn count(&mut self, was: f64, is: f64, largest: f64) {
        let error = (was - is).abs();
        let relative = if largest > 0.0 { error / largest } else { 0.0 };
        self.n += 1;
        self.max_error = self.max_error.max(error);
        self.sum_error += error;
        self.max_rel_error = self.max_rel_error.max(relative);
        self.sum_rel_error += relative;
        self.zeroed += u64::from(was != 0.0 && is == 0.0);
    }

    pub fn add(&mut self, other: &Tally) {
        self.n += other.n;
        self.max_error = self.max_error.max(other.max_error);
        self.sum_error += other.sum_error;
        self.max_rel_error = self.max_rel_error.max(other.max_rel_error);
        self.sum_rel_error += other.sum_rel_error;
        self.pruned += other.pruned;
        self.zeroed += other.zeroed;
        self.bits += other.bits;
        self.entropy += other.entropy;
        self.beside += other.beside;
    }

    pub fn loss(&self) -> Loss {
        let n = self.n.max(1) as f64;
        Loss {
            max_error: self.max_error,
            mean_error: self.sum_error / n,
            max_rel_error: self.max_rel_error,
            mean_rel_error: self.sum_rel_error / n,
            pruned: self.pruned as f64 / n,
            zeroed: self.zeroed as f64 / n,
            bits: self.bits / n,
        }
    }
}
