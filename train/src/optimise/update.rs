//! One step of one variable: in place over slices on the CPU, with tensor operations elsewhere.

use std::cell::RefCell;

use anyhow::Result;
use candle_core::{CpuStorage, DType, InplaceOp1, Layout, Storage, Tensor, Var, bail};

/// Running sums of a sum of squares: enough to fill a vector unit.
const SUMS: usize = 16;

/// The numbers of a step:
///
/// ```text
/// g' = g * scale;  m = m * beta1 + g' * (1 - beta1);  v = v * beta2 + g'^2 * (1 - beta2)
/// x = x * keep - rate * m / (sqrt(v) * correction + epsilon)
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Update {
    /// Clipping, and one over the number of passes gathered.
    pub scale: f64,
    pub beta1: f64,
    pub beta2: f64,
    /// The learning rate, corrected for the first moment's start at zero.
    pub rate: f64,
    /// The second moment's correction, under the root.
    pub correction: f64,
    pub epsilon: f64,
    /// One less the weight decay.
    pub keep: f64,
}

impl Update {
    /// Updates a variable on the CPU, and its moments, in one pass.
    pub fn on_host(
        self,
        var: &Var,
        gradient: &Tensor,
        first: &mut [f32],
        second: &mut [f32],
    ) -> Result<()> {
        let (storage, layout) = gradient.storage_and_layout();
        let op = InPlace {
            update: self,
            gradient: slice(&storage, layout)?,
            moments: RefCell::new((first, second)),
        };
        Ok(var.inplace_op1(&op)?)
    }

    /// The same with tensor operations.
    pub fn on_device(
        self,
        var: &Var,
        gradient: &Tensor,
        first: &mut Tensor,
        second: &mut Tensor,
    ) -> Result<()> {
        let g = (gradient * self.scale)?;
        let m = ((&*first * self.beta1)? + (&g * (1.0 - self.beta1))?)?;
        let v = ((&*second * self.beta2)? + (g.sqr()? * (1.0 - self.beta2))?)?;
        let below = ((v.sqrt()? * self.correction)? + self.epsilon)?;
        let moved = ((var.as_detached_tensor() * self.keep)? - ((&m * self.rate)? / below)?)?;
        var.set(&moved)?;
        (*first, *second) = (m.detach(), v.detach());
        Ok(())
    }

    fn over(self, x: &mut [f32], gradient: &[f32], first: &mut [f32], second: &mut [f32]) {
        let (scale, rate, correction) =
            (self.scale as f32, self.rate as f32, self.correction as f32);
        let (beta1, beta2) = (self.beta1 as f32, self.beta2 as f32);
        let (new1, new2) = ((1.0 - self.beta1) as f32, (1.0 - self.beta2) as f32);
        let (epsilon, keep) = (self.epsilon as f32, self.keep as f32);
        let moments = first.iter_mut().zip(second);
        for ((x, g), (m, v)) in x.iter_mut().zip(gradient).zip(moments) {
            let g = g * scale;
            *m = *m * beta1 + g * new1;
            *v = *v * beta2 + g * g * new2;
            *x = *x * keep - rate * *m / (v.sqrt() * correction + epsilon);
        }
    }
}

/// The update as candle runs it on a variable's own storage.
struct InPlace<'a> {
    update: Update,
    gradient: &'a [f32],
    moments: RefCell<(&'a mut [f32], &'a mut [f32])>,
}

impl InplaceOp1 for InPlace<'_> {
    fn name(&self) -> &'static str {
        "adamw"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
        let (CpuStorage::F32(x), Some((from, to))) = (storage, layout.contiguous_offsets()) else {
            bail!("adamw: the variable is not contiguous f32")
        };
        let mut moments = self.moments.borrow_mut();
        let (first, second) = &mut *moments;
        let n = to - from;
        if [self.gradient.len(), first.len(), second.len()] != [n; 3] {
            bail!(
                "adamw: the gradient has {} elements of {n}",
                self.gradient.len()
            )
        }
        self.update
            .over(&mut x[from..to], self.gradient, first, second);
        Ok(())
    }
}

/// The sum of a tensor's squares, in f64.
pub fn sum_of_squares(x: &Tensor) -> Result<f64> {
    if !x.device().is_cpu() {
        let sum = x.flatten_all()?.sqr()?.sum_all()?;
        return Ok(f64::from(sum.to_dtype(DType::F32)?.to_scalar::<f32>()?));
    }
    let (storage, layout) = x.storage_and_layout();
    let (chunks, rest) = slice(&storage, layout)?.as_chunks::<SUMS>();
    let mut sums = [0.0f64; SUMS];
    for chunk in chunks {
        for (sum, x) in sums.iter_mut().zip(chunk) {
            *sum += f64::from(*x) * f64::from(*x);
        }
    }
    let rest: f64 = rest.iter().map(|x| f64::from(*x) * f64::from(*x)).sum();
    Ok(sums.iter().sum::<f64>() + rest)
}

/// The elements of a contiguous f32 tensor on the CPU.
fn slice<'a>(storage: &'a Storage, layout: &Layout) -> candle_core::Result<&'a [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (Storage::Cpu(CpuStorage::F32(x)), Some((from, to))) => Ok(&x[from..to]),
        _ => bail!("a gradient is not contiguous f32 on the CPU"),
    }
}
