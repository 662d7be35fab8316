//! Attention over compressive memory: each field over its own slots, which all rows of a sequence's
//! chunk share.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};
use catena_filter::engine::kernel::{self, Kernel, Task, vector::Isa};

use super::attention::{add, dot, softmax};

pub struct Recall {
    pub heads: usize,
}

struct Forward<'a> {
    qkv: &'a [f32],
    slots: &'a [f32],
    sequences: usize,
    fields: usize,
    slot_n: usize,
    d: usize,
    heads: usize,
}

impl Forward<'_> {
    /// Calls `f` with the row, field, head, and where its slots begin.
    #[inline(always)]
    fn each(&self, mut f: impl FnMut(usize, usize, usize, usize)) {
        let rows = self.qkv.len() / (3 * self.d * self.fields);
        let a_sequence = rows / self.sequences;
        for row in 0..rows {
            for p in 0..self.fields {
                let slots = (row / a_sequence * self.fields + p) * self.slot_n * 2 * self.d;
                for h in 0..self.heads {
                    f(row, p, h, slots);
                }
            }
        }
    }
}

impl Task for Forward<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn run<I: Isa>(self) -> Vec<f32> {
        let (d, dk) = (self.d, self.d / self.heads);
        let scale = 1.0 / (dk as f32).sqrt();
        let mut out = vec![0.0f32; self.qkv.len() / 3];
        let mut weights = vec![0.0f32; self.slot_n];
        self.each(|row, p, h, from| {
            let at = row * self.fields + p;
            let q = &self.qkv[at * 3 * d + h * dk..][..dk];
            for (m, w) in weights.iter_mut().enumerate() {
                *w = dot(q, &self.slots[from + m * 2 * d + h * dk..][..dk]) * scale;
            }
            softmax(&mut weights);
            let o = &mut out[at * d + h * dk..][..dk];
            for (m, &w) in weights.iter().enumerate() {
                add(o, &self.slots[from + m * 2 * d + d + h * dk..][..dk], w);
            }
        });
        out
    }
}

struct Backward<'a> {
    forward: Forward<'a>,
    grad: &'a [f32],
}

impl Task for Backward<'_> {
    type Output = (Vec<f32>, Vec<f32>);

    #[inline(always)]
    fn run<I: Isa>(self) -> Self::Output {
        let forward = &self.forward;
        let (qkv, slots, d) = (forward.qkv, forward.slots, forward.d);
        let dk = d / forward.heads;
        let scale = 1.0 / (dk as f32).sqrt();
        let mut to_qkv = vec![0.0f32; qkv.len()];
        let mut to_slots = vec![0.0f32; slots.len()];
        let mut weights = vec![0.0f32; forward.slot_n];
        let mut slopes = vec![0.0f32; forward.slot_n];
        forward.each(|row, p, h, from| {
            let at = row * forward.fields + p;
            let q = &qkv[at * 3 * d + h * dk..][..dk];
            let g = &self.grad[at * d + h * dk..][..dk];
            for (m, w) in weights.iter_mut().enumerate() {
                *w = dot(q, &slots[from + m * 2 * d + h * dk..][..dk]) * scale;
            }
            softmax(&mut weights);
            let mut mean = 0.0;
            for (m, slope) in slopes.iter_mut().enumerate() {
                *slope = dot(g, &slots[from + m * 2 * d + d + h * dk..][..dk]);
                mean += *slope * weights[m];
            }
            for m in 0..forward.slot_n {
                let slope = weights[m] * (slopes[m] - mean) * scale;
                let key = from + m * 2 * d + h * dk;
                add(&mut to_slots[key + d..][..dk], g, weights[m]);
                add(&mut to_slots[key..][..dk], q, slope);
                add(
                    &mut to_qkv[at * 3 * d + h * dk..][..dk],
                    &slots[key..][..dk],
                    slope,
                );
            }
        });
        (to_qkv, to_slots)
    }
}

impl Recall {
    fn forward<'a>(
        &self,
        qkv: (&'a [f32], &[usize]),
        slots: (&'a [f32], &[usize]),
    ) -> Result<Forward<'a>> {
        let (&[_, fields, three_d], &[sequences, _, slot_n, _]) = (qkv.1, slots.1) else {
            candle_core::bail!("queries have three axes, slots four");
        };
        Ok(Forward {
            qkv: qkv.0,
            slots: slots.0,
            sequences,
            fields,
            slot_n,
            d: three_d / 3,
            heads: self.heads,
        })
    }
}

impl CustomOp2 for Recall {
    fn name(&self) -> &'static str {
        "recall"
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let qkv = (super::floats(s1, l1)?, l1.dims());
        let forward = self.forward(qkv, (super::floats(s2, l2)?, l2.dims()))?;
        let shape = (l1.dims()[0], l1.dims()[1], l1.dims()[2] / 3);
        Ok((
            CpuStorage::F32(kernel::run(Kernel::best(), forward)),
            shape.into(),
        ))
    }

    fn bwd(
        &self,
        qkv: &Tensor,
        slots: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (to_qkv, to_slots) = super::with_floats(qkv, |q| {
            super::with_floats(slots, |s| {
                super::with_floats(grad, |grad| {
                    let forward = self.forward((q, qkv.dims()), (s, slots.dims()))?;
                    Ok(kernel::run(Kernel::best(), Backward { forward, grad }))
                })
            })
        })?;
        Ok((
            Some(Tensor::from_vec(to_qkv, qkv.shape(), qkv.device())?),
            Some(Tensor::from_vec(to_slots, slots.shape(), slots.device())?),
        ))
    }
}
