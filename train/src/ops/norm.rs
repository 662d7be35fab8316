//! Root-mean-square norm (Zhang and Sennrich, 2019).

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};
use catena_filter::engine::kernel::{self, Kernel, Task, vector::Isa};

/// Added to the mean square.
pub const EPSILON: f32 = 1e-6;

pub struct Norm;

struct Forward<'a> {
    x: &'a [f32],
    gain: &'a [f32],
}

#[inline(always)]
fn inverse(x: &[f32]) -> f32 {
    let mut sums = [0.0f32; 16];
    for x in x.chunks_exact(16) {
        for i in 0..16 {
            sums[i] += x[i] * x[i];
        }
    }
    1.0 / (sums.iter().sum::<f32>() / x.len() as f32 + EPSILON).sqrt()
}

impl Task for Forward<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn run<I: Isa>(self) -> Vec<f32> {
        let d = self.gain.len();
        let mut out = vec![0.0f32; self.x.len()];
        for (x, out) in self.x.chunks_exact(d).zip(out.chunks_exact_mut(d)) {
            let inverse = inverse(x);
            for i in 0..d {
                out[i] = x[i] * inverse * self.gain[i];
            }
        }
        out
    }
}

struct Backward<'a> {
    x: &'a [f32],
    gain: &'a [f32],
    grad: &'a [f32],
}

impl Task for Backward<'_> {
    type Output = (Vec<f32>, Vec<f32>);

    #[inline(always)]
    fn run<I: Isa>(self) -> Self::Output {
        let d = self.gain.len();
        let mut to_x = vec![0.0f32; self.x.len()];
        let mut to_gain = vec![0.0f32; d];
        let rows = self.x.chunks_exact(d).zip(self.grad.chunks_exact(d));
        for ((x, grad), out) in rows.zip(to_x.chunks_exact_mut(d)) {
            let inverse = inverse(x);
            let mut dots = [0.0f32; 16];
            for at in (0..d).step_by(16) {
                let (x, grad, gain) =
                    (&x[at..at + 16], &grad[at..at + 16], &self.gain[at..at + 16]);
                for i in 0..16 {
                    dots[i] += x[i] * grad[i] * gain[i];
                }
            }
            let along = dots.iter().sum::<f32>() * inverse * inverse * inverse / d as f32;
            for i in 0..d {
                out[i] = grad[i] * self.gain[i] * inverse - x[i] * along;
                to_gain[i] += grad[i] * x[i] * inverse;
            }
        }
        (to_x, to_gain)
    }
}

impl CustomOp2 for Norm {
    fn name(&self) -> &'static str {
        "rms-norm"
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (x, gain) = (super::floats(s1, l1)?, super::floats(s2, l2)?);
        let out = kernel::run(Kernel::best(), Forward { x, gain });
        Ok((CpuStorage::F32(out), l1.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        gain: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (to_x, to_gain) = super::with_floats(x, |x| {
            super::with_floats(gain, |gain| {
                super::with_floats(grad, |grad| {
                    Ok(kernel::run(Kernel::best(), Backward { x, gain, grad }))
                })
            })
        })?;
        Ok((
            Some(Tensor::from_vec(to_x, x.shape(), x.device())?),
            Some(Tensor::from_vec(to_gain, gain.shape(), gain.device())?),
        ))
    }
}
