//! Contexts: what a token's distribution depends on. A *source* is a small number that both sides
//! know before the token; cuts make a few *levels* of it; the levels of up to three sources
//! together are the context, and a map says which distribution it is coded by.

use super::activity::Activity;
use super::column::Known;
use super::rans::lane_len;
use super::word::{Word, Words, gather, with_words};

/// Contexts of a column, at most.
pub const SOURCES: usize = 3;
/// Cuts of a source, at most.
pub const CUTS: usize = 31;
/// Combinations of levels, at most.
pub const COMBINED: usize = 4096;

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The token of a column to the left.
    Token(u16),
    /// The word of a column to the left.
    Value(u16),
    /// Whether a column to the left repeats its row above.
    Repeats(u16),
    /// The predicted word.
    Predicted,
    /// The row's place in its group.
    Place,
    /// The column's own token so many rows above, in the same lane.
    Own(u32),
    /// Sums of the magnitudes of tokens nearby: in the same row of the grid and the one above.
    Near,
    /// The same in the plane above.
    Above,
}

impl Source {
    /// Whether it looks at the column's own tokens, so that it is known only while they are
    /// decoded.
    pub fn is_own(self) -> bool {
        matches!(self, Source::Own(_) | Source::Near | Source::Above)
    }
}

/// A source and where it is cut into levels: level l begins at cut l - 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Context {
    pub source: Source,
    /// Ascending.
    pub cuts: Vec<u64>,
}

impl Context {
    /// How many levels.
    pub fn level_n(&self) -> usize {
        self.cuts.len() + 1
    }

    fn level(&self, value: u64) -> u8 {
        self.cuts.partition_point(|&cut| cut <= value) as u8
    }

    /// Levels of all values below `N`.
    pub fn table<const N: usize>(&self) -> [u8; N] {
        std::array::from_fn(|value| self.level(value as u64))
    }

    /// The levels of all rows, where they do not look at the column's own tokens.
    #[inline(always)]
    pub fn levels<W: Word>(&self, view: &View<W>) -> Vec<u8> {
        match self.source {
            Source::Token(at) => {
                let table = self.table::<256>();
                gather(
                    view.tokens[usize::from(at)]
                        .iter()
                        .map(|&token| table[usize::from(token)]),
                )
            }
            Source::Value(at) => {
                with_words!(&view.known[usize::from(at)].words, words => self.ranks(words))
            }
            Source::Predicted => self.ranks(view.predicted),
            Source::Repeats(at) => {
                let table = self.table::<2>();
                with_words!(&view.known[usize::from(at)].words, words => {
                    let first = words.first().map(|_| table[0]);
                    let rest = words.windows(2).map(|pair| table[usize::from(pair[0] == pair[1])]);
                    first.into_iter().chain(rest).collect()
                })
            }
            Source::Place => {
                let group = view.geometry.group.max(1);
                let place = |row: usize| (view.geometry.first + row) % group;
                if group > view.row_n {
                    return (0..view.row_n)
                        .map(|row| self.level(place(row) as u64))
                        .collect();
                }
                let levels: Vec<u8> = (0..group).map(|place| self.level(place as u64)).collect();
                (0..view.row_n).map(|row| levels[place(row)]).collect()
            }
            Source::Own(_) | Source::Near | Source::Above => vec![0; view.row_n],
        }
    }

    #[inline(always)]
    fn ranks<W: Word>(&self, words: &[W]) -> Vec<u8> {
        let n = self.cuts.len();
        let cut = |at: usize| {
            self.cuts
                .get(at)
                .map_or(W::low(u64::MAX), |&cut| W::low(cut))
        };
        if n <= 8 {
            let cuts: [W; 8] = std::array::from_fn(cut);
            let level = |word: &W| {
                cuts.iter()
                    .map(|cut| u8::from(cut <= word))
                    .sum::<u8>()
                    .min(n as u8)
            };
            gather(words.iter().map(level))
        } else {
            let cuts: [W; 32] = std::array::from_fn(cut);
            let level = |word: &W| {
                let mut at = 0;
                for step in [16, 8, 4, 2, 1] {
                    at += if cuts[at + step - 1] <= *word {
                        step
                    } else {
                        0
                    };
                }
                (at as u8).min(n as u8)
            };
            gather(words.iter().map(level))
        }
    }
}

/// What contexts are taken from.
pub struct View<'a, W> {
    pub row_n: usize,
    pub geometry: &'a Geometry,
    pub known: &'a [Known],
    /// By column to the left, then by row.
    pub tokens: &'a [Vec<u8>],
    /// Empty where the prediction looks at the column itself.
    pub predicted: &'a [W],
}

/// How the rows of a frame lie: in groups, or in a grid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Geometry {
    /// Rows a group, 0 if there are none: the grid's fastest axis.
    pub group: usize,
    /// Rows a plane of the grid, 0 if there is none.
    pub plane: usize,
    /// The first row's place in its group.
    pub first: usize,
}

/// All rows' values of a source that looks at the column's own tokens.
pub fn own_values(
    source: Source,
    geometry: &Geometry,
    magnitudes: &[u8; 256],
    tokens: &[u8],
) -> Vec<u64> {
    let row_n = tokens.len();
    let len = lane_len(row_n).max(1);
    match source {
        Source::Own(distance) => {
            let distance = distance as usize;
            let value = |row: usize| {
                if row % len >= distance {
                    tokens[row - distance].into()
                } else {
                    0
                }
            };
            (0..row_n).map(value).collect()
        }
        Source::Near | Source::Above => {
            let activity = Activity::new(geometry).within(len);
            let mut values = Vec::with_capacity(row_n);
            for lane in tokens.chunks(len) {
                let mut lane_magnitudes = vec![0; activity.reach];
                lane_magnitudes.extend(lane.iter().map(|&token| magnitudes[usize::from(token)]));
                values.extend((0..lane.len()).map(|step| {
                    let (near, above) = activity.sums(&lane_magnitudes, activity.reach + step);
                    if source == Source::Near {
                        near as u64
                    } else {
                        above as u64
                    }
                }));
            }
            values
        }
        _ => vec![0; row_n],
    }
}

/// All rows' values of a source, for cuts to be chosen. Words are in 64 bits.
pub fn values<W: Word>(source: Source, view: &View<W>) -> Vec<u64> {
    match source {
        Source::Token(at) => view.tokens[usize::from(at)]
            .iter()
            .map(|&token| token.into())
            .collect(),
        Source::Value(at) => match &view.known[usize::from(at)].words {
            Words::Narrow(words) => words.iter().map(|&w| w.into()).collect(),
            Words::Wide(words) => words.clone(),
        },
        Source::Repeats(at) => {
            let words = &view.known[usize::from(at)].words;
            (0..view.row_n)
                .map(|row| u64::from(row > 0 && words.at(row) == words.at(row - 1)))
                .collect()
        }
        Source::Predicted => view.predicted.iter().map(|word| word.wide()).collect(),
        Source::Place => {
            let group = view.geometry.group.max(1);
            (0..view.row_n)
                .map(|row| ((view.geometry.first + row) % group) as u64)
                .collect()
        }
        Source::Own(_) | Source::Near | Source::Above => vec![0; view.row_n],
    }
}

/// Values that quantiles are taken from.
const SAMPLE: usize = 8192;

/// Cuts that make at most so many levels of about equal use.
pub fn cuts(values: &[u64], level_n: usize) -> Vec<u64> {
    cuts_of_sample(&sample(values), level_n)
}

/// Values that quantiles are taken from, ascending.
pub fn sample(values: &[u64]) -> Vec<u64> {
    let step = (values.len() / SAMPLE).max(1);
    let mut sorted: Vec<u64> = values.iter().step_by(step).copied().collect();
    sorted.sort_unstable();
    sorted
}

/// Cuts by a sample.
pub fn cuts_of_sample(sorted: &[u64], level_n: usize) -> Vec<u64> {
    let Some(&first) = sorted.first() else {
        return Vec::new();
    };
    let distinct = sorted.chunk_by(|a, b| a == b).map(|run| run[0]);
    if distinct.clone().nth(level_n).is_none() {
        return distinct.skip(1).collect();
    }
    let mut cuts: Vec<u64> = (1..level_n)
        .map(|i| sorted[i * sorted.len() / level_n])
        .filter(|&v| v > first)
        .collect();
    cuts.dedup();
    cuts
}

/// Takes low bits off cuts that lie far apart, so that they are short to write.
pub fn rounded(mut cuts: Vec<u64>) -> Vec<u64> {
    let nearest = cuts
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .min()
        .unwrap_or(1);
    let bits = nearest.checked_ilog2().unwrap_or(0).saturating_sub(2);
    for cut in &mut cuts {
        *cut = (*cut).saturating_add((1 << bits) - 1) >> bits << bits;
    }
    cuts.dedup();
    cuts
}
