//! What is found out about the columns of a stream, once, on a sample of its records: how each is
//! predicted, what it copies, how finely it is cut and what its tokens depend on.
//!
//! Columns go from left to right; each is searched on the sample as coded so far. Every decision is
//! taken by bits estimated in basic operations of f64, so it is the same on every machine.

mod adaptive;
mod contexts;
mod curve;
mod linear;
mod modes;
mod stencils;

use std::sync::Arc;

use super::column::Known;
use super::context::{Geometry, Source};
use super::encode::{self, Before, Recipe};
use super::form::Form;
use super::frame::{self, Memory};
use super::rows::Table;
use super::word::{Words, with_words};
use crate::numeric::Relation;
use crate::numeric::ValueType;
use crate::parallel;
use crate::survey::{lattice, references, relations};

/// How hard to search.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effort {
    /// Rows of the sample.
    pub rows: usize,
    /// Columns that a linear prediction may take; 0: none are searched.
    pub terms: usize,
    /// Columns to the left whose tokens and values may be contexts.
    pub reach: usize,
    /// Whether values of columns are looked at, not tokens alone.
    pub values: bool,
    /// Contexts, at most.
    pub contexts: usize,
    /// Rows on which pairs of prediction and copy are compared.
    pub compared: usize,
    /// Pairs that are followed up.
    pub modes: usize,
    /// Ways to cut that are tried.
    pub cuttings: usize,
    /// Stencils that are tried on a grid.
    pub stencils: usize,
    /// What tables may lose of a column's bits, as a part of them, before a frame looks for others.
    pub patience: f64,
    /// How the adaptive stage is searched for, if it is.
    pub adapting: Option<Adapting>,
}

/// How hard to search for contexts of the adaptive stage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adapting {
    /// Rows of many columns that contexts are tried on.
    pub rows: usize,
    /// Contexts, at most.
    pub contexts: usize,
    /// Whether a second prediction may follow the data of grids and single columns.
    pub second: bool,
    /// What it must gain of a column's bits, as a part of them.
    pub gain: f64,
    /// And what words that are spelt out must, which takes longer.
    pub spelt: f64,
}

impl Effort {
    /// What tells layouts apart.
    pub const ROUGH: Effort = Effort {
        rows: 1024,
        terms: 0,
        reach: 8,
        values: false,
        contexts: 1,
        compared: 1024,
        modes: 1,
        cuttings: 1,
        stencils: 2,
        patience: 0.0,
        adapting: None,
    };

    /// For segments, of which a frame has many.
    const SEGMENT: Effort = Effort {
        rows: 768,
        terms: 0,
        reach: 0,
        values: true,
        contexts: 2,
        compared: 4096,
        modes: 2,
        cuttings: 3,
        stencils: 4,
        patience: -1.0,
        adapting: None,
    };

    /// The same for a level.
    pub fn of_segments(level: u8) -> Self {
        let adapting = Effort::of_level(level).adapting;
        Effort {
            adapting: adapting.map(|adapting| Adapting {
                rows: 1024,
                gain: 0.0,
                ..adapting
            }),
            ..Effort::SEGMENT
        }
    }

    /// Of a level; those above 6 are as 6.
    pub fn of_level(level: u8) -> Self {
        match level {
            5 => Effort {
                adapting: Some(Adapting {
                    rows: 4096,
                    contexts: 3,
                    second: false,
                    gain: 0.003,
                    spelt: 0.05,
                }),
                ..Effort::of_level(3)
            },
            6.. => Effort {
                adapting: Some(Adapting {
                    rows: 16384,
                    contexts: 4,
                    second: true,
                    gain: 0.0,
                    spelt: 0.02,
                }),
                ..Effort::of_level(4)
            },
            ..=1 => Effort {
                rows: 3072,
                terms: 3,
                reach: 24,
                values: true,
                contexts: 2,
                compared: 2000,
                modes: 1,
                cuttings: 1,
                stencils: 2,
                patience: 0.01,
                adapting: None,
            },
            2 => Effort {
                rows: 6144,
                terms: 3,
                reach: 32,
                values: true,
                contexts: 2,
                compared: 4000,
                modes: 2,
                cuttings: 2,
                stencils: 4,
                patience: 0.003,
                adapting: None,
            },
            3 => Effort {
                rows: 12288,
                terms: 5,
                reach: 64,
                values: true,
                contexts: 3,
                compared: 6000,
                modes: 2,
                cuttings: 3,
                stencils: 8,
                patience: -1.0,
                adapting: None,
            },
            _ => Effort {
                rows: 24576,
                terms: 5,
                reach: 96,
                values: true,
                contexts: 3,
                compared: 16000,
                modes: 4,
                cuttings: 3,
                stencils: 16,
                patience: -1.0,
                adapting: None,
            },
        }
    }
}

/// Columns that tell about a column, at most.
const REFERENCES: usize = 4;
/// A sample of one column is so many times longer.
const FEW_COLUMNS: usize = 16;
/// Fewest rows that a plan is searched on.
const FEWEST: usize = 32;

/// What the search of a column may look at.
struct Scene<'a> {
    effort: Effort,
    /// Threads that may work at it.
    threads: usize,
    geometry: &'a Geometry,
    known: &'a [Known],
    /// The tokens of the columns to the left.
    tokens: &'a [Vec<u8>],
    /// What each of them offers as contexts.
    offered: &'a [Vec<contexts::Leveled>],
    at: usize,
    references: &'a [u16],
    relation: Option<Relation>,
    row_n: usize,
}

impl Scene<'_> {
    fn left(&self) -> encode::Left<'_> {
        encode::Left {
            known: &self.known[..self.at],
            tokens: self.tokens,
            geometry: self.geometry,
        }
    }

    fn me(&self) -> &Known {
        &self.known[self.at]
    }

    /// The columns to the left that may be looked at.
    fn reach(&self) -> std::ops::Range<usize> {
        self.at.saturating_sub(self.effort.reach)..self.at
    }

    /// Whether what lies nearby tells most: in grids and single columns.
    fn is_sequence(&self) -> bool {
        self.is_grid() || self.known.len() == 1
    }

    /// Whether rows lie in a grid that neighbours are summed up in.
    fn is_grid(&self) -> bool {
        self.geometry.group > 2 && self.known.len() <= 8
    }
}

/// What was found out about the columns of a stream.
#[derive(Clone, Debug)]
pub struct Search {
    pub recipes: Vec<Recipe>,
    /// Plans and tables as the sample has them.
    pub memory: Arc<Memory>,
    /// Bytes a row.
    pub row_size: usize,
    /// Rows that the tables were made from.
    pub rows: usize,
    /// About the bits of all those rows, by column.
    pub bits: Vec<f64>,
    /// What a column may lose to its tables, in parts of its bits, before a frame looks for others.
    pub patience: f64,
}

impl Search {
    /// About the bits a byte.
    pub fn rate(&self) -> f64 {
        self.bits.iter().sum::<f64>() / (self.rows.max(1) * self.row_size) as f64
    }

    /// What a frame's column begins with.
    pub fn before(&self, at: usize) -> Option<Before<'_>> {
        Some(Before {
            plan: self.memory.columns.get(at)?,
            rows: self.rows,
            bits: self.bits.get(at)? / self.rows.max(1) as f64 * (1.0 + self.patience),
        })
    }
}

/// Searches all columns of records that begin with the row `first` of the stream, on so many
/// threads.
pub fn search(table: &Table, body: &[u8], first: u64, effort: Effort, threads: usize) -> Search {
    let whole_first = first;
    let (sample, first) = sample(table, body, first, effort);
    let values = table.split(&sample);
    let types: Vec<ValueType> = table.columns.iter().map(|column| column.vt).collect();
    let row_n = values.first().map_or(0, Words::row_n);
    let geometry = table.geometry(first);
    let wide: Vec<Vec<u64>> = values.iter().map(|words| words.sampled(0..row_n)).collect();
    let forms: Vec<Form> = wide
        .iter()
        .zip(&types)
        .map(|(v, &vt)| Form::of_values(vt, v, lattice(v, vt)))
        .collect();
    let (references, relations) = match row_n >= FEWEST && types.len() > 1 {
        true => (
            references(&wide, &types, REFERENCES),
            relations(&wide, &types),
        ),
        false => (vec![Vec::new(); types.len()], vec![None; types.len()]),
    };
    let known: Vec<Known> = values
        .into_iter()
        .zip(&forms)
        .map(|(words, &form)| encode::known(form, words))
        .collect();
    let bare = |at: usize| Scene {
        effort,
        threads: 1,
        geometry: &geometry,
        known: &known,
        tokens: &[],
        offered: &[],
        at,
        references: &references[at],
        relation: relations[at],
        row_n,
    };
    let columns: Vec<usize> = (0..known.len()).collect();
    let inside = if known.len() < threads { threads } else { 1 };
    let modes = parallel::map(threads, &columns, |&at| {
        let scene = Scene {
            threads: inside,
            ..bare(at)
        };
        with_words!(&known[at].words, words => modes::promising(&scene, words))
    });
    let (mut recipes, mut tokens, mut bits) =
        (Vec::with_capacity(known.len()), Vec::new(), Vec::new());
    let mut columns = Vec::with_capacity(known.len());
    let mut offered = Vec::with_capacity(known.len());
    for (at, modes) in modes.iter().enumerate() {
        let scene = Scene {
            threads,
            tokens: &tokens,
            offered: &offered,
            ..bare(at)
        };
        let words = &known[at].words;
        let found = with_words!(words, words => modes::search(&scene, words, modes));
        let ready = encode::prepare(&known, at, &found.recipe.prediction, &found.recipe.copy);
        let settled = encode::settle(&found.recipe, &known[at], &ready, &scene.left(), None);
        let mut recipe = found.recipe;
        recipe.adaptive = adaptive::choose(&scene, &recipe, &ready, &settled);
        recipes.push(recipe);
        bits.push(settled.bits);
        columns.push(settled.plan);
        offered.push(contexts::offered(effort, at, &known[at], &settled.tokens));
        tokens.push(settled.tokens);
    }
    let all = body.len() / table.row_size;
    let body = &body[..all * table.row_size];
    let gain = effort.adapting.map_or(0.0, |adapting| adapting.gain);
    let (mut memory, mut bits) = match all > row_n || effort.adapting.is_some() {
        // Tables of all that there is, not of the sample alone.
        true => frame::learn(table, &mut recipes, gain, whole_first, body),
        false => (
            Memory {
                stored: table.is_stored(),
                adapts: false,
                columns,
            },
            bits,
        ),
    };
    if let (Some(adapting), [vt]) = (effort.adapting, &types[..])
        && all >= FEWEST
        && let Some(other) = adaptive::spelt(table, *vt, whole_first, body, bits[0], adapting)
    {
        (recipes, memory, bits) = other;
    }
    Search {
        recipes,
        memory: Arc::new(memory),
        row_size: table.row_size,
        rows: all,
        bits,
        patience: effort.patience,
    }
}

/// Rows that the search looks at, and the number of the first: a few pieces of whole groups, spread
/// over the frame.
fn sample(table: &Table, body: &[u8], first: u64, effort: Effort) -> (Vec<u8>, u64) {
    let row_n = body.len() / table.row_size;
    let is_grid = table.group > 2 && table.columns.len() <= 8;
    // Few columns cost little, and what comes again far away is seen in many rows alone.
    let wanted = match is_grid {
        true => effort.rows * FEW_COLUMNS,
        false => effort.rows * (FEW_COLUMNS / table.columns.len()).max(1),
    };
    if row_n <= wanted || table.is_stored() {
        return (body[..row_n * table.row_size].to_vec(), first);
    }
    let group = table.group.max(1);
    let lead = if table.group > 0 {
        (group - (first % group as u64) as usize) % group
    } else {
        0
    };
    let alone = is_grid || table.columns.len() == 1;
    let piece_n = if alone { 1 } else { 3 };
    let piece = (wanted / piece_n).div_ceil(group) * group;
    // Each from the middle of its share, so that no row comes twice.
    let share = (row_n - lead) / piece_n;
    let mut out = Vec::new();
    for at in 0..piece_n {
        let start = lead + (at * share + share.saturating_sub(piece) / 2) / group * group;
        let end = (start + piece.min(share)).min(row_n);
        out.extend_from_slice(&body[start * table.row_size..end * table.row_size]);
    }
    (out, first + lead as u64)
}

/// A column's recipe and the sample's bits by it.
struct Found {
    recipe: Recipe,
    bits: f64,
}

/// Sources of a grid's column.
const GRID_SOURCES: [(Source, usize); 2] = [(Source::Near, 24), (Source::Above, 24)];
