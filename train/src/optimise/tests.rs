//! Against the formulas written down plainly in f64, and against itself after a break.

use super::*;

fn var(values: &[f32], shape: &[usize]) -> Result<Var> {
    Ok(Var::from_tensor(&Tensor::from_slice(
        values,
        shape,
        &Device::Cpu,
    )?)?)
}

fn values(x: &Tensor) -> Result<Vec<f32>> {
    Ok(x.flatten_all()?.to_vec1()?)
}

/// Gradients that are given: those of the sum of x * g.
fn pass(vars: &[(&Var, &[f32])]) -> Result<GradStore> {
    let mut loss = Tensor::new(0f32, &Device::Cpu)?;
    for (x, g) in vars {
        let g = Tensor::from_slice(g, x.shape(), &Device::Cpu)?;
        loss = (loss + (x.as_tensor() * g)?.sum_all()?)?;
    }
    Ok(loss.backward()?)
}

fn near(a: &[f32], b: &[f64], bound: f64) {
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(b) {
        assert!((f64::from(*a) - b).abs() < bound, "{a} for {b}");
    }
}

/// Three gradients of a matrix of 2 x 2 and of a vector of 2, laid behind one another.
const GRADIENTS: [[f32; 6]; 3] = [
    [0.5, -1.0, 0.25, 0.0, 2.0, -0.5],
    [0.1, 0.2, -0.3, 0.4, -0.5, 0.6],
    [3.0, -2.0, 1.0, 0.5, 4.0, -1.0],
];
const START: [f32; 6] = [1.0, -2.0, 0.5, 3.0, -1.0, 2.0];
const OPTIONS: AdamWOptions = AdamWOptions {
    beta1: 0.9,
    beta2: 0.95,
    epsilon: 1e-8,
    weight_decay: 0.1,
    clip: 1.5,
};

/// The method as its paper has it, in f64.
fn by_hand(rate: f64) -> Vec<f64> {
    let o = OPTIONS;
    let mut x = START.map(f64::from);
    let (mut m, mut v) = ([0.0; 6], [0.0; 6]);
    for (t, g) in (1..).zip(GRADIENTS) {
        let norm = g.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
        for i in 0..6 {
            let g = f64::from(g[i]) * if norm > o.clip { o.clip / norm } else { 1.0 };
            m[i] = o.beta1 * m[i] + (1.0 - o.beta1) * g;
            v[i] = o.beta2 * v[i] + (1.0 - o.beta2) * g * g;
            let (m, v) = (
                m[i] / (1.0 - o.beta1.powi(t)),
                v[i] / (1.0 - o.beta2.powi(t)),
            );
            let decay = if i < 4 { o.weight_decay } else { 0.0 };
            x[i] -= rate * (m / (v.sqrt() + o.epsilon) + decay * x[i]);
        }
    }
    x.to_vec()
}

fn start() -> Result<(Var, Var, AdamW)> {
    let (a, b) = (var(&START[..4], &[2, 2])?, var(&START[4..], &[2])?);
    let named = [("a".to_owned(), a.clone()), ("b".to_owned(), b.clone())];
    Ok((a, b, AdamW::new(named, OPTIONS)?))
}

#[test]
fn three_steps_by_hand() -> Result<()> {
    let rate = 0.05;
    // The way of other devices is tried on the CPU, too.
    for on_device in [false, true] {
        let (a, b, mut optimiser) = start()?;
        if on_device {
            for p in &mut optimiser.parameters {
                p.moments = Moments::Device(p.var.zeros_like()?, p.var.zeros_like()?);
            }
        }
        for g in GRADIENTS {
            optimiser.gather(&pass(&[(&a, &g[..4]), (&b, &g[4..])])?)?;
            let norm = optimiser.step(rate)?;
            let wanted = g.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
            assert!((norm - wanted).abs() < 1e-6, "{norm} for {wanted}");
        }
        let wanted = by_hand(rate);
        near(&values(&a)?, &wanted[..4], 1e-6);
        near(&values(&b)?, &wanted[4..], 1e-6);
        assert_eq!(optimiser.steps(), 3);
    }
    Ok(())
}

#[test]
fn two_passes_count_as_their_mean() -> Result<()> {
    let (a, _, mut one) = start()?;
    one.gather(&pass(&[(&a, &[0.5, 0.25, 0.0, 1.0])])?)?;
    let norm = one.step(0.1)?;
    let (b, untouched, mut two) = start()?;
    two.gather(&pass(&[(&b, &[1.0, 0.5, -1.0, 0.0])])?)?;
    two.gather(&pass(&[(&b, &[0.0, 0.0, 1.0, 2.0])])?)?;
    assert_eq!(two.step(0.1)?, norm);
    assert_eq!(values(&a)?, values(&b)?);
    assert_eq!(values(&untouched)?, START[4..], "no gradient, no change");
    assert!(two.step(0.1).is_err(), "nothing was gathered");
    Ok(())
}

#[test]
fn what_is_not_finite_changes_nothing() -> Result<()> {
    let (a, b, mut optimiser) = start()?;
    for bad in [f32::NAN, f32::INFINITY] {
        optimiser.gather(&pass(&[(&a, &[1.0, bad, 0.0, 0.0]), (&b, &[1.0, 1.0])])?)?;
        assert!(!optimiser.step(0.1)?.is_finite());
    }
    assert_eq!((values(&a)?, optimiser.steps()), (START[..4].to_vec(), 0));
    assert_eq!(values(&b)?, START[4..]);
    Ok(())
}

#[test]
fn resumed_equals_uninterrupted() -> Result<()> {
    let (a, b, mut whole) = start()?;
    let (c, d, mut first) = start()?;
    let step = |o: &mut AdamW, a: &Var, b: &Var, g: [f32; 6]| -> Result<()> {
        o.gather(&pass(&[(a, &g[..4]), (b, &g[4..])])?)?;
        o.step(0.05)?;
        Ok(())
    };
    for g in GRADIENTS {
        step(&mut whole, &a, &b, g)?;
    }
    step(&mut first, &c, &d, GRADIENTS[0])?;
    let named = first.vars().map(|(n, v)| (n.to_owned(), v.clone()));
    let mut second = AdamW::new(named.collect::<Vec<_>>(), OPTIONS)?;
    let moments: Vec<_> = first
        .moments()?
        .into_iter()
        .map(|(_, m, v)| (m, v))
        .collect();
    second.resume(first.steps(), &moments)?;
    for g in &GRADIENTS[1..] {
        step(&mut second, &c, &d, *g)?;
    }
    assert_eq!((values(&a)?, values(&b)?), (values(&c)?, values(&d)?));
    assert!(second.resume(1, &moments[..1]).is_err());
    Ok(())
}

#[test]
fn variables_that_cannot_be_trained() -> Result<()> {
    let x = var(&[1.0], &[1])?;
    let twice = [("x".to_owned(), x.clone()), ("x".to_owned(), x.clone())];
    assert!(AdamW::new(twice, OPTIONS).is_err());
    let wide = Var::from_tensor(&x.to_dtype(DType::F64)?)?;
    assert!(AdamW::new([("x".to_owned(), wide)], OPTIONS).is_err());
    Ok(())
}
