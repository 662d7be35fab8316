//! Promise: the operations written for the CPU compute what candle's own do, and have the same
//! gradients.

use std::sync::Arc;

use candle_core::{Device, Result, Tensor, Var};
use catena_train::ops::{self, composed};
use catena_train::random::Random;

fn variable(shape: &[usize], seed: u64) -> Result<Var> {
    let values = Random::new(seed).normal(shape.iter().product(), 1.0);
    Var::from_tensor(&Tensor::from_vec(values, shape, &Device::Cpu)?)
}

fn values(tensor: &Tensor) -> Result<Vec<f32>> {
    tensor.flatten_all()?.to_vec1::<f32>()
}

fn near(a: &[f32], b: &[f32], what: &str) {
    assert_eq!(a.len(), b.len(), "{what}");
    for (a, b) in a.iter().zip(b) {
        assert!(
            (a - b).abs() <= 2e-4 * (1.0 + b.abs()),
            "{what}: {a} and {b}"
        );
    }
}

/// Compares results and gradients of two ways to compute the same of the same variables.
fn same(
    what: &str,
    vars: &[Var],
    own: impl Fn(&[Tensor]) -> Result<Tensor>,
    other: impl Fn(&[Tensor]) -> Result<Tensor>,
) -> Result<()> {
    let inputs: Vec<Tensor> = vars.iter().map(|v| v.as_tensor().clone()).collect();
    let (a, b) = (own(&inputs)?, other(&inputs)?);
    assert_eq!(a.dims(), b.dims(), "{what}");
    near(&values(&a)?, &values(&b)?, what);
    // A loss in which every element counts differently.
    let weights = Random::new(99).normal(a.elem_count(), 1.0);
    let weights = Tensor::from_vec(weights, a.shape(), a.device())?;
    let slope = |y: &Tensor| (y * &weights)?.sum_all()?.backward();
    let (a, b) = (slope(&a)?, slope(&b)?);
    for (at, var) in vars.iter().enumerate() {
        let (a, b) = (
            a.get(var).expect("a gradient"),
            b.get(var).expect("a gradient"),
        );
        near(&values(a)?, &values(b)?, &format!("{what}, gradient {at}"));
    }
    Ok(())
}

#[test]
fn attention_within_rows() -> Result<()> {
    for window in [1, 3, 64] {
        let qkv = variable(&[5, 7, 3 * 16], 1)?;
        same(
            &format!("window {window}"),
            &[qkv],
            |x| ops::attend(&x[0], 2, window),
            |x| composed::attend(&x[0], 2, window),
        )?;
    }
    Ok(())
}

#[test]
fn attention_over_memory() -> Result<()> {
    let vars = [
        variable(&[6, 4, 3 * 16], 1)?,
        variable(&[2, 4, 5, 2 * 16], 2)?,
    ];
    same(
        "recall",
        &vars,
        |x| ops::recall(&x[0], &x[1], 2),
        |x| composed::recall(&x[0], &x[1], 2),
    )
}

#[test]
fn norms_and_gates() -> Result<()> {
    let vars = [variable(&[3, 5, 32], 1)?, variable(&[32], 2)?];
    same(
        "norm",
        &vars,
        |x| ops::norm(&x[0], &x[1]),
        |x| composed::norm(&x[0], &x[1]),
    )?;
    same(
        "gate",
        &[variable(&[4, 3, 32], 3)?],
        |x| ops::gate(&x[0]),
        |x| composed::gate(&x[0]),
    )
}

#[test]
fn ways_to_bytes() -> Result<()> {
    let symbols = Arc::new(vec![0u8, 255, 17, 128]);
    same(
        "path",
        &[variable(&[4, 256], 1)?],
        |x| ops::path(&x[0], &symbols),
        |x| composed::path(&x[0], &symbols),
    )
}

#[test]
fn selections() -> Result<()> {
    let numbers = Tensor::new(&[3u32, 0, 3, 4, 1], &Device::Cpu)?;
    same(
        "lookup",
        &[variable(&[5, 6], 2)?],
        |x| ops::lookup(&x[0], &numbers),
        |x| composed::lookup(&x[0], &numbers),
    )?;
    same(
        "choose",
        &[variable(&[3, 5, 4], 3)?],
        |x| ops::choose(&x[0], &[0, 2, 1, 4, 3, 4]),
        |x| composed::choose(&x[0], &[0, 2, 1, 4, 3, 4]),
    )
}

#[test]
fn rounding_is_that_of_the_integers() -> Result<()> {
    let x = variable(&[6, 32], 4)?;
    same(
        "rounding",
        std::slice::from_ref(&x),
        |x| ops::fake_quantise(&x[0]),
        |x| composed::fake_quantise(&x[0]),
    )?;
    let rounded = ops::fake_quantise(x.as_tensor())?.to_vec2::<f32>()?;
    for (rounded, x) in rounded.iter().zip(x.as_tensor().to_vec2::<f32>()?) {
        let most = x.iter().fold(0.0f32, |m, v| m.max(v.abs()));
        for (r, x) in rounded.iter().zip(x) {
            let steps = r * 127.0 / most;
            assert!((steps - steps.round()).abs() < 1e-3 && (r - x).abs() <= most / 253.0);
        }
    }
    // Nothing comes of nothing.
    let zeros = Tensor::zeros((2, 16), candle_core::DType::F32, &Device::Cpu)?;
    assert!(
        values(&ops::fake_quantise(&zeros)?)?
            .iter()
            .all(|v| *v == 0.0)
    );
    Ok(())
}
