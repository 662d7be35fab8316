//! The same operations composed of candle's own.

use candle_core::{D, DType, Result, Tensor};
use candle_nn::ops::{silu, softmax};

use super::path::node;

/// See [`super::attend`].
pub fn attend(qkv: &Tensor, heads: usize, window: usize) -> Result<Tensor> {
    let (rows, fields, three_d) = qkv.dims3()?;
    let (d, dk) = (three_d / 3, three_d / 3 / heads);
    let part = |i: usize| {
        qkv.narrow(2, i * d, d)?
            .reshape((rows, fields, heads, dk))?
            .transpose(1, 2)?
            .contiguous()
    };
    let (q, k, v) = (part(0)?, part(1)?, part(2)?);
    let scores = (q.matmul(&k.t()?.contiguous()?)? / (dk as f64).sqrt())?;
    let hidden: Vec<f32> = (0..fields * fields)
        .map(|i| {
            let (p, at) = (i / fields, i % fields);
            if at > p || at + window <= p {
                -1e30
            } else {
                0.0
            }
        })
        .collect();
    let hidden =
        Tensor::from_vec(hidden, (1, 1, fields, fields), qkv.device())?.to_dtype(qkv.dtype())?;
    let weights = softmax(&scores.broadcast_add(&hidden)?, D::Minus1)?;
    weights
        .matmul(&v)?
        .transpose(1, 2)?
        .contiguous()?
        .reshape((rows, fields, d))
}

/// See [`super::recall`].
pub fn recall(qkv: &Tensor, slots: &Tensor, heads: usize) -> Result<Tensor> {
    let (all, fields, three_d) = qkv.dims3()?;
    let (sequences, _, slot_n, _) = slots.dims4()?;
    let (d, dk, rows) = (three_d / 3, three_d / 3 / heads, all / sequences);
    // Products know one axis of batches.
    let batches = sequences * fields * heads;
    let q = qkv
        .narrow(2, 0, d)?
        .reshape((sequences, rows, fields, heads, dk))?
        .permute((0, 2, 3, 1, 4))?
        .contiguous()?
        .reshape((batches, rows, dk))?;
    let part = |i: usize| {
        slots
            .narrow(3, i * d, d)?
            .reshape((sequences, fields, slot_n, heads, dk))?
            .permute((0, 1, 3, 2, 4))?
            .contiguous()?
            .reshape((batches, slot_n, dk))
    };
    let (k, v) = (part(0)?, part(1)?);
    let scores = (q.matmul(&k.t()?.contiguous()?)? / (dk as f64).sqrt())?;
    softmax(&scores, D::Minus1)?
        .matmul(&v)?
        .reshape((sequences, fields, heads, rows, dk))?
        .permute((0, 3, 1, 2, 4))?
        .contiguous()?
        .reshape((all, fields, d))
}

/// See [`super::norm`].
pub fn norm(x: &Tensor, gain: &Tensor) -> Result<Tensor> {
    let mean = x.sqr()?.mean_keepdim(D::Minus1)?;
    let root = (mean + f64::from(super::norm::EPSILON))?.sqrt()?;
    x.broadcast_div(&root)?.broadcast_mul(gain)
}

/// See [`super::gate`].
pub fn gate(x: &Tensor) -> Result<Tensor> {
    let halves = x.chunk(2, D::Minus1)?;
    silu(&halves[0])? * &halves[1]
}

/// See [`super::fake_quantise`].
pub fn fake_quantise(x: &Tensor) -> Result<Tensor> {
    let most = (x.abs()?.max_keepdim(D::Minus1)? + 1e-20)?;
    let scaled = x.broadcast_div(&most)?.affine(127.0, 0.0)?;
    let rounded = scaled
        .round()?
        .broadcast_mul(&most)?
        .affine(1.0 / 127.0, 0.0)?;
    x + (rounded - x)?.detach()
}

/// See [`super::path`].
pub fn path(logits: &Tensor, symbols: &[u8]) -> Result<Tensor> {
    let nodes: Vec<u32> = symbols
        .iter()
        .flat_map(|&symbol| (0..8).map(move |bit| node(symbol, bit) as u32))
        .collect();
    let nodes =
        Tensor::from_vec(nodes, (symbols.len(), 8), logits.device())?.to_dtype(DType::U32)?;
    logits.gather(&nodes, 1)
}

/// See [`super::lookup`]. A product with ones and zeros: on a GPU the gradient of a selection adds
/// up one number after another.
pub fn lookup(table: &Tensor, numbers: &Tensor) -> Result<Tensor> {
    let rows = Tensor::arange(0u32, table.dim(0)? as u32, table.device())?;
    let ones = numbers
        .unsqueeze(1)?
        .broadcast_eq(&rows.unsqueeze(0)?)?
        .to_dtype(table.dtype())?;
    ones.matmul(table)
}

/// See [`super::choose`].
pub fn choose(x: &Tensor, rows: &[u32]) -> Result<Tensor> {
    let (groups, _, width) = x.dims3()?;
    let each = rows.len() / groups;
    let rows = Tensor::from_slice(rows, (groups, each, 1), x.device())?
        .broadcast_as((groups, each, width))?
        .contiguous()?;
    x.contiguous()?.gather(&rows, 1)
}
