//! Rows made into tensors: what the network reads of them and what it is to predict.
//!
//! Axes: `P` fields, `N` rows (sequences one after another, each with its consecutive rows), `K`
//! knots. Field-major where it says `[P, N, ..]`.

use std::sync::Arc;

use candle_core::{Device, Result, Tensor};

use crate::data::{FieldPlan, HeadCounts};
use crate::experts::Said;
use crate::records::Records;

/// One head's share of a batch: all fields that have it.
pub struct HeadBatch {
    /// Their places.
    pub fields: Vec<usize>,
    /// For each earlier head, `[F * N]`: the byte of its plane.
    pub prefix: Vec<Tensor>,
    /// `[F * N]`: this byte of the value above, 256 if the bytes before it differ.
    pub above: Tensor,
    /// `[F * N]`: the same of the reference's value.
    pub reference: Tensor,
    /// `[F * N]` bytes to be predicted.
    pub symbols: Arc<Vec<u8>>,
    /// `[F * N, 8]`: their bits, 1 or -1.
    pub signs: Tensor,
    /// `[F * N, 8]`: the bit of the value above where its bits agree so far, 1 or -1, else 0; and
    /// of the reference.
    pub copies: [Tensor; 2],
    /// `[F * N, 8]`: prior logits.
    pub prior: Tensor,
    /// `[F * N, 8]`: what the experts said, as logits, and whether they coded the bit at all.
    pub experts: Option<(Tensor, Tensor)>,
}

/// A batch.
pub struct Batch {
    /// Rows in all.
    pub rows: usize,
    /// Sequences they are of.
    pub sequences: usize,
    /// `[P, N, K]`: the value between its knots.
    pub value: Tensor,
    /// `[P, N, K]`: the value above.
    pub above: Tensor,
    /// `[P, N, 1]`: whether they are equal.
    pub equal: Tensor,
    /// Four `[P * N]`: the value's bytes, from the most significant of its last four on.
    pub bytes: Vec<Tensor>,
    /// `[P, 4]`: 1 for the bytes that are read.
    pub bytes_read: Tensor,
    /// By head.
    pub heads: Vec<HeadBatch>,
}

/// Makes batches of records.
pub struct Batcher<'a> {
    /// What batches are made of.
    pub records: &'a Records,
    /// The columns that vary.
    pub fields: &'a [FieldPlan],
    /// Most knots of a field.
    pub knots: usize,
    /// Whether a value's own count is taken out of its prior: for rows that the counts were made
    /// of.
    pub own: bool,
    /// What the experts said of the rows, if they were asked.
    pub experts: Option<&'a Said>,
}

impl Batcher<'_> {
    /// The batch of these sequences, each of `length` rows from its start on.
    pub fn batch(&self, starts: &[usize], length: usize, device: &Device) -> Result<Batch> {
        let rows: Vec<usize> = starts.iter().flat_map(|&s| s..s + length).collect();
        let (p_n, n, k) = (self.fields.len(), rows.len(), self.knots);
        let mut value = vec![0.0f32; p_n * n * k];
        let mut above = vec![0.0f32; p_n * n * k];
        let mut equal = vec![0.0f32; p_n * n];
        let mut bytes = vec![vec![0u32; p_n * n]; 4];
        for (p, field) in self.fields.iter().enumerate() {
            let column = &self.records.columns[field.column];
            let first = field.width.saturating_sub(4);
            for (i, &row) in rows.iter().enumerate() {
                let (v, a) = (column[row], self.above(column, row));
                let at = p * n + i;
                equal[at] = if v == a { 1.0 } else { 0.0 };
                if !field.read {
                    continue;
                }
                for (to, v) in [(&mut value, v), (&mut above, a)] {
                    let (knot, t) = field.place(v);
                    to[at * k + knot] = 1.0 - t;
                    to[at * k + knot + 1] += t;
                }
                for (j, plane) in (first..field.width).enumerate() {
                    bytes[j][at] = u32::from(field.byte(v, plane));
                }
            }
        }
        let read: Vec<f32> = self
            .fields
            .iter()
            .flat_map(|field| {
                let first = field.width.saturating_sub(4);
                (0..4).map(move |j| {
                    if field.bytes.contains(&(first + j)) {
                        1.0
                    } else {
                        0.0
                    }
                })
            })
            .collect();
        let head_n = self
            .fields
            .iter()
            .map(|f| f.planes.len())
            .max()
            .unwrap_or(0);
        Ok(Batch {
            rows: n,
            sequences: starts.len(),
            value: Tensor::from_vec(value, (p_n, n, k), device)?,
            above: Tensor::from_vec(above, (p_n, n, k), device)?,
            equal: Tensor::from_vec(equal, (p_n, n, 1), device)?,
            bytes: bytes
                .into_iter()
                .map(|b| Tensor::from_vec(b, p_n * n, device))
                .collect::<Result<_>>()?,
            bytes_read: Tensor::from_vec(read, (p_n, 4), device)?,
            heads: (0..head_n)
                .map(|head| self.head(head, &rows, device))
                .collect::<Result<_>>()?,
        })
    }

    fn above(&self, column: &[u64], row: usize) -> u64 {
        if row == 0 { 0 } else { column[row - 1] }
    }

    fn head(&self, head: usize, rows: &[usize], device: &Device) -> Result<HeadBatch> {
        let fields: Vec<usize> = (0..self.fields.len())
            .filter(|&p| self.fields[p].planes.len() > head)
            .collect();
        let n = fields.len() * rows.len();
        let mut prefix = vec![Vec::with_capacity(n); head];
        let mut above = Vec::with_capacity(n);
        let mut expects = Vec::with_capacity(n);
        let mut symbols = Vec::with_capacity(n);
        let (mut signs, mut prior) = (Vec::with_capacity(n * 8), Vec::with_capacity(n * 8));
        let mut copies = [Vec::with_capacity(n * 8), Vec::with_capacity(n * 8)];
        let mut said = self
            .experts
            .map(|_| (Vec::with_capacity(n * 8), Vec::with_capacity(n * 8)));
        for &p in &fields {
            let field = &self.fields[p];
            let column = &self.records.columns[field.column];
            let plane = field.planes[head];
            let shift = 8 * (field.width - plane) as u32;
            let lead = |v: u64| v.checked_shr(shift).unwrap_or(0);
            for &row in rows {
                let (v, a) = (column[row], self.above(column, row));
                let symbol = field.byte(v, plane);
                for (i, prefix) in prefix.iter_mut().enumerate() {
                    prefix.push(u32::from(field.byte(v, field.planes[i])));
                }
                let live = |c: u64| {
                    if lead(v) == lead(c) {
                        u32::from(field.byte(c, plane))
                    } else {
                        256
                    }
                };
                above.push(live(a));
                let expected = field.reference.map(|reference| {
                    let types = &self.records.types;
                    reference.expect(types[field.column], types, |c| self.records.columns[c][row])
                });
                expects.push(expected.map_or(256, live));
                for (to, candidate) in copies.iter_mut().zip([Some(a), expected]) {
                    let live = candidate.filter(|&c| lead(c) == lead(v));
                    let byte = live.map(|c| field.byte(c, plane));
                    to.extend((0..8u32).map(|bit| match byte {
                        Some(b) if (u32::from(b) ^ u32::from(symbol)) >> (8 - bit) == 0 => {
                            f32::from(b >> (7 - bit) & 1) * 2.0 - 1.0
                        }
                        _ => 0.0,
                    }));
                }
                let before = (head == 1).then(|| field.byte(v, field.planes[0]));
                let counts = field.counts[head].at(before);
                for bit in 0..8 {
                    let one = symbol >> (7 - bit) & 1;
                    signs.push(if one == 1 { 1.0f32 } else { -1.0 });
                    let node = crate::ops::node(symbol, bit);
                    prior.push(if field.read {
                        HeadCounts::logit(counts, node, self.own.then_some(one))
                    } else {
                        0.0
                    });
                }
                if let (Some(experts), Some((logits, coded))) = (self.experts, &mut said) {
                    for bit in experts.logits(field.column, plane, row) {
                        logits.push(f32::from(bit.unwrap_or(0)) / 256.0);
                        coded.push(if bit.is_some() { 1.0f32 } else { 0.0 });
                    }
                }
                symbols.push(symbol);
            }
        }
        let experts = said
            .map(|(logits, coded)| {
                Ok::<_, candle_core::Error>((
                    Tensor::from_vec(logits, (n, 8), device)?,
                    Tensor::from_vec(coded, (n, 8), device)?,
                ))
            })
            .transpose()?;
        let [from_above, from_reference] = copies;
        Ok(HeadBatch {
            fields,
            prefix: prefix
                .into_iter()
                .map(|p| Tensor::from_vec(p, n, device))
                .collect::<Result<_>>()?,
            above: Tensor::from_vec(above, n, device)?,
            reference: Tensor::from_vec(expects, n, device)?,
            symbols: Arc::new(symbols),
            signs: Tensor::from_vec(signs, (n, 8), device)?,
            copies: [
                Tensor::from_vec(from_above, (n, 8), device)?,
                Tensor::from_vec(from_reference, (n, 8), device)?,
            ],
            prior: Tensor::from_vec(prior, (n, 8), device)?,
            experts,
        })
    }
}
