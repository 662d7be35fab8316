//! Relations between columns that physics and bookkeeping put there: an energy from transverse
//! momentum, pseudorapidity and mass, a component from a length and an angle, a ratio of two
//! columns.

use super::functions::{atan2, exp, ln, sin_cos};

/// A formula over four columns `a`, `b`, `c`, `d` (those it does not name are ignored).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Formula {
    /// sqrt((a cosh b)^2 + c^2): energy.
    EnergyOfPtEtaMass = 0,
    /// a cosh b: momentum.
    ACoshB,
    /// a sinh b: longitudinal momentum.
    ASinhB,
    /// a cos b.
    ACosB,
    /// a sin b.
    ASinB,
    /// sqrt(a^2 + b^2).
    Hypot2,
    /// sqrt(a^2 + b^2 + c^2).
    Hypot3,
    /// a b.
    Product,
    /// a / b.
    Ratio,
    /// sqrt(a^2 - b^2).
    Leg2,
    /// a^2.
    Square,
    /// sqrt(a).
    Root,
    /// The angle of (a, b).
    Angle,
    /// asinh(c / sqrt(a^2 + b^2)): pseudorapidity.
    Eta,
    /// sqrt(a^2 - b^2 - c^2).
    Leg3,
    /// a / (a + b).
    Share,
    /// sqrt(c^2 - (a cosh b)^2): mass.
    MassOfPtEtaEnergy,
    /// e^a.
    Exp,
    /// ln a.
    Ln,
    /// 1 / a.
    Inverse,
    /// sqrt(a^2 + b^2 + c^2 + d^2): energy of momentum and mass.
    Hypot4,
}

/// All formulas with the number of columns that they take.
pub const FORMULAS: [(Formula, u8); 21] = [
    (Formula::EnergyOfPtEtaMass, 3),
    (Formula::ACoshB, 2),
    (Formula::ASinhB, 2),
    (Formula::ACosB, 2),
    (Formula::ASinB, 2),
    (Formula::Hypot2, 2),
    (Formula::Hypot3, 3),
    (Formula::Product, 2),
    (Formula::Ratio, 2),
    (Formula::Leg2, 2),
    (Formula::Square, 1),
    (Formula::Root, 1),
    (Formula::Angle, 2),
    (Formula::Eta, 3),
    (Formula::Leg3, 3),
    (Formula::Share, 2),
    (Formula::MassOfPtEtaEnergy, 3),
    (Formula::Exp, 1),
    (Formula::Ln, 1),
    (Formula::Inverse, 1),
    (Formula::Hypot4, 4),
];

/// A formula and the columns it is to be taken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relation {
    /// Which.
    pub formula: Formula,
    /// Columns, as places in the record; all to the left of the column that they give.
    pub columns: [u16; 4],
}

impl Formula {
    /// Columns that plans of modelled frames and model files name, whether it takes them or not.
    pub fn column_n(self) -> usize {
        match self {
            Formula::Hypot4 => 4,
            _ => 3,
        }
    }

    /// The formula's value; anything may come of odd arguments.
    #[inline]
    pub fn of(self, [a, b, c, d]: [f64; 4]) -> f64 {
        match self {
            Formula::EnergyOfPtEtaMass => {
                let p = a * cosh(b);
                (p * p + c * c).sqrt()
            }
            Formula::ACoshB => a * cosh(b),
            Formula::ASinhB => a * sinh(b),
            Formula::ACosB => a * sin_cos(b).1,
            Formula::ASinB => a * sin_cos(b).0,
            Formula::Hypot2 => (a * a + b * b).sqrt(),
            Formula::Hypot3 => (a * a + b * b + c * c).sqrt(),
            Formula::Product => a * b,
            Formula::Ratio => a / b,
            Formula::Leg2 => root(a * a - b * b),
            Formula::Square => a * a,
            Formula::Root => root(a),
            Formula::Angle => atan2(b, a),
            Formula::Eta => {
                let s = c / (a * a + b * b).sqrt();
                let root = (s * s + 1.0).sqrt();
                if s >= 0.0 {
                    ln(s + root)
                } else {
                    -ln(root - s)
                }
            }
            Formula::Leg3 => root(a * a - b * b - c * c),
            Formula::Share => a / (a + b),
            Formula::MassOfPtEtaEnergy => {
                let p = a * cosh(b);
                root(c * c - p * p)
            }
            Formula::Exp => exp(a),
            Formula::Ln => ln(a),
            Formula::Inverse => 1.0 / a,
            Formula::Hypot4 => (a * a + b * b + c * c + d * d).sqrt(),
        }
    }
}

/// The root of what is above zero; else zero. `max` leaves open which zero it gives.
fn root(x: f64) -> f64 {
    if x > 0.0 { x.sqrt() } else { 0.0 }
}

fn cosh(x: f64) -> f64 {
    let e = exp(x);
    (e + 1.0 / e) * 0.5
}

fn sinh(x: f64) -> f64 {
    if x.abs() < 1e-2 {
        // The difference below would lose digits.
        return x + x * x * x * (1.0 / 6.0) + x * x * x * x * x * (1.0 / 120.0);
    }
    let e = exp(x);
    (e - 1.0 / e) * 0.5
}
