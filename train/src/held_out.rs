//! How well a network foretells rows that it is not trained on.

use candle_core::{Device, Result};

use crate::batch::Batcher;
use crate::data::FieldPlan;
use crate::network::{Memory, Network};

/// Sequences that held-out rows are cut into.
const SEQUENCES: usize = 4;

/// Bits a row.
#[derive(Clone, Debug, Default)]
pub struct HeldOut {
    /// Of all bytes with a head, by the network alone.
    pub alone: f64,
    /// Mixed with what the experts said, of the bits that they coded.
    pub mixed: Option<f64>,
    /// By head, then by field that has it: alone.
    pub by_field: Vec<Vec<f64>>,
    /// Rows that were looked at.
    pub rows: usize,
}

/// Measures on rows `from..to`.
///
/// # Errors
/// Those of candle.
pub fn measure(
    network: &Network,
    batcher: &Batcher<'_>,
    from: usize,
    to: usize,
    device: &Device,
) -> Result<HeldOut> {
    let mut length = usize::from(network.dims.chunk);
    let mut sequences = SEQUENCES;
    if to - from < SEQUENCES * length {
        (sequences, length) = (1, length.min(to - from));
    }
    let each = (to - from) / sequences;
    let mut memory: Memory = None;
    let mut sum = HeldOut::default();
    let mut at = 0;
    while length > 0 && at + length <= each {
        let starts: Vec<usize> = (0..sequences).map(|i| from + i * each + at).collect();
        let batch = batcher.batch(&starts, length, device)?;
        let (bits, next) = network.forward(&batch, &memory)?;
        memory = next.map(|m| m.detach());
        sum.alone += f64::from(bits.alone.to_scalar::<f32>()?);
        if let Some(mixed) = &bits.mixed {
            *sum.mixed.get_or_insert(0.0) += f64::from(mixed.to_scalar::<f32>()?);
        }
        for (head, bits) in bits.by_field.iter().enumerate() {
            let bits = bits.to_vec1::<f32>()?;
            if sum.by_field.len() <= head {
                sum.by_field.push(vec![0.0; bits.len()]);
            }
            let fields = sum.by_field[head].iter_mut().zip(bits);
            fields.for_each(|(sum, bits)| *sum += f64::from(bits));
        }
        sum.rows += sequences * length;
        at += length;
    }
    let rows = sum.rows.max(1) as f64;
    sum.alone /= rows;
    sum.mixed = sum.mixed.map(|bits| bits / rows);
    sum.by_field
        .iter_mut()
        .flatten()
        .for_each(|bits| *bits /= rows);
    Ok(sum)
}

/// Bits a row of bytes without a head: eight each, nothing where they are constant.
pub fn raw_bits(batcher: &Batcher<'_>, rows: std::ops::Range<usize>) -> f64 {
    let varies = |field: &FieldPlan, plane: usize| {
        let column = &batcher.records.columns[field.column][rows.clone()];
        let first = column.first().map(|&v| field.byte(v, plane));
        column.iter().any(|&v| Some(field.byte(v, plane)) != first)
    };
    let fields = batcher.fields.iter();
    fields
        .flat_map(|field| (0..field.width).map(move |plane| (field, plane)))
        .filter(|&(field, plane)| !field.planes.contains(&plane) && varies(field, plane))
        .map(|_| 8.0)
        .sum()
}
