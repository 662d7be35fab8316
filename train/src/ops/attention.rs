//! Causal attention within a row: fields over the fields before them.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use catena_filter::engine::kernel::{self, Kernel, Task, vector::Isa};

pub struct Attend {
    pub heads: usize,
    pub window: usize,
}

/// e^x to a few units in the last place, for |x| < 87; vectorises.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    let x = x.clamp(-87.0, 87.0);
    let n = (x * std::f32::consts::LOG2_E + 0.5f32.copysign(x)) as i32;
    let r = x - n as f32 * 0.693_145_75 - n as f32 * 1.428_606_8e-6;
    let p = 1.0
        + r * (1.0
            + r * (0.5
                + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0))))));
    p * f32::from_bits(((n + 127) << 23) as u32)
}

/// a . b
#[inline(always)]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    for (a, b) in a.chunks_exact(8).zip(b.chunks_exact(8)) {
        for i in 0..8 {
            sums[i] += a[i] * b[i];
        }
    }
    (sums[0] + sums[4]) + (sums[1] + sums[5]) + ((sums[2] + sums[6]) + (sums[3] + sums[7]))
}

/// to += x * by
#[inline(always)]
pub(super) fn add(to: &mut [f32], x: &[f32], by: f32) {
    for (to, x) in to.chunks_exact_mut(8).zip(x.chunks_exact(8)) {
        for i in 0..8 {
            to[i] += x[i] * by;
        }
    }
}

/// Scores to weights that sum to one.
#[inline(always)]
pub(super) fn softmax(scores: &mut [f32]) {
    let mut most = f32::MIN;
    for &s in scores.iter() {
        most = if s > most { s } else { most };
    }
    let mut sum = 0.0;
    for s in scores.iter_mut() {
        *s = exp(*s - most);
    }
    for &s in scores.iter() {
        sum += s;
    }
    let inverse = 1.0 / sum;
    for s in scores.iter_mut() {
        *s *= inverse;
    }
}

struct Forward<'a> {
    qkv: &'a [f32],
    fields: usize,
    d: usize,
    heads: usize,
    window: usize,
}

impl Task for Forward<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn run<I: Isa>(self) -> Vec<f32> {
        let (p_n, d) = (self.fields, self.d);
        let dk = d / self.heads;
        let scale = 1.0 / (dk as f32).sqrt();
        let mut out = vec![0.0f32; self.qkv.len() / 3];
        let mut weights = vec![0.0f32; p_n];
        for (row, out) in self
            .qkv
            .chunks_exact(p_n * 3 * d)
            .zip(out.chunks_exact_mut(p_n * d))
        {
            for p in 0..p_n {
                let from = (p + 1).saturating_sub(self.window);
                for h in 0..self.heads {
                    let q = &row[p * 3 * d + h * dk..][..dk];
                    for at in from..=p {
                        weights[at] = dot(q, &row[at * 3 * d + d + h * dk..][..dk]) * scale;
                    }
                    softmax(&mut weights[from..=p]);
                    let o = &mut out[p * d + h * dk..][..dk];
                    for at in from..=p {
                        add(o, &row[at * 3 * d + 2 * d + h * dk..][..dk], weights[at]);
                    }
                }
            }
        }
        out
    }
}

struct Backward<'a> {
    forward: Forward<'a>,
    grad: &'a [f32],
}

impl Task for Backward<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn run<I: Isa>(self) -> Vec<f32> {
        let Forward {
            qkv,
            fields: p_n,
            d,
            heads,
            window,
        } = self.forward;
        let dk = d / heads;
        let scale = 1.0 / (dk as f32).sqrt();
        let mut to_qkv = vec![0.0f32; qkv.len()];
        let mut weights = vec![0.0f32; p_n];
        let mut slopes = vec![0.0f32; p_n];
        let rows = qkv
            .chunks_exact(p_n * 3 * d)
            .zip(self.grad.chunks_exact(p_n * d));
        for ((row, grad), to) in rows.zip(to_qkv.chunks_exact_mut(p_n * 3 * d)) {
            for p in 0..p_n {
                let from = (p + 1).saturating_sub(window);
                for h in 0..heads {
                    let q = &row[p * 3 * d + h * dk..][..dk];
                    for at in from..=p {
                        weights[at] = dot(q, &row[at * 3 * d + d + h * dk..][..dk]) * scale;
                    }
                    softmax(&mut weights[from..=p]);
                    let g = &grad[p * d + h * dk..][..dk];
                    let mut mean = 0.0;
                    for at in from..=p {
                        slopes[at] = dot(g, &row[at * 3 * d + 2 * d + h * dk..][..dk]);
                        mean += slopes[at] * weights[at];
                    }
                    for at in from..=p {
                        let w = weights[at];
                        let slope = w * (slopes[at] - mean) * scale;
                        add(&mut to[at * 3 * d + 2 * d + h * dk..][..dk], g, w);
                        add(&mut to[at * 3 * d + d + h * dk..][..dk], q, slope);
                        add(
                            &mut to[p * 3 * d + h * dk..][..dk],
                            &row[at * 3 * d + d + h * dk..][..dk],
                            slope,
                        );
                    }
                }
            }
        }
        to_qkv
    }
}

impl Attend {
    fn forward<'a>(&self, qkv: &'a [f32], dims: &[usize]) -> Result<Forward<'a>> {
        let &[_, fields, three_d] = dims else {
            candle_core::bail!("queries, keys and values have three axes");
        };
        Ok(Forward {
            qkv,
            fields,
            d: three_d / 3,
            heads: self.heads,
            window: self.window,
        })
    }
}

impl CustomOp1 for Attend {
    fn name(&self) -> &'static str {
        "attend"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let dims = layout.dims();
        let forward = self.forward(super::floats(storage, layout)?, dims)?;
        let shape = (dims[0], dims[1], dims[2] / 3);
        Ok((
            CpuStorage::F32(kernel::run(Kernel::best(), forward)),
            shape.into(),
        ))
    }

    fn bwd(&self, qkv: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let to = super::with_floats(qkv, |values| {
            let forward = self.forward(values, qkv.dims())?;
            super::with_floats(grad, |grad| {
                Ok(kernel::run(Kernel::best(), Backward { forward, grad }))
            })
        })?;
        Ok(Some(Tensor::from_vec(to, qkv.shape(), qkv.device())?))
    }
}
