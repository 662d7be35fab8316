//! From trained floats to the integers of a model file.

use candle_core::{Error, Result, Tensor};
use catena_filter::model::{self, Block, Eviction, Field, Head, Matrix, Prior, Priors, Table};

use crate::data::{Counts, FieldPlan, HeadCounts};
use crate::device::Precision;
use crate::network::Network;

/// The network as a model file holds it.
pub fn export(network: &Network, fields: &[FieldPlan]) -> Result<model::Network> {
    let dims = network.dims;
    let parameters = &network.parameters;
    let plain = Network {
        quantised: false,
        precision: Precision::Single,
        ..network.clone()
    };
    let floats = |name: &str| -> Result<Vec<f32>> {
        let values = parameters.get(name)?.flatten_all()?.to_vec1::<f32>()?;
        if values.iter().all(|v| v.is_finite()) {
            Ok(values)
        } else {
            Err(Error::Msg(format!(
                "{name} is not finite: the training has diverged"
            )))
        }
    };
    let matrix = |name: &str| -> Result<Matrix> {
        let (outputs, inputs) = parameters.get(name)?.dims2()?;
        Ok(to_matrix(&floats(name)?, outputs, inputs))
    };
    let table = |name: &str| -> Result<Table> {
        let (rows, cols) = parameters.get(name)?.dims2()?;
        Ok(to_table(&floats(name)?, rows, cols))
    };
    let heads = fields.iter().map(|f| f.planes.len()).max().unwrap_or(0);
    let scales = softmax_rows(parameters.get("field.byte_scales")?)?;
    // By field: the part of a [P, rows, cols] parameter that is its own.
    let read_table = |name: &str, p: usize, plan: &FieldPlan| -> Result<Table> {
        let rows = plan.knots.len();
        let part = parameters.get(name)?.get(p)?;
        let cols = part.dim(1)?;
        let mut values = part.flatten_all()?.to_vec1::<f32>()?;
        if !plan.read {
            values.fill(0.0);
        }
        Ok(to_table(&values[..rows * cols], rows, cols))
    };
    let part = |name: &str, p: usize| -> Result<Vec<f32>> {
        Ok(short(
            parameters
                .get(name)?
                .get(p)?
                .flatten_all()?
                .to_vec1::<f32>()?,
        ))
    };
    let mut out = Vec::with_capacity(fields.len());
    for (p, plan) in fields.iter().enumerate() {
        let mut head_types = Vec::new();
        for head in 0..plan.planes.len() {
            let place = fields[..p].iter().filter(|f| f.planes.len() > head).count();
            head_types.push(part(&format!("head.{head}.types"), place)?);
        }
        out.push(Field {
            column: plan.column as u16,
            planes: plan.planes.iter().fold(0, |bits, &plane| bits | 1 << plane),
            reference: plan.reference,
            query: part("field.query", p)?,
            knots: plan.knots.clone(),
            value: read_table("field.value", p, plan)?,
            above: read_table("field.above", p, plan)?,
            equal: part("field.equal", p)?,
            byte_scales: std::array::from_fn(|j| {
                let plane = plan.width.saturating_sub(4) + j;
                if plan.bytes.contains(&plane) {
                    scales[p][j]
                } else {
                    0.0
                }
            }),
            head_above: read_table("field.head_above", p, plan)?,
            head_types,
            priors: plan
                .counts
                .iter()
                .map(|counts| priors(counts, plan.read))
                .collect(),
        });
    }
    let bytes = [
        table("bytes.0")?,
        table("bytes.1")?,
        table("bytes.2")?,
        table("bytes.3")?,
    ];
    let blocks = (0..dims.blocks)
        .map(|b| {
            let name = |part: &str| format!("block.{b}.{part}");
            Ok(Block {
                attention_norm: short(floats(&name("attention_norm"))?),
                qkv: matrix(&name("qkv"))?,
                memory_share: short(
                    floats(&name("beta"))?
                        .iter()
                        .map(|&b| 1.0 / (1.0 + (-b).exp()))
                        .collect(),
                ),
                out: matrix(&name("out"))?,
                forward_norm: short(floats(&name("forward_norm"))?),
                gate_up: matrix(&name("gate_up"))?,
                down: matrix(&name("down"))?,
            })
        })
        .collect::<Result<_>>()?;
    let eviction = if dims.slots > 0 {
        Some(Eviction {
            depthwise: short(floats("eviction.depthwise")?),
            pointwise: short(floats("eviction.pointwise")?),
            project: matrix("eviction.project")?,
            norm: short(floats("eviction.norm")?),
        })
    } else {
        None
    };
    let heads = (0..heads)
        .map(|i| {
            let name = |part: &str| format!("head.{i}.{part}");
            Ok(Head {
                project: matrix(&name("project"))?,
                prefix: (0..i)
                    .map(|before| table(&name(&format!("prefix.{before}"))))
                    .collect::<Result<_>>()?,
                above: table(&name("above"))?,
                reference: table(&name("reference"))?,
                copies: matrix(&name("copies"))?,
                nodes: to_matrix(
                    &plain.nodes(i)?.flatten_all()?.to_vec1::<f32>()?,
                    256,
                    usize::from(dims.head_width),
                ),
            })
        })
        .collect::<Result<_>>()?;
    Ok(model::Network {
        dims,
        fields: out,
        bytes,
        blocks,
        norm: short(floats("norm")?),
        eviction,
        heads,
    })
}

/// The upper sixteen bits of each float, rounded: vectors need no more, and the file is smaller.
fn short(values: Vec<f32>) -> Vec<f32> {
    values
        .into_iter()
        .map(|v| f32::from_bits((v.to_bits().saturating_add(0x8000)) & 0xFFFF_0000))
        .collect()
}

fn round(values: &[f32]) -> (Vec<i8>, f32) {
    let most = values.iter().fold(0.0f32, |m, v| m.max(v.abs()));
    // A scale is never zero: weights of zero say as much.
    let scale = if most < 1e-12 { 1e-12 } else { most / 127.0 };
    let weights = values
        .iter()
        .map(|v| (v / scale).round().clamp(-127.0, 127.0) as i8)
        .collect();
    (weights, scale)
}

fn to_matrix(values: &[f32], outputs: usize, inputs: usize) -> Matrix {
    let mut weights = Vec::with_capacity(values.len());
    let mut scales = Vec::with_capacity(outputs);
    for row in values.chunks_exact(inputs) {
        let (integers, scale) = round(row);
        weights.extend(integers);
        scales.push(scale);
    }
    Matrix {
        outputs,
        inputs,
        weights,
        scales,
    }
}

fn to_table(values: &[f32], rows: usize, cols: usize) -> Table {
    let (weights, scale) = round(values);
    Table {
        rows,
        cols,
        weights,
        scale,
    }
}

fn softmax_rows(x: &Tensor) -> Result<Vec<[f32; 4]>> {
    Ok(x.to_vec2::<f32>()?
        .iter()
        .map(|row| {
            let e: Vec<f32> = row.iter().map(|v| v.exp()).collect();
            let sum: f32 = e.iter().sum();
            std::array::from_fn(|j| 4.0 * e[j] / sum)
        })
        .collect())
}

fn prior(counts: (&Counts, &[f64; 8])) -> Box<Prior> {
    let mut table = Box::new([0i8; 256]);
    for (node, logit) in table.iter_mut().enumerate().skip(1) {
        *logit = (HeadCounts::logit(counts, node, None) * 16.0).round() as i8;
    }
    table
}

fn priors(counts: &HeadCounts, read: bool) -> Priors {
    if !read {
        return Priors {
            common: Box::new([0; 256]),
            after: Vec::new(),
        };
    }
    Priors {
        common: prior(counts.at(None)),
        after: counts
            .after
            .iter()
            .enumerate()
            .filter_map(|(byte, own)| {
                Some((byte as u8, prior((own.as_deref()?, &counts.pseudo[1]))))
            })
            .collect(),
    }
}
