//! The hot path: one value, bit by bit.

use super::super::experts::cells::LIMIT;
use super::super::experts::history::HISTORIES;
use super::super::experts::numeric::EXPERTS;
use super::super::experts::slots::{Place, Slot, hash2};
use super::super::mixer::{MAX_BLOCKS, MAX_SUMS};
use super::super::network::ColumnPass;
use super::effort::{Effort, MAX_CONTEXTS, MAX_MAPPED, MAX_MIXERS};
use super::{Around, COPIES, ColumnModel, Family, PlaneMode, RECORDS, SCALES};
use crate::Kind;
use crate::coder::{BitCoder, Mark};
use crate::kernel::vector::Isa;
use crate::numeric::logistic::BUCKETS;

/// Which experts are mapped, the most useful first.
const MAPPED_RECORD: [usize; 5] = [7, 4, 5, 2, 6];
const MAPPED_OTHER: [usize; 5] = [7, 4, 1, 5, 2];

/// What is fixed while one value is coded.
pub(super) struct Expectation {
    /// The expected value.
    pub(super) value: u64,
    /// The candidates for a copy.
    pub(super) copies: [u64; COPIES],
    /// Which of them are there.
    pub(super) there: [bool; COPIES],
    /// The scales' contexts.
    pub(super) scale_at: [usize; EXPERTS],
}

impl ColumnModel {
    /// Codes one value given what is around it; returns it. `pass` is the network, at this row, if
    /// it has a say in this column.
    #[inline(always)]
    pub fn code<E: Effort, I: Isa, C: BitCoder>(
        &mut self,
        coder: &mut C,
        around: &Around,
        actual: u64,
        planes: &[PlaneMode; 8],
        hits: bool,
        pass: Option<&mut ColumnPass<'_>>,
    ) -> u64 {
        coder.mark(Mark::Value);
        let mut expectation = self.expect::<I>(around);
        if hits && let Some(value) = self.code_hit::<I, C>(coder, around, &mut expectation, actual)
        {
            self.record_copies(around, &expectation.copies, &expectation.there, value);
            return value;
        }
        self.coded += 1;
        let value = self.code_bits::<E, I, C>(coder, around, &expectation, actual, planes, pass);
        self.learn_value::<I>(around, value, &expectation);
        value
    }

    /// Codes a value's planes.
    #[inline(always)]
    fn code_bits<E: Effort, I: Isa, C: BitCoder>(
        &mut self,
        coder: &mut C,
        around: &Around,
        expectation: &Expectation,
        actual: u64,
        planes: &[PlaneMode; 8],
        mut pass: Option<&mut ColumnPass<'_>>,
    ) -> u64 {
        let vt = self.value;
        let width = usize::from(vt.width);
        let bits = 8 * width as u32;
        let record = self.family == Family::Record;
        let logistic = self.logistic;
        let e = expectation.value;
        let a = around.before[0];
        let above = if record {
            around.refs[0]
        } else {
            around.grid[0]
        };
        let mut copies = expectation.copies;
        let mut live = expectation.there;
        let mirror = record && vt.kind == Kind::Float && self.ref_n > 0 && self.ref_values[0] == vt;
        let mut bases = self.bases(around, expectation.scale_at[0], around.refs[0]);
        let mut value = 0u64;
        for k in 0..width {
            let shift = bits - 8 - 8 * k as u32;
            match planes[k] {
                PlaneMode::Constant(byte) => {
                    value = value << 8 | u64::from(byte);
                    continue;
                }
                PlaneMode::Raw => {
                    value = value << 8 | u64::from(coder.byte((actual >> shift) as u8));
                    self.cost[k] += 8 * 256;
                    continue;
                }
                PlaneMode::Modelled | PlaneMode::Half => {}
            }
            let half = planes[k] == PlaneMode::Half;
            let prefix = value;
            coder.mark(Mark::Plane(k));
            if E::NETWORK {
                self.aid.plane::<I>(pass.as_deref_mut(), k, prefix);
            }
            let before_prefix = |v: u64| if k == 0 { 0 } else { v >> (shift + 8) };
            for i in 0..COPIES {
                live[i] = live[i] && before_prefix(copies[i]) == prefix;
            }
            if k > 0 && mirror && (prefix >> (8 * k - 1)) != around.refs[0] >> (bits - 1) {
                // The other sign: look at the reference's mirror image.
                let image = !around.refs[0] & vt.max_ordered();
                if k == 1 {
                    bases = self.bases(around, expectation.scale_at[0], image);
                }
                copies[2] = image;
                live[2] = expectation.there[2] && before_prefix(image) == prefix;
            }
            let byte_at = |v: u64| (v >> shift) as u32 & 255;
            let lead =
                |v: u64| ((prefix.wrapping_sub(before_prefix(v)) as i64).clamp(-3, 3) + 3) as u32;
            let e_lead = lead(e);
            let e_byte = byte_at(e);
            let e_next = if shift > 0 {
                (e >> (shift - 8)) as u32 & 255
            } else {
                0
            };
            let prefix_hash = hash2(prefix as u32, (prefix >> 32) as u32 + 1);
            let lead_hashes = [
                prefix_hash,
                hash2(e_lead, e_byte << 3 | e_next >> 5),
                hash2(lead(a) << 3 | e_lead, byte_at(a)),
                hash2(lead(above) << 3 | e_lead, byte_at(above)),
                hash2(e_lead, e_byte >> 1),
            ];
            let mut hashes = [0u32; MAX_CONTEXTS];
            for i in 0..E::CONTEXTS {
                hashes[i] = hash2(
                    bases[i] ^ lead_hashes[self.leads[i] as usize],
                    (k as u32) << 8 | i as u32,
                );
                self.slots.prefetch(hashes[i]);
            }
            let mut places = [Place::default(); MAX_CONTEXTS];
            let mut held: [Slot; MAX_CONTEXTS] = [[0; 16]; MAX_CONTEXTS];
            for i in 0..E::CONTEXTS {
                (places[i], held[i]) = self.slots.take(hashes[i]);
            }
            let actual_byte = byte_at(actual);
            let mut node = 1u32;
            let mut nibble = 1u32;
            let mut plane_cost = 0u32;
            for bit_at in (0..8u32).rev() {
                if bit_at == 3 {
                    self.upper_cost[k] += u64::from(plane_cost);
                    for i in 0..E::CONTEXTS {
                        self.slots.put(places[i], &held[i]);
                    }
                    if half {
                        break;
                    }
                    for i in 0..E::CONTEXTS {
                        hashes[i] = hash2(hashes[i], node);
                        self.slots.prefetch(hashes[i]);
                    }
                    for i in 0..E::CONTEXTS {
                        (places[i], held[i]) = self.slots.take(hashes[i]);
                    }
                    nibble = 1;
                }
                let mut x = [[0.0f32; 16]; MAX_BLOCKS];
                let xs = x.as_flattened_mut();
                let bit_index = k * 8 + 7 - bit_at as usize;
                // Hashed contexts.
                let cells = &self.cells[k * E::CONTEXTS..][..E::CONTEXTS];
                for i in 0..E::CONTEXTS {
                    let cell = cells[i][usize::from(held[i][(nibble & 15) as usize])];
                    xs[i] = cell.stretched;
                    if E::CONFIDENT {
                        xs[E::AT_CONFIDENCE + i] = (cell.p16() as f32 - 32768.0) * (1.0 / 16384.0);
                    }
                }
                // Numeric experts.
                let cut =
                    (prefix << 8 | u64::from((node << (bit_at + 1) | 1 << bit_at) & 255)) << shift;
                let chances = self
                    .bank
                    .cut::<I>(if record { cut as f64 } else { vt.number(cut) });
                for i in 0..EXPERTS {
                    xs[E::AT_BANK + i] = logistic.stretch12(chances[i]) * 0.5;
                }
                let maps = &self.maps[bit_index * E::MAPPED..][..E::MAPPED];
                let mut said = [0usize; MAX_MAPPED];
                for m in 0..E::MAPPED {
                    let expert = if record {
                        MAPPED_RECORD[m]
                    } else {
                        MAPPED_OTHER[m]
                    };
                    said[m] = logistic.bucket(chances[expert]) % BUCKETS;
                    xs[E::AT_MAPPED + m] = maps[m][said[m]].stretched;
                }
                // Copies.
                let mut live_mask = 0usize;
                for i in 0..E::COPIES {
                    live_mask |= usize::from(live[i]) << i;
                }
                let cells = &self.copy_cells[bit_index * COPIES..][..COPIES];
                if live_mask != 0 {
                    for i in 0..E::COPIES {
                        if live[i] {
                            let s = cells[i][self.records[i] as usize % RECORDS].stretched;
                            let expect = (copies[i] >> (shift + bit_at)) & 1;
                            xs[E::AT_COPIES + i] = if expect == 1 { s } else { -s };
                        }
                    }
                }
                // The lattice.
                let mut on_lattice = false;
                if let Some(lattice) = self.lattice
                    && let Some((p, n)) = self.span.cut(lattice.count(cut, vt))
                {
                    on_lattice = true;
                    let class = if n < 1.5 {
                        0
                    } else if n < 8.5 {
                        1
                    } else if n < 300.0 {
                        2
                    } else {
                        3
                    };
                    let s = logistic.stretch(p);
                    xs[E::AT_LATTICE] = if class < 3 { s } else { 0.0 };
                    xs[E::AT_LATTICE + 1] =
                        logistic.stretch(self.lattice_map.refine(bit_index * 4 + class, s));
                }
                let direct_at = k * 256 + node as usize;
                xs[E::AT_DIRECT] = logistic.stretch16(u32::from(self.direct[direct_at]));
                xs[E::AT_BIAS] = 0.3;
                let mut sure = None;
                if E::NETWORK {
                    sure = self.aid.bit::<I>(
                        pass.as_deref_mut(),
                        k,
                        (bit_index, node),
                        &mut xs[E::AT_NETWORK..E::AT_NETWORK + E::NETWORK_INPUTS],
                    );
                }
                // Mixing.
                let expert_level = |i: usize| logistic.level(chances[i]);
                let second = 4;
                let chosen = [
                    bit_index,
                    k * 64 + expert_level(7) * 8 + sure.unwrap_or_else(|| expert_level(second)),
                    direct_at,
                    k * 256 + live_mask * 8 + (xs[E::AT_MAPPED].clamp(-3.9, 3.9) + 4.0) as usize,
                ];
                let x = &x[..E::BLOCKS];
                let mut outs = [0.0f32; MAX_SUMS];
                let mut ps = [0.0f32; MAX_MIXERS];
                for m in 0..E::MIXERS {
                    let s = self.mixers[m]
                        .mix::<I>(chosen[if E::MIXERS == 1 { 1 } else { m }], x)
                        .clamp(-11.5, 11.5);
                    outs[m] = s;
                    ps[m] = logistic.squash(s);
                }
                let (s, p_mix) = if E::MIXERS == 1 {
                    (outs[0], ps[0])
                } else {
                    let s = self.last_mixer.mix(bit_index, &outs).clamp(-11.5, 11.5);
                    (s, logistic.squash(s))
                };
                let pa = self.by_node.refine(direct_at, s);
                let p = if E::REFINED == 1 {
                    p_mix * 0.5 + pa * 0.5
                } else {
                    let off = (e_byte.wrapping_sub(node << bit_at) & 255) >> 4;
                    let pb = self
                        .by_expected
                        .refine((k * 7 + e_lead as usize) * 16 + off as usize, s);
                    if E::NETWORK && sure.is_some() {
                        let pc = self.aid.refine(direct_at, pa);
                        p_mix * 0.5 + pa * 0.2 + pb * 0.2 + pc * 0.1
                    } else {
                        p_mix * 0.5 + pa * 0.25 + pb * 0.25
                    }
                };
                let p16 = ((p * 65536.0) as i32).clamp(1, 65535) as u32;
                let bit = coder.code(actual_byte >> bit_at & 1, p16);
                plane_cost += logistic.cost(if bit == 1 { p16 } else { 65536 - p16 });
                // Learning.
                let y = bit as f32;
                for m in 0..E::MIXERS {
                    self.mixers[m].learn::<I>(x, y - ps[m]);
                }
                if E::MIXERS > 1 {
                    self.last_mixer.learn(&outs, y - p_mix);
                }
                self.by_node.learn(bit);
                if E::REFINED > 1 {
                    self.by_expected.learn(bit);
                }
                if E::NETWORK {
                    self.aid
                        .learn::<I>(pass.as_deref_mut(), k, (bit_index, node), bit, logistic);
                }
                let cells = &mut self.cells[k * E::CONTEXTS..][..E::CONTEXTS];
                for i in 0..E::CONTEXTS {
                    let state = &mut held[i][(nibble & 15) as usize];
                    cells[i][usize::from(*state)].learn(bit, LIMIT, logistic);
                    *state = HISTORIES.next[usize::from(*state)][bit as usize];
                }
                let maps = &mut self.maps[bit_index * E::MAPPED..][..E::MAPPED];
                for m in 0..E::MAPPED {
                    maps[m][said[m]].learn(bit, LIMIT, logistic);
                }
                self.bank.narrow(bit);
                if live_mask != 0 {
                    let cells = &mut self.copy_cells[bit_index * COPIES..][..COPIES];
                    for i in 0..E::COPIES {
                        if live[i] {
                            let hit = (copies[i] >> (shift + bit_at)) & 1 == u64::from(bit);
                            cells[i][self.records[i] as usize % RECORDS].learn(
                                u32::from(hit),
                                LIMIT,
                                logistic,
                            );
                            live[i] = hit;
                        }
                    }
                }
                if on_lattice {
                    self.lattice_map.learn(bit);
                    self.span.narrow(bit);
                }
                let d = &mut self.direct[direct_at];
                *d = if bit == 1 {
                    *d + ((65535 - *d) >> 5)
                } else {
                    *d - (*d >> 5)
                };
                node = node << 1 | bit;
                nibble = nibble << 1 | bit;
            }
            let byte = if half {
                plane_cost += 4 * 256;
                (node & 15) << 4 | u32::from(coder.nibble(actual_byte as u8 & 15))
            } else {
                for i in 0..E::CONTEXTS {
                    self.slots.put(places[i], &held[i]);
                }
                node & 255
            };
            self.cost[k] += u64::from(plane_cost);
            value = value << 8 | u64::from(byte);
        }
        value
    }
}

const _: () = assert!(SCALES.is_power_of_two() && RECORDS.is_power_of_two());
