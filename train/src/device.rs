//! Where training computes, and in how many bits.
//!
//! Everywhere else in Catena the CPU is the only device: what comes out of training are integers
//! that every machine reads alike.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use candle_core::{DType, Device, Tensor};

/// A device by name: `cpu`, `cuda` (the first GPU) or `cuda:N`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// The first-class device.
    #[default]
    Cpu,
    /// An NVIDIA GPU by its number; needs the feature `cuda`.
    Cuda(usize),
}

impl Place {
    /// The device itself.
    ///
    /// # Errors
    /// A GPU in a build without the feature `cuda`, or one that is not there.
    pub fn open(self) -> Result<Device> {
        match self {
            Place::Cpu => Ok(Device::Cpu),
            Place::Cuda(_) if !candle_core::utils::cuda_is_available() => {
                bail!("{self}: this program was built without CUDA (feature `cuda`)")
            }
            Place::Cuda(number) => {
                Device::new_cuda(number).with_context(|| format!("opening {self}"))
            }
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Cpu => f.write_str("cpu"),
            Place::Cuda(number) => write!(f, "cuda:{number}"),
        }
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "cpu" => Ok(Place::Cpu),
            None if text == "cuda" => Ok(Place::Cuda(0)),
            Some(("cuda", number)) => match number.parse() {
                Ok(number) => Ok(Place::Cuda(number)),
                Err(_) => Err(format!("{number} is no number of a GPU")),
            },
            _ => Err("not cpu, cuda or cuda:N".into()),
        }
    }
}

/// What matrix products are made of. Sums, norms, softmax, losses, weights and the optimiser are
/// f32 in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// f32 throughout.
    #[default]
    Single,
    /// Factors rounded to bfloat16, until training rounds to integers itself.
    Mixed,
}

impl Precision {
    /// What a device is fastest with: bfloat16 where it has units for it.
    pub fn best(device: &Device) -> Self {
        if device.is_cuda() && device.supports_bf16() {
            Precision::Mixed
        } else {
            Precision::Single
        }
    }

    /// The product of two matrices, in f32.
    ///
    /// # Errors
    /// Those of candle.
    pub fn product(self, a: &Tensor, b: &Tensor) -> candle_core::Result<Tensor> {
        if self == Precision::Single {
            return a.matmul(b);
        }
        let (a, b) = (a.to_dtype(DType::BF16)?, b.to_dtype(DType::BF16)?);
        if a.device().is_cpu() {
            // A CPU without units for it is as fast in f32: the same factors, the same products.
            a.to_dtype(DType::F32)?.matmul(&b.to_dtype(DType::F32)?)
        } else {
            a.matmul(&b)?.to_dtype(DType::F32)
        }
    }
}

impl FromStr for Precision {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "single" => Ok(Precision::Single),
            "mixed" => Ok(Precision::Mixed),
            _ => Err("not single or mixed".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Var;

    use super::*;

    #[test]
    fn names_are_read_and_written() {
        for text in ["cpu", "cuda:0", "cuda:3"] {
            assert_eq!(text.parse::<Place>().unwrap().to_string(), text);
        }
        assert_eq!("cuda".parse(), Ok(Place::Cuda(0)));
        for text in ["gpu", "cuda:", "cuda:x", "cpu:1", ""] {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
        assert!("half".parse::<Precision>().is_err());
    }

    #[test]
    #[cfg(not(feature = "cuda"))]
    fn a_gpu_needs_the_feature() {
        let error = Place::Cuda(0).open().unwrap_err().to_string();
        assert!(error.contains("feature `cuda`"), "{error}");
    }

    #[test]
    fn factors_are_rounded_and_gradients_pass() -> candle_core::Result<()> {
        // 1 + 2^-9 is no bfloat16, 1 + 2^-7 is.
        let fine = 1.0 + 2f32.powi(-9);
        let a = Var::from_tensor(&Tensor::new(&[[fine, 1.0078125]], &Device::Cpu)?)?;
        let b = Var::from_tensor(&Tensor::new(&[[1.0f32], [2.0]], &Device::Cpu)?)?;
        let product = Precision::Mixed.product(&a, &b)?;
        assert_eq!(product.to_vec2::<f32>()?, [[1.0 + 2.015625]]);
        let exact = Precision::Single.product(&a, &b)?;
        assert_eq!(exact.to_vec2::<f32>()?, [[fine + 2.015625]]);
        let gradients = product.backward()?;
        let to_a = gradients.get(&a).expect("a was a factor");
        assert_eq!(to_a.to_vec2::<f32>()?, [[1.0, 2.0]]);
        assert_eq!(to_a.dtype(), DType::F32);
        Ok(())
    }
}
