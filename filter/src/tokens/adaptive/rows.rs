//! All rows of a column through the adaptive stage, in both directions.

use super::super::bins::TOKENS;
use super::super::column::Known;
use super::super::context::View;
use super::super::decode::rebuild::Feed;
use super::super::offsets::{BitReader, BitWriter};
use super::super::plan::ColumnPlan;
use super::super::prediction::Copy;
use super::super::word::Word;
use super::Adaptive;
use super::look::{EXPECTED, Hints, Looks};
use super::second::{Guess, Second};
use super::walk::Walk;
use crate::coder::{BitCoder, RangeDecoder};

/// What both directions know of a column.
#[derive(Clone, Copy)]
pub struct Scene<'a, W> {
    pub plan: &'a ColumnPlan,
    pub adaptive: &'a Adaptive,
    pub view: &'a View<'a, W>,
}

/// A column's rows as they are.
pub struct Rows<'a, W> {
    pub me: &'a Known,
    pub words: &'a [W],
    pub residuals: &'a [W],
    pub tokens: &'a [u8],
}

/// Calls `$name` with the number of contexts, and guesses as said.
macro_rules! by_contexts {
    ($scene:expr, $name:ident::<$guesses:tt>($($argument:expr),*)) => {
        match $scene.adaptive.contexts.len() {
            ..=1 => $name::<_, _, 1, $guesses>($($argument),*),
            2 => $name::<_, _, 2, $guesses>($($argument),*),
            3 => $name::<_, _, 3, $guesses>($($argument),*),
            _ => $name::<_, _, 4, $guesses>($($argument),*),
        }
    };
}

/// Writes the tokens of a column, and what is left of its offsets.
#[inline(never)]
pub fn write<W: Word, C: BitCoder>(
    scene: Scene<W>,
    rows: Rows<W>,
    coder: &mut C,
    offsets: &mut BitWriter,
) {
    match scene.adaptive.second.is_some() {
        false => by_contexts!(scene, write_as::<0>(scene, rows, coder, offsets)),
        true => by_contexts!(scene, write_as::<2>(scene, rows, coder, offsets)),
    }
}

fn write_as<W: Word, C: BitCoder, const K: usize, const E: usize>(
    scene: Scene<W>,
    rows: Rows<W>,
    coder: &mut C,
    offsets: &mut BitWriter,
) {
    let mut state = State::<W, K, E>::new(scene);
    let bits = scene.plan.form.vt.bits();
    for (row, &token) in rows.tokens.iter().enumerate() {
        let (word, residual) = (rows.words[row], rows.residuals[row]);
        let predicted = word.minus(residual).plus(W::HALF);
        let seen = state.look(row, predicted, rows.tokens);
        state
            .walk
            .token(coder, &seen.contexts, &seen.guesses, token);
        let n = state.walk.top_n(token, &seen.guesses);
        if token == state.exception {
            offsets.put(rows.me.ordered(row), bits);
        } else {
            let (lower, bits) = state.bin(token);
            let (offset, left) = (residual.minus(lower).wide(), bits - n);
            if n > 0 {
                let told = offset >> left;
                state
                    .walk
                    .tops(coder, &seen.contexts, &seen.guesses, (token, n), told);
            }
            let rest = match left {
                0 => 0,
                _ => offset & u64::MAX >> (64 - left),
            };
            offsets.put(rest, left);
        }
        state.put(row, token, predicted, word);
    }
}

/// Tokens and residuals of a column without a second prediction; exceptions as their values.
#[inline(never)]
pub fn read<W: Word>(
    scene: Scene<W>,
    coder: &mut RangeDecoder,
    offsets: &mut BitReader,
) -> (Vec<u8>, Vec<W>) {
    by_contexts!(scene, read_as::<0>(scene, coder, offsets))
}

fn read_as<W: Word, C: BitCoder, const K: usize, const E: usize>(
    scene: Scene<W>,
    coder: &mut C,
    offsets: &mut BitReader,
) -> (Vec<u8>, Vec<W>) {
    let row_n = scene.view.row_n;
    let mut reader = Reader::<W, C, K, E>::new(scene, coder, offsets);
    let residuals = (0..row_n)
        .map(|row| {
            let (_, residual) = reader.next(row, W::HALF, W::HALF);
            reader.put(row, W::HALF, W::HALF);
            residual
        })
        .collect();
    (reader.tokens, residuals)
}

/// Calls `then` with what gives the rows of a column one by one, while its words become known.
#[inline(never)]
pub fn read_along<W: Word, T>(
    scene: Scene<W>,
    coder: &mut RangeDecoder,
    offsets: &mut BitReader,
    then: impl Along<W, Output = T>,
) -> (Vec<u8>, T) {
    by_contexts!(scene, along_as::<2>(scene, coder, offsets, then))
}

/// What is done with rows one by one.
pub trait Along<W> {
    type Output;
    fn run(self, feed: &mut impl Feed<W>) -> Self::Output;
}

fn along_as<W: Word, A: Along<W>, const K: usize, const E: usize>(
    scene: Scene<W>,
    coder: &mut RangeDecoder,
    offsets: &mut BitReader,
    then: A,
) -> (Vec<u8>, A::Output) {
    let mut reader = Reader::<W, RangeDecoder, K, E>::new(scene, coder, offsets);
    let output = then.run(&mut reader);
    (reader.tokens, output)
}

/// What is looked at in a row.
struct Sight<const K: usize, const E: usize> {
    contexts: [u32; K],
    guesses: [Guess; E],
}

/// What a column has shown so far.
struct State<W, const K: usize, const E: usize> {
    looks: Looks<K>,
    walk: Walk<K, E>,
    second: Option<Second>,
    bins: Box<([W; TOKENS], [u8; TOKENS])>,
    exception: u8,
    /// The word that takes no part in the second prediction's arithmetic.
    fill: Option<W>,
}

impl<W: Word, const K: usize, const E: usize> State<W, K, E> {
    fn new(scene: Scene<W>) -> Self {
        let (plan, view) = (scene.plan, scene.view);
        let bins = &plan.bins;
        let second = |domain| Second::new(plan.form, domain, view.geometry, view.row_n);
        let copies = plan.copy != Copy::None;
        State {
            looks: Looks::new(&scene.adaptive.contexts, bins, view),
            walk: Walk::new(scene.adaptive, bins, copies, W::BITS, view.row_n),
            second: scene.adaptive.second.filter(|_| E > 0).map(second),
            bins: Box::new(bins.table(0)),
            exception: bins.exception(),
            fill: match plan.copy {
                Copy::Fill(fill) => Some(W::low(fill)),
                _ => None,
            },
        }
    }

    #[inline(always)]
    fn bin(&self, token: u8) -> (W, u32) {
        let at = usize::from(token);
        (self.bins.0[at], self.bins.1[at].into())
    }

    #[inline(always)]
    fn look(&mut self, row: usize, predicted: W, tokens: &[u8]) -> Sight<K, E> {
        let mut hints = Hints::default();
        let mut guesses = [Guess::default(); E];
        if let Some(second) = &mut self.second {
            let both = second.guess(predicted);
            hints = Hints {
                expected: (predicted.wide() >> (W::BITS - EXPECTED)) as u16,
                second: self.walk.place_of(both[1]),
                second_scale: both[1].scale,
                first_scale: both[0].scale,
            };
            guesses
                .iter_mut()
                .zip(both)
                .for_each(|(to, from)| *to = from);
        }
        Sight {
            contexts: self.looks.at(row, tokens, hints),
            guesses,
        }
    }

    #[inline(always)]
    fn put(&mut self, row: usize, token: u8, predicted: W, word: W) {
        self.looks.put(row, token);
        if let Some(second) = &mut self.second {
            second.put(predicted, (self.fill != Some(word)).then_some(word));
        }
    }
}

/// Reads the rows of a column one by one.
struct Reader<'a, W, C, const K: usize, const E: usize> {
    state: State<W, K, E>,
    coder: &'a mut C,
    offsets: &'a mut BitReader,
    bits: u32,
    tokens: Vec<u8>,
}

impl<'a, W: Word, C: BitCoder, const K: usize, const E: usize> Reader<'a, W, C, K, E> {
    fn new(scene: Scene<W>, coder: &'a mut C, offsets: &'a mut BitReader) -> Self {
        Reader {
            state: State::new(scene),
            coder,
            offsets,
            bits: scene.plan.form.vt.bits(),
            tokens: Vec::with_capacity(scene.view.row_n),
        }
    }
}

impl<W: Word, C: BitCoder, const K: usize, const E: usize> Feed<W> for Reader<'_, W, C, K, E> {
    #[inline(always)]
    fn next(&mut self, row: usize, predicted: W, _: W) -> (u8, W) {
        let state = &mut self.state;
        let seen = state.look(row, predicted, &self.tokens);
        let token = state
            .walk
            .token(self.coder, &seen.contexts, &seen.guesses, 0);
        self.tokens.push(token);
        if token == state.exception {
            return (token, W::low(self.offsets.take_wide(self.bits)));
        }
        let n = state.walk.top_n(token, &seen.guesses);
        let (lower, bits) = state.bin(token);
        let mut offset = 0;
        if n > 0 {
            let top = (token, n);
            offset = state
                .walk
                .tops(self.coder, &seen.contexts, &seen.guesses, top, 0);
            offset <<= bits - n;
        }
        offset |= self.offsets.take_wide(bits - n);
        (token, lower.plus(W::low(offset)))
    }

    #[inline(always)]
    fn put(&mut self, row: usize, predicted: W, word: W) {
        let token = self.tokens[row];
        self.state.put(row, token, predicted, word);
    }
}
