//! Operations that candle has only as long chains of small ones: each is one pass over memory here,
//! forward and backward.
//!
//! On a CPU they are custom operations compiled for each vector unit; on other devices the same is
//! composed of candle's own operations ([`composed`]), which are also what the tests compare with.

mod attention;
pub mod composed;
mod gate;
mod norm;
pub(crate) mod path;
mod quantise;
mod recall;

pub use path::node;

use candle_core::{CpuStorage, DType, Layout, Result, Storage, Tensor};

/// Causal attention of each field over the fields before it in its row. `qkv`:
/// `[rows, fields, 3d]`; gives `[rows, fields, d]`.
pub fn attend(qkv: &Tensor, heads: usize, window: usize) -> Result<Tensor> {
    if qkv.device().is_cpu() {
        qkv.contiguous()?
            .apply_op1(attention::Attend { heads, window })
    } else {
        composed::attend(qkv, heads, window)
    }
}

/// Attention of each field over its memory. `qkv`: `[sequences * rows, fields, 3d]`, of which the
/// first third asks; `slots`: `[sequences, fields, slots, 2d]`, keys then values; gives
/// `[sequences * rows, fields, d]`.
pub fn recall(qkv: &Tensor, slots: &Tensor, heads: usize) -> Result<Tensor> {
    if qkv.device().is_cpu() {
        qkv.contiguous()?
            .apply_op2(&slots.contiguous()?, recall::Recall { heads })
    } else {
        composed::recall(qkv, slots, heads)
    }
}

/// `x / rms(x) * gain` over the last axis.
pub fn norm(x: &Tensor, gain: &Tensor) -> Result<Tensor> {
    if x.device().is_cpu() {
        x.contiguous()?.apply_op2(gain, norm::Norm)
    } else {
        composed::norm(x, gain)
    }
}

/// `silu(first half) * second half` of the last axis.
pub fn gate(x: &Tensor) -> Result<Tensor> {
    if x.device().is_cpu() {
        x.contiguous()?.apply_op1(gate::Gate)
    } else {
        composed::gate(x)
    }
}

/// What the integers of inference make of each row of the last axis: rounded to 127 steps of its
/// largest magnitude. The gradient passes as if nothing had happened.
pub fn fake_quantise(x: &Tensor) -> Result<Tensor> {
    if x.device().is_cpu() {
        x.contiguous()?
            .apply_op1(quantise::FakeQuantise { whole: false })
    } else {
        composed::fake_quantise(x)
    }
}

/// The same with one scale for the whole tensor.
pub fn fake_quantise_whole(x: &Tensor) -> Result<Tensor> {
    let shape = x.shape().clone();
    fake_quantise(&x.flatten_all()?)?.reshape(shape)
}

/// The logits on the way to each byte: `logits` is `[symbols, 256]`, a logit for each node of a
/// byte's tree, `symbols` the bytes; gives `[symbols, 8]`.
pub fn path(logits: &Tensor, symbols: &std::sync::Arc<Vec<u8>>) -> Result<Tensor> {
    if logits.device().is_cpu() {
        logits.contiguous()?.apply_op1(path::Path(symbols.clone()))
    } else {
        composed::path(logits, symbols)
    }
}

/// Rows of a small table by their numbers: `table` is `[rows, width]`; gives `[numbers, width]`.
pub fn lookup(table: &Tensor, numbers: &Tensor) -> Result<Tensor> {
    if table.device().is_cpu() {
        table.index_select(numbers, 0)
    } else {
        composed::lookup(table, numbers)
    }
}

/// Some rows of each group: `x` is `[groups, length, width]`, `rows` has as many rows' numbers for
/// each group; gives `[groups, rows, width]`.
pub fn choose(x: &Tensor, rows: &[u32]) -> Result<Tensor> {
    if !x.device().is_cpu() {
        return composed::choose(x, rows);
    }
    let (groups, length, width) = x.dims3()?;
    let each = rows.len() / groups;
    let places = rows.iter().enumerate();
    let places: Vec<u32> = places
        .map(|(i, row)| (i / each * length) as u32 + row)
        .collect();
    let places = Tensor::from_vec(places, rows.len(), x.device())?;
    x.reshape((groups * length, width))?
        .index_select(&places, 0)?
        .reshape((groups, each, width))
}

/// The values of a contiguous f32 tensor in main memory.
fn floats<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let all = storage.as_slice::<f32>()?;
    match layout.contiguous_offsets() {
        Some((from, to)) => Ok(&all[from..to]),
        None => candle_core::bail!("the tensor is not contiguous"),
    }
}

/// Runs `f` on the values of a tensor in main memory.
fn with_floats<T>(tensor: &Tensor, f: impl FnOnce(&[f32]) -> Result<T>) -> Result<T> {
    let tensor = tensor.to_dtype(DType::F32)?.contiguous()?;
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage) => f(floats(storage, layout)?),
        _ => candle_core::bail!("not in main memory"),
    }
}
