//! The scheduler: bits and pruning, moved from tensor to tensor by what came of them.
//!
//! The measure is CAQ = ratio / (seconds + 1), as the source defines it. Seconds of a clock would
//! make the archive depend on the machine, so they are those of a cost model: raw bytes times a
//! constant of the level. The ratio is that of the integers' entropy, which is known before they
//! are coded. One knob moves at a time, bits and pruning in turn: on in its direction while CAQ
//! does not fall, else back.

use catena_filter::Level;

use super::loss::Tally;

/// Bits of a channel of middling entropy: where they start, and where they may go.
const BITS_START: i32 = 8;
const BITS: std::ops::RangeInclusive<i32> = 4..=12;
/// Share pruned: where it starts, and how it moves.
const PRUNED_START: f64 = 0.1;
const PRUNED_STEP: f64 = 0.05;
/// Nanoseconds a raw byte, by level: those of the README's table of speeds, rounded. Levels 7 to 9
/// do level 6's work here.
const COST: [f64; 6] = [5.0, 30.0, 370.0, 450.0, 560.0, 900.0];

/// What the next tensor is treated with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct State {
    pub bits: i32,
    pub pruned: f64,
}

#[derive(Clone, Debug)]
pub(super) struct Scheduler {
    state: State,
    max_pruned: f64,
    cost: f64,
    /// Which way each knob goes: fewer bits, more pruned.
    direction: [i32; 2],
    turn: usize,
    last: Option<f64>,
}

impl Scheduler {
    pub fn new(level: Level, max_pruned: f64) -> Self {
        let at = usize::from(level.get()).clamp(1, COST.len()) - 1;
        Scheduler {
            state: State {
                bits: BITS_START,
                pruned: PRUNED_START.min(max_pruned),
            },
            max_pruned,
            cost: COST.get(at).copied().unwrap_or(0.0) * 1e-9,
            direction: [-1, 1],
            turn: 0,
            last: None,
        }
    }

    pub fn state(&self) -> State {
        self.state
    }

    /// What came of the last state on so many raw bytes.
    pub fn learn(&mut self, bytes: u64, tally: &Tally) {
        let coded = tally.entropy / 8.0 + tally.beside as f64;
        let seconds = bytes as f64 * self.cost;
        let caq = bytes as f64 / coded.max(1.0) / (seconds + 1.0);
        let turned = (self.turn + 1) % 2;
        if let (Some(last), Some(direction)) = (self.last, self.direction.get_mut(turned))
            && caq < last
        {
            // The knob that moved last was not worth it.
            *direction = -*direction;
        }
        self.last = Some(caq);
        match (self.turn, self.direction) {
            (0, [way, _]) => {
                self.state.bits = (self.state.bits + way).clamp(*BITS.start(), *BITS.end());
            }
            (_, [_, way]) => {
                let moved = self.state.pruned + f64::from(way) * PRUNED_STEP;
                self.state.pruned = moved.clamp(0.0, self.max_pruned);
            }
        }
        self.turn = turned;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_on_while_it_pays_and_back_when_it_does_not() {
        let mut scheduler = Scheduler::new(Level::default(), 0.25);
        let start = scheduler.state();
        let tally = |entropy: f64| Tally {
            entropy,
            ..Tally::default()
        };
        for step in 0..8 {
            scheduler.learn(4000, &tally(8000.0 - 500.0 * f64::from(step)));
        }
        let better = scheduler.state();
        assert!(better.bits < start.bits && better.pruned > start.pruned);
        assert!(better.pruned <= 0.25 && BITS.contains(&better.bits));
        for step in 0..40 {
            scheduler.learn(4000, &tally(5000.0 + 500.0 * f64::from(step)));
            assert!(BITS.contains(&scheduler.state().bits));
            assert!((0.0..=0.25).contains(&scheduler.state().pruned));
        }
        assert_ne!(scheduler.state(), better);
    }
}
