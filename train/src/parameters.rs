//! The network's parameters by name, and the start they are given.

use std::collections::BTreeMap;

use candle_core::{Device, Error, Result, Tensor, Var};
use catena_filter::model::Dims;

use crate::data::FieldPlan;
use crate::random::Random;

/// Parameters by name.
#[derive(Clone, Debug, Default)]
pub struct Parameters(pub BTreeMap<String, Var>);

impl Parameters {
    /// The parameter of that name.
    pub fn get(&self, name: &str) -> Result<&Tensor> {
        self.0
            .get(name)
            .map(Var::as_tensor)
            .ok_or_else(|| Error::Msg(format!("no parameter {name}")))
    }

    /// The same parameters on another device.
    pub fn to_device(&self, device: &Device) -> Result<Self> {
        let moved = self.0.iter().map(|(name, var)| {
            let there = Var::from_tensor(&var.as_tensor().to_device(device)?)?;
            Ok((name.clone(), there))
        });
        Ok(Parameters(moved.collect::<Result<_>>()?))
    }

    /// Number of weights.
    pub fn count(&self) -> usize {
        self.0.values().map(|v| v.elem_count()).sum()
    }
}

/// Functions of a node's place: for each of eight depths a polynomial of degree three.
pub const PLACES: usize = 32;

/// `[256, PLACES]`: those functions at each node. The place of a node is the middle of the bytes
/// below it, from -1 to 1.
pub fn node_places(device: &Device) -> Result<Tensor> {
    let mut places = vec![0.0f32; 256 * PLACES];
    for (node, row) in places.chunks_exact_mut(PLACES).enumerate().skip(1) {
        let depth = node.ilog2();
        let first = (node << (8 - depth)) & 255;
        let middle = first as f32 + (128 >> depth) as f32;
        let x = middle / 128.0 - 1.0;
        let at = 4 * depth as usize;
        row[at..at + 4].copy_from_slice(&[1.0, x, x * x * 1.5 - 0.5, x * (2.5 * x * x - 1.5)]);
    }
    Tensor::from_vec(places, (256, PLACES), device)
}

/// Parameters to begin with.
pub fn start(
    dims: &Dims,
    knots: usize,
    fields: &[FieldPlan],
    seed: u64,
    device: &Device,
) -> Result<Parameters> {
    let mut random = Random::new(seed);
    let mut all = BTreeMap::new();
    let (p, k) = (fields.len(), knots);
    let (d, z, f) = (
        usize::from(dims.width),
        usize::from(dims.head_width),
        usize::from(dims.hidden),
    );
    let mut put = |name: String, shape: &[usize], deviation: f64| -> Result<()> {
        let values = random.normal(shape.iter().product(), deviation as f32);
        let var = Var::from_tensor(&Tensor::from_vec(values, shape, device)?)?;
        all.insert(name, var);
        Ok(())
    };
    put("field.query".into(), &[p, 1, d], 0.5)?;
    put("field.value".into(), &[p, k, d], 0.5)?;
    put("field.above".into(), &[p, k, d], 0.2)?;
    put("field.equal".into(), &[p, 1, d], 0.2)?;
    put("field.byte_scales".into(), &[p, 4], 0.0)?;
    put("field.head_above".into(), &[p, k, z], 0.1)?;
    for j in 0..4 {
        put(format!("bytes.{j}"), &[256, d], 0.1)?;
    }
    let inner = 1.0 / (d as f64).sqrt();
    let residual = inner / (2.0 * f64::from(dims.blocks)).sqrt();
    for b in 0..dims.blocks {
        put(format!("block.{b}.qkv"), &[3 * d, d], inner)?;
        put(format!("block.{b}.out"), &[d, d], residual)?;
        put(format!("block.{b}.gate_up"), &[2 * f, d], inner)?;
        put(
            format!("block.{b}.down"),
            &[d, f],
            residual * (d as f64 / f as f64).sqrt(),
        )?;
    }
    if dims.slots > 0 {
        put("eviction.depthwise".into(), &[3, d], 0.3)?;
        put("eviction.pointwise".into(), &[d, 1], inner)?;
        put("eviction.project".into(), &[d, d], inner)?;
    }
    let heads = fields.iter().map(|f| f.planes.len()).max().unwrap_or(0);
    for i in 0..heads {
        let with = fields.iter().filter(|f| f.planes.len() > i).count();
        put(format!("head.{i}.project"), &[z, d], inner)?;
        put(format!("head.{i}.types"), &[with, 1, z], 0.3)?;
        for before in 0..i {
            put(format!("head.{i}.prefix.{before}"), &[256, z], 0.3)?;
        }
        put(format!("head.{i}.above"), &[257, z], 0.2)?;
        put(format!("head.{i}.reference"), &[257, z], 0.2)?;
        put(format!("head.{i}.nodes"), &[256, z], 0.0)?;
        put(format!("head.{i}.smooth"), &[PLACES, z], 0.02)?;
        put(format!("head.{i}.copies"), &[2, z], 0.02)?;
    }
    let mut constant = |name: String, n: usize, value: f32| -> Result<()> {
        let var = Var::from_tensor(&Tensor::from_vec(vec![value; n], n, device)?)?;
        all.insert(name, var);
        Ok(())
    };
    for b in 0..dims.blocks {
        constant(format!("block.{b}.attention_norm"), d, 1.0)?;
        constant(format!("block.{b}.forward_norm"), d, 1.0)?;
        // Near local-only: the memory has to earn its share.
        constant(format!("block.{b}.beta"), usize::from(dims.heads), -3.0)?;
    }
    constant("norm".into(), d, 1.0)?;
    if dims.slots > 0 {
        constant("eviction.norm".into(), d, 1.0)?;
    }
    for i in 0..heads {
        let with = fields.iter().filter(|f| f.planes.len() > i).count();
        // How far the experts and the network are believed where both are mixed.
        let mut mix = vec![0.6f32; with * 2];
        mix[with..].fill(0.4);
        let var = Var::from_tensor(&Tensor::from_vec(mix, (2, with, 1, 1), device)?)?;
        all.insert(format!("head.{i}.mix"), var);
    }
    Ok(Parameters(all))
}
