//! A run on disk: all that training needs to go on as if it had never stopped.
//!
//! One safetensors file: `var/NAME`, `mean/NAME` and `square/NAME` for every variable and its
//! moments, `best/NAME` for what was best so far, and a few small tensors beside them for the rest.
//! It is written under a temporary name and renamed when it is whole and on the disk, so that there
//! is always a usable checkpoint, the last or the one before. Invariant: loading changes either
//! everything or nothing.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use candle_core::{DType, Device, Tensor, Var, safetensors};
use catena_files::{Attributes, Inputs, Unfinished, shown};

use crate::optimise::AdamW;

/// Of this file. Others are refused.
const VERSION: u32 = 2;

/// Where a run stands, beside its variables.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// What is trained on what, in the caller's words (JSON, say): to be compared when a run is
    /// taken up again.
    pub about: String,
    /// The random generator's state ([`crate::random::Random::state`]).
    pub random: Vec<u8>,
    /// The best validation so far.
    pub best: Option<Best>,
    /// Seconds of training so far.
    pub seconds: f64,
}

/// What was best on held-out rows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Best {
    /// What it was judged by.
    pub value: f64,
    /// Bits per byte of the network alone.
    pub alone_bpb: f64,
    /// The step it was made at, and the seconds of training until then.
    pub step: u64,
    /// See `step`.
    pub seconds: f64,
}

/// Writes the optimiser's variables, moments and steps, the best values of the variables in the
/// same order, and the state.
///
/// # Errors
/// Those of candle and of the file system; an earlier checkpoint at `path` is then still there.
pub fn save(path: &Path, optimiser: &AdamW, best: &[Tensor], state: &State) -> Result<()> {
    let mut tensors = HashMap::new();
    for (name, var) in optimiser.vars() {
        tensors.insert(format!("var/{name}"), var.as_detached_tensor());
    }
    for ((name, _), tensor) in optimiser.vars().zip(best) {
        tensors.insert(format!("best/{name}"), tensor.clone());
    }
    for (name, mean, square) in optimiser.moments()? {
        tensors.insert(format!("mean/{name}"), mean);
        tensors.insert(format!("square/{name}"), square);
    }
    let best = state.best.unwrap_or(Best {
        value: f64::NAN,
        ..Best::default()
    });
    let numbers = [state.seconds, best.value, best.alone_bpb, best.seconds];
    let counts = [
        i64::from(VERSION),
        count(optimiser.steps())?,
        count(best.step)?,
    ];
    tensors.insert("numbers".into(), Tensor::new(&numbers, &Device::Cpu)?);
    tensors.insert("counts".into(), Tensor::new(&counts, &Device::Cpu)?);
    tensors.insert("about".into(), bytes(state.about.as_bytes())?);
    tensors.insert("random".into(), bytes(&state.random)?);
    write(path, &tensors).with_context(|| format!("writing the checkpoint {}", shown(path)))
}

/// Reads a checkpoint into an optimiser with the same variables. Beside the state it gives the best
/// values of the variables, in their order; none if there was no validation yet.
///
/// # Errors
/// What is no checkpoint or one of another version; variables of other names or shapes, which the
/// message names. Nothing is changed then.
pub fn load(path: &Path, optimiser: &mut AdamW) -> Result<(State, Vec<Tensor>)> {
    read(path, optimiser).with_context(|| format!("reading the checkpoint {}", shown(path)))
}

/// Reads only the state of a checkpoint, such as what it is about.
///
/// # Errors
/// What is no checkpoint or one of another version.
pub fn peek(path: &Path) -> Result<State> {
    let tensors = safetensors::load(path, &Device::Cpu).map_err(anyhow::Error::from);
    let state = tensors.and_then(|tensors| state(&tensors));
    let (state, _) = state.with_context(|| format!("reading the checkpoint {}", shown(path)))?;
    Ok(state)
}

fn read(path: &Path, optimiser: &mut AdamW) -> Result<(State, Vec<Tensor>)> {
    let tensors = safetensors::load(path, &Device::Cpu)?;
    let (state, step) = state(&tensors)?;
    let (mut values, mut moments) = (Vec::<(Var, Tensor)>::new(), Vec::new());
    let mut best = Vec::new();
    for (name, var) in optimiser.vars() {
        let find = |kind: &str| -> Result<Tensor> {
            let Some(tensor) = tensors.get(&format!("{kind}/{name}")) else {
                bail!("it has no {kind}/{name}: it is of another network");
            };
            ensure!(
                tensor.shape() == var.shape() && tensor.dtype() == DType::F32,
                "{kind}/{name} is {:?} of shape {:?} there, {:?} of shape {:?} here: it is of another network",
                tensor.dtype(),
                tensor.dims(),
                var.dtype(),
                var.dims()
            );
            Ok(tensor.clone())
        };
        values.push((var.clone(), find("var")?.to_device(var.device())?));
        moments.push((find("mean")?, find("square")?));
        if state.best.is_some() {
            best.push(find("best")?.to_device(var.device())?);
        }
    }
    let stored_n = tensors.keys().filter(|k| k.starts_with("var/")).count();
    ensure!(
        stored_n == values.len(),
        "it has {stored_n} variables, the network {}: it is of another network",
        values.len()
    );
    optimiser.resume(step, &moments)?;
    for (var, value) in values {
        var.set(&value)?;
    }
    Ok((state, best))
}

/// The state and the optimiser's steps.
fn state(tensors: &HashMap<String, Tensor>) -> Result<(State, u64)> {
    let find = |name: &str, dtype| match tensors.get(name) {
        Some(t) if t.dtype() == dtype && t.rank() == 1 => Ok(t),
        _ => bail!("it has no {name}: it is no checkpoint of a training run"),
    };
    let counts: Vec<i64> = find("counts", DType::I64)?.to_vec1()?;
    let numbers: Vec<f64> = find("numbers", DType::F64)?.to_vec1()?;
    if let Some(version) = counts.first()
        && *version != i64::from(VERSION)
    {
        bail!("it is of version {version}; this program reads version {VERSION}");
    }
    let ([_, step, best_step], [seconds, value, alone_bpb, best_seconds]) =
        (counts.as_slice(), numbers.as_slice())
    else {
        bail!(
            "it has {} counts and {} numbers",
            counts.len(),
            numbers.len()
        );
    };
    let (step, best_step) = (u64::try_from(*step)?, u64::try_from(*best_step)?);
    let text = |name| -> Result<Vec<u8>> { Ok(find(name, DType::U8)?.to_vec1()?) };
    let state = State {
        about: String::from_utf8(text("about")?)?,
        random: text("random")?,
        best: value.is_finite().then_some(Best {
            value: *value,
            alone_bpb: *alone_bpb,
            step: best_step,
            seconds: *best_seconds,
        }),
        seconds: *seconds,
    };
    Ok((state, step))
}

fn count(n: u64) -> Result<i64> {
    Ok(i64::try_from(n)?)
}

fn bytes(bytes: &[u8]) -> Result<Tensor> {
    Ok(Tensor::from_slice(bytes, bytes.len(), &Device::Cpu)?)
}

/// Under a temporary name beside it, then renamed. It is its owner's alone: it has what the data
/// taught.
fn write(path: &Path, tensors: &HashMap<String, Tensor>) -> Result<()> {
    let file = Unfinished::create(path, true, &Inputs::default())?;
    safetensors::save(tensors, file.temporary_path())?;
    Ok(file.commit(&Attributes::private())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimise::AdamWOptions;
    use crate::random::Random;
    use std::fs;

    /// A network of one matrix and one vector, and its optimiser.
    fn start(outputs: usize) -> Result<(Vec<Var>, AdamW)> {
        let mut random = Random::new(3);
        let vars = vec![
            random.variable((outputs, 4), 0.5, &Device::Cpu)?,
            random.variable(outputs, 0.5, &Device::Cpu)?,
        ];
        let names = ["layer.weight", "layer.bias"].map(String::from);
        let named = names.into_iter().zip(vars.iter().cloned());
        let optimiser = AdamW::new(named, AdamWOptions::default())?;
        Ok((vars, optimiser))
    }

    fn step(vars: &[Var], optimiser: &mut AdamW, random: &mut Random) -> Result<()> {
        let x = Tensor::from_vec(random.normal(8, 1.0), (2, 4), &Device::Cpu)?;
        let y = x.matmul(&vars[0].t()?)?.broadcast_add(&vars[1])?;
        let loss = (y.sqr()?.sum_all()? + y.sum_all()?)?;
        optimiser.gather(&loss.backward()?)?;
        optimiser.step(1e-2)?;
        Ok(())
    }

    fn values(vars: &[Var]) -> Result<Vec<f32>> {
        let all = vars.iter().map(|v| Ok(v.flatten_all()?.to_vec1::<f32>()?));
        Ok(all.collect::<Result<Vec<_>>>()?.concat())
    }

    #[test]
    fn a_resumed_run_is_the_same_run() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("run.checkpoint");
        let (vars, mut optimiser) = start(3)?;
        let mut random = Random::new(5);
        for _ in 0..4 {
            step(&vars, &mut optimiser, &mut random)?;
        }
        let state = State {
            about: "jets, ünïcode".into(),
            random: random.state(),
            best: Some(Best {
                value: 2.5,
                alone_bpb: 2.75,
                step: 3,
                seconds: 8.0,
            }),
            seconds: 12.5,
        };
        let best: Vec<Tensor> = vars
            .iter()
            .map(|v| v.as_tensor().copy())
            .collect::<candle_core::Result<_>>()?;
        save(&path, &optimiser, &best, &state)?;
        let best = best.iter().map(|v| Ok(v.flatten_all()?.to_vec1::<f32>()?));
        let best = best.collect::<Result<Vec<_>>>()?.concat();
        for _ in 0..4 {
            step(&vars, &mut optimiser, &mut random)?;
        }

        let (again, mut resumed) = start(3)?;
        assert_eq!(peek(&path)?, state);
        let (read, tensors) = load(&path, &mut resumed)?;
        assert_eq!(read, state);
        let tensors = tensors
            .iter()
            .map(|v| Ok(v.flatten_all()?.to_vec1::<f32>()?));
        assert_eq!(tensors.collect::<Result<Vec<_>>>()?.concat(), best);
        assert_eq!(resumed.steps(), 4);
        let mut random = Random::from_state(&state.random)?;
        for _ in 0..4 {
            step(&again, &mut resumed, &mut random)?;
        }
        assert_eq!(values(&vars)?, values(&again)?);
        Ok(())
    }

    #[test]
    fn other_networks_are_refused_untouched() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("run.checkpoint");
        save(&path, &start(3)?.1, &[], &State::default())?;
        let (vars, mut other) = start(5)?;
        let before = values(&vars)?;
        let why = format!("{:#}", load(&path, &mut other).expect_err("another shape"));
        assert!(
            why.contains("layer.weight") && why.contains("[3, 4]") && why.contains("[5, 4]"),
            "{why}"
        );
        assert_eq!(values(&vars)?, before);

        let var = start(3)?.0.remove(0);
        let mut named = AdamW::new([("else".to_owned(), var.clone())], AdamWOptions::default())?;
        assert!(load(&path, &mut named).is_err(), "another name");
        let mut fewer = AdamW::new([("layer.weight".to_owned(), var)], AdamWOptions::default())?;
        assert!(load(&path, &mut fewer).is_err(), "fewer variables");
        assert_eq!(peek(&path)?, State::default());
        Ok(())
    }

    #[test]
    fn what_is_no_checkpoint() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("run.checkpoint");
        let (_, mut optimiser) = start(3)?;
        assert!(load(&path, &mut optimiser).is_err(), "no file");
        save(&path, &optimiser, &[], &State::default())?;
        let whole = fs::read(&path)?;
        for n in [0, 4, 8, 100, whole.len() / 2, whole.len() - 1] {
            fs::write(&path, &whole[..n])?;
            assert!(load(&path, &mut optimiser).is_err(), "{n} bytes");
        }
        let x = Tensor::new(&[1f32], &Device::Cpu)?;
        safetensors::save(&HashMap::from([("x", x)]), &path)?;
        assert!(load(&path, &mut optimiser).is_err(), "other tensors");
        Ok(())
    }

    #[test]
    fn nothing_is_left_beside_it() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("run.checkpoint");
        let optimiser = start(3)?.1;
        save(&path, &optimiser, &[], &State::default())?;
        save(&path, &optimiser, &[], &State::default())?;
        // A folder cannot be replaced by a file.
        let taken = folder.path().join("taken");
        fs::create_dir(&taken)?;
        assert!(save(&taken, &optimiser, &[], &State::default()).is_err());
        assert_eq!(fs::read_dir(&folder)?.count(), 2);
        Ok(())
    }
}
