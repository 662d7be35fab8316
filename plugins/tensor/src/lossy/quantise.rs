//! A channel's floats to integers: x becomes round(x / step), step being the channel's largest
//! magnitude over its number of steps.

use catena_filter::engine::backend::entropy::{EntropyPredictor, Statistics};
use catena_filter::engine::numeric::functions::log2;

use catena_container::put_varint;

use super::loss::Tally;
use super::restore::{Quantised, value};
use super::scheduler::State;
use super::values::Values;
use super::{LossyOptions, Taken};

/// Bits that a channel gains or loses for an entropy off the middle of what is predicted (0.55), by
/// so much.
const BITS_BY_ENTROPY: f64 = 8.0;
const ENTROPY_MIDDLE: f64 = 0.55;
/// Bits of a channel.
const BITS_MIN: f64 = 3.0;
const BITS_MAX: f64 = 16.0;
/// More steps than this would not be worth their bits.
const STEPS_MAX: u64 = 1 << 24;

/// Quantises rows of so many values; `None` if a channel cannot be kept within the bound.
pub(super) fn quantise(
    values: &Values<'_>,
    row: usize,
    options: &LossyOptions,
    state: &State,
    predictor: &EntropyPredictor,
    tally: &mut Tally,
) -> Option<Taken> {
    let mut channels = Vec::new();
    let (mut scales, mut bytes, mut specials) = (Vec::new(), Vec::new(), Vec::new());
    let mut special_n = 0;
    let mut last_special = 0;
    for (at, raw) in values.rows(row).enumerate() {
        let channel = values.read(raw);
        let entropy = predictor.predict(&Statistics::of(&channel));
        let quantised = Channel::of(&channel, entropy.into(), options, state, values, tally)?;
        values.float.put(quantised.largest, values.big, &mut scales);
        put_varint(&mut bytes, quantised.steps);
        channels.push(quantised.integers);
        let words = raw
            .chunks_exact(values.float.width())
            .zip(&channel)
            .enumerate();
        for (place, (word, _)) in words.filter(|(_, (_, x))| !x.is_finite()) {
            let place = (at * row + place) as u64;
            put_varint(&mut specials, place - last_special);
            specials.extend_from_slice(word);
            last_special = place;
            special_n += 1;
        }
    }
    let integers: Vec<i32> = channels.concat();
    tally.entropy += entropy_bits(&integers);
    bytes.extend(specials);
    tally.beside += (scales.len() + bytes.len()) as u64;
    let most = integers
        .iter()
        .map(|it| it.unsigned_abs())
        .max()
        .unwrap_or(0);
    let width = match most {
        0..=127 => 1,
        128..=32_767 => 2,
        _ => 4,
    };
    let coded = integers
        .iter()
        .flat_map(|it| it.to_le_bytes().into_iter().take(width));
    Some(Taken {
        integers: coded.collect(),
        quantised: Quantised {
            float: values.float,
            big: values.big,
            width: width as u8,
            channels: channels.len() as u64,
            row: row as u64,
            specials: special_n,
            stream: 0,
            scales: 0,
        },
        scales,
        bytes,
    })
}

/// A channel as integers.
struct Channel {
    integers: Vec<i32>,
    largest: f64,
    steps: u64,
}

impl Channel {
    fn of(
        channel: &[f64],
        entropy: f64,
        options: &LossyOptions,
        state: &State,
        values: &Values<'_>,
        tally: &mut Tally,
    ) -> Option<Self> {
        let finite = || channel.iter().filter(|x| x.is_finite());
        let largest = finite().fold(0.0, |most: f64, x| most.max(x.abs()));
        if largest == 0.0 {
            finite().for_each(|_| tally.count(0.0, 0.0, 0.0));
            return Some(Channel {
                integers: vec![0; channel.len()],
                largest,
                steps: 1,
            });
        }
        let bound = options.max_rel_error * largest;
        let bits = f64::from(state.bits) + BITS_BY_ENTROPY * (entropy - ENTROPY_MIDDLE);
        let bits = bits.round_ties_even().clamp(BITS_MIN, BITS_MAX) as u32;
        let by_bits = (1u64 << (bits - 1)) - 1;
        // Half a step is at most the bound.
        let by_bound = (0.5 / options.max_rel_error) as u64 + 1;
        let mut steps = by_bits.max(by_bound);
        let threshold = threshold(channel, state.pruned, bound);
        while steps <= STEPS_MAX {
            let step = largest / steps as f64;
            if !step.is_normal() {
                return None;
            }
            let mut own = Tally::default();
            let mut integers = Vec::with_capacity(channel.len());
            for &x in channel {
                let small = x.abs() < threshold;
                let integer = match x.is_finite() && !small {
                    true => (x / step).round_ties_even() as i32,
                    false => 0,
                };
                integers.push(integer);
                if x.is_finite() {
                    own.count(x, value(integer, largest, steps, values.float), largest);
                    own.pruned += u64::from(small && x != 0.0);
                }
            }
            // The type's own rounding may add to half a step: then finer ones.
            if own.max_error <= bound {
                own.bits = channel.len() as f64 * log2((2 * steps + 1) as f64);
                tally.add(&own);
                return Some(Channel {
                    integers,
                    largest,
                    steps,
                });
            }
            steps += 1 + steps / 16;
        }
        None
    }
}

/// Values below it are set to zero: as many as the share says of those that are not zero, and none
/// that would break the bound.
fn threshold(channel: &[f64], share: f64, bound: f64) -> f64 {
    let sizes = channel.iter().filter(|x| x.is_finite() && **x != 0.0);
    let mut sizes: Vec<f64> = sizes.map(|x| x.abs()).collect();
    let place = (sizes.len() as f64 * share) as usize;
    if place >= sizes.len() {
        return 0.0;
    }
    let (_, at, _) = sizes.select_nth_unstable_by(place, f64::total_cmp);
    at.min(bound)
}

/// Bits of the integers, each coded by its frequency.
fn entropy_bits(integers: &[i32]) -> f64 {
    let mut sorted = integers.to_vec();
    sorted.sort_unstable();
    let n = sorted.len() as f64;
    let runs = sorted.chunk_by(|a, b| a == b).map(|it| it.len() as f64);
    runs.map(|run| run * (log2(n) - log2(run))).sum()
}
