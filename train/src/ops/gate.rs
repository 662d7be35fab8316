//! SwiGLU's product (Shazeer, 2020).

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use catena_filter::engine::kernel::{self, Kernel, Task, vector::Isa};

use super::attention::exp;

pub struct Gate;

struct Forward<'a> {
    x: &'a [f32],
    width: usize,
}

impl Task for Forward<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn run<I: Isa>(self) -> Vec<f32> {
        let f = self.width;
        let mut out = vec![0.0f32; self.x.len() / 2];
        for (x, out) in self.x.chunks_exact(2 * f).zip(out.chunks_exact_mut(f)) {
            let (gate, value) = x.split_at(f);
            for i in 0..f {
                out[i] = gate[i] / (1.0 + exp(-gate[i])) * value[i];
            }
        }
        out
    }
}

struct Backward<'a> {
    x: &'a [f32],
    grad: &'a [f32],
    width: usize,
}

impl Task for Backward<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn run<I: Isa>(self) -> Vec<f32> {
        let f = self.width;
        let mut to_x = vec![0.0f32; self.x.len()];
        let rows = self.x.chunks_exact(2 * f).zip(self.grad.chunks_exact(f));
        for ((x, grad), out) in rows.zip(to_x.chunks_exact_mut(2 * f)) {
            let (gate, value) = x.split_at(f);
            let (to_gate, to_value) = out.split_at_mut(f);
            for i in 0..f {
                let s = 1.0 / (1.0 + exp(-gate[i]));
                to_gate[i] = grad[i] * value[i] * s * (1.0 + gate[i] * (1.0 - s));
                to_value[i] = grad[i] * gate[i] * s;
            }
        }
        to_x
    }
}

impl CustomOp1 for Gate {
    fn name(&self) -> &'static str {
        "swiglu"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let mut dims = layout.dims().to_vec();
        let Some(last) = dims.last_mut() else {
            candle_core::bail!("a scalar has no halves");
        };
        *last /= 2;
        let width = *last;
        let x = super::floats(storage, layout)?;
        let out = kernel::run(Kernel::best(), Forward { x, width });
        Ok((CpuStorage::F32(out), dims.into()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let width = grad.dims()[grad.rank() - 1];
        let to_x = super::with_floats(x, |x| {
            super::with_floats(grad, |grad| {
                Ok(kernel::run(Kernel::best(), Backward { x, grad, width }))
            })
        })?;
        Ok(Some(Tensor::from_vec(to_x, x.shape(), x.device())?))
    }
}
