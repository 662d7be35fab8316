//! What a frame falls back to, and all there is for plain bytes at levels 1 to 6: fields, zstd,
//! stored.
//!
//! Pipeline: raw bytes of one frame in, the smallest payload out, and back. Frames do not depend on
//! one another here.
//! Invariant: a payload that is not stored is smaller than its raw bytes; decoding allocates no
//! more than the frame's raw length, which the caller has checked against the stream's limits.

pub mod entropy;
mod fields;
mod pco;
pub mod predictor;
mod table;
pub mod trial;
mod zstd;

pub(crate) use table::Table;

use crate::error::{Error, Result};
use crate::frame::FrameKind;

/// How hard the backends try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    /// None.
    Stored,
    /// zstd at its quickest, some 200 MB/s.
    Zstd,
    /// About 60 MB/s, by prediction.
    Quick,
    /// About 2 MB/s.
    Best,
}

/// Bits a byte that are noise, to the model as to the backends. What the model gains beyond them is
/// not predicted, as it comes from relations between columns.
const NOISE: f32 = 7.6;

/// Levels from this one on try all codings hard that come within one part in so many of tokens.
pub(crate) const THOROUGH: u8 = 4;
const NEAR: usize = 10;
/// Up to so many bytes, other codings cost little however hard they are tried.
pub(crate) const SMALL: usize = 1 << 16;

/// The smallest coding of a frame. `offset` is the place of its first byte in the stream.
pub(crate) fn pack(table: &Table, effort: Effort, offset: u64, raw: &[u8]) -> (FrameKind, Vec<u8>) {
    let mut best = (FrameKind::Stored, raw.to_vec());
    if effort == Effort::Stored {
        return best;
    }
    let mut effort = effort;
    if effort == Effort::Best && zstd::finds_nothing(raw) {
        if table.is_bytes() {
            return best;
        }
        // Numbers may still lie near their neighbours, which the quick ways see too.
        effort = Effort::Quick;
    }
    let limit = best.1.len();
    let payload = match effort {
        Effort::Stored | Effort::Zstd => None,
        Effort::Quick => {
            let trust = fields::Trust::WhereClear;
            fields::pack_planned(table, effort, trust, offset, raw, limit)
        }
        Effort::Best => fields::pack(table, effort, offset, raw, limit),
    };
    if let Some(payload) = payload {
        best = (FrameKind::Fields, payload);
    }
    if let Some(payload) = zstd::pack(effort, raw, best.1.len()) {
        best = (FrameKind::Zstd, payload);
    }
    best
}

/// Whether the model is predicted to be worth its time on a frame: what a sample of it says.
pub(crate) fn model_gains(table: &Table, offset: u64, raw: &[u8]) -> bool {
    fields::least(table, offset, raw) < NOISE
}

/// What a modelled frame of `modelled_len` bytes falls back to: the smallest quick coding if it is
/// no larger.
///
/// The model takes hundreds of milliseconds for 1 MiB, and its fallback must not add to them: zstd
/// sees the whole frame (4 ms), but the fields (25 ms) are only coded if a sample of an eighth of
/// the records lets hope for it, that is if it comes to less than 8/7 of its share of
/// `modelled_len`. The rule looks at nothing but the bytes, so it always decides alike.
pub(crate) fn fall_back(
    table: &Table,
    offset: u64,
    raw: &[u8],
    modelled_len: usize,
) -> Option<(FrameKind, Vec<u8>)> {
    let mut limit = modelled_len + 1;
    let mut best = None;
    if raw.len() < limit {
        limit = raw.len();
        best = Some((FrameKind::Stored, raw.to_vec()));
    }
    if let Some(payload) = zstd::pack(Effort::Quick, raw, limit) {
        limit = payload.len();
        best = Some((FrameKind::Zstd, payload));
    }
    if fields::may_reach(table, offset, raw, limit)
        && let Some(payload) = fields::pack(table, Effort::Quick, offset, raw, limit)
    {
        best = Some((FrameKind::Fields, payload));
    }
    best
}

/// Another coding than tokens of so many bytes, if a quick one comes near to them; the best one
/// then, if it is to be `thorough`.
pub(crate) fn near(
    table: &Table,
    thorough: bool,
    offset: u64,
    raw: &[u8],
    tokens: usize,
) -> Option<(FrameKind, Vec<u8>)> {
    let quick = fall_back(table, offset, raw, tokens + tokens / NEAR)?;
    Some(match thorough {
        true => pack(table, Effort::Best, offset, raw),
        false => quick,
    })
}

/// The raw bytes of a frame from its payload, `raw_len` of them.
pub(crate) fn unpack(
    table: &Table,
    kind: FrameKind,
    offset: u64,
    raw_len: usize,
    payload: &[u8],
) -> Result<Vec<u8>> {
    let raw = match kind {
        FrameKind::Stored => payload.to_vec(),
        FrameKind::Zstd => zstd::decompress(payload, raw_len)?,
        FrameKind::Fields => fields::unpack(table, offset, raw_len, payload)?,
        FrameKind::Modelled
        | FrameKind::Tokens
        | FrameKind::Segments
        | FrameKind::Adaptive
        | FrameKind::Text => {
            return Err(Error::corrupt("modelled frame without a model"));
        }
    };
    if raw.len() != raw_len {
        return Err(Error::corrupt("length of the decoded frame"));
    }
    Ok(raw)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Layout;

    #[test]
    fn the_model_is_worth_its_time_on_what_it_predicts() {
        let table = Table::new(&Layout::parse("<f4,<f4").unwrap());
        let mut state = 1u64;
        let mut noise = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1);
            (state >> 32) as u32
        };
        let random: Vec<u8> = (0..20_000).flat_map(|_| noise().to_le_bytes()).collect();
        assert!(!model_gains(&table, 0, &random));
        let mut level = 50.0f32;
        let walk = (0..20_000).map(|_| {
            level += (noise() >> 24) as f32 / 128.0 - 1.0;
            level
        });
        let walk: Vec<u8> = walk.flat_map(f32::to_le_bytes).collect();
        assert!(model_gains(&table, 3, &walk));
        assert!(!model_gains(&table, 0, &[1, 2, 3]));
    }
}
