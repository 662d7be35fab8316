//! Once a value: what to expect of it, and what to learn from it.

use super::super::experts::lattice::Span;
use super::super::experts::numeric::EXPERTS;
use super::code::Expectation;
use super::{Around, COPIES, ColumnModel, Family, SCALES};
use crate::Kind;
use crate::kernel::vector::Isa;

/// Numbers beyond this take no part in sums of squares.
const HUGE: f64 = 1e30;

/// Rates at which a scale adapts, by how often it has.
const SCALE_RATES: [f64; 41] = {
    let mut rates = [0.0; 41];
    let mut n = 0;
    while n < 41 {
        rates[n] = 1.0 / (n as f64 * 0.9 + 1.5);
        n += 1;
    }
    rates
};

impl ColumnModel {
    /// Centres and scales of the numeric experts, and the candidates for a copy.
    #[inline(always)]
    pub(super) fn expect<I: Isa>(&mut self, around: &Around) -> Expectation {
        let vt = self.value;
        let [a, b] = around.before;
        let [n, nw, ne, z, zw, zn, znw] = around.grid;
        let max = vt.max_ordered() as f64;
        let record = self.family == Family::Record;
        let mut mu = [0.0f64; EXPERTS];
        let mut bucket = 0;
        match self.family {
            Family::Record => {
                mu[0] = a as f64;
                mu[1] = self.mean;
                mu[2] = around.refs[0] as f64 + self.biases[0];
                mu[3] = around.refs[1] as f64 + self.biases[1];
                if let Some(ols) = &self.integers {
                    mu[4] = ols.predict::<I>(&around.integers) * max;
                }
                mu[5] = vt.ordered_from_number(self.numbers.predict::<I>(&around.numbers)) as f64;
                mu[6] = match around.relation {
                    Some(v) => vt.ordered_from_number(v) as f64,
                    None => around.refs[2] as f64 + self.biases[2],
                };
            }
            Family::Grid => {
                let (va, vn, vnw, vne, vz) = (
                    vt.number(a),
                    vt.number(n),
                    vt.number(nw),
                    vt.number(ne),
                    vt.number(z),
                );
                mu[0] = va;
                mu[1] = va
                    + self
                        .steady
                        .as_ref()
                        .map_or(0.0, |ols| ols.predict::<I>(&around.numbers));
                mu[2] = va + vn - vnw;
                mu[3] = if self.cube { vz } else { (va + vn) * 0.5 };
                mu[4] = va + self.numbers.predict::<I>(&around.numbers);
                mu[5] = if self.cube {
                    va + vn - vnw + vz - vt.number(zw) - vt.number(zn) + vt.number(znw)
                } else {
                    2.0 * va - vt.number(b)
                };
                mu[6] = if self.ref_n > 0 {
                    vt.number(around.refs[0])
                } else {
                    va + (vne - vnw) * 0.375 + (vn - vnw) * 0.25
                };
                let activity = (va - vnw).abs() + (vn - vnw).abs() + (vne - vn).abs();
                bucket = (activity.to_bits() >> 51) as usize % SCALES;
            }
            Family::Sequence | Family::Bytes => {
                let (va, vb, vc) = (vt.number(a), vt.number(b), vt.number(n));
                mu[0] = va;
                mu[1] = va
                    + self
                        .steady
                        .as_ref()
                        .map_or(0.0, |ols| ols.predict::<I>(&around.numbers));
                mu[2] = 2.0 * va - vb;
                mu[3] = self.mean;
                mu[4] = va + self.numbers.predict::<I>(&around.numbers);
                mu[5] = 3.0 * (va - vb) + vc;
                mu[6] = (va + vb) * 0.5;
                let activity = (va - vb).abs() + (vb - vc).abs();
                bucket = (activity.to_bits() >> 51) as usize % SCALES;
            }
        }
        let mut weight = 0.0;
        let mut sum = 0.0;
        for i in 0..EXPERTS - 1 {
            if !(mu[i].abs() < 1e300) {
                mu[i] = 0.0;
            }
            let w = 1.0 / (self.mse[i] * self.mse[i] + 1e-30);
            weight += w;
            sum += w * mu[i];
        }
        mu[EXPERTS - 1] = sum / weight;
        if !(mu[EXPERTS - 1].abs() < 1e300) {
            mu[EXPERTS - 1] = mu[0];
        }
        let blend = mu[EXPERTS - 1];
        let value = if record {
            blend.clamp(0.0, max) as u64
        } else {
            vt.ordered_from_number(blend)
        };
        let mut scale_at = [bucket; EXPERTS];
        let floor = self.scale_floor();
        for i in 0..EXPERTS {
            if record {
                let whole = mu[i].clamp(0.0, max) as u64;
                scale_at[i] =
                    (whole >> (8 * u32::from(vt.width)).saturating_sub(10)) as usize % SCALES;
            }
            self.bank.inverse[i] = 1.0 / (self.scales[i * SCALES + scale_at[i]] + floor);
        }
        self.bank.mu = mu;
        self.bank.start();
        self.span = Span::whole();
        let same = self.ref_n > 0 && self.ref_values[0].width == vt.width;
        let (third, third_there) = if same {
            (self.mirrored(around.refs[0]), true)
        } else {
            (n, self.family == Family::Grid)
        };
        let (fifth, fifth_there) = match around.relation {
            Some(v) => (vt.ordered_from_number(v), true),
            None => (z, self.cube),
        };
        Expectation {
            value,
            copies: [a, around.matched.unwrap_or(0), third, value, fifth],
            there: [
                true,
                around.matched.is_some(),
                third_there,
                true,
                fifth_there,
            ],
            scale_at,
        }
    }

    /// Below this no scale falls.
    #[inline(always)]
    fn scale_floor(&self) -> f64 {
        if self.family == Family::Record {
            0.2
        } else {
            self.value.scale_floor()
        }
    }

    /// The first reference, or its mirror image if that was right for references of this sign.
    #[inline(always)]
    fn mirrored(&self, reference: u64) -> u64 {
        let top = (reference >> (8 * self.value.width - 1)) as usize & 1;
        if self.mirror_score[top] > 0 {
            !reference & self.value.max_ordered()
        } else {
            reference
        }
    }

    /// Which copies would have been right.
    #[inline(always)]
    pub(super) fn record_copies(
        &mut self,
        around: &Around,
        copies: &[u64; COPIES],
        there: &[bool; COPIES],
        value: u64,
    ) {
        if self.value.kind == Kind::Float && self.ref_n > 0 && self.ref_values[0] == self.value {
            let reference = around.refs[0];
            let score =
                &mut self.mirror_score[(reference >> (8 * self.value.width - 1)) as usize & 1];
            if value == reference {
                *score = (*score - 1).max(-4);
            } else if value == !reference & self.value.max_ordered() {
                *score = (*score + 1).min(4);
            }
        }
        for i in 0..COPIES {
            if there[i] {
                self.records[i] = self.records[i] << 1 | u32::from(copies[i] == value);
            }
        }
    }

    /// Learns a whole value.
    #[inline(always)]
    pub(super) fn learn_value<I: Isa>(
        &mut self,
        around: &Around,
        value: u64,
        expectation: &Expectation,
    ) {
        let vt = self.value;
        self.record_copies(around, &expectation.copies, &expectation.there, value);
        let number = vt.number(value);
        let record = self.family == Family::Record;
        let actual = if record { value as f64 } else { number };
        if record {
            for i in 0..self.ref_n {
                self.biases[i] += (actual - around.refs[i] as f64 - self.biases[i]) * 0.02;
            }
        }
        if !(actual.abs() < HUGE) {
            return;
        }
        self.mean += (actual - self.mean) * 0.01;
        let floor = self.scale_floor();
        for i in 0..EXPERTS {
            let error = (actual - self.bank.mu[i]).abs();
            let at = i * SCALES + expectation.scale_at[i];
            let s = &mut self.scales[at];
            let n = &mut self.scale_n[at];
            if *n == 0 {
                *s = error;
            }
            *n += u8::from(*n < 40);
            *s += (error.min(*s * 16.0 + floor) - *s) * SCALE_RATES[usize::from(*n)];
            self.mse[i] += (error * error - self.mse[i]) * 0.03;
        }
        let signed = (actual - self.bank.mu[EXPERTS - 1]) * self.bank.inverse[EXPERTS - 1];
        let size = signed.abs();
        self.last_error = u32::from(size > 0.3)
            + u32::from(size > 1.0)
            + u32::from(size > 3.0)
            + if signed < 0.0 { 4 } else { 0 };
        if let Some(ols) = &mut self.integers {
            ols.learn::<I>(&around.integers, actual / vt.max_ordered() as f64);
            if number.abs() < HUGE {
                self.numbers.learn::<I>(&around.numbers, number);
            }
        } else if self.family != Family::Bytes {
            let step = number - vt.number(around.before[0]);
            self.numbers.learn::<I>(&around.numbers, step);
            if let Some(ols) = &mut self.steady {
                ols.learn::<I>(&around.numbers, step);
            }
        }
    }
}
