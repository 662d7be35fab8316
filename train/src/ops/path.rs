//! From the logits of a byte's 255 nodes to the eight on its way.

use std::sync::Arc;

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

/// The bytes.
pub struct Path(pub Arc<Vec<u8>>);

/// The node before bit `bit` (0 the first) of a byte.
pub fn node(symbol: u8, bit: usize) -> usize {
    (256 | usize::from(symbol)) >> (8 - bit)
}

impl CustomOp1 for Path {
    fn name(&self) -> &'static str {
        "path"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let logits = super::floats(storage, layout)?;
        let mut out = Vec::with_capacity(self.0.len() * 8);
        for (row, &symbol) in logits.chunks_exact(256).zip(self.0.iter()) {
            out.extend((0..8).map(|bit| row[node(symbol, bit)]));
        }
        Ok((CpuStorage::F32(out), (self.0.len(), 8).into()))
    }

    fn bwd(&self, logits: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let mut to_logits = vec![0.0f32; self.0.len() * 256];
        super::with_floats(grad, |grad| {
            let rows = to_logits.chunks_exact_mut(256).zip(grad.chunks_exact(8));
            for ((row, grad), &symbol) in rows.zip(self.0.iter()) {
                for (bit, &g) in grad.iter().enumerate() {
                    row[node(symbol, bit)] = g;
                }
            }
            Ok(())
        })?;
        Ok(Some(Tensor::from_vec(
            to_logits,
            logits.shape(),
            logits.device(),
        )?))
    }
}
