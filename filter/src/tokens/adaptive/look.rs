//! What contexts of the adaptive stage look at: a few numbers that both sides know before a token,
//! taken together.

use super::super::activity::{Activity, SUMS};
use super::super::bins::{Bins, TOKENS};
use super::super::context::{CUTS, Context, Source, View, cuts_of_sample};
use super::super::word::{Word, with_words};

/// Bits of a prediction that are looked at while a column is decoded.
pub const EXPECTED: u32 = 12;

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// What the static stage looks at, too; its own tokens are those of any row above.
    Source(Source),
    /// How large the residual so many rows above was, by its token.
    Magnitude(u32),
    /// Whether the residual so many rows above was above the middle, by its token.
    Sign(u32),
    /// The upper [`EXPECTED`] bits of the first prediction, where that looks at the column itself.
    Expected,
    /// Where in the order of the bins the second prediction lies.
    Second,
    /// How far off the second prediction was nearby.
    SecondScale,
    /// How far off the first prediction was nearby.
    FirstScale,
}

impl Seen {
    /// Whether it looks at the column itself, so that it is known only while that is decoded.
    pub fn is_own(self) -> bool {
        match self {
            Seen::Source(source) => source.is_own(),
            _ => true,
        }
    }

    /// Whether there must be a second prediction.
    pub fn needs_second(self) -> bool {
        matches!(
            self,
            Seen::Expected | Seen::Second | Seen::SecondScale | Seen::FirstScale
        )
    }
}

/// How finely.
#[derive(Clone, Debug, PartialEq)]
pub enum By {
    /// Without so many of its last bits.
    Shift(u8),
    /// By the number of these that it is not below; ascending, one to [`CUTS`].
    Cuts(Vec<u64>),
    /// By its rank among the frame's, in so many about equal parts, 2 to [`CUTS`] + 1: of what is
    /// known of all rows beforehand.
    Ranks(u8),
}

/// Something that is looked at, so finely.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    pub seen: Seen,
    pub by: By,
}

impl Look {
    /// As it is.
    pub fn whole(seen: Seen) -> Self {
        Look {
            seen,
            by: By::Shift(0),
        }
    }

    fn level(&self, value: u64) -> u32 {
        match &self.by {
            By::Shift(shift) => value.checked_shr((*shift).into()).unwrap_or(0) as u32,
            By::Cuts(cuts) => cuts.partition_point(|&cut| cut <= value) as u32,
            By::Ranks(_) => 0,
        }
    }

    fn table<const N: usize>(&self, of: impl Fn(usize) -> u64) -> Box<[u32; N]> {
        Box::new(std::array::from_fn(|value| self.level(of(value))))
    }

    /// Adds the levels of all rows to what else a context looks at.
    fn add<W: Word>(&self, numbers: &mut [u32], view: &View<W>) {
        let Seen::Source(source) = self.seen else {
            return;
        };
        let mut each = |levels: &mut dyn Iterator<Item = u32>| {
            for (number, level) in numbers.iter_mut().zip(levels) {
                *number = join(*number, level);
            }
        };
        match (&self.by, source) {
            (By::Ranks(n), source) => {
                let cuts = ranks(source, (*n).into(), view);
                let context = Context { source, cuts };
                each(&mut context.levels(view).into_iter().map(u32::from));
            }
            (_, Source::Token(at)) => {
                let table = self.table::<TOKENS>(|token| token as u64);
                let tokens = view.tokens[usize::from(at)].iter();
                each(&mut tokens.map(|&token| table[usize::from(token)]));
            }
            (_, Source::Value(at)) => {
                with_words!(&view.known[usize::from(at)].words, words => {
                    each(&mut words.iter().map(|word| self.level(word.wide())));
                });
            }
            (_, Source::Predicted) => {
                each(&mut view.predicted.iter().map(|word| self.level(word.wide())));
            }
            (_, Source::Repeats(at)) => {
                with_words!(&view.known[usize::from(at)].words, words => {
                    let repeats = |row: usize| row > 0 && words[row] == words[row - 1];
                    each(&mut (0..view.row_n).map(|row| self.level(repeats(row).into())));
                });
            }
            (_, Source::Place) => {
                let group = view.geometry.group.max(1);
                let place = |row: usize| ((view.geometry.first + row) % group) as u64;
                each(&mut (0..view.row_n).map(|row| self.level(place(row))));
            }
            (_, Source::Own(_) | Source::Near | Source::Above) => {}
        }
    }
}

/// Rows that ranks are taken from.
const RANKED: usize = 1024;

/// Where the values of a source are cut into so many about equal parts.
fn ranks<W: Word>(source: Source, n: usize, view: &View<W>) -> Vec<u64> {
    let step = (view.row_n / RANKED).max(1);
    let rows = (0..view.row_n).step_by(step);
    let mut sample: Vec<u64> = match source {
        Source::Value(at) => with_words!(&view.known[usize::from(at)].words, words => {
            rows.map(|row| words[row].wide()).collect()
        }),
        _ => rows
            .filter_map(|row| view.predicted.get(row))
            .map(|word| word.wide())
            .collect(),
    };
    sample.sort_unstable();
    let mut cuts = cuts_of_sample(&sample, n);
    cuts.truncate(CUTS);
    cuts
}

/// One more level beside what a context looks at already.
#[inline(always)]
fn join(number: u32, level: u32) -> u32 {
    number
        .wrapping_add(level)
        .wrapping_add(1)
        .wrapping_mul(0x9E37_79B1)
}

/// What is known of a row's second prediction.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hints {
    pub expected: u16,
    pub second: u8,
    pub second_scale: u8,
    pub first_scale: u8,
}

/// A look at the column itself.
enum Own {
    /// At a token above: by token, and where there is none.
    Token(usize, Box<[u32; TOKENS + 1]>),
    /// At a sum of magnitudes.
    Sum(usize, Box<[u32; SUMS]>),
    Expected(Box<[u32; 1 << EXPECTED]>),
    Second(Box<[u32; TOKENS]>),
    SecondScale(Box<[u32; 256]>),
    FirstScale(Box<[u32; 256]>),
}

/// The contexts of all rows, as numbers.
pub struct Looks<const K: usize> {
    /// By context and row; nothing if all that it looks at is the column itself.
    foreign: [Vec<u32>; K],
    own: [Vec<Own>; K],
    /// By row: the magnitude of its token, behind `reach` zeros; nothing if nobody looks.
    magnitudes: Vec<u8>,
    activity: Option<Activity>,
    of_token: [u8; TOKENS],
}

impl<const K: usize> Looks<K> {
    /// Of contexts in view.
    pub fn new<W: Word>(contexts: &[Vec<Look>], bins: &Bins, view: &View<W>) -> Self {
        let of_token = bins.magnitudes(W::BITS);
        let (lower, _) = bins.table::<u64>(0);
        let half = 1u64 << (W::BITS - 1);
        let own = |look: &Look| {
            let token = |distance: u32, of: &dyn Fn(usize) -> u64| {
                let of = |token: usize| if token < TOKENS { of(token) } else { 256 };
                Own::Token(distance as usize, look.table(of))
            };
            match look.seen {
                Seen::Source(Source::Own(distance)) => token(distance, &|token| token as u64),
                Seen::Magnitude(distance) => token(distance, &|token| of_token[token].into()),
                Seen::Sign(distance) => token(distance, &|token| (lower[token] >= half).into()),
                Seen::Source(Source::Near) => Own::Sum(0, look.table(|sum| sum as u64)),
                Seen::Source(_) => Own::Sum(1, look.table(|sum| sum as u64)),
                Seen::Expected => Own::Expected(look.table(|word| word as u64)),
                Seen::Second => Own::Second(look.table(|place| place as u64)),
                Seen::SecondScale => Own::SecondScale(look.table(|scale| scale as u64)),
                Seen::FirstScale => Own::FirstScale(look.table(|scale| scale as u64)),
            }
        };
        let of = |at: usize| contexts.get(at).map_or(&[][..], |looks| &looks[..]);
        let foreign = std::array::from_fn(|at| {
            let looks = of(at).iter().filter(|look| !look.seen.is_own());
            let mut numbers = Vec::new();
            for look in looks {
                numbers.resize(view.row_n, 0);
                look.add(&mut numbers, view);
            }
            numbers
        });
        let own: [Vec<Own>; K] = std::array::from_fn(|at| {
            let looks = of(at).iter().filter(|look| look.seen.is_own());
            looks.map(own).collect()
        });
        let sums = own.iter().flatten().any(|own| matches!(own, Own::Sum(..)));
        // What lies before the frame counts nothing, however far the grid's rows reach.
        let activity = sums.then(|| Activity::new(view.geometry).within(view.row_n));
        let reach = activity.as_ref().map_or(0, |activity| activity.reach);
        Looks {
            foreign,
            own,
            magnitudes: vec![0; if sums { reach + view.row_n } else { 0 }],
            activity,
            of_token,
        }
    }

    /// The contexts of a row, given the tokens above it.
    #[inline(always)]
    pub fn at(&self, row: usize, tokens: &[u8], hints: Hints) -> [u32; K] {
        let mut sums = [0; 2];
        if let Some(activity) = &self.activity {
            let (near, above) = activity.sums(&self.magnitudes, activity.reach + row);
            sums = [near, above];
        }
        std::array::from_fn(|at| {
            let mut number = self.foreign[at].get(row).copied().unwrap_or(0);
            for own in &self.own[at] {
                let level = match own {
                    Own::Token(distance, levels) => {
                        let above = row.checked_sub(*distance);
                        levels[above.map_or(TOKENS, |above| usize::from(tokens[above]))]
                    }
                    Own::Sum(which, levels) => levels[sums[*which]],
                    Own::Expected(levels) => levels[usize::from(hints.expected) % levels.len()],
                    Own::Second(levels) => levels[usize::from(hints.second)],
                    Own::SecondScale(levels) => levels[usize::from(hints.second_scale)],
                    Own::FirstScale(levels) => levels[usize::from(hints.first_scale)],
                };
                number = join(number, level);
            }
            number
        })
    }

    /// Takes a row's token.
    #[inline(always)]
    pub fn put(&mut self, row: usize, token: u8) {
        if let Some(activity) = &self.activity {
            self.magnitudes[activity.reach + row] = self.of_token[usize::from(token)];
        }
    }
}
