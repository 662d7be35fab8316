//! Activity: how large the residuals nearby have been, as a context of a column's own tokens.

use super::context::Geometry;
use super::rans::LANES;

/// Offsets and weights of the magnitudes that are summed up.
#[derive(Clone, Debug)]
pub struct Activity {
    pub near: [(usize, u16); 4],
    pub above: [(usize, u16); 5],
    /// The farthest.
    pub reach: usize,
}

/// Largest sum of magnitudes, each at most 128, plus one.
pub const SUMS: usize = 1024;

impl Activity {
    /// Of rows that lie so.
    pub fn new(geometry: &Geometry) -> Self {
        let (w, p) = (geometry.group, geometry.plane);
        let (near, above) = match (w, p) {
            (0..=2, _) => (
                [(1, 2), (2, 2), (3, 1), (4, 1)],
                [(5, 2), (6, 1), (7, 1), (8, 1), (9, 1)],
            ),
            (_, 0) => (
                [(1, 2), (w, 2), (w + 1, 1), (w - 1, 1)],
                [(2 * w, 2), (2, 1), (3, 1), (w + 2, 1), (w - 2, 1)],
            ),
            _ => (
                [(1, 2), (w, 2), (w + 1, 1), (w - 1, 1)],
                [(p, 2), (p + 1, 1), (p - 1, 1), (p + w, 1), (p - w, 1)],
            ),
        };
        let reach = near
            .iter()
            .chain(&above)
            .map(|term| term.0)
            .max()
            .unwrap_or(0);
        Activity { near, above, reach }
    }

    /// The same in a lane of this length: what lies farther above is not there.
    pub fn within(mut self, len: usize) -> Self {
        for (distance, weight) in self.near.iter_mut().chain(&mut self.above) {
            if *distance > len {
                (*distance, *weight) = (1, 0);
            }
        }
        self.reach = self.reach.min(len.max(1));
        self
    }

    /// Sums at a place of a lane's magnitudes that begin with `reach` zeros.
    #[inline(always)]
    pub fn sums(&self, magnitudes: &[u8], at: usize) -> (usize, usize) {
        let of = |distance: usize| u16::from(magnitudes[at - distance]);
        let near = self
            .near
            .iter()
            .map(|&(distance, weight)| weight * of(distance))
            .sum::<u16>();
        let above = self
            .above
            .iter()
            .map(|&(distance, weight)| weight * of(distance))
            .sum::<u16>();
        (usize::from(near) % SUMS, usize::from(above) % SUMS)
    }
}

/// Magnitudes from here on are taken for a stretch of rows at a time.
const CLOSE: usize = 4;
/// Rows of a stretch, at most, and the fewest that are worth it.
const BLOCK: usize = 512;
const SHORT: usize = 16;

/// The sums' parts that lie far enough above to be known for a stretch of rows.
pub struct Far {
    /// Rows of a stretch.
    pub block: usize,
    terms: Vec<(usize, [u16; 2])>,
    /// Weights of the rows one, two, three above.
    close: [[u16; 2]; CLOSE - 1],
    /// Whether there are others than that of the first sum one row above.
    more: bool,
    /// By lane and row of the stretch.
    sums: Box<[[[u16; BLOCK]; 2]; LANES]>,
    /// For rows too near one another: all terms, one by one.
    each: Option<Activity>,
}

impl Far {
    /// For lanes of this length.
    pub fn new(activity: &Activity, len: usize) -> Self {
        let mut terms: Vec<(usize, [u16; 2])> = Vec::new();
        let mut close = [[0; 2]; CLOSE - 1];
        let near = activity.near.iter().map(|&(d, weight)| (d, [weight, 0]));
        let above = activity.above.iter().map(|&(d, weight)| (d, [0, weight]));
        for (distance, weights) in near.chain(above).filter(|(_, weights)| *weights != [0; 2]) {
            if distance < CLOSE {
                (0..2).for_each(|at| close[distance - 1][at] += weights[at]);
            } else {
                terms.push((distance, weights));
            }
        }
        let nearest = terms.iter().map(|term| term.0).min().unwrap_or(BLOCK);
        let each = nearest < SHORT;
        Far {
            block: if each { len.max(1) } else { nearest.min(BLOCK) },
            terms,
            close,
            more: close != [[close[0][0], 0], [0; 2], [0; 2]],
            sums: Box::new([[[0; BLOCK]; 2]; LANES]),
            each: each.then(|| activity.clone()),
        }
    }

    /// Sums up what is far from `n` rows, at most a stretch, of all lanes. Lanes lie `room` apart
    /// and begin at `first`.
    #[inline(always)]
    pub fn sum(&mut self, magnitudes: &[u8], room: usize, first: usize, n: usize) {
        if self.each.is_some() {
            return;
        }
        for (lane, sums) in self.sums.iter_mut().enumerate() {
            sums.iter_mut().for_each(|sums| sums[..n].fill(0));
            for &(distance, weights) in &self.terms {
                let start = lane * room + first - distance;
                for (sums, weight) in sums
                    .iter_mut()
                    .zip(weights)
                    .filter(|(_, weight)| *weight > 0)
                {
                    for (sum, &magnitude) in sums.iter_mut().zip(&magnitudes[start..start + n]) {
                        *sum += weight * u16::from(magnitude);
                    }
                }
            }
        }
    }

    /// Both sums at a place of a lane, which is a row of the stretch.
    #[inline(always)]
    pub fn with_close(
        &self,
        magnitudes: &[u8],
        at: usize,
        lane: usize,
        row: usize,
    ) -> (usize, usize) {
        if let Some(activity) = &self.each {
            return activity.sums(magnitudes, at);
        }
        let [near, above] = &self.sums[lane % LANES];
        let mut sums = [near[row % BLOCK], above[row % BLOCK]];
        let above = |distance: usize| {
            let magnitude = magnitudes.get(at.wrapping_sub(distance));
            magnitude.map_or(0, |&magnitude| u16::from(magnitude))
        };
        let [one, two, three] = self.close;
        sums[0] += one[0] * above(1);
        if self.more {
            let (two_above, three_above) = (above(2), above(3));
            sums[0] += two[0] * two_above + three[0] * three_above;
            sums[1] += one[1] * above(1) + two[1] * two_above + three[1] * three_above;
        }
        sums.map(|sum| usize::from(sum) % SUMS).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_give_the_sums_of_each_row() {
        for (group, plane) in [(0, 0), (40, 0), (112, 112 * 112), (17, 300), (5, 0)] {
            let geometry = Geometry {
                group,
                plane,
                first: 0,
            };
            let len = 2000;
            let activity = Activity::new(&geometry).within(len);
            let room = activity.reach + len;
            let magnitudes: Vec<u8> = (0..LANES * room).map(|i| (i * i % 129) as u8).collect();
            let mut far = Far::new(&activity, len);
            for start in (0..len).step_by(far.block) {
                let n = far.block.min(len - start);
                far.sum(&magnitudes, room, activity.reach + start, n);
                for (lane, row) in (0..LANES).flat_map(|lane| (0..n).map(move |row| (lane, row))) {
                    let at = lane * room + activity.reach + start + row;
                    let each = activity.sums(&magnitudes, at);
                    assert_eq!(far.with_close(&magnitudes, at, lane, row), each);
                }
            }
        }
    }
}
