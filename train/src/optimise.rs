//! AdamW with decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101), whose state can be
//! kept and taken up again.
//!
//! Gradients of one or several backward passes are gathered, their mean is clipped to a global
//! norm, and one step is taken. On the CPU a step is one pass over plain slices, in place; candle's
//! tensor operations would make a dozen. On other devices it is tensor operations, and the moments
//! stay there.
//!
//! Invariant: a step whose gradient is not finite changes nothing, so that no variable ever becomes
//! NaN by it.

mod update;

use anyhow::{Context, Result, ensure};
use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Tensor, Var};

use update::Update;

/// The numbers of the method.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamWOptions {
    /// Decay of the mean of gradients.
    pub beta1: f64,
    /// Decay of the mean of their squares.
    pub beta2: f64,
    /// Added to the root of the latter.
    pub epsilon: f64,
    /// Share of a weight that a step at learning rate 1 takes away; matrices only.
    pub weight_decay: f64,
    /// Largest global norm of a gradient; infinite: not clipped.
    pub clip: f64,
}

impl Default for AdamWOptions {
    fn default() -> Self {
        AdamWOptions {
            beta1: 0.9,
            beta2: 0.98,
            epsilon: 1e-8,
            weight_decay: 0.01,
            clip: 1.0,
        }
    }
}

/// The optimiser and all it trains.
#[derive(Debug)]
pub struct AdamW {
    options: AdamWOptions,
    parameters: Vec<Parameter>,
    step: u64,
    /// Backward passes gathered since the last step.
    gathered_n: usize,
}

/// A variable and what the optimiser knows of it.
#[derive(Debug)]
struct Parameter {
    name: String,
    var: Var,
    decays: bool,
    moments: Moments,
    /// Sum of the gradients since the last step.
    gradient: Option<Tensor>,
}

/// Running means of a gradient and of its square.
#[derive(Debug)]
enum Moments {
    /// In the order of the variable's elements.
    Host(Vec<f32>, Vec<f32>),
    /// In the variable's shape, on its device.
    Device(Tensor, Tensor),
}

impl AdamW {
    /// An optimiser of these variables; f32, and no name twice. Those of two or more axes decay.
    ///
    /// # Errors
    /// A variable of another type, a name that comes twice.
    pub fn new(
        vars: impl IntoIterator<Item = (String, Var)>,
        options: AdamWOptions,
    ) -> Result<Self> {
        let mut parameters: Vec<Parameter> = Vec::new();
        for (name, var) in vars {
            ensure!(
                var.dtype() == DType::F32,
                "{name} is {:?}: only f32 can be trained",
                var.dtype()
            );
            ensure!(var.is_contiguous(), "{name} is not contiguous");
            ensure!(
                parameters.iter().all(|p| p.name != name),
                "two variables are called {name}"
            );
            let moments = match var.device() {
                Device::Cpu => {
                    let zeros = vec![0.0; var.elem_count()];
                    Moments::Host(zeros.clone(), zeros)
                }
                _ => Moments::Device(var.zeros_like()?, var.zeros_like()?),
            };
            parameters.push(Parameter {
                decays: var.rank() >= 2,
                gradient: None,
                name,
                var,
                moments,
            });
        }
        Ok(AdamW {
            options,
            parameters,
            step: 0,
            gathered_n: 0,
        })
    }

    /// Exempts variables from weight decay, by their names (embeddings, say).
    pub fn without_decay(mut self, is_exempt: impl Fn(&str) -> bool) -> Self {
        for p in &mut self.parameters {
            p.decays &= !is_exempt(&p.name);
        }
        self
    }

    /// Steps taken so far.
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// The variables and their names, in the order given.
    pub fn vars(&self) -> impl Iterator<Item = (&str, &Var)> {
        self.parameters.iter().map(|p| (p.name.as_str(), &p.var))
    }

    /// Numbers that are trained.
    pub fn parameter_n(&self) -> usize {
        self.parameters.iter().map(|p| p.var.elem_count()).sum()
    }

    /// Adds the gradients of one backward pass to what the next step goes by. A variable that had
    /// no part in it gets none.
    ///
    /// # Errors
    /// Those of candle.
    pub fn gather(&mut self, gradients: &GradStore) -> Result<()> {
        for p in &mut self.parameters {
            let Some(new) = gradients.get(&p.var) else {
                continue;
            };
            // Detached: a sum must not keep the graph of the passes before alive.
            p.gradient = Some(match p.gradient.take() {
                None => new.detach(),
                Some(sum) => (sum + new)?.detach(),
            });
        }
        self.gathered_n += 1;
        Ok(())
    }

    /// Takes a step by the mean of the gradients gathered, and forgets them. Gives the mean's
    /// global norm before clipping; if that is not finite, nothing was changed and the step does
    /// not count. A variable without a gradient stays as it is.
    ///
    /// # Errors
    /// Nothing gathered; those of candle.
    pub fn step(&mut self, learning_rate: f64) -> Result<f64> {
        ensure!(self.gathered_n > 0, "a step without gradients");
        let passes = std::mem::take(&mut self.gathered_n) as f64;
        let mut gradients = Vec::with_capacity(self.parameters.len());
        let mut square = 0.0;
        for p in &mut self.parameters {
            let gradient = p.gradient.take().map(|g| g.contiguous()).transpose()?;
            if let Some(g) = &gradient {
                square += update::sum_of_squares(g)?;
            }
            gradients.push(gradient);
        }
        let norm = square.sqrt() / passes;
        if !norm.is_finite() {
            return Ok(norm);
        }
        self.step += 1;
        let o = &self.options;
        let clipped = if norm > o.clip { o.clip / norm } else { 1.0 };
        let correct = |beta: f64| 1.0 - beta.powf(self.step as f64);
        for (p, gradient) in self.parameters.iter_mut().zip(gradients) {
            let Some(gradient) = gradient else { continue };
            let update = Update {
                scale: clipped / passes,
                beta1: o.beta1,
                beta2: o.beta2,
                rate: learning_rate / correct(o.beta1),
                correction: 1.0 / correct(o.beta2).sqrt(),
                epsilon: o.epsilon,
                keep: 1.0
                    - if p.decays {
                        learning_rate * o.weight_decay
                    } else {
                        0.0
                    },
            };
            match &mut p.moments {
                Moments::Host(first, second) => update.on_host(&p.var, &gradient, first, second),
                Moments::Device(first, second) => {
                    update.on_device(&p.var, &gradient, first, second)
                }
            }
            .with_context(|| format!("updating {}", p.name))?;
        }
        Ok(norm)
    }

    /// The moments of every variable, in the variables' order and shapes: name, mean of the
    /// gradient, mean of its square.
    ///
    /// # Errors
    /// Those of candle.
    pub fn moments(&self) -> Result<Vec<(&str, Tensor, Tensor)>> {
        let moments = self.parameters.iter().map(|p| {
            let (first, second) = match &p.moments {
                Moments::Device(first, second) => (first.clone(), second.clone()),
                Moments::Host(first, second) => (
                    Tensor::from_slice(first, p.var.shape(), &Device::Cpu)?,
                    Tensor::from_slice(second, p.var.shape(), &Device::Cpu)?,
                ),
            };
            Ok((p.name.as_str(), first, second))
        });
        moments.collect()
    }

    /// Takes up a state: steps taken, and for each variable by its name the moments, in its shape.
    /// Gathered gradients are forgotten. The variables themselves are not touched.
    ///
    /// # Errors
    /// Another number of moments than variables, or another shape; the optimiser is then as it was.
    pub fn resume(&mut self, step: u64, moments: &[(Tensor, Tensor)]) -> Result<()> {
        ensure!(
            moments.len() == self.parameters.len(),
            "{} moments for {} variables",
            moments.len(),
            self.parameters.len()
        );
        let mut taken = Vec::with_capacity(moments.len());
        for (p, (first, second)) in self.parameters.iter().zip(moments) {
            for m in [first, second] {
                ensure!(
                    m.shape() == p.var.shape() && m.dtype() == DType::F32,
                    "{} has the shape {:?}, its moments {:?}",
                    p.name,
                    p.var.shape(),
                    m.shape()
                );
            }
            taken.push(match &p.moments {
                Moments::Host(..) => Moments::Host(
                    first.flatten_all()?.to_vec1()?,
                    second.flatten_all()?.to_vec1()?,
                ),
                Moments::Device(..) => {
                    let device = p.var.device();
                    Moments::Device(first.to_device(device)?, second.to_device(device)?)
                }
            });
        }
        for (p, moments) in self.parameters.iter_mut().zip(taken) {
            p.moments = moments;
            p.gradient = None;
        }
        self.gathered_n = 0;
        self.step = step;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
