//! Which byte planes are constant, and which are noise to every expert.

use super::references::entropy;
use crate::predict::column::PlaneMode;
use crate::predict::value::ValueType;

/// Rows looked at, in one piece so that neighbours stay neighbours.
const SAMPLE: usize = 8192;
/// Fewer rows cannot prove noise.
const LEAST: usize = 1024;
/// Entropy, in bits a byte, from which a plane counts as noise if no expectation lowers it.
const NOISE: f64 = 7.955;

/// The planes of a frame's column. `expected` are other values that might tell something: the value before, the value above, a reference.
pub fn planes(values: &[u64], vt: ValueType, expected: &[&[u64]]) -> [PlaneMode; 8] {
    let mut modes = [PlaneMode::Modelled; 8];
    let width = usize::from(vt.width);
    let Some(&first) = values.first() else { return modes };
    let differing = values.iter().fold(0, |acc, v| acc | (v ^ first));
    let n = values.len().min(SAMPLE);
    let from = (values.len() - n) / 2;
    for k in 0..width {
        let shift = 8 * (width - 1 - k);
        if differing >> shift & 255 == 0 {
            modes[k] = PlaneMode::Constant((first >> shift) as u8);
        } else if n >= LEAST && is_noise(values, from, n, shift, k, expected) {
            modes[k] = PlaneMode::Raw;
        }
    }
    modes
}

fn is_noise(values: &[u64], from: usize, n: usize, shift: usize, k: usize, expected: &[&[u64]]) -> bool {
    let own = |i: usize| (values[i] >> shift) as usize & 255;
    let bias = 255.0 / (2.0 * n as f64 * std::f64::consts::LN_2);
    let uniform = |f: &dyn Fn(usize) -> usize| {
        let mut counts = [0u32; 256];
        for i in from..from + n {
            counts[f(i) & 255] += 1;
        }
        entropy(&counts, n) + bias > NOISE
    };
    if !uniform(&own) {
        return false;
    }
    // Together with the byte before it in the value, upper halves of both.
    if k > 0 && !uniform(&|i| own(i) >> 4 | (values[i] >> (shift + 8) & 15) as usize * 16) {
        return false;
    }
    // Against what might be expected: differences, and upper halves together.
    for other in expected {
        if !uniform(&|i| own(i).wrapping_sub((other[i] >> shift) as usize)) || !uniform(&|i| own(i) >> 4 | (other[i] >> shift) as usize & 0xF0) {
            return false;
        }
    }
    // Values that come again: equal words far apart.
    let mut words: Vec<u64> = values[from..from + n].iter().map(|v| v >> shift).collect();
    words.sort_unstable();
    words.dedup();
    n - words.len() < n / 64
}
