//! Least squares with forgetting: a linear prediction of a value from its neighbours.
//!
//! Recursive normal equations, solved every few values by an LDL' factorisation in outer-product
//! form, whose inner loops are element by element and so come out the same on any vector unit.

use crate::kernel::vector::{Eight, Isa};

/// Most regressors.
pub const MAX_REGRESSORS: usize = 24;

/// Regressors in eights, the unused ones zero.
pub type Row = [Eight; MAX_REGRESSORS / 8];

const ZERO: Row = [[0.0; 8]; MAX_REGRESSORS / 8];

/// The normal equations of one column.
#[derive(Clone, Debug)]
pub struct Ols {
    n: usize,
    /// Eights in use.
    eights: usize,
    forget: f64,
    period: u32,
    wait: u32,
    cov: Vec<Row>,
    xy: Row,
    weights: Row,
}

impl Ols {
    /// For `n` regressors, forgetting by the factor `forget` a value, solved every `period` values.
    pub fn new(n: usize, forget: f64, period: u32) -> Self {
        let n = n.min(MAX_REGRESSORS);
        Ols {
            n,
            eights: n.div_ceil(8),
            forget,
            period,
            wait: 0,
            cov: vec![ZERO; n],
            xy: ZERO,
            weights: ZERO,
        }
    }

    /// The prediction at `x`; entries past the n-th must be zero.
    #[inline(always)]
    pub fn predict<I: Isa>(&self, x: &Row) -> f64 {
        I::dot64(&self.weights[..self.eights], &x[..self.eights])
    }

    /// Learns that `y` came at `x`.
    #[inline(always)]
    pub fn learn<I: Isa>(&mut self, x: &Row, y: f64) {
        let m = self.eights;
        let x = &x[..m];
        for (i, row) in self.cov.iter_mut().enumerate() {
            I::decay_add(&mut row[..m], x, self.forget, x.as_flattened()[i]);
        }
        I::decay_add(&mut self.xy[..m], x, self.forget, y);
        self.wait += 1;
        if self.wait >= self.period {
            self.wait = 0;
            self.solve::<I>();
        }
    }

    /// Solves for the weights. Weights that are no numbers are not taken over.
    #[inline(always)]
    fn solve<I: Isa>(&mut self) {
        let n = self.n;
        let m = self.eights;
        let mut a = [ZERO; MAX_REGRESSORS];
        let mut right = self.xy;
        let y = right.as_flattened_mut();
        a[..n].copy_from_slice(&self.cov);
        for k in 0..n {
            let pivot = a[k].as_flattened()[k] * (1.0 + 1e-11);
            if !(pivot > 1e-280) {
                // A regressor that never moved takes no part.
                a[k] = ZERO;
                a[k].as_flattened_mut()[k] = 1.0;
                y[k] = 0.0;
                for row in a.iter_mut().take(k) {
                    row.as_flattened_mut()[k] = 0.0;
                }
                continue;
            }
            let inverse = 1.0 / pivot;
            let row_k = a[k];
            for i in k + 1..n {
                let f = row_k.as_flattened()[i] * inverse;
                // Columns left of the diagonal are not looked at again.
                let from = i / 8;
                I::sub_scaled(&mut a[i][from..m], &row_k[from..m], f);
                y[i] -= f * y[k];
            }
        }
        let mut w = ZERO;
        let weights = w.as_flattened_mut();
        for k in (0..n).rev() {
            let row = a[k].as_flattened();
            let mut sum = y[k];
            for j in k + 1..n {
                sum -= row[j] * weights[j];
            }
            weights[k] = sum / row[k];
            if !(weights[k].abs() < 1e150) {
                return;
            }
        }
        self.weights = w;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::vector::Plain;

    #[test]
    fn finds_a_linear_law_beside_a_dead_regressor() {
        let mut ols = Ols::new(4, 0.999, 4);
        let mut seed = 1u32;
        let mut last = (0.0, 0.0);
        for _ in 0..400 {
            let mut row = ZERO;
            let x = row.as_flattened_mut();
            for v in x.iter_mut().take(3) {
                seed = seed.wrapping_mul(1664525).wrapping_add(1013904223);
                *v = f64::from(seed >> 8) / f64::from(1 << 24);
            }
            let y = 2.0 * x[0] - 0.5 * x[1] + 3.0 * x[2];
            last = (ols.predict::<Plain>(&row), y);
            ols.learn::<Plain>(&row, y);
        }
        assert!((last.0 - last.1).abs() < 1e-6, "{last:?}");
    }
}
