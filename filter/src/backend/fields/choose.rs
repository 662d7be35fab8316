//! The encoder's choice: for each unit the coding that makes the whole smallest, as far as
//! estimates tell.

use super::super::table::{Cut, Table, Unit};
use super::super::{Effort, pco, zstd};
use super::{Choice, Mode, assemble, whole};

/// What a zstd frame takes beside its data: magic, header, one block header.
const ZSTD_FRAME_LEN: usize = 9;
/// What a unit's entry takes beside pco's own bytes, about.
const PCO_ENTRY_LEN: usize = 2;

/// Frames below this size are not worth a sample.
const SAMPLED_FROM: usize = 1 << 17;
/// A sample is this part of the frame's records, in so many pieces.
const SAMPLE_SHARE: usize = 8;
const PIECE_N: usize = 4;

/// How much of its estimate a unit is taken to add to the zstd frame it shares with others, in
/// 16ths: the more the units have in common, the less. Each way of choosing is tried as a whole.
const SHARES: [usize; 5] = [16, 15, 13, 10, 0];

/// The payload of a frame if it is smaller than `limit`. `offset` is the place of its first byte in
/// the stream.
pub(in crate::backend) fn pack(
    table: &Table,
    effort: Effort,
    offset: u64,
    raw: &[u8],
    limit: usize,
) -> Option<Vec<u8>> {
    if table.is_bytes() && effort != Effort::Best {
        return None;
    }
    let (rows, records, edges) = whole(table, offset, raw)?;
    let mut packers = Packers::new(effort)?;
    let mut ways_found = Vec::new();
    for &cut in table.cuts() {
        let mut elements = Vec::new();
        let mut candidates = Vec::new();
        for unit in table.units(&rows, cut) {
            elements.clear();
            table.gather(&unit, records, &mut elements);
            candidates.push(packers.candidates(&unit, &elements)?);
        }
        for modes in ways(&candidates) {
            let choices = pick(&candidates, &modes);
            let (alone, zstd) = packers.estimate(&choices)?;
            ways_found.push(Way {
                cut,
                choices,
                alone,
                zstd,
            });
        }
    }
    let mut best: Option<Vec<u8>> = None;
    for way in finalists(ways_found, effort) {
        let limit = best.as_ref().map_or(limit, Vec::len);
        if way.alone + effort.could_become(way.zstd) < limit {
            let payload = assemble(table, way.cut, &way.choices, &edges, &mut packers.last)?;
            if payload.len() < limit {
                best = Some(payload);
            }
        }
    }
    best
}

/// Whether the fields may take less than `limit`: tried on a few pieces of a large frame.
pub(in crate::backend) fn may_reach(table: &Table, offset: u64, raw: &[u8], limit: usize) -> bool {
    let rows = table.rows(offset, raw.len());
    if raw.len() < SAMPLED_FROM || rows.n < PIECE_N * SAMPLE_SHARE {
        return true;
    }
    let record = rows.records(raw).len() / rows.n;
    let piece = rows.n / (PIECE_N * SAMPLE_SHARE) * record;
    let mut sample = Vec::with_capacity(PIECE_N * piece);
    for at in 0..PIECE_N {
        let start = rows.head + rows.n * at / PIECE_N * record;
        sample.extend_from_slice(&raw[start..start + piece]);
    }
    let share = sample.len() as u64 * limit as u64 / raw.len() as u64;
    pack(
        table,
        Effort::Quick,
        0,
        &sample,
        (share + share / 7) as usize,
    )
    .is_some()
}

/// A choice for every unit, and estimates of what they take outside and inside the zstd frame.
struct Way {
    cut: Cut,
    choices: Vec<Choice>,
    alone: usize,
    zstd: usize,
}

/// The ways that are tried at the level that is stored: the best by the estimates as they are, and
/// the best by what is expected of them.
fn finalists(mut ways: Vec<Way>, effort: Effort) -> Vec<Way> {
    let expected = |way: &Way| way.alone + effort.expected(way.zstd);
    let as_it_is = |way: &Way| way.alone + way.zstd;
    let keys: &[&dyn Fn(&Way) -> usize] = match effort {
        Effort::Stored | Effort::Zstd | Effort::Quick => &[&as_it_is, &as_it_is],
        Effort::Best => &[&as_it_is, &expected, &expected],
    };
    let mut finalists = Vec::new();
    for key in keys {
        if let Some(at) = (0..ways.len()).min_by_key(|&at| key(&ways[at])) {
            finalists.push(ways.swap_remove(at));
        }
    }
    finalists
}

/// What a unit may become.
struct Candidates {
    elements: Choice,
    planes: Choice,
    /// Constant, by pco or stored, and its bytes in the payload.
    alone: Choice,
    /// Estimates of what planes and elements add to a zstd frame.
    planes_len: usize,
    elements_len: usize,
}

/// The distinct ways to choose a mode for every unit.
fn ways(candidates: &[Candidates]) -> Vec<Vec<Mode>> {
    let mut ways: Vec<Vec<Mode>> = SHARES
        .iter()
        .map(|share| {
            let mode = |unit: &Candidates| {
                let zstd = unit.planes_len.min(unit.elements_len);
                if unit.alone.mode == Mode::Constant || zstd * share / 16 >= unit.alone.len() {
                    unit.alone.mode
                } else if unit.planes_len <= unit.elements_len {
                    Mode::Planes
                } else {
                    Mode::Elements
                }
            };
            candidates.iter().map(mode).collect()
        })
        .collect();
    ways.push(
        candidates
            .iter()
            .map(|unit| match unit.alone.mode {
                Mode::Constant => Mode::Constant,
                _ => Mode::Planes,
            })
            .collect(),
    );
    ways.sort();
    ways.dedup();
    ways
}

fn pick(candidates: &[Candidates], modes: &[Mode]) -> Vec<Choice> {
    let choice = |(unit, mode): (&Candidates, &Mode)| match mode {
        Mode::Planes => unit.planes.clone(),
        Mode::Elements => unit.elements.clone(),
        _ => unit.alone.clone(),
    };
    candidates.iter().zip(modes).map(choice).collect()
}

/// The compressors of a frame, kept for all its units.
struct Packers {
    effort: Effort,
    /// For estimates.
    estimator: zstd::Packer,
    /// At the level that is stored.
    last: zstd::Packer,
}

impl Packers {
    fn new(effort: Effort) -> Option<Self> {
        Some(Packers {
            effort,
            estimator: zstd::Packer::new(effort.estimate_level())?,
            last: zstd::Packer::new(effort.zstd_level())?,
        })
    }

    fn candidates(&mut self, unit: &Unit, elements: &[u8]) -> Option<Candidates> {
        let width = unit.column.width;
        if let Some(alone) = Choice::constant(unit, elements) {
            let nothing = Choice::new(Mode::Planes, []);
            return Some(Candidates {
                elements: nothing.clone(),
                planes: nothing,
                alone,
                planes_len: 0,
                elements_len: 0,
            });
        }
        let stored = Choice::new(Mode::Elements, elements);
        let planes = Choice::planes(unit, elements);
        let planes_len = self.len_of(&planes.bytes)?;
        let elements_len = match width {
            1 => planes_len,
            _ => self.len_of(elements)?,
        };
        let pco = pco::compress(&unit.column, elements, self.effort.pco_level());
        let alone = match pco {
            Some(bytes) if bytes.len() + PCO_ENTRY_LEN < elements.len() => {
                Choice::new(Mode::Pco, bytes)
            }
            _ => Choice {
                mode: Mode::Stored,
                ..stored.clone()
            },
        };
        Some(Candidates {
            elements: stored,
            planes,
            alone,
            planes_len,
            elements_len,
        })
    }

    /// What the bytes add to a zstd frame, about.
    fn len_of(&mut self, bytes: &[u8]) -> Option<usize> {
        let len = self.estimator.compress(bytes)?.len();
        Some(len.saturating_sub(ZSTD_FRAME_LEN))
    }

    /// What the choices take outside and inside the zstd frame, about.
    fn estimate(&mut self, choices: &[Choice]) -> Option<(usize, usize)> {
        let (zstd, others): (Vec<&Choice>, Vec<&Choice>) =
            choices.iter().partition(|choice| choice.mode.in_zstd());
        let alone: usize = others.iter().map(|choice| choice.len()).sum();
        let bytes: Vec<&[u8]> = zstd.iter().map(|choice| &choice.bytes[..]).collect();
        let zstd = match bytes.is_empty() {
            true => 0,
            false => self.estimator.compress(&bytes.concat())?.len(),
        };
        Some((alone, zstd))
    }
}

impl Choice {
    /// Bytes in the payload, about, if it is not for the zstd frame.
    fn len(&self) -> usize {
        match self.mode {
            Mode::Pco => self.bytes.len() + PCO_ENTRY_LEN,
            _ => self.bytes.len(),
        }
    }
}

impl Effort {
    pub(in crate::backend) fn pco_level(self) -> usize {
        match self {
            Effort::Stored | Effort::Zstd | Effort::Quick => 8,
            Effort::Best => 12,
        }
    }

    pub(in crate::backend) fn zstd_level(self) -> i32 {
        match self {
            Effort::Stored | Effort::Zstd | Effort::Quick => 3,
            Effort::Best => 19,
        }
    }

    pub(in crate::backend) fn estimate_level(self) -> i32 {
        match self {
            Effort::Stored | Effort::Zstd | Effort::Quick => 1,
            Effort::Best => 6,
        }
    }

    /// What becomes of an estimate at the level that is stored, in practice.
    fn expected(self, estimate: usize) -> usize {
        match self {
            Effort::Stored | Effort::Zstd | Effort::Quick => estimate,
            Effort::Best => estimate - estimate / 16,
        }
    }

    /// What an estimate may become at the level that is stored, at the least, in practice.
    fn could_become(self, estimate: usize) -> usize {
        match self {
            Effort::Stored | Effort::Zstd | Effort::Quick => estimate - estimate / 32,
            Effort::Best => estimate - estimate / 8,
        }
    }
}
