//! The lag at which a curve of differences has its telling minimum.
//!
//! A minimum counts if it is several times sharper than what the curve shows by chance and lower
//! than what lies before it: an oscillation in a plain row of values has minima too, but not one
//! lag that is nearer than the shorter ones. The sharpest minimum need not be the row's: a plane's
//! may be sharper (then a divisor is looked for), or a field that leans may have a sharper one at
//! two rows and a bit (then the next candidates are).

use super::cost::ONE;

/// Minima considered, sharpest first.
const CANDIDATES: usize = 8;

/// Mean bits of the difference between values, by lag.
pub(super) struct Curve {
    costs: Vec<u64>,
    /// Median sharpness of all lags.
    usual: i64,
}

impl Curve {
    /// From the cost at each lag, 0 on.
    pub(super) fn new(costs: Vec<u64>) -> Self {
        let mut curve = Curve { costs, usual: 0 };
        let mut all: Vec<i64> = curve
            .inner()
            .map(|lag| curve.sharpness(lag).abs())
            .collect();
        if !all.is_empty() {
            let middle = all.len() / 2;
            curve.usual = *all.select_nth_unstable(middle).1;
        }
        curve
    }

    /// The telling minimum at lag `from` or more; of the lags that divide it, the sharpest if it
    /// has one `share`th of the sharpness. No more than `near` costlier than lag 1.
    pub(super) fn valley(&self, from: usize, share: i64, near: u64) -> Option<usize> {
        let mut sharpest: Vec<usize> = self
            .inner()
            .filter(|&lag| lag >= from && self.is_sharp(lag, 6))
            .collect();
        sharpest.sort_by_key(|&lag| (std::cmp::Reverse(self.sharpness(lag)), lag));
        if self.inner().len() < 4 {
            return None;
        }
        let descend = |&lag: &usize| {
            let shorter = |&lag: &usize| {
                self.divisor(lag, from)
                    .filter(|&by| self.sharpness(by) * share > self.sharpness(lag))
            };
            std::iter::successors(Some(lag), shorter).last()
        };
        let cost = |lag: usize| self.costs[lag];
        let is_least = |lag: &&usize| {
            cost(**lag) < cost(**lag - 1).min(cost(**lag + 1))
                && self.sharpness(**lag) > ONE as i64 / 4
        };
        let minima = sharpest.iter().take(CANDIDATES).filter(is_least);
        minima
            .filter_map(descend)
            .find(|&lag| self.stands_out(lag) && cost(lag) < cost(1) + near)
    }

    /// The sharpest lag, `from` or more, that divides this one and is about as low as all lags
    /// around it.
    fn divisor(&self, lag: usize, from: usize) -> Option<usize> {
        let is_low = |by: usize| {
            let around = &self.costs[by - by / 4..=by + by / 4];
            around.iter().all(|&cost| self.costs[by] < cost + ONE / 8)
        };
        let divides = |&by: &usize| lag.is_multiple_of(by) && self.is_sharp(by, 5) && is_low(by);
        (from..=lag / 2)
            .filter(divides)
            .max_by_key(|&by| self.sharpness(by))
    }

    /// Whether values are nearer at this lag than at most shorter ones.
    fn stands_out(&self, lag: usize) -> bool {
        let before = &self.costs[lag / 3 + 1..(lag - 1).max(lag / 3 + 1)];
        let nearest = before.iter().min();
        nearest.is_none_or(|&nearest| {
            self.costs[lag] as i64 + self.sharpness(lag) / 8 < nearest as i64
        })
    }

    fn is_sharp(&self, lag: usize, times: i64) -> bool {
        self.sharpness(lag) > self.usual * times
    }

    /// How much lower the curve is here than on both sides.
    fn sharpness(&self, lag: usize) -> i64 {
        (self.costs[lag - 1] + self.costs[lag + 1]) as i64 - 2 * self.costs[lag] as i64
    }

    /// Lags with two neighbours, past 1.
    fn inner(&self) -> std::ops::Range<usize> {
        2..self.costs.len().saturating_sub(1).max(2)
    }
}
