//! The forward pass in floats, as docs/network.md has it in integers.
//!
//! Axes as in [`crate::batch`]; `S` sequences, `M` slots.

use candle_core::{D, DType, Result, Tensor};
use candle_nn::ops::{sigmoid, silu, softmax};
use catena_filter::model::Dims;

use crate::batch::{Batch, HeadBatch};
use crate::device::Precision;
use crate::ops;
use crate::parameters::Parameters;

/// The network while it learns.
#[derive(Clone, Debug)]
pub struct Network {
    /// Its sizes.
    pub dims: Dims,
    /// What it has learned.
    pub parameters: Parameters,
    /// Whether weights and activations are rounded as inference rounds them.
    pub quantised: bool,
    /// Of products, while nothing is rounded.
    pub precision: Precision,
}

/// Bits of a batch.
pub struct Bits {
    /// Sum over all bytes with a head, by the network alone.
    pub alone: Tensor,
    /// The same mixed with what the experts said, over the bytes that they coded, if they were
    /// asked.
    pub mixed: Option<Tensor>,
    /// By head: `[F]`, alone, for reports.
    pub by_field: Vec<Tensor>,
}

/// Compressive memory, `[S, P, M, d]`; `None` while there is none.
pub type Memory = Option<Tensor>;

impl Network {
    fn weight(&self, name: &str) -> Result<Tensor> {
        let weight = self.parameters.get(name)?;
        if self.quantised {
            ops::fake_quantise(weight)
        } else {
            Ok(weight.clone())
        }
    }

    /// Tables with a scale for all of it, or one for each field.
    fn table(&self, name: &str, by_field: bool) -> Result<Tensor> {
        let table = self.parameters.get(name)?;
        if !self.quantised {
            Ok(table.clone())
        } else if by_field {
            ops::fake_quantise(&table.flatten_from(1)?)?.reshape(table.shape())
        } else {
            ops::fake_quantise_whole(table)
        }
    }

    fn rounded(&self, x: &Tensor) -> Result<Tensor> {
        if self.quantised {
            ops::fake_quantise(x)
        } else {
            Ok(x.clone())
        }
    }

    fn product(&self, a: &Tensor, b: &Tensor) -> Result<Tensor> {
        // Products of what is rounded to integers are those of the integers.
        let precision = if self.quantised {
            Precision::Single
        } else {
            self.precision
        };
        precision.product(a, b)
    }

    /// x W^T over the last axis.
    fn linear(&self, x: &Tensor, name: &str) -> Result<Tensor> {
        let weight = self.weight(name)?;
        let mut dims = x.dims().to_vec();
        let x = self.rounded(x)?.reshape(((), dims[dims.len() - 1]))?;
        let y = self.product(&x, &weight.t()?)?;
        *dims.last_mut().unwrap_or(&mut 0) = weight.dim(0)?;
        y.reshape(dims)
    }

    /// Input of all positions, `[N, P, d]`, and the embedding of the values themselves,
    /// `[P, N, d]`.
    fn input(&self, batch: &Batch) -> Result<(Tensor, Tensor)> {
        let value = self.product(&batch.value, &self.table("field.value", true)?)?;
        let above = self.product(&batch.above, &self.table("field.above", true)?)?;
        let equal = batch.equal.matmul(self.parameters.get("field.equal")?)?;
        let mut read = ((&value + above)? + equal)?;
        let scales = (softmax(self.parameters.get("field.byte_scales")?, D::Minus1)? * 4.0)?;
        let scales = (scales * &batch.bytes_read)?;
        let (p, n, d) = read.dims3()?;
        for (j, bytes) in batch.bytes.iter().enumerate() {
            let embedded = ops::lookup(&self.table(&format!("bytes.{j}"), false)?, bytes)?;
            let scale = scales.narrow(1, j, 1)?.reshape((p, 1, 1))?;
            read = (read + embedded.reshape((p, n, d))?.broadcast_mul(&scale)?)?;
        }
        // A position reads the field before its own.
        let nothing = Tensor::zeros((1, n, d), DType::F32, read.device())?;
        let shifted = Tensor::cat(&[&nothing, &read.narrow(0, 0, p - 1)?], 0)?;
        let x = shifted.broadcast_add(self.parameters.get("field.query")?)?;
        Ok((x.transpose(0, 1)?.contiguous()?, value))
    }

    fn block(&self, x: &Tensor, at: u8, memory: &Memory) -> Result<Tensor> {
        let name = |part: &str| format!("block.{at}.{part}");
        let heads = usize::from(self.dims.heads);
        let (rows, fields, d) = x.dims3()?;
        let normed = ops::norm(x, self.parameters.get(&name("attention_norm"))?)?;
        let mut qkv = self.linear(&normed, &name("qkv"))?;
        if self.quantised {
            qkv = ops::fake_quantise(&qkv.reshape((rows, fields, 3, d))?)?.reshape((
                rows,
                fields,
                3 * d,
            ))?;
        }
        let mut seen = ops::attend(&qkv, heads, usize::from(self.dims.window))?;
        if let Some(slots) = memory {
            let kv = self
                .linear(slots, &name("qkv"))?
                .narrow(D::Minus1, d, 2 * d)?
                .contiguous()?;
            let kv = if self.quantised {
                let (s, p, m, _) = kv.dims4()?;
                ops::fake_quantise(&kv.reshape((s, p, m, 2, d))?)?.reshape((s, p, m, 2 * d))?
            } else {
                kv
            };
            let recalled = ops::recall(&qkv, &kv, heads)?;
            let share = sigmoid(self.parameters.get(&name("beta"))?)?
                .reshape((heads, 1))?
                .broadcast_as((heads, d / heads))?
                .reshape((1, 1, d))?;
            seen = (&seen + (recalled - &seen)?.broadcast_mul(&share)?)?;
        }
        let x = (x + self.linear(&seen, &name("out"))?)?;
        let normed = ops::norm(&x, self.parameters.get(&name("forward_norm"))?)?;
        let hidden = ops::gate(&self.linear(&normed, &name("gate_up"))?)?;
        x + self.linear(&hidden, &name("down"))?
    }

    /// The memory after a chunk, from its states `[N, P, d]` and embedded values `[P, N, d]`:
    /// learned eviction.
    fn evict(
        &self,
        states: &Tensor,
        values: &Tensor,
        sequences: usize,
        memory: &Memory,
    ) -> Result<Memory> {
        let slot_max = usize::from(self.dims.slots);
        if slot_max == 0 {
            return Ok(None);
        }
        let (n, p, d) = states.dims3()?;
        let length = n / sequences;
        let m = (states.transpose(0, 1)? + values)?.reshape((p, sequences, length, d))?;
        let nothing = Tensor::zeros((p, sequences, 1, d), DType::F32, m.device())?;
        let padded = Tensor::cat(&[&nothing, &m, &nothing], 2)?;
        let depthwise = self.parameters.get("eviction.depthwise")?;
        let mut y = padded
            .narrow(2, 0, length)?
            .broadcast_mul(&depthwise.get(0)?)?;
        for tap in 1..3 {
            y = (y + padded
                .narrow(2, tap, length)?
                .broadcast_mul(&depthwise.get(tap)?)?)?;
        }
        let scores = silu(&y)?
            .reshape((p * sequences * length, d))?
            .matmul(self.parameters.get("eviction.pointwise")?)?
            .reshape((p, sequences, length))?;
        let keep = length.div_ceil(usize::from(self.dims.rate));
        let mut chosen = Vec::with_capacity(p * sequences * keep);
        for scores in scores.reshape((p * sequences, length))?.to_vec2::<f32>()? {
            let mut order: Vec<usize> = (0..length).collect();
            order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
            order.truncate(keep);
            order.sort_unstable();
            chosen.extend(order.iter().map(|&row| row as u32));
        }
        let kept = ops::choose(&m.reshape((p * sequences, length, d))?, &chosen)?
            .reshape((p * sequences * keep, d))?;
        let scores = scores.reshape((p * sequences, length, 1))?;
        // Straight through: the kept states are worth 1, the gradient reaches the score as if they
        // were worth its sigmoid.
        let soft = sigmoid(&ops::choose(&scores, &chosen)?.flatten_all()?)?;
        let worth = ((&soft - soft.detach())? + 1.0)?.reshape(((), 1))?;
        let slots = self.linear(&kept.broadcast_mul(&worth)?, "eviction.project")?;
        let slots = ops::norm(&slots, self.parameters.get("eviction.norm")?)?
            .reshape((p, sequences, keep, d))?
            .transpose(0, 1)?
            .contiguous()?;
        let all = match memory {
            Some(old) => Tensor::cat(&[old, &slots], 2)?,
            None => slots,
        };
        let have = all.dim(2)?;
        let drop = have.saturating_sub(slot_max);
        Ok(Some(all.narrow(2, drop, have - drop)?.contiguous()?))
    }

    /// `[256, z]`: the nodes' weights, of what all have in common (a smooth function of the node's
    /// place, for each depth) and what is their own.
    pub fn nodes(&self, head: usize) -> Result<Tensor> {
        let free = self.parameters.get(&format!("head.{head}.nodes"))?;
        let smooth = self.parameters.get(&format!("head.{head}.smooth"))?;
        let nodes = (free + crate::parameters::node_places(free.device())?.matmul(smooth)?)?;
        if self.quantised {
            ops::fake_quantise(&nodes)
        } else {
            Ok(nodes)
        }
    }

    /// Bits of one head over a batch; `states` are `[P, N, d]`.
    fn head(
        &self,
        at: usize,
        states: &Tensor,
        batch: &Batch,
        head: &HeadBatch,
    ) -> Result<(Tensor, Option<Tensor>)> {
        let name = |part: &str| format!("head.{at}.{part}");
        let device = states.device();
        let (p_n, n, d) = states.dims3()?;
        let with = head.fields.len();
        let z = usize::from(self.dims.head_width);
        let above_table = self.table("field.head_above", true)?;
        let (states, features, above_table) = if with == p_n {
            (states.clone(), batch.above.clone(), above_table)
        } else {
            let places: Vec<u32> = head.fields.iter().map(|&p| p as u32).collect();
            let places = Tensor::from_vec(places, with, device)?;
            (
                states.index_select(&places, 0)?,
                batch.above.index_select(&places, 0)?,
                above_table.index_select(&places, 0)?,
            )
        };
        let mut pre = self
            .linear(&states.reshape((with * n, d))?, &name("project"))?
            .reshape((with, n, z))?;
        pre = pre.broadcast_add(self.parameters.get(&name("types"))?)?;
        pre = (pre + self.product(&features, &above_table)?)?;
        let mut pre = pre.reshape((with * n, z))?;
        for (before, bytes) in head.prefix.iter().enumerate() {
            let table = self.table(&name(&format!("prefix.{before}")), false)?;
            pre = (pre + ops::lookup(&table, bytes)?)?;
        }
        pre = (pre + ops::lookup(&self.table(&name("above"), false)?, &head.above)?)?;
        pre = (pre + ops::lookup(&self.table(&name("reference"), false)?, &head.reference)?)?;
        let hidden = self.rounded(&silu(&pre)?)?;
        let logits = self.product(&hidden, &self.nodes(at)?.t()?)?;
        let mut logits = (ops::path(&logits, &head.symbols)? + &head.prior)?;
        let strengths = hidden.matmul(&self.weight(&name("copies"))?.t()?)?;
        for (i, copies) in head.copies.iter().enumerate() {
            logits = (logits + copies.broadcast_mul(&strengths.narrow(1, i, 1)?)?)?;
        }
        let alone = bits(&(&logits * &head.signs)?)?;
        let mixed = match &head.experts {
            None => None,
            Some((said, coded)) => {
                let mix = self.parameters.get(&name("mix"))?;
                let weigh = |i: usize, x: &Tensor| {
                    x.reshape((with, n, 8))?
                        .broadcast_mul(&mix.get(i)?)?
                        .reshape((with * n, 8))
                };
                let both = (weigh(0, said)? + weigh(1, &logits)?)?;
                Some((bits(&(both * &head.signs)?)? * coded)?)
            }
        };
        Ok((alone, mixed))
    }

    /// Bits of a chunk, and the memory after it.
    pub fn forward(&self, batch: &Batch, memory: &Memory) -> Result<(Bits, Memory)> {
        let (mut x, values) = self.input(batch)?;
        for at in 0..self.dims.blocks {
            x = self.block(&x, at, memory)?;
        }
        let states = ops::norm(&x, self.parameters.get("norm")?)?;
        let memory = self.evict(&states, &values, batch.sequences, memory)?;
        let states = states.transpose(0, 1)?.contiguous()?;
        let (mut alone, mut mixed, mut by_field) = (Vec::new(), Vec::new(), Vec::new());
        for (at, head) in batch.heads.iter().enumerate() {
            let (bits, with_experts) = self.head(at, &states, batch, head)?;
            by_field.push(bits.detach().reshape((head.fields.len(), ()))?.sum(1)?);
            alone.push(bits.sum_all()?);
            if let Some(bits) = with_experts {
                mixed.push(bits.sum_all()?);
            }
        }
        let total = |parts: &[Tensor]| Tensor::stack(parts, 0)?.sum_all();
        Ok((
            Bits {
                alone: total(&alone)?,
                mixed: if mixed.is_empty() {
                    None
                } else {
                    Some(total(&mixed)?)
                },
                by_field,
            },
            memory,
        ))
    }
}

/// -log2 of the probability of bits whose logits, signed by the bit, are `x`: softplus of -x,
/// without overflow.
fn bits(x: &Tensor) -> Result<Tensor> {
    let tail = (x.abs()?.neg()?.exp()? + 1.0)?.log()?;
    (x.neg()?.relu()? + tail)? / std::f64::consts::LN_2
}
