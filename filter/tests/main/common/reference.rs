//! `docs/network.md` written down once more, as plainly as can be: one row at a time, one number at
//! a time. What the engine is held to.

use catena_filter::engine::predict::network::exp::{exp, silu};
use catena_filter::model::{Field, Head, Matrix, Network, Table};

/// Integers and their scale.
#[derive(Clone)]
pub struct Quantised {
    q: Vec<i32>,
    scale: f32,
}

fn quantise(x: &[f32]) -> Quantised {
    let most = x.iter().fold(0.0f32, |m, v| m.max(v.abs()));
    if most < 1e-20 {
        return Quantised {
            q: vec![0; x.len()],
            scale: 0.0,
        };
    }
    let inverse = 127.0 / most;
    Quantised {
        q: x.iter()
            .map(|v| (v * inverse).round_ties_even() as i32)
            .collect(),
        scale: most / 127.0,
    }
}

/// Four running sums, folded.
fn sum(x: impl Iterator<Item = f32>) -> f32 {
    let mut sums = [0.0f32; 4];
    x.enumerate().for_each(|(i, v)| sums[i % 4] += v);
    (sums[0] + sums[2]) + (sums[1] + sums[3])
}

fn norm(x: &[f32], gain: &[f32]) -> Vec<f32> {
    let mean = sum(x.iter().map(|v| v * v)) / x.len() as f32;
    let factor = 1.0 / (mean + 1e-6).sqrt();
    x.iter().zip(gain).map(|(v, g)| v * factor * g).collect()
}

fn dot(q: &[i32], w: &[i8]) -> i32 {
    q.iter().zip(w).map(|(q, w)| q * i32::from(*w)).sum()
}

fn matrix(w: &Matrix, x: &[f32]) -> Vec<f32> {
    let x = quantise(x);
    (0..w.outputs)
        .map(|o| {
            let row = &w.weights[o * w.inputs..(o + 1) * w.inputs];
            dot(&x.q, row) as f32 * (x.scale * w.scales[o])
        })
        .collect()
}

fn lerp(t: &Table, knots: &[u64], v: u64) -> Vec<f32> {
    let mut k = 0;
    while k + 2 < knots.len() && knots[k + 1] <= v {
        k += 1;
    }
    let t_between = if v <= knots[k] {
        0.0
    } else if v >= knots[k + 1] {
        1.0
    } else {
        ((v - knots[k]) as f64 / (knots[k + 1] - knots[k]) as f64) as f32
    };
    (0..t.cols)
        .map(|i| {
            let low = f32::from(t.weights[k * t.cols + i]);
            let high = f32::from(t.weights[(k + 1) * t.cols + i]);
            (low + (high - low) * t_between) * t.scale
        })
        .collect()
}

fn add(x: &mut [f32], y: impl IntoIterator<Item = f32>) {
    x.iter_mut().zip(y).for_each(|(x, y)| *x += y);
}

fn row(t: &Table, row: usize, scale: f32) -> impl Iterator<Item = f32> + '_ {
    let row = &t.weights[row * t.cols..(row + 1) * t.cols];
    row.iter().map(move |&w| f32::from(w) * scale)
}

/// Keys and values of one row, position and block; or of a slot.
#[derive(Clone)]
pub struct Token {
    key: Quantised,
    value: Quantised,
}

/// One chain's network: memory of all positions, by block then slot.
pub struct Chain<'a> {
    network: &'a Network,
    widths: Vec<usize>,
    slots: Vec<Vec<Vec<Token>>>,
}

/// What a row's heads read.
pub struct RowState {
    pub h: Vec<f32>,
}

impl<'a> Chain<'a> {
    pub fn new(network: &'a Network, widths: Vec<usize>) -> Self {
        let blocks = network.blocks.len();
        Chain {
            network,
            widths,
            slots: vec![vec![Vec::new(); blocks]; network.fields.len()],
        }
    }

    fn input(&self, p: usize, value: u64, above: u64) -> Vec<f32> {
        let mut x = self.network.fields[p].query.clone();
        if p > 0 {
            let f = &self.network.fields[p - 1];
            add(&mut x, lerp(&f.value, &f.knots, value));
            add(&mut x, lerp(&f.above, &f.knots, above));
            let n = self.widths[usize::from(f.column)].min(4);
            for j in 0..n {
                let bytes = &self.network.bytes[j];
                let byte = (value >> (8 * (n - 1 - j))) as u8;
                let scale = bytes.scale * f.byte_scales[j];
                add(&mut x, row(bytes, usize::from(byte), scale));
            }
            if value == above {
                add(&mut x, f.equal.iter().copied());
            }
        }
        x
    }

    fn attend(q: &Quantised, tokens: &[&Token], from: usize, dk: usize) -> Vec<f32> {
        let root = 1.0 / (dk as f32).sqrt();
        let head = from..from + dk;
        let scores: Vec<f32> = tokens
            .iter()
            .map(|t| {
                let pairs = q.q[head.clone()].iter().zip(&t.key.q[head.clone()]);
                let a: i32 = pairs.map(|(q, k)| q * k).sum();
                a as f32 * ((q.scale * root) * t.key.scale)
            })
            .collect();
        let most = scores.iter().fold(f32::MIN, |m, s| m.max(*s));
        let e: Vec<f32> = scores.iter().map(|s| exp(s - most)).collect();
        let total = e.iter().fold(0.0f32, |a, e| a + e);
        let inverse = 1.0 / total;
        head.map(|i| {
            let mut o = 0.0f32;
            for (t, e) in tokens.iter().zip(&e) {
                o += (e * t.value.scale) * t.value.q[i] as f32;
            }
            o * inverse
        })
        .collect()
    }

    /// The backbone for one row: appends this position's tokens to `tokens[block]`, which hold
    /// those of earlier positions.
    pub fn row(&self, p: usize, value: u64, above: u64, tokens: &mut [Vec<Token>]) -> RowState {
        let dims = self.network.dims;
        let (d, f) = (usize::from(dims.width), usize::from(dims.hidden));
        let dk = d / usize::from(dims.heads);
        let mut x = self.input(p, value, above);
        for (b, block) in self.network.blocks.iter().enumerate() {
            let qkv = matrix(&block.qkv, &norm(&x, &block.attention_norm));
            let q = quantise(&qkv[..d]);
            tokens[b].push(Token {
                key: quantise(&qkv[d..2 * d]),
                value: quantise(&qkv[2 * d..]),
            });
            let start = (p + 1).saturating_sub(usize::from(dims.window));
            let local: Vec<&Token> = tokens[b][start..=p].iter().collect();
            let memory: Vec<&Token> = self.slots[p][b].iter().collect();
            let mut o = Vec::new();
            for head in 0..usize::from(dims.heads) {
                let mut part = Self::attend(&q, &local, head * dk, dk);
                if !memory.is_empty() {
                    let share = block.memory_share[head];
                    let from_memory = Self::attend(&q, &memory, head * dk, dk);
                    for (o, m) in part.iter_mut().zip(from_memory) {
                        *o = m * share + *o * (1.0 - share);
                    }
                }
                o.extend(part);
            }
            add(&mut x, matrix(&block.out, &o));
            let both = matrix(&block.gate_up, &norm(&x, &block.forward_norm));
            let (g, u) = both.split_at(f);
            let hidden: Vec<f32> = g.iter().zip(u).map(|(g, u)| silu(*g) * u).collect();
            add(&mut x, matrix(&block.down, &hidden));
        }
        RowState {
            h: norm(&x, &self.network.norm),
        }
    }

    /// Brings a position's memory up to date with a chunk's rows and their values.
    pub fn remember(&mut self, p: usize, states: &[RowState], values: &[u64]) {
        let dims = self.network.dims;
        let field = &self.network.fields[p];
        let Some(eviction) = &self.network.eviction else {
            return;
        };
        if field.planes == 0 {
            return;
        }
        let d = usize::from(dims.width);
        let m: Vec<Vec<f32>> = (states.iter().zip(values))
            .map(|(state, &value)| {
                let embedded = lerp(&field.value, &field.knots, value);
                state.h.iter().zip(embedded).map(|(h, e)| h + e).collect()
            })
            .collect();
        let at = |r: Option<usize>, i: usize| r.and_then(|r| m.get(r)).map_or(0.0, |m| m[i]);
        let scores: Vec<f32> = (0..m.len())
            .map(|r| {
                sum((0..d).map(|i| {
                    let w = |j: usize| eviction.depthwise[j * d + i];
                    let y = (w(0) * at(r.checked_sub(1), i) + w(1) * at(Some(r), i))
                        + w(2) * at(Some(r + 1), i);
                    silu(y) * eviction.pointwise[i]
                }))
            })
            .collect();
        let mut order: Vec<usize> = (0..m.len()).collect();
        order.sort_by(|&a, &b| scores[b].partial_cmp(&scores[a]).unwrap());
        let mut kept = order[..m.len().div_ceil(usize::from(dims.rate))].to_vec();
        kept.sort();
        for r in kept {
            let slot = norm(&matrix(&eviction.project, &m[r]), &eviction.norm);
            for (b, block) in self.network.blocks.iter().enumerate() {
                let qkv = matrix(&block.qkv, &slot);
                self.slots[p][b].push(Token {
                    key: quantise(&qkv[d..2 * d]),
                    value: quantise(&qkv[2 * d..]),
                });
            }
        }
        for slots in &mut self.slots[p] {
            let excess = slots.len().saturating_sub(usize::from(dims.slots));
            slots.drain(..excess);
        }
    }

    /// Logits of all nodes (0 is not used), and hidden activations, of one plane of one row.
    pub fn plane(
        &self,
        p: usize,
        state: &RowState,
        value: u64,
        above: u64,
        expected: Option<u64>,
        plane: usize,
    ) -> (Vec<f32>, Vec<f32>) {
        let field: &Field = &self.network.fields[p];
        let width = self.widths[usize::from(field.column)];
        let byte = |v: u64, plane: usize| (v >> (8 * (width - 1 - plane))) as u8;
        let earlier: Vec<usize> = (0..plane).filter(|j| field.planes >> j & 1 == 1).collect();
        let i = earlier.len();
        let head: &Head = &self.network.heads[i];
        let mut pre = matrix(&head.project, &state.h);
        add(&mut pre, field.head_types[i].iter().copied());
        add(&mut pre, lerp(&field.head_above, &field.knots, above));
        for (table, &j) in head.prefix.iter().zip(&earlier) {
            add(
                &mut pre,
                row(table, usize::from(byte(value, j)), table.scale),
            );
        }
        let same = (0..plane).all(|j| byte(value, j) == byte(above, j));
        let b = if same {
            usize::from(byte(above, plane))
        } else {
            256
        };
        add(&mut pre, row(&head.above, b, head.above.scale));
        let live = expected.filter(|&e| (0..plane).all(|j| byte(value, j) == byte(e, j)));
        let b = live.map_or(256, |e| usize::from(byte(e, plane)));
        add(&mut pre, row(&head.reference, b, head.reference.scale));
        let hidden: Vec<f32> = pre.iter().map(|x| silu(*x)).collect();
        let z = quantise(&hidden);
        let priors = &field.priors[i];
        let mut prior = &priors.common;
        if i == 1 {
            let first = byte(value, earlier[0]);
            if let Some((_, table)) = priors.after.iter().find(|(b, _)| *b == first) {
                prior = table;
            }
        }
        let n = hidden.len();
        let strengths = matrix(&head.copies, &hidden);
        let mut candidates = vec![(strengths[0], above)];
        candidates.extend(expected.map(|e| (strengths[1], e)));
        // What copies add at a node: walked from the root down.
        let copied = |node: usize, (strength, candidate): (f32, u64)| {
            let mut at = 1;
            for bit in (0..8)
                .rev()
                .map(|bit| usize::from(byte(candidate, plane) >> bit & 1))
            {
                let same = (0..plane).all(|j| byte(value, j) == byte(candidate, j));
                if at == node && same {
                    return if bit == 1 { strength } else { -strength };
                }
                at = at << 1 | bit;
            }
            0.0
        };
        let logits = (0..256)
            .map(|node| {
                let a = dot(&z.q, &head.nodes.weights[node * n..(node + 1) * n]);
                let own = a as f32 * (z.scale * head.nodes.scales[node]);
                let known = own + f32::from(prior[node]) / 16.0;
                candidates.iter().fold(known, |x, &c| x + copied(node, c))
            })
            .collect();
        (logits, hidden)
    }
}
