//! What is found out about each column when its chain begins: where to look, by which formula, on
//! which step.
//!
//! It is written into the stream, so a decoder repeats none of it. It must still be the same on
//! every machine: entropies are computed with [`crate::numeric::functions`], never the system's
//! logarithm.

use super::column::{Family, REFS};
use crate::numeric::{FORMULAS, Lattice, Relation, ValueType};
use crate::survey::{lattice, references, relations};
use crate::{Error, Result};

/// One column's part.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ColumnSetup {
    /// Columns that tell most, the most telling first; all to the left.
    pub refs: Vec<u16>,
    /// The formula that gives it.
    pub relation: Option<Relation>,
    /// The step of its values.
    pub lattice: Option<Lattice>,
}

/// Looks into columns of these types, all of one frame.
pub(super) fn find(columns: &[Vec<u64>], types: &[ValueType], family: Family) -> Vec<ColumnSetup> {
    let mut setups: Vec<ColumnSetup> = columns
        .iter()
        .zip(types)
        .map(|(values, &vt)| ColumnSetup {
            lattice: lattice(values, vt),
            ..ColumnSetup::default()
        })
        .collect();
    if family == Family::Record {
        let refs = references(columns, types, REFS);
        let formulas = relations(columns, types);
        for ((setup, refs), relation) in setups.iter_mut().zip(refs).zip(formulas) {
            setup.refs = refs;
            setup.relation = relation;
        }
    }
    setups
}

const HAS_RELATION: u8 = 4;
const HAS_LATTICE: u8 = 8;
const KNOWN_BITS: u8 = 15;

fn put_column(out: &mut Vec<u8>, at: usize, j: u16) {
    // Distances to the left are small numbers: one byte, or 255 and two more.
    let back = at as u16 - j;
    if back < 255 {
        out.push(back as u8);
    } else {
        out.push(255);
        out.extend_from_slice(&back.to_le_bytes());
    }
}

fn take<const N: usize>(input: &mut &[u8]) -> Result<[u8; N]> {
    let (bytes, rest) = input
        .split_first_chunk::<N>()
        .ok_or_else(|| Error::corrupt("the plan is cut"))?;
    *input = rest;
    Ok(*bytes)
}

fn take_column(input: &mut &[u8], at: usize) -> Result<u16> {
    let [short] = take::<1>(input)?;
    let back = if short < 255 {
        usize::from(short)
    } else {
        let long = usize::from(u16::from_le_bytes(take::<2>(input)?));
        if long < 255 {
            return Err(Error::corrupt("a number longer than its value"));
        }
        long
    };
    if back == 0 || back > at {
        return Err(Error::corrupt(
            "a column refers to itself or past the first",
        ));
    }
    Ok((at - back) as u16)
}

impl ColumnSetup {
    /// Appends the setup of column `at`: a byte of flags, then what they announce.
    pub fn write(&self, at: usize, out: &mut Vec<u8>) {
        let flags = self.refs.len() as u8
            | if self.relation.is_some() {
                HAS_RELATION
            } else {
                0
            }
            | if self.lattice.is_some() {
                HAS_LATTICE
            } else {
                0
            };
        out.push(flags);
        self.refs.iter().for_each(|&j| put_column(out, at, j));
        if let Some(relation) = self.relation {
            out.push(relation.formula as u8);
            let columns = &relation.columns[..relation.formula.column_n()];
            columns.iter().for_each(|&j| put_column(out, at, j));
        }
        if let Some(lattice) = self.lattice {
            out.push(match lattice {
                Lattice::Decimals(n) => n,
                Lattice::Digits(n) => 0x80 | n,
            });
        }
    }

    /// Reads what [`ColumnSetup::write`] wrote.
    pub fn read(at: usize, input: &mut &[u8]) -> Result<Self> {
        let [flags] = take::<1>(input)?;
        if flags & !KNOWN_BITS != 0 {
            return Err(Error::corrupt("unknown bits in the plan"));
        }
        let mut setup = ColumnSetup::default();
        for _ in 0..flags & 3 {
            setup.refs.push(take_column(input, at)?);
        }
        if flags & HAS_RELATION != 0 {
            let [number] = take::<1>(input)?;
            let &(formula, _) = FORMULAS
                .get(usize::from(number))
                .ok_or_else(|| Error::corrupt("unknown formula"))?;
            let mut columns = [0; 4];
            for column in &mut columns[..formula.column_n()] {
                *column = take_column(input, at)?;
            }
            setup.relation = Some(Relation { formula, columns });
        }
        if flags & HAS_LATTICE != 0 {
            let [byte] = take::<1>(input)?;
            let n = byte & 0x7F;
            if n > 15 || (byte & 0x80 != 0 && n == 0) {
                return Err(Error::corrupt("unknown step"));
            }
            setup.lattice = Some(if byte & 0x80 != 0 {
                Lattice::Digits(n)
            } else {
                Lattice::Decimals(n)
            });
        }
        Ok(setup)
    }
}

/// Setups of `n` columns, one after another; none of no bytes.
///
/// # Errors
/// What is no setup, or too much.
pub(super) fn read_all(mut bytes: &[u8], n: usize) -> Result<Option<Vec<ColumnSetup>>> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let setups = (0..n).map(|at| ColumnSetup::read(at, &mut bytes));
    let setups = setups.collect::<Result<Vec<_>>>()?;
    if bytes.is_empty() {
        Ok(Some(setups))
    } else {
        Err(Error::corrupt("setups of more columns than there are"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::Formula;

    #[test]
    fn a_distance_is_as_short_as_it_can_be() {
        for (bytes, at) in [(&[1, 254][..], 300), (&[1, 255, 255, 0], 300)] {
            let short = bytes.len() == 2;
            let read = ColumnSetup::read(at, &mut &bytes[..]).unwrap();
            assert_eq!(read.refs, [if short { 46 } else { 45 }]);
        }
        assert!(ColumnSetup::read(300, &mut &[1, 255, 254, 0][..]).is_err());
    }

    #[test]
    fn comes_back() {
        let setups = [
            ColumnSetup::default(),
            ColumnSetup {
                refs: vec![299, 3, 0],
                relation: None,
                lattice: Some(Lattice::Digits(6)),
            },
            ColumnSetup {
                refs: vec![1],
                relation: Some(Relation {
                    formula: Formula::MassOfPtEtaEnergy,
                    columns: [0, 299, 17, 0],
                }),
                lattice: Some(Lattice::Decimals(0)),
            },
        ];
        for setup in setups {
            let mut bytes = Vec::new();
            setup.write(300, &mut bytes);
            let mut input = &bytes[..];
            assert_eq!(ColumnSetup::read(300, &mut input).unwrap(), setup);
            assert!(input.is_empty());
            for cut in 0..bytes.len() {
                assert!(ColumnSetup::read(300, &mut &bytes[..cut]).is_err());
            }
        }
    }
}
