//! Which byte planes are constant, and which are noise to every expert.

use super::references::entropy;
use crate::predict::column::PlaneMode;
use crate::predict::experts::lattice::Lattice;
use crate::predict::value::ValueType;

/// Rows looked at, in one piece so that neighbours stay neighbours.
const SAMPLE: usize = 2048;
/// Fewer rows cannot prove noise.
pub const LEAST: usize = 1024;
/// Entropy of half a byte, in bits, from which it counts as noise if no expectation lowers it.
const NOISE: f64 = 3.975;

/// The rows that are looked at.
pub fn sample(rows: usize) -> std::ops::Range<usize> {
    let n = rows.min(SAMPLE);
    let from = (rows - n) / 2;
    from..from + n
}

/// The planes of a frame's column. `expected` are other values that might tell something: the value before, the value above, a reference; `fitted` the
/// same for the sample's rows alone. On a lattice no plane is noise.
pub fn planes(
    values: &[u64],
    vt: ValueType,
    expected: &[&[u64]],
    fitted: &[&[u64]],
    lattice: Option<Lattice>,
) -> [PlaneMode; 8] {
    let mut modes = [PlaneMode::Modelled; 8];
    let width = usize::from(vt.width);
    let Some(&first) = values.first() else {
        return modes;
    };
    let differing = values.iter().fold(0, |acc, v| acc | (v ^ first));
    let rows = sample(values.len());
    let mut all: Vec<&[u64]> = expected.iter().map(|e| &e[rows.clone()]).collect();
    all.extend_from_slice(fitted);
    for k in 0..width {
        let shift = 8 * (width - 1 - k);
        if differing >> shift & 255 == 0 {
            modes[k] = PlaneMode::Constant((first >> shift) as u8);
        } else if rows.len() >= LEAST && lattice.is_none() {
            let plane = Plane {
                values: &values[rows.clone()],
                shift,
                expected: &all,
            };
            if plane.noise(0xF0, k) {
                if plane.noise(0x0F, k) {
                    modes[k] = PlaneMode::Raw;
                }
            } else if plane.noise(0x0F, k) {
                modes[k] = PlaneMode::Half;
            }
        }
    }
    modes
}

/// One byte of a stretch of values.
struct Plane<'a> {
    values: &'a [u64],
    shift: usize,
    expected: &'a [&'a [u64]],
}

impl Plane<'_> {
    /// Entropy of what `f` makes of each row, 256 cells.
    fn entropy(&self, f: impl Fn(usize) -> usize) -> f64 {
        let n = self.values.len();
        let mut counts = [0u32; 256];
        for i in 0..self.values.len() {
            counts[f(i) & 255] += 1;
        }
        let cells = counts.iter().filter(|&&c| c > 0).count() as f64;
        entropy(&counts, n) + (cells - 1.0) / (2.0 * n as f64 * std::f64::consts::LN_2)
    }

    /// Whether the half of the byte that `mask` names is even, whatever is known: the rest of the byte, the byte before, an expectation.
    fn noise(&self, mask: usize, k: usize) -> bool {
        let n = self.values.len();
        let down = mask.trailing_zeros() as usize;
        let nibble = |v: u64| ((v >> self.shift) as usize & mask) >> down;
        let own = |i: usize| nibble(self.values[i]);
        let even = |given: &dyn Fn(usize) -> usize| {
            self.entropy(|i| own(i) << 4 | given(i) & 15) - self.entropy(|i| given(i) & 15) > NOISE
        };
        if !even(&|_| 0) {
            return false;
        }
        if down == 0 && !even(&|i| (self.values[i] >> (self.shift + 4)) as usize) {
            return false;
        }
        if k > 0 && !even(&|i| (self.values[i] >> (self.shift + 8)) as usize) {
            return false;
        }
        for other in self.expected {
            let difference =
                |i: usize| (self.values[i].wrapping_sub(other[i]) >> self.shift) as usize >> down;
            if !even(&|i| nibble(other[i])) || self.entropy(|i| difference(i) & 15) < NOISE {
                return false;
            }
        }
        // Values that come again: equal words far apart.
        let mut words: Vec<u64> = self
            .values
            .iter()
            .map(|v| v >> (self.shift + down))
            .collect();
        words.sort_unstable();
        words.dedup();
        n - words.len() < n / 64 || k < 2
    }
}
