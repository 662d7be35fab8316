//! Effort frame by frame, so that a stream keeps a speed: `CompressOptions::min_speed`.
//!
//! The source is taken to deliver at its own speed or at the one that is asked for, whichever is
//! slower: each frame has a time at which it came on that clock. A frame gets the largest effort
//! with which it is done at most [`LAG`] after its clock's next frame, by what the efforts cost so
//! far. So time that the source leaves is spent on ratio, frames that are cheap save for those
//! behind them, and a debt is paid back.
//!
//! This is the one place where bytes depend on a clock, and only if the caller asks for it. A
//! decoder sees nothing of it but frames of one kind or another.

use std::time::Instant;

use crate::backend::Effort;
use crate::flow::{Choice, Meter};

/// Seconds that the encoder may be behind its clock and still choose freely.
const LAG: f64 = 0.25;
/// Seconds that cheap frames may save for later ones, and that slow ones may owe.
const CREDIT: f64 = 2.0;
/// Bytes a second and thread of the backends before anything is known.
const FIRST_SPEEDS: [f64; 4] = [1.5e9, 200e6, 30e6, 1.5e6];
/// And of what the level does, by level: tokens, then the model.
const MODEL_SPEEDS: [f64; 9] = [100e6, 70e6, 50e6, 30e6, 30e6, 30e6, 1.0e6, 0.15e6, 0.15e6];

/// What may be done with a frame of a stream in which `top` is the most, from little effort to
/// much. `plain`: not the model.
fn efforts(top: Choice, plain: bool) -> &'static [Choice] {
    match (top, plain) {
        (Choice::Backend(Effort::Best), _) => &Choice::ALL[..4],
        (Choice::Model, false) => &Choice::MODELLED,
        _ => &Choice::ALL[..3],
    }
}

/// By when a frame is to be done, in seconds since the stream's first byte.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Due {
    /// With the time that frames before it saved.
    shared: f64,
    /// In the time that is its own and what the source leaves: all that a frame which does not gain
    /// has.
    alone: f64,
}

/// Chooses for one stream. Times are seconds since its first byte.
#[derive(Debug)]
pub(crate) struct Scheduler {
    /// Bytes a second.
    speed: f64,
    threads: f64,
    top: Choice,
    first_costs: [f64; 5],
    began: Option<Instant>,
    /// When the current frame came, on the clock of the source.
    came: f64,
    /// Bytes of the frame before it.
    before: usize,
    /// When the frame before it came, and how long the source has been kept waiting since.
    arrived: f64,
    /// Seconds between the last frames, as the source brought them.
    period: f64,
    blocked: f64,
    full_since: Option<f64>,
    /// Seconds that the source let the encoder wait in all, and since when it does.
    hungry: f64,
    hungry_since: Option<f64>,
}

impl Scheduler {
    /// For a stream of this level on so many threads.
    pub(crate) fn new(speed: u64, level: u8, threads: usize) -> Self {
        let top = Choice::Model;
        let model = MODEL_SPEEDS[usize::from(level.clamp(1, 9)) - 1];
        let mut first_costs = [1e9 / model; 5];
        for (cost, speed) in first_costs.iter_mut().zip(FIRST_SPEEDS) {
            *cost = 1e9 / speed;
        }
        Scheduler {
            speed: speed.max(1) as f64,
            threads: threads.max(1) as f64,
            top,
            first_costs,
            began: None,
            came: 0.0,
            before: 0,
            arrived: 0.0,
            period: 0.0,
            blocked: 0.0,
            full_since: None,
            hungry: 0.0,
            hungry_since: None,
        }
    }

    fn seconds(&mut self, now: Instant) -> f64 {
        let began = *self.began.get_or_insert(now);
        now.saturating_duration_since(began).as_secs_f64()
    }

    /// The source offers bytes.
    pub(crate) fn offered(&mut self, now: Instant) {
        let now = self.seconds(now);
        if let Some(since) = self.full_since.take() {
            self.blocked += now - since;
        }
        if let Some(since) = self.hungry_since.take() {
            self.hungry += now - since;
        }
    }

    /// All that was offered was taken, or not: then the source has to wait.
    pub(crate) fn took(&mut self, all: bool, now: Instant) {
        let now = self.seconds(now);
        match all {
            true => self.hungry_since = Some(now),
            false => self.full_since = Some(now),
        }
    }

    /// A frame of so many bytes has come: by when it is to be done.
    pub(crate) fn arrive(&mut self, raw_len: usize, now: Instant) -> Due {
        let now = self.seconds(now);
        let blocked = std::mem::take(&mut self.blocked) + self.full_since.map_or(0.0, |s| now - s);
        if self.full_since.is_some() {
            self.full_since = Some(now);
        }
        let period = (now - self.arrived - blocked).max(0.0);
        self.arrived = now;
        let due = self.came + (self.before as f64 / self.speed).max(period);
        self.came = due.clamp(now - CREDIT, now + CREDIT);
        self.before = raw_len;
        // The next frame will be as long in coming as the last ones were, so far as they agree.
        let next = self.period.min(period);
        self.period = (self.period + period) / 2.0;
        let own = (raw_len as f64 / self.speed).max(next);
        Due {
            shared: self.came + own + LAG,
            alone: self.came.min(now) + own,
        }
    }

    /// What to do with a frame that has come, and the nanoseconds that it is expected to take.
    /// `gains` tells whether the model is worth time that other frames could have. `None`: that
    /// decides, and is not known.
    pub(crate) fn choose(
        &mut self,
        meter: &Meter,
        (raw_len, due): (usize, Due),
        plain: bool,
        gains: Option<bool>,
        now: Instant,
    ) -> Option<(Choice, i64)> {
        let now = self.seconds(now);
        let pending = meter.pending();
        let mut found = (Choice::ALL[0], 0);
        for &choice in efforts(self.top, plain) {
            let cost = meter.cost(choice, self.first_costs[choice.index()]) * raw_len as f64;
            let done = now + (pending + cost) / (1e9 * self.threads);
            let fits = match choice {
                Choice::Model => done <= due.alone || (done <= due.shared && gains?),
                Choice::Backend(_) => done <= due.shared,
            };
            if fits {
                found = (choice, cost as i64);
            }
        }
        meter.expect(found.1);
        Some(found)
    }

    /// Bytes a second of so many, over the time in which the source did not keep the encoder
    /// waiting; `None` before there were any.
    pub(crate) fn achieved(&self, bytes: u64, now: Instant) -> Option<f64> {
        let all = now.saturating_duration_since(self.began?).as_secs_f64();
        let busy = all - self.hungry - self.hungry_since.map_or(0.0, |since| all - since);
        Some(bytes as f64 / busy.max(1e-3))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const MIB: usize = 1 << 20;

    /// A source of this speed, efforts that cost what they do at first on one thread, all frames
    /// worth it: shares of the efforts, and the speed.
    fn run(min_speed: f64, source: f64, seconds: f64) -> ([f64; 5], f64) {
        let (shares, _, speed) = run_with(min_speed, source, seconds, |_| true);
        (shares, speed)
    }

    /// The same where frames of some numbers are worth it: also the share of the modelled ones
    /// among those.
    fn run_with(
        min_speed: f64,
        source: f64,
        seconds: f64,
        gains: impl Fn(u32) -> bool,
    ) -> ([f64; 5], f64, f64) {
        let meter = Meter::default();
        let mut scheduler = Scheduler::new(min_speed as u64, 7, 1);
        let start = Instant::now();
        let at = |t: f64| start + Duration::from_secs_f64(t);
        let (mut arrives, mut free, mut shares, mut n) = (0.0f64, 0.0f64, [0.0; 5], 0.0);
        let (mut worth, mut modelled) = (0.0, 0.0);
        while arrives < seconds {
            // The queue holds a frame: the source waits while two are not done.
            let now = arrives.max(free - 0.1);
            scheduler.offered(at(arrives));
            if now > arrives {
                scheduler.took(false, at(arrives));
                scheduler.offered(at(now));
            }
            let gain = gains(n as u32);
            let due = scheduler.arrive(MIB, at(now));
            let chosen = scheduler.choose(&meter, (MIB, due), false, Some(gain), at(now));
            let (choice, expected) = chosen.unwrap();
            if gain {
                worth += 1.0;
                modelled += f64::from(u8::from(choice == Choice::Model));
            }
            scheduler.took(true, at(now));
            let took = MIB as f64 * scheduler.first_costs[choice.index()] / 1e9;
            meter.worked(choice, Duration::from_secs_f64(took));
            meter.done(choice, MIB, expected);
            free = free.max(now) + took;
            shares[choice.index()] += 1.0;
            n += 1.0;
            arrives = now + MIB as f64 / source;
        }
        let speed = n * MIB as f64 / free;
        (shares.map(|share| share / n), modelled / worth, speed)
    }

    #[test]
    fn frames_that_gain_get_the_time_of_those_that_do_not() {
        let in_turn = |n| n % 8 < 4;
        let (all, even, speed) = run_with(3e6, 1e9, 60.0, |_| true);
        assert!(even > 0.1 && speed > 2.7e6, "{even} {speed} {all:?}");
        let (shares, gaining, speed) = run_with(3e6, 1e9, 60.0, in_turn);
        assert!(gaining > 1.4 * even, "{gaining} {even} {shares:?}");
        assert!((2.7e6..4e6).contains(&speed), "{speed}");
        // A slow source leaves time for all.
        let (shares, ..) = run_with(20e6, 5e5, 60.0, |_| false);
        assert!(shares[4] > 0.9, "{shares:?}");
    }

    #[test]
    fn the_gain_is_asked_for_only_where_it_decides() {
        let meter = Meter::default();
        let mut scheduler = Scheduler::new(20_000_000, 7, 1);
        let start = Instant::now();
        let at = |t: f64| start + Duration::from_secs_f64(t);
        // A frame of 64 KiB takes 65 ms of the model: more than its own 3, less than the lag.
        let due = scheduler.arrive(1 << 16, start);
        let mut choose = |gains, t| scheduler.choose(&meter, (1 << 16, due), false, gains, at(t));
        assert_eq!(choose(None, 0.0), None);
        let said = choose(Some(false), 0.0).map(|(choice, _)| choice);
        assert!(matches!(said, Some(Choice::Backend(_))), "{said:?}");
        let said = choose(Some(true), 0.0).map(|(choice, _)| choice);
        assert_eq!(said, Some(Choice::Model));
        // Too late for the model, whatever it gains.
        assert!(choose(None, 0.24).is_some());
    }

    #[test]
    fn a_slow_source_leaves_time_for_the_model() {
        let (shares, _) = run(20e6, 5e5, 60.0);
        assert!(shares[4] > 0.9, "{shares:?}");
    }

    #[test]
    fn a_fast_source_gets_the_speed_that_was_asked_for() {
        for speed in [3e6, 10e6, 20e6] {
            let (shares, achieved) = run(speed, 1e9, 30.0);
            assert!(
                (0.9 * speed..1.4 * speed).contains(&achieved),
                "{speed}: {achieved}, {shares:?}"
            );
            assert!(shares[4] > 0.01 && shares[2] > 0.3, "{shares:?}");
        }
        let (shares, achieved) = run(100e6, 1e9, 10.0);
        assert!(achieved > 90e6 && shares[1] > 0.3, "{achieved} {shares:?}");
    }

    #[test]
    fn what_is_asked_too_much_is_stored() {
        let (shares, _) = run(5e9, 1e12, 1.0);
        assert!(shares[0] > 0.9, "{shares:?}");
    }
}
