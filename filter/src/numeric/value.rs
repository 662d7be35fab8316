//! Bits as ordered integers and as numbers.

use crate::layout::{Column, Kind};

/// The type of a column's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueType {
    /// How the bits are read.
    pub kind: Kind,
    /// Bytes: 1, 2, 4 or 8.
    pub width: u8,
}

impl ValueType {
    /// The type of a layout's column.
    pub fn of(column: &Column) -> Self {
        ValueType {
            kind: column.kind,
            width: column.width,
        }
    }

    pub(crate) const fn bits(self) -> u32 {
        self.width as u32 * 8
    }

    pub(crate) const fn sign(self) -> u64 {
        1 << (self.bits() - 1)
    }

    /// The largest ordered integer.
    pub const fn max_ordered(self) -> u64 {
        u64::MAX >> (64 - self.bits())
    }

    /// Bits to the unsigned integer of the same order as the value.
    #[inline(always)]
    pub fn order(self, bits: u64) -> u64 {
        match self.kind {
            Kind::Float if bits & self.sign() != 0 => !bits & self.max_ordered(),
            Kind::Float | Kind::Int => bits ^ self.sign(),
            Kind::Uint | Kind::Bytes => bits,
        }
    }

    /// Undoes [`ValueType::order`].
    #[inline(always)]
    pub fn unorder(self, ordered: u64) -> u64 {
        match self.kind {
            Kind::Float if ordered & self.sign() == 0 => !ordered & self.max_ordered(),
            Kind::Float | Kind::Int => ordered ^ self.sign(),
            Kind::Uint | Kind::Bytes => ordered,
        }
    }

    /// The number that an ordered integer stands for; NaN and infinities become huge finite ones.
    #[inline(always)]
    pub fn number(self, ordered: u64) -> f64 {
        match (self.kind, self.width) {
            (Kind::Float, 4) => {
                let v = f32::from_bits(self.unorder(ordered) as u32);
                if v.is_finite() {
                    f64::from(v)
                } else if ordered & self.sign() != 0 {
                    7e38
                } else {
                    -7e38
                }
            }
            (Kind::Float, 8) => {
                let v = f64::from_bits(self.unorder(ordered));
                if v.abs() < 1e150 {
                    v
                } else if ordered & self.sign() != 0 {
                    1e150
                } else {
                    -1e150
                }
            }
            (Kind::Int, _) => ordered as f64 - self.sign() as f64,
            _ => ordered as f64,
        }
    }

    /// The ordered integer nearest to a number.
    #[inline(always)]
    pub fn ordered_from_number(self, number: f64) -> u64 {
        match (self.kind, self.width) {
            (Kind::Float, 4) => self.order(u64::from((number as f32).to_bits())),
            (Kind::Float, 8) => self.order(number.to_bits()),
            (Kind::Int, _) => {
                (number + self.sign() as f64).clamp(0.0, self.max_ordered() as f64) as u64
            }
            _ => number.clamp(0.0, self.max_ordered() as f64) as u64,
        }
    }

    /// A scale to begin with.
    pub fn scale_start(self) -> f64 {
        match self.kind {
            Kind::Float => 1.0,
            _ => 16.0,
        }
    }

    /// Below this no scale falls.
    pub fn scale_floor(self) -> f64 {
        match self.kind {
            Kind::Float => 1e-30,
            _ => 0.2,
        }
    }
}
