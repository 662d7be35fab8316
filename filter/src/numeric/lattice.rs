//! Numbers on a decimal step: which they are, the nearest one, how many lie below a cut.
//!
//! Data that was once printed with few digits, or counted in units, uses few of the floats between
//! two numbers.

use super::value::ValueType;

/// Which numbers occur.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Lattice {
    /// Multiples of 10^-n.
    Decimals(u8),
    /// Numbers of n significant decimal digits.
    Digits(u8),
}

const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// x * 10^n, n of either sign.
#[inline(always)]
fn scaled(x: f64, n: i32) -> f64 {
    if n >= 0 {
        x * POWERS[(n as usize).min(22)]
    } else {
        x / POWERS[(-n as usize).min(22)]
    }
}

/// The exponent e with 10^e <= x < 10^(e+1), within -12..=15.
#[inline(always)]
fn decade(x: f64) -> i32 {
    let mut e = -12;
    // 28 decades, by halving.
    for step in [16, 8, 4, 2, 1] {
        let to = e + step;
        let reached = if to > 15 {
            false
        } else if to >= 0 {
            x >= POWERS[to as usize]
        } else {
            x * POWERS[(-to) as usize] >= 1.0
        };
        if reached {
            e = to;
        }
    }
    e
}

impl Lattice {
    /// The number of lattice points from zero up to, not including, `x >= 0`.
    #[inline(always)]
    fn below(self, x: f64) -> f64 {
        match self {
            Lattice::Decimals(n) => (x * POWERS[usize::from(n)]).ceil(),
            Lattice::Digits(n) => {
                if x < 1e-12 {
                    return 0.0;
                }
                let e = decade(x);
                let unit = POWERS[usize::from(n) - 1];
                let within = (scaled(x, i32::from(n) - 1 - e)).ceil() - unit;
                f64::from(e + 12) * 9.0 * unit + within + 1.0
            }
        }
    }

    /// The lattice point nearest to `x`.
    pub fn nearest(self, x: f64) -> f64 {
        match self {
            Lattice::Decimals(n) => (x * POWERS[usize::from(n)]).round() / POWERS[usize::from(n)],
            Lattice::Digits(n) => {
                if x.abs() < 1e-12 {
                    return 0.0;
                }
                let places = i32::from(n) - 1 - decade(x.abs());
                scaled(scaled(x, places).round(), -places)
            }
        }
    }

    /// Number of points below the cut under an ordered integer, counted from any fixed place;
    /// signed.
    #[inline(always)]
    pub fn count(self, cut: u64, vt: ValueType) -> f64 {
        // The boundary lies half-way between the float and the one before it: no lattice point
        // rounds from there.
        let at = (vt.number(cut) + vt.number(cut.saturating_sub(1))) * 0.5;
        if at > 1e15 {
            return 1e22;
        }
        if at < -1e15 {
            return -1e22;
        }
        if at >= 0.0 {
            self.below(at)
        } else {
            -self.below(-at) + 1.0
        }
    }
}
