//! Which byte planes are constant, and which are noise to every expert.

use crate::numeric::{Lattice, ValueType};
use crate::predict::column::PlaneMode;
use crate::survey::entropy;

/// Rows looked at in one piece, so that what adapts has time to.
const WINDOW: usize = 512;
/// Pieces that a record's column is judged by, and a column that stands alone: smooth and noisy
/// regions may lie far apart there.
const WINDOWS: (usize, usize) = (4, 8);
/// Fewer rows cannot prove noise.
pub const LEAST: usize = 1024;
/// Entropy of half a byte, in bits, from which it counts as noise if no expectation lowers it; for
/// records and for columns that stand alone.
const NOISE: (f64, f64) = (3.978, 3.99);

/// The rows that are looked at: windows spread over the frame.
pub fn sample(rows: usize, alone: bool) -> Vec<usize> {
    let windows = if alone { WINDOWS.1 } else { WINDOWS.0 };
    if rows <= windows * WINDOW {
        return (0..rows).collect();
    }
    let gap = (rows - WINDOW) / (windows - 1);
    (0..windows)
        .flat_map(|w| w * gap..w * gap + WINDOW)
        .collect()
}

/// What the planes of a frame's column are judged by.
pub struct Evidence<'a> {
    /// The column's values.
    pub values: &'a [u64],
    /// Their type.
    pub vt: ValueType,
    /// Whether it is the only column.
    pub alone: bool,
    /// Other values that might tell something, one a row: the value before, the value above, a
    /// reference.
    pub expected: &'a [&'a [u64]],
    /// The same for the sampled rows alone.
    pub fitted: Vec<Vec<u64>>,
    /// Bits of half a byte that may be given away.
    pub waste: f64,
    /// Their step: on a lattice no plane is noise.
    pub lattice: Option<Lattice>,
}

/// The planes of a frame's column.
pub fn planes(evidence: Evidence<'_>) -> [PlaneMode; 8] {
    let mut modes = [PlaneMode::Modelled; 8];
    let (values, width) = (evidence.values, usize::from(evidence.vt.width));
    let Some(&first) = values.first() else {
        return modes;
    };
    let differing = values.iter().fold(0, |acc, v| acc | (v ^ first));
    let rows = sample(values.len(), evidence.alone);
    let judged = rows.len() >= LEAST && evidence.lattice.is_none();
    let pick = |from: &[u64]| -> Vec<u64> { rows.iter().map(|&i| from[i]).collect() };
    let mut expected = evidence.fitted;
    if judged {
        expected.extend(evidence.expected.iter().map(|e| pick(e)));
    }
    let sampled = pick(values);
    for k in 0..width {
        let shift = 8 * (width - 1 - k);
        if differing >> shift & 255 == 0 {
            modes[k] = PlaneMode::Constant((first >> shift) as u8);
        } else if judged {
            let limit = if evidence.alone { NOISE.1 } else { NOISE.0 } - evidence.waste;
            let plane = Plane {
                values: &sampled,
                shift,
                expected: &expected,
                limit,
            };
            if plane.noise(0x0F, k) {
                modes[k] = if plane.noise(0xF0, k) {
                    PlaneMode::Raw
                } else {
                    PlaneMode::Half
                };
            }
        }
    }
    modes
}

/// One byte of a stretch of values.
struct Plane<'a> {
    values: &'a [u64],
    shift: usize,
    expected: &'a [Vec<u64>],
    limit: f64,
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

    /// Whether the half of the byte that `mask` names is even, whatever is known: the rest of the
    /// byte, the byte before, an expectation.
    fn noise(&self, mask: usize, k: usize) -> bool {
        let n = self.values.len();
        let down = mask.trailing_zeros() as usize;
        let nibble = |v: u64| ((v >> self.shift) as usize & mask) >> down;
        let own = |i: usize| nibble(self.values[i]);
        let even = |given: &dyn Fn(usize) -> usize| {
            self.entropy(|i| own(i) << 4 | given(i) & 15) - self.entropy(|i| given(i) & 15)
                > self.limit
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
            if !even(&|i| nibble(other[i])) || self.entropy(|i| difference(i) & 15) < self.limit {
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
