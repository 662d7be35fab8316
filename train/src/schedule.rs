//! The learning rate over a run: up in a straight line, then down along half a cosine.
//!
//! It looks at progress, a share from 0 to 1, so that runs that end by the clock and runs that end
//! by a number of steps are scheduled alike. Invariant: the rate is never negative and, after the
//! first step, never above the peak.

use std::f64::consts::PI;

/// Linear warm-up, then cosine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// Rate at the end of the warm-up.
    pub peak: f64,
    /// Rate at the end of the run.
    pub floor: f64,
    /// Share of the run that the warm-up takes, 0 to 1.
    pub warm_up: f64,
}

impl Schedule {
    /// A schedule that ends at a twentieth of its peak, after a warm-up of a twentieth of the run.
    pub fn new(peak: f64) -> Self {
        Schedule {
            peak,
            floor: peak / 20.0,
            warm_up: 0.05,
        }
    }

    /// The rate at a share of the run; what is outside 0 to 1 counts as its nearest end.
    pub fn at(&self, progress: f64) -> f64 {
        let progress = if progress > 0.0 {
            progress.min(1.0)
        } else {
            0.0
        };
        if progress < self.warm_up {
            return self.peak * progress / self.warm_up;
        }
        let rest = 1.0 - self.warm_up;
        let down = if rest > 0.0 {
            (progress - self.warm_up) / rest
        } else {
            1.0
        };
        self.floor + (self.peak - self.floor) * 0.5 * (1.0 + (PI * down).cos())
    }

    /// The rate of step `step` of `steps`, counted from 0. The first step already moves: its rate
    /// is that of its end.
    pub fn of_step(&self, step: u64, steps: u64) -> f64 {
        self.at((step as f64 + 1.0) / steps.max(1) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    #[test]
    fn rises_then_falls() {
        let s = Schedule {
            peak: 2.0,
            floor: 0.5,
            warm_up: 0.2,
        };
        assert!(near(s.at(0.0), 0.0) && near(s.at(0.1), 1.0) && near(s.at(0.2), 2.0));
        assert!(near(s.at(0.6), 1.25), "halfway down: {}", s.at(0.6));
        assert!(near(s.at(1.0), 0.5) && near(s.at(7.0), 0.5) && near(s.at(-1.0), 0.0));
        assert!(near(s.at(f64::NAN), 0.0));
        let rates: Vec<f64> = (0..=100).map(|i| s.at(f64::from(i) / 100.0)).collect();
        assert!(rates[..=20].is_sorted() && rates[20..].iter().rev().is_sorted());
    }

    #[test]
    fn no_step_has_rate_zero() {
        let s = Schedule::new(1e-3);
        assert!(s.of_step(0, 1000) > 0.0);
        assert!(near(s.of_step(999, 1000), s.floor));
        assert!(near(s.of_step(0, 0), s.floor));
    }

    #[test]
    fn all_warm_up_and_none() {
        let s = |warm_up| Schedule {
            peak: 1.0,
            floor: 0.0,
            warm_up,
        };
        assert!(near(s(0.0).at(0.0), 1.0));
        assert!(near(s(1.0).at(0.5), 0.5) && near(s(1.0).at(1.0), 0.0));
    }
}
