//! Least squares with forgetting: a linear prediction of a value from its neighbours.
//!
//! Recursive normal equations, solved every few values by an LDL' factorisation in outer-product form, whose inner loops are element by element
//! and so come out the same on any vector unit.

/// Most regressors.
pub const MAX_REGRESSORS: usize = 24;

type Row = [f64; MAX_REGRESSORS];

/// The normal equations of one column.
#[derive(Clone, Debug)]
pub struct Ols {
    n: usize,
    forget: f64,
    period: u32,
    wait: u32,
    cov: Vec<Row>,
    xy: Row,
    weights: Row,
}

/// Sum of products, in eight interleaved sums.
#[inline(always)]
fn dot(a: &Row, b: &Row) -> f64 {
    let mut acc = [0.0f64; 8];
    for i in 0..MAX_REGRESSORS / 8 {
        for j in 0..8 {
            acc[j] += a[i * 8 + j] * b[i * 8 + j];
        }
    }
    ((acc[0] + acc[4]) + (acc[2] + acc[6])) + ((acc[1] + acc[5]) + (acc[3] + acc[7]))
}

impl Ols {
    /// For `n` regressors, forgetting by the factor `forget` a value, solved every `period` values.
    pub fn new(n: usize, forget: f64, period: u32) -> Self {
        let n = n.min(MAX_REGRESSORS);
        Ols { n, forget, period, wait: 0, cov: vec![[0.0; MAX_REGRESSORS]; n], xy: [0.0; MAX_REGRESSORS], weights: [0.0; MAX_REGRESSORS] }
    }

    /// The prediction at `x`; entries past the n-th must be zero.
    #[inline(always)]
    pub fn predict(&self, x: &Row) -> f64 {
        dot(&self.weights, x)
    }

    /// Learns that `y` came at `x`.
    #[inline(always)]
    pub fn learn(&mut self, x: &Row, y: f64) {
        for (i, row) in self.cov.iter_mut().enumerate() {
            let xi = x[i];
            for j in 0..MAX_REGRESSORS {
                row[j] = row[j] * self.forget + xi * x[j];
            }
        }
        for j in 0..MAX_REGRESSORS {
            self.xy[j] = self.xy[j] * self.forget + x[j] * y;
        }
        self.wait += 1;
        if self.wait >= self.period {
            self.wait = 0;
            self.solve();
        }
    }

    /// Solves for the weights. A pivot that is not positive leaves them as they were.
    #[inline(always)]
    fn solve(&mut self) {
        let n = self.n;
        let mut a = [[0.0f64; MAX_REGRESSORS]; MAX_REGRESSORS];
        let mut y = self.xy;
        for i in 0..n {
            a[i] = self.cov[i];
            a[i][i] = a[i][i] * (1.0 + 1e-11);
        }
        for k in 0..n {
            let pivot = a[k][k];
            if !(pivot > 1e-280) {
                // A regressor that never moved: it takes no part.
                a[k] = [0.0; MAX_REGRESSORS];
                a[k][k] = 1.0;
                y[k] = 0.0;
                for row in a.iter_mut().take(k) {
                    row[k] = 0.0;
                }
                continue;
            }
            let inverse = 1.0 / pivot;
            let row_k = a[k];
            for i in k + 1..n {
                let f = row_k[i] * inverse;
                for j in 0..MAX_REGRESSORS {
                    a[i][j] -= f * row_k[j];
                }
                y[i] -= f * y[k];
            }
        }
        let mut w = [0.0f64; MAX_REGRESSORS];
        for k in (0..n).rev() {
            let mut sum = y[k];
            for j in k + 1..n {
                sum -= a[k][j] * w[j];
            }
            w[k] = sum / a[k][k];
            if !(w[k].abs() < 1e150) {
                return;
            }
        }
        self.weights = w;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_linear_law_beside_a_dead_regressor() {
        let mut ols = Ols::new(4, 0.999, 4);
        let mut seed = 1u32;
        let mut last = (0.0, 0.0);
        for _ in 0..400 {
            let mut x = [0.0; MAX_REGRESSORS];
            for v in x.iter_mut().take(3) {
                seed = seed.wrapping_mul(1664525).wrapping_add(1013904223);
                *v = f64::from(seed >> 8) / f64::from(1 << 24);
            }
            let y = 2.0 * x[0] - 0.5 * x[1] + 3.0 * x[2];
            last = (ols.predict(&x), y);
            ols.learn(&x, y);
        }
        assert!((last.0 - last.1).abs() < 1e-6, "{last:?}");
    }
}
