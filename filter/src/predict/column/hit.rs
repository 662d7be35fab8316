//! One bit for a whole value: whether it is the likeliest of the candidates for a copy.

use super::super::experts::cells::LIMIT;
use super::super::experts::slots::hash2;
use super::code::Expectation;
use super::{Around, COPIES, ColumnModel, HIT_BITS, HIT_CONTEXTS, RECORDS};
use crate::coder::BitCoder;
use crate::kernel::vector::Isa;

impl ColumnModel {
    /// Codes whether the value is the likeliest copy. If it is, nothing else need be coded; if not,
    /// that candidate is out.
    #[inline(always)]
    pub(super) fn code_hit<I: Isa, C: BitCoder>(
        &mut self,
        coder: &mut C,
        around: &Around,
        expectation: &mut Expectation,
        actual: u64,
    ) -> Option<u64> {
        let mut best = (0, 0, 0);
        for i in 0..COPIES {
            if expectation.there[i] {
                let mut agree = 0;
                for j in 0..COPIES {
                    agree += usize::from(
                        j != i
                            && expectation.there[j]
                            && expectation.copies[j] == expectation.copies[i],
                    );
                }
                let at =
                    (i * RECORDS + (self.records[i] as usize & (RECORDS - 1))) * 8 + agree.min(7);
                let p = self.hit_cells[at].p16();
                if p >= best.1 {
                    best = (i, p, at);
                }
            }
        }
        let (i, _, at) = best;
        let bits = 8 * u32::from(self.value.width);
        let head = |v: u64, w: u32| (v >> (8 * w).saturating_sub(16)) as u32;
        let [r0, r1, _] = around.refs;
        let keys = [
            hash2(r0 as u32, (r0 >> 32) as u32),
            hash2(
                head(r0, u32::from(self.ref_values[0].width)),
                head(r1, u32::from(self.ref_values[1].width)),
            ),
            hash2(head(around.before[0], bits / 8), around.place),
            hash2(
                (expectation.copies[i] as u32) ^ (expectation.copies[i] >> 32) as u32,
                self.records[0] & 7,
            ),
        ];
        let mut x = [[0.0f32; 16]];
        let mut hashed = [0usize; HIT_CONTEXTS];
        for k in 0..HIT_CONTEXTS {
            hashed[k] = k << HIT_BITS | (hash2(keys[k], i as u32) >> (32 - HIT_BITS)) as usize;
            x[0][k] = self.hit_hashed[hashed[k]].stretched;
        }
        x[0][HIT_CONTEXTS] = self.hit_cells[at].stretched;
        x[0][HIT_CONTEXTS + 1] = 0.3;
        let mixed = self
            .logistic
            .squash(self.hit_mixer.mix::<I>(i, &x).clamp(-11.5, 11.5));
        let p = ((mixed * 65536.0) as i32).clamp(16, 65520) as u32;
        let hit = coder.code(u32::from(expectation.copies[i] == actual), p);
        self.whole_cost += u64::from(self.logistic.cost(if hit == 1 { p } else { 65536 - p }));
        self.hit_mixer.learn::<I>(&x, hit as f32 - mixed);
        self.hit_cells[at].learn(hit, LIMIT, self.logistic);
        for at in hashed {
            self.hit_hashed[at].learn(hit, LIMIT, self.logistic);
        }
        if hit == 1 {
            return Some(expectation.copies[i]);
        }
        let out = expectation.copies[i];
        for j in 0..COPIES {
            expectation.there[j] &= expectation.copies[j] != out;
        }
        None
    }
}
