//! The training loop.
use std::time::Instant;

use candle_core::{Device, Result, Tensor, Var, backprop::GradStore};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};
use catena_filter::model::Dims;

use crate::batch::Batcher;
use crate::experts::Said;
use crate::data::{FieldPlan, Records};
use crate::network::{Memory, Network};
use crate::parameters;

pub struct Options {
    pub dims: Dims,
    pub knots: usize,
    pub minutes: f64,
    pub seed: u64,
    pub sequences: usize,
    pub lengths: Vec<usize>,
    pub rate: f64,
    pub decay: f64,
    pub mixed: f64,
    pub threads: usize,
    pub quantise_from: f64,
}

pub fn evaluate(net: &Network, batcher: &Batcher, from: usize, to: usize, device: &Device) -> Result<(f64, f64, Vec<Vec<f64>>)> {
    let s = 4;
    let l = usize::from(net.dims.chunk);
    let each = (to - from) / s;
    let mut memory: Memory = None;
    let (mut alone, mut mixed, mut rows) = (0.0, 0.0, 0);
    let mut by: Vec<Vec<f64>> = Vec::new();
    let mut at = 0;
    while at + l <= each {
        let starts: Vec<usize> = (0..s).map(|i| from + i * each + at).collect();
        let batch = batcher.batch(&starts, l, device)?;
        let (bits, next) = net.forward(&batch, &memory)?;
        memory = next.map(|m| m.detach());
        alone += bits.alone.to_scalar::<f32>()? as f64;
        if let Some(m) = &bits.mixed { mixed += m.to_scalar::<f32>()? as f64; }
        for (i, b) in bits.by_field.iter().enumerate() {
            let b: Vec<f64> = b.to_vec1::<f32>()?.iter().map(|&x| x as f64).collect();
            if by.len() <= i { by.push(vec![0.0; b.len()]); }
            by[i].iter_mut().zip(b).for_each(|(a, b)| *a += b);
        }
        rows += s * l;
        at += l;
    }
    let n = rows.max(1) as f64;
    by.iter_mut().flatten().for_each(|b| *b /= n);
    Ok((alone / n, mixed / n, by))
}

/// Bits a record of planes without a head that are not constant.
pub fn raw_bits(records: &Records, fields: &[FieldPlan], rows: std::ops::Range<usize>) -> f64 {
    let mut bits = 0.0;
    for f in fields {
        let col = &records.columns[f.column];
        for p in 0..f.width {
            if !f.planes.contains(&p) {
                let first = f.byte(col[rows.start], p);
                if rows.clone().any(|r| f.byte(col[r], p) != first) { bits += 8.0; }
            }
        }
    }
    bits
}

pub fn train(records: &Records, rows: usize, held: usize, fields: &[FieldPlan], o: &Options, experts: Option<&Said>) -> Result<Network> {
    let device = Device::Cpu;
    let params = parameters::start(&o.dims, o.knots, fields, o.seed, &device)?;
    println!("parameters {} fields {} heads {:?}", params.count(), fields.len(), fields.iter().map(|f| f.planes.len()).sum::<usize>());
    let vars: Vec<Var> = params.0.values().cloned().collect();
    let mut opt = AdamW::new(vars.clone(), ParamsAdamW { lr: o.rate, beta1: 0.9, beta2: 0.98, eps: 1e-8, weight_decay: o.decay })?;
    let mut net = Network { dims: o.dims, parameters: params, quantised: false };
    let batcher = Batcher { records, fields, knots: o.knots, own: true, experts };
    let held_batcher = Batcher { records, fields, knots: o.knots, own: false, experts };
    let mut rng = fastrand::Rng::with_seed(o.seed + 1);
    let start = Instant::now();
    let raw = raw_bits(records, fields, rows..held);
    let rec = records.record as f64;
    let mut at = usize::MAX;
    let mut memories: Vec<Memory> = vec![None; o.threads];
    let each = rows / o.sequences;
    let mut offset = 0;
    let (mut step, mut epoch) = (0u64, 0);
    let mut next_report = 0.05;
    let (mut sum, mut sum_n) = (0.0, 0.0);
    let mut best: Option<(f64, Vec<Tensor>)> = None;
    loop {
        let done = start.elapsed().as_secs_f64() / (o.minutes * 60.0);
        if done >= next_report || done >= 1.0 {
            let (alone, mixed, _) = evaluate(&net, &held_batcher, rows, (rows + 1536).min(held), &device)?;
            println!("{:.2} step {step} epoch {epoch} train {:.4} held alone {:.4} mixed-bits {:.2} ({:.1} s)", done, (sum / sum_n + raw) / rec, (alone + raw) / rec, mixed, start.elapsed().as_secs_f64());
            (sum, sum_n) = (0.0, 0.0);
            let value = if o.mixed > 0.0 { mixed } else { alone };
            if done > o.quantise_from && best.as_ref().is_none_or(|b| value < b.0) {
                best = Some((value, vars.iter().map(|v| v.as_tensor().copy()).collect::<Result<_>>()?));
            }
            next_report += 0.1;
        }
        if done >= 1.0 { break; }
        net.quantised = done > o.quantise_from;
        let warm = (step as f64 / 100.0).min(1.0);
        let lr = o.rate * warm * (0.5 + 0.5 * (std::f64::consts::PI * done).cos()).max(0.02);
        opt.set_learning_rate(lr);
        let l = o.lengths[rng.usize(..o.lengths.len())];
        if at == usize::MAX || at + 2 * l > each {
            at = 0; epoch += 1;
            offset = rng.usize(..rows);
            memories.iter_mut().for_each(|m| *m = None);
        }
        let per = o.sequences / o.threads;
        let (netr, br, dev) = (&net, &batcher, &device);
        let results: Vec<Result<(GradStore, Memory, f64)>> = std::thread::scope(|scope| {
            let handles: Vec<_> = memories.iter().enumerate().map(|(t, memory)| {
                scope.spawn(move || -> Result<(GradStore, Memory, f64)> {
                    let mut memory = memory.clone();
                    let mut losses = Vec::new();
                    let mut total = 0.0;
                    for c in 0..2 {
                        let starts: Vec<usize> = (0..per).map(|i| {
                            let s = (t * per + i) * each + at + c * l + offset;
                            if s + l > rows { (s + l) % rows.max(1) % (rows - l) } else { s }
                        }).collect();
                        let batch = br.batch(&starts, l, dev)?;
                        let (bits, next) = netr.forward(&batch, &memory)?;
                        memory = next;
                        total += bits.alone.to_scalar::<f32>()? as f64;
                        let mut loss = bits.alone;
                        if let Some(m) = bits.mixed { if o.mixed > 0.0 { loss = ((loss * (1.0 - o.mixed))? + (m * (o.mixed * 1.0))?)?; } }
                        losses.push(loss);
                    }
                    let scale = 1.0 / (2.0 * (o.sequences * l) as f64 * 32.0);
                    let loss = (Tensor::stack(&losses, 0)?.sum_all()? * scale)?;
                    let grads = loss.backward()?;
                    Ok((grads, memory.map(|m| m.detach()), total))
                })
            }).collect();
            handles.into_iter().map(|h| h.join().unwrap()).collect()
        });
        let mut grads: Option<GradStore> = None;
        for (t, r) in results.into_iter().enumerate() {
            let (g, m, total) = r?;
            memories[t] = m;
            sum += total;
            match &mut grads {
                None => grads = Some(g),
                Some(all) => for v in &vars {
                    match (all.remove(v), g.get(v)) {
                        (Some(a), Some(b)) => { all.insert(v, (a + b)?); }
                        (Some(a), None) => { all.insert(v, a); }
                        (None, Some(b)) => { all.insert(v, b.clone()); }
                        _ => {}
                    }
                },
            }
        }
        let mut grads = grads.unwrap();
        let mut norm = 0.0f64;
        for v in &vars { if let Some(g) = grads.get(v) { norm += g.sqr()?.sum_all()?.to_scalar::<f32>()? as f64; } }
        let norm = norm.sqrt();
        if norm > 1.0 { for v in &vars { if let Some(g) = grads.remove(v) { grads.insert(v, (g * (1.0 / norm))?); } } }
        opt.step(&grads)?;
        sum_n += 2.0 * (o.sequences * l) as f64;
        step += 1;
        at += 2 * l;
    }
    if let Some((value, tensors)) = best {
        println!("best {value}");
        for (v, t) in vars.iter().zip(tensors) { v.set(&t)?; }
    }
    Ok(net)
}
