//! Where a value is expected to come from, beside the value above: another column, or a formula
//! over columns to its left that was found in training.
//!
//! A whole training set is there to search in, so relations can be looked for here that a stream's
//! first frame is too short for. Everything is computed in f64 by the functions of
//! [`crate::numeric::functions`], the same on every machine.

use crate::numeric::{
    Relation, ValueType,
    functions::{atan2, sin_cos},
};
use crate::{Error, Kind, Result};

/// Columns at even distances: `first`, `first + stride`, and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// The first column.
    pub first: u16,
    /// From one to the next; at least 1.
    pub stride: u16,
    /// How many; at least 1.
    pub count: u16,
}

impl Group {
    /// Its columns.
    pub fn columns(self) -> impl Iterator<Item = usize> {
        let (first, stride) = (usize::from(self.first), usize::from(self.stride));
        (0..usize::from(self.count)).map(move |i| first + i * stride)
    }

    /// Whether all of it lies to the left of `column`.
    fn is_left_of(self, column: usize) -> bool {
        self.stride > 0 && self.columns().last().is_some_and(|last| last < column)
    }
}

/// A part of a vector in the plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Its length.
    Length,
    /// Its angle, -pi to pi.
    Angle,
}

/// Where a value is expected to come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// The same bits as in another column of the same type.
    Same(u16),
    /// The magnitude of another float column of the same type.
    Magnitude(u16),
    /// A formula of columns to the left.
    Relation(Relation),
    /// 1 - a - b - c: shares of a whole. A place that is not needed is `u16::MAX`.
    Rest([u16; 3]),
    /// The vector that balances those whose lengths and angles two groups of equal size give:
    /// missing transverse momentum.
    Balance {
        /// Lengths.
        lengths: Group,
        /// Angles.
        angles: Group,
        /// Which part of the balancing vector.
        part: Part,
    },
    /// The sum of a group, or what balances it.
    Sum {
        /// What is added up.
        group: Group,
        /// The negative of the sum.
        negative: bool,
    },
}

impl Reference {
    /// The number expected, where it is a number that is computed and not bits that are taken over.
    #[inline]
    pub fn number(self, of: impl Fn(usize) -> f64) -> Option<f64> {
        match self {
            Reference::Same(_) | Reference::Magnitude(_) => None,
            Reference::Relation(relation) => Some(
                relation
                    .formula
                    .of(relation.columns.map(|at| of(at.into()))),
            ),
            Reference::Rest(columns) => {
                let columns = columns.into_iter().filter(|&column| column != u16::MAX);
                Some(columns.fold(1.0, |rest, column| rest - of(usize::from(column))))
            }
            Reference::Balance {
                lengths,
                angles,
                part,
            } => {
                let (mut x, mut y) = (0.0, 0.0);
                for (length, angle) in lengths.columns().zip(angles.columns()) {
                    let length = of(length);
                    if length != 0.0 {
                        let (sin, cos) = sin_cos(of(angle));
                        x -= length * cos;
                        y -= length * sin;
                    }
                }
                Some(match part {
                    Part::Length => (x * x + y * y).sqrt(),
                    Part::Angle => atan2(y, x),
                })
            }
            Reference::Sum { group, negative } => {
                let sum = group.columns().fold(0.0, |sum, column| sum + of(column));
                Some(if negative { -sum } else { sum })
            }
        }
    }

    /// The value expected, as an ordered integer of the field's type, given the row's values to the
    /// left by column number.
    #[inline]
    pub fn expect(
        self,
        value_type: ValueType,
        types: &[ValueType],
        left: impl Fn(usize) -> u64,
    ) -> u64 {
        match self {
            Reference::Same(column) => left(usize::from(column)),
            Reference::Magnitude(column) => {
                let value = left(usize::from(column));
                let top = 1u64 << (8 * u32::from(value_type.width) - 1);
                if value & top == 0 {
                    !value & value_type.max_ordered()
                } else {
                    value
                }
            }
            _ => {
                let number = self.number(|column| types[column].number(left(column)));
                value_type.ordered_from_number(number.unwrap_or(0.0))
            }
        }
    }

    /// Whether the columns are to the left of `column`, and of its type where bits are taken over.
    ///
    /// # Errors
    /// Says what does not fit.
    pub(super) fn fits(self, column: usize, types: &[ValueType]) -> Result<()> {
        let is_left = |other: u16| usize::from(other) < column;
        let all_left = match self {
            Reference::Same(other) | Reference::Magnitude(other) => {
                let float = types[column].kind == Kind::Float;
                if is_left(other)
                    && (types[usize::from(other)] != types[column]
                        || !float && matches!(self, Reference::Magnitude(_)))
                {
                    return Err(Error::corrupt(
                        "a reference of the model is of another type than its column",
                    ));
                }
                is_left(other)
            }
            Reference::Relation(relation) => relation.columns.into_iter().all(is_left),
            Reference::Rest(columns) => columns
                .into_iter()
                .all(|other| other == u16::MAX || is_left(other)),
            Reference::Balance {
                lengths, angles, ..
            } => {
                lengths.count == angles.count
                    && lengths.is_left_of(column)
                    && angles.is_left_of(column)
            }
            Reference::Sum { group, .. } => group.is_left_of(column),
        };
        if all_left {
            Ok(())
        } else {
            Err(Error::corrupt(
                "a reference of the model is not to the left of its column",
            ))
        }
    }
}
