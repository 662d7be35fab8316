//! How many bits each backend would take for a byte of a column, from a sample: what the quick
//! levels choose by, and what tells a frame that no model helps from one that it does.
//!
//! Statistics of the sample (ALCM's six, and what byte planes, differences and repetitions look
//! like) -> 64 ReLU -> a sigmoid for each backend. The numbers are built in; `catena-train` makes
//! them from columns that every backend has coded.
//! Invariant: as in [`super::entropy`], the same bytes give the same prediction on every machine.

use std::sync::OnceLock;

use super::entropy::Statistics;
use crate::layout::Kind;
use crate::numeric::functions::log2;
use crate::numeric::perceptron;

/// Elements of a sample, at most and in so many pieces.
pub const SAMPLE: usize = 1024;
const PIECES: usize = 4;
/// What the network sees.
pub const INPUTS: usize = 32;
/// Hidden neurons.
pub const HIDDEN: usize = 64;
/// Numbers of the network.
pub const WEIGHTS: usize = perceptron::weights(INPUTS, HIDDEN, Backend::N);

/// What a column is predicted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// zstd of the column's byte planes, level 3.
    Planes,
    /// zstd of its elements.
    Elements,
    /// pco, level 8.
    Pco,
    /// The experts of level 5, of this column alone.
    Experts,
}

impl Backend {
    /// How many there are.
    pub const N: usize = 4;
    /// All, in the order of the network's outputs.
    pub const ALL: [Backend; Self::N] = [
        Backend::Planes,
        Backend::Elements,
        Backend::Pco,
        Backend::Experts,
    ];
}

/// A column's type.
#[derive(Clone, Copy, Debug)]
pub struct Element {
    /// What its numbers are.
    pub kind: Kind,
    /// Bytes of one, 1 to 8.
    pub width: usize,
}

/// Up to [`SAMPLE`] elements out of a column of `n`, by their places: pieces at even distances.
pub fn sampled(n: usize) -> impl Iterator<Item = usize> {
    let wanted = n.min(SAMPLE);
    let piece = (wanted / PIECES).max(1);
    let piece_n = wanted / piece;
    (0..piece_n).flat_map(move |at| {
        let start = match piece_n {
            1 => 0,
            _ => (n - piece) * at / (piece_n - 1),
        };
        start..(start + piece).min(n)
    })
}

/// What the network sees of a sample: `bits` are the elements' bytes as little-endian numbers, in
/// the places of [`sampled`]; the column has `n`.
pub fn features(element: Element, bits: &[u64], n: usize) -> [f32; INPUTS] {
    let width = element.width.clamp(1, 8);
    let mask = u64::MAX >> (64 - 8 * width as u32);
    let mut inputs = [0.0; INPUTS];
    let mut at = 0;
    let mut put = |x: f32| {
        if let Some(input) = inputs.get_mut(at) {
            *input = x;
        }
        at += 1;
    };
    let mut planes = Planes::default();
    planes.add(bits.iter().copied(), width).for_each(&mut put);
    let pairs = || bits.windows(2).map(|pair| (pair[0], pair[1]));
    planes
        .add(pairs().map(|(a, b)| a ^ b), width)
        .for_each(&mut put);
    let ordered = |x: u64| order(element.kind, x, width);
    let steps = pairs().map(|(a, b)| zigzag(ordered(b).wrapping_sub(ordered(a)) & mask, width));
    planes.add(steps, width).for_each(&mut put);
    let share = |n: usize| n as f32 / bits.len().max(1) as f32;
    put(share(pairs().filter(|(a, b)| a == b).count()));
    put(share(bits.iter().filter(|&&x| x == 0).count()));
    put(distinct(bits));
    let zeros = bits
        .iter()
        .map(|x| x.trailing_zeros().min(8 * width as u32));
    put(zeros.sum::<u32>() as f32 / (8 * width * bits.len().max(1)) as f32);
    put((log2(n.max(1) as f64) / 32.0) as f32);
    for size in [1, 2, 4, 8] {
        put(if width == size { 1.0 } else { 0.0 });
    }
    let kind = |kind| if element.kind == kind { 1.0 } else { 0.0 };
    put(kind(Kind::Float));
    put(kind(Kind::Int));
    let values: Vec<f64> = bits
        .iter()
        .map(|&x| value(element.kind, x, width))
        .collect();
    Statistics::of(&values).inputs().into_iter().for_each(put);
    inputs
}

/// The bits a byte that each backend is predicted to take.
pub fn predict(features: &[f32; INPUTS]) -> [f32; Backend::N] {
    static NUMBERS: OnceLock<[f32; WEIGHTS]> = OnceLock::new();
    let numbers = NUMBERS.get_or_init(|| {
        let bytes: &[u8; WEIGHTS * 4] = include_bytes!("predictor.bin");
        perceptron::read(bytes)
    });
    predict_with(numbers, features)
}

/// The same with other numbers than those built in.
pub fn predict_with(numbers: &[f32; WEIGHTS], features: &[f32; INPUTS]) -> [f32; Backend::N] {
    let said = perceptron::forward::<INPUTS, HIDDEN, { Backend::N }>(numbers, features);
    said.map(|share| share * SPAN)
}

/// Bits a byte that a prediction reaches: noise takes a little more than 8.
pub const SPAN: f32 = 8.25;

/// Counts of bytes, plane by plane.
struct Planes {
    counts: [[u16; 256]; 8],
}

impl Default for Planes {
    fn default() -> Self {
        Planes {
            counts: [[0; 256]; 8],
        }
    }
}

impl Planes {
    /// Entropies of numbers' bytes, as shares of 8 bits: highest byte, second, mean and least of
    /// those below, mean of all, and the share of empty highest bytes.
    fn add(
        &mut self,
        numbers: impl Iterator<Item = u64>,
        width: usize,
    ) -> impl Iterator<Item = f32> {
        self.counts = [[0; 256]; 8];
        let mut n = 0usize;
        for number in numbers {
            for (plane, byte) in self.counts.iter_mut().zip(number.to_le_bytes()).take(width) {
                plane[usize::from(byte)] += 1;
            }
            n += 1;
        }
        let mut of = [0.0f32; 8];
        for (entropy, plane) in of.iter_mut().zip(&self.counts).take(width) {
            *entropy = entropy_of(plane, n);
        }
        let high = of[width - 1];
        let second = of[width.saturating_sub(2)];
        let low = &of[..width.saturating_sub(2).max(1)];
        let mean = |of: &[f32]| of.iter().sum::<f32>() / of.len() as f32;
        let least = low.iter().copied().fold(1.0f32, f32::min);
        [high, second, mean(low), least, mean(&of[..width])].into_iter()
    }
}

/// Entropy of `n` bytes with these counts, of 1 for as much as so few can have.
fn entropy_of(counts: &[u16; 256], n: usize) -> f32 {
    static TERMS: OnceLock<Vec<f32>> = OnceLock::new();
    // c log2 c for all counts there can be.
    let terms = TERMS.get_or_init(|| {
        let term = |c: usize| (c as f64 * log2(c.max(1) as f64)) as f32;
        (0..=SAMPLE).map(term).collect()
    });
    if n < 2 {
        return 0.0;
    }
    let sum: f32 = counts
        .iter()
        .map(|&c| terms[usize::from(c).min(SAMPLE)])
        .sum();
    let total = log2(n as f64) as f32;
    (total - sum / n as f32) / total.min(8.0)
}

/// The share of different elements, roughly: how much of a table of marks is marked.
fn distinct(bits: &[u64]) -> f32 {
    const MARKS: usize = 4096;
    let mut marks = [false; MARKS];
    for x in bits {
        marks[(x.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 52) as usize] = true;
    }
    marks.iter().filter(|&&m| m).count() as f32 / bits.len().max(1) as f32
}

/// Numbers that are in the order of the values.
fn order(kind: Kind, x: u64, width: usize) -> u64 {
    let sign = 1u64 << (8 * width - 1);
    match kind {
        Kind::Float if x & sign != 0 => !x & (sign | (sign - 1)),
        Kind::Float | Kind::Int => x ^ sign,
        _ => x,
    }
}

/// Small differences of either sign as small numbers.
fn zigzag(x: u64, width: usize) -> u64 {
    let sign = 1u64 << (8 * width - 1);
    let mask = sign | (sign - 1);
    match x & sign {
        0 => (x << 1) & mask,
        _ => !(x << 1) & mask,
    }
}

fn value(kind: Kind, x: u64, width: usize) -> f64 {
    match (kind, width) {
        (Kind::Float, 2) => half::f16::from_bits(x as u16).to_f64(),
        (Kind::Float, 4) => f64::from(f32::from_bits(x as u32)),
        (Kind::Float, 8) => f64::from_bits(x),
        (Kind::Int, _) => {
            let unused = 64 - 8 * width as u32;
            ((x << unused) as i64 >> unused) as f64
        }
        _ => x as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const F32: Element = Element {
        kind: Kind::Float,
        width: 4,
    };

    fn said(element: Element, bits: &[u64]) -> [f32; Backend::N] {
        predict(&features(element, bits, 100_000))
    }

    #[test]
    fn samples_are_spread_and_inside() {
        for n in [0, 1, 3, 5, 1023, 1024, 1025, 1_000_000] {
            let places: Vec<usize> = sampled(n).collect();
            assert!(places.iter().all(|&place| place < n), "{n}");
            assert!(
                places.len() <= SAMPLE && places.len() + 3 >= n.min(SAMPLE),
                "{n}"
            );
            assert!(places.windows(2).all(|pair| pair[0] < pair[1]), "{n}");
        }
        assert_eq!(sampled(1_000_000).last(), Some(999_999));
    }

    #[test]
    fn noise_and_steps_are_told_apart() {
        let mut state = 1u64;
        let noise: Vec<u64> = (0..SAMPLE)
            .map(|_| {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1);
                state >> 32
            })
            .collect();
        assert!(
            said(F32, &noise).iter().all(|&bits| bits > 7.0),
            "{:?}",
            said(F32, &noise)
        );
        let steps: Vec<u64> = (0..SAMPLE as u64).map(|i| i * 7).collect();
        let element = Element {
            kind: Kind::Uint,
            ..F32
        };
        let [planes, _, pco, _] = said(element, &steps);
        assert!(pco < planes && pco < 2.0, "{planes} {pco}");
    }

    #[test]
    fn anything_has_a_prediction() {
        for element in [
            F32,
            Element { width: 8, ..F32 },
            Element {
                kind: Kind::Uint,
                width: 1,
            },
        ] {
            for bits in [
                vec![],
                vec![u64::MAX >> (64 - 8 * element.width as u32); 3],
                vec![0; SAMPLE],
            ] {
                let inputs = features(element, &bits, 3);
                assert!(inputs.iter().all(|x| x.is_finite()), "{inputs:?}");
                assert!(
                    predict(&inputs)
                        .iter()
                        .all(|bits| (0.0..=SPAN).contains(bits))
                );
            }
        }
    }

    #[test]
    fn differences_keep_their_order() {
        let bits = |x: f32| order(Kind::Float, u64::from(x.to_bits()), 4);
        assert!(bits(-2.0) < bits(-1.0) && bits(-1.0) < bits(0.0) && bits(0.0) < bits(1e-30));
        assert_eq!(
            (zigzag(1, 4), zigzag(0xFFFF_FFFF, 4), zigzag(0xFFFF_FFFE, 4)),
            (2, 1, 3)
        );
    }
}
