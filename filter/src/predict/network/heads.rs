//! The byte heads: from a row's state and the bytes that are known to the logits of the next byte's
//! bits.

use super::backbone::{Chunk, Work};
use super::engine::{Engine, Position};
use super::exp::silu_lanes;
use super::panel::{scale_all, splat, steps, stored, to_rows};
use super::tables::Place;
use crate::kernel::Task;
use crate::kernel::int8::{Int8, Lanes, ROWS};
use crate::kernel::lanes::Vector;
use crate::kernel::vector::{Block, Isa};
use crate::model::{MAX_HEADS, Prior};

/// No prior: for heads whose field has none.
static NO_PRIOR: Prior = [0; 256];

/// The heads of one column, and what the current row and plane made of them.
#[derive(Clone, Debug)]
pub(super) struct Heads<'a> {
    blocks: usize,
    /// For each head `[rows of the chunk, z]`: the projected states, once somebody asked.
    projected: [Vec<Lanes<f32>>; MAX_HEADS],
    ready: [bool; MAX_HEADS],
    /// `[z]`: the value above, embedded, and whether that is done for this row.
    above: Vec<Lanes<f32>>,
    above_ready: bool,
    /// The head in use.
    head: usize,
    sum: Vec<Lanes<f32>>,
    hidden: Vec<Block>,
    q: Vec<[i16; 16]>,
    scale: f32,
    prior: &'a Prior,
    /// The value above, the reference.
    copies: [Copy; 2],
}

/// A value that the current one may repeat, as the current plane sees it.
#[derive(Clone, Copy, Debug, Default)]
struct Copy {
    /// Its byte with a one before it, 0 if the bytes above differ.
    leaf: u32,
    /// What it adds to the logit of the bit it expects.
    strength: f32,
}

impl Copy {
    /// What it adds at a node.
    #[inline(always)]
    fn at(self, node: u32) -> f32 {
        // The node's depth is 0 to 7: at the root 7 bits come after the next one.
        let below = 7 - (node | 1).ilog2();
        if self.leaf >> (below + 1) != node {
            0.0
        } else if self.leaf >> below & 1 == 1 {
            self.strength
        } else {
            -self.strength
        }
    }
}

/// The head of a plane, if it has one: how many planes above it have one.
#[inline(always)]
pub(super) fn head_of(planes: u8, plane: usize) -> Option<usize> {
    let bit = 1u32.checked_shl(plane as u32)?;
    let planes = u32::from(planes);
    (planes & bit != 0).then(|| (planes & (bit - 1)).count_ones() as usize)
}

/// What is known when a plane's head is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// Row of the chunk.
    pub(super) row: usize,
    /// The value above.
    pub(super) above: u64,
    /// What the reference expects.
    pub(super) expected: Option<u64>,
    pub(super) plane: usize,
    /// The value's bytes above the plane.
    pub(super) prefix: u64,
}

impl<'a> Heads<'a> {
    pub(super) fn new(engine: &Engine) -> Self {
        let blocks = usize::from(engine.dims.head_width) / 16;
        Heads {
            blocks,
            projected: Default::default(),
            ready: [false; MAX_HEADS],
            above: vec![splat(0.0); blocks],
            above_ready: false,
            head: 0,
            sum: vec![splat(0.0); blocks],
            hidden: vec![[0.0; 16]; blocks],
            q: vec![[0; 16]; blocks],
            scale: 0.0,
            prior: &NO_PRIOR,
            copies: [Copy::default(); 2],
        }
    }

    /// A new chunk: its states are not projected yet.
    pub(super) fn next_chunk(&mut self) {
        self.ready = [false; MAX_HEADS];
    }

    /// A new row.
    #[inline(always)]
    pub(super) fn next_row(&mut self) {
        self.above_ready = false;
    }

    /// Activations of the current head.
    #[inline(always)]
    pub(super) fn hidden(&self) -> &[Block] {
        &self.hidden
    }

    /// The logit that the next bit is 1.
    #[inline(always)]
    pub(super) fn logit<I: Int8>(&self, engine: &Engine, node: u32) -> f32 {
        let node = (node & 255) as usize;
        let head = &engine.heads[self.head];
        let sum = I::dot8(&self.q, head.nodes.row(node));
        let own = sum as f32 * (self.scale * head.node_scales[node]);
        let [above, reference] = self.copies;
        let at = node as u32;
        own + f32::from(self.prior[node]) / 16.0 + above.at(at) + reference.at(at)
    }

    /// Projects all rows of the chunk for one head.
    #[inline(always)]
    fn project<I: Isa>(&mut self, engine: &Engine, head: usize, chunk: &Chunk, work: &mut Work) {
        let z = 16 * self.blocks;
        let rows = &mut self.projected[head];
        rows.resize(chunk.scales.len() * ROWS * self.blocks, splat(0.0));
        let half = chunk.q.len() / chunk.scales.len();
        let matrix = &engine.heads[head].project;
        let panels = chunk.rows.div_ceil(ROWS);
        let states = chunk.q.chunks_exact(half).zip(&chunk.scales).take(panels);
        for ((q, scale), rows) in states.zip(rows.chunks_exact_mut(ROWS * self.blocks)) {
            I::product(q, &matrix.weights, 0, &mut work.sums[..z]);
            scale_all(
                &work.sums,
                I::F::load(&scale.0),
                &matrix.scales,
                &mut work.narrow[..z],
            );
            to_rows::<I::F>(&work.narrow[..z], self.blocks, rows);
        }
        self.ready[head] = true;
    }
}

/// Prepares the head of a plane.
pub(super) struct Ask<'a, 'b> {
    pub(super) engine: &'a Engine,
    pub(super) position: &'a Position,
    pub(super) heads: &'b mut Heads<'a>,
    pub(super) chunk: &'b Chunk,
    pub(super) work: &'b mut Work,
    pub(super) head: usize,
    pub(super) known: Known,
}

impl Task for Ask<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let (heads, head, field) = (self.heads, self.head, self.position);
        let Known {
            row,
            above,
            expected,
            plane,
            prefix,
        } = self.known;
        if !heads.ready[head] {
            heads.project::<I>(self.engine, head, self.chunk, self.work);
        }
        if !heads.above_ready {
            heads.above.fill(splat(0.0));
            let place = Place::of(above, &field.knots);
            field
                .head_above
                .add_between::<I::F>(place, &mut heads.above);
            heads.above_ready = true;
        }
        heads.head = head;
        let blocks = heads.blocks;
        let x = &mut heads.sum[..];
        let start = &heads.projected[head][row * blocks..(row + 1) * blocks];
        let parts = start.iter().zip(&field.head_types[head]).zip(&heads.above);
        for (x, ((start, kind), above)) in x.iter_mut().zip(parts) {
            let sum = I::F::load(&start.0) + I::F::load(&kind.0);
            (sum + I::F::load(&above.0)).store(&mut x.0);
        }
        let tables = &self.engine.heads[head];
        // Bytes of earlier planes with heads, the most significant first.
        let mut first = None;
        let mut earlier = tables.prefix.iter();
        for j in (0..plane).filter(|j| field.planes >> j & 1 == 1) {
            let byte = (prefix >> (8 * (plane - 1 - j)) & 255) as usize;
            first = first.or(Some(byte));
            if let Some(table) = earlier.next() {
                table.add::<I::F>(byte, table.scale, x);
            }
        }
        let below = 8 * (field.width - 1 - plane);
        // The byte of a value whose bytes above are those of the current one.
        let live = |value: u64| {
            let value = value >> below;
            (value >> 8 == prefix).then_some((value & 255) as u32)
        };
        let bytes = [live(above), expected.and_then(live)];
        let row = bytes[0].map_or(256, |byte| byte as usize);
        tables.above.add::<I::F>(row, tables.above.scale, x);
        let row = bytes[1].map_or(256, |byte| byte as usize);
        tables.reference.add::<I::F>(row, tables.reference.scale, x);
        let mut most = I::F::splat(0.0);
        for (hidden, x) in heads.hidden.iter_mut().zip(x.iter()) {
            let y = silu_lanes(I::F::load(&x.0));
            most = most.larger(y.abs());
            y.store(hidden);
        }
        let most = stored(most).0;
        let most = most.iter().fold(0.0f32, |a, &b| if b > a { b } else { a });
        let (scale, inverse) = steps(I::F::splat(most));
        heads.scale = stored(scale).0[0];
        for (q, x) in heads.q.iter_mut().zip(&heads.hidden) {
            (I::F::load(x) * inverse).round_wide(q);
        }
        for (i, copy) in heads.copies.iter_mut().enumerate() {
            copy.leaf = bytes[i].map_or(0, |byte| 256 | byte);
            if copy.leaf != 0 {
                let sum = I::dot8(&heads.q, tables.copies.row(i));
                copy.strength = sum as f32 * (heads.scale * tables.copy_scales[i]);
            }
        }
        heads.prior = prior(field, head, first);
    }
}

/// The prior of a head, given the byte of the first head's plane.
#[inline(always)]
fn prior(field: &Position, head: usize, first: Option<usize>) -> &Prior {
    let Some(priors) = field.priors.get(head) else {
        return &NO_PRIOR;
    };
    if head == 1
        && let Some(first) = first
        && let Ok(at) = priors
            .after
            .binary_search_by_key(&first, |(byte, _)| usize::from(*byte))
    {
        return &priors.after[at].1;
    }
    &priors.common
}
