//! The bytes before and after a block's frames.
//!
//! Two checksums, for two dangers: CRC-32 over all stored bytes finds every single flipped bit, and
//! damage before anything is believed; the lower half of XXH3-64 over the raw bytes finds a block
//! that was decoded with another layout or model than it was made with.

use super::BLOCK_VERSION;
use crate::error::{Error, ErrorKind, Result};
use crate::frame::{Cursor, MAX_FRAME_SIZE, crc, put_varint};
use crate::model::ModelId;

/// Level of a block that holds its raw bytes as they are.
const STORED: u8 = 0;
/// Flag: a model is named.
const FLAG_MODEL: u8 = 0b1_0000;
/// Bytes of a model's hash that name it. A reader has a handful of models, of which two would have
/// to agree in 64 bits; if they do, the checksum of the raw bytes tells.
pub(super) const MODEL_PREFIX: usize = 8;
/// Frame sizes are powers of two from 2^12 on.
const FRAME_LOG_MIN: u8 = 12;
/// Bytes of each checksum.
const SUM_LEN: usize = 4;

/// How a block's frames are cut and coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Coding {
    /// 1 to 9.
    pub(super) level: u8,
    /// The beginning of the model's hash.
    pub(super) model: Option<[u8; MODEL_PREFIX]>,
    /// Lanes of each frame, 1 to 16.
    pub(super) lane_n: u32,
    /// Most raw bytes of a frame before they are rounded to whole records, as a power of two: 12 to
    /// 27.
    pub(super) frame_log: u8,
}

impl Coding {
    /// Raw bytes of each frame but the last.
    pub(super) fn frame_len(&self, record_size: u32) -> usize {
        let (size, record) = (1usize << self.frame_log, record_size as usize);
        (size - size % record).max(record).min(MAX_FRAME_SIZE)
    }
}

/// What stands around the frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) raw_len: u64,
    /// The lower 32 bits of the XXH3-64 of the raw bytes, without a seed.
    pub(super) raw_sum: u32,
    /// `None`: the raw bytes follow as they are.
    pub(super) coding: Option<Coding>,
}

/// The checksum of a block's raw bytes.
pub(super) fn raw_sum(raw: &[u8]) -> u32 {
    xxhash_rust::xxh3::xxh3_64(raw) as u32
}

impl Header {
    /// A block of this header and these frames.
    pub(super) fn wrap(&self, frames: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(frames.len() + super::OVERHEAD_MAX + MODEL_PREFIX);
        out.push(BLOCK_VERSION);
        match &self.coding {
            None => out.push(STORED),
            Some(coding) => {
                let model = if coding.model.is_some() {
                    FLAG_MODEL
                } else {
                    0
                };
                out.push(coding.level | model);
                out.push((coding.lane_n - 1) as u8 | (coding.frame_log - FRAME_LOG_MIN) << 4);
                out.extend_from_slice(coding.model.as_ref().map_or(&[], |prefix| prefix));
            }
        }
        put_varint(&mut out, self.raw_len);
        out.extend_from_slice(&self.raw_sum.to_le_bytes());
        out.extend_from_slice(frames);
        let sum = crc(&out);
        out.extend_from_slice(&sum.to_le_bytes());
        out
    }

    /// The header and the frames of a block whose checksum is right.
    pub(super) fn unwrap(stored: &[u8]) -> Result<(Self, &[u8])> {
        let cut = || Error::from(ErrorKind::Truncated);
        let (body, sum) = stored.split_last_chunk::<SUM_LEN>().ok_or_else(cut)?;
        if crc(body) != u32::from_le_bytes(*sum) {
            return Err(Error::corrupt("checksum of the block"));
        }
        let mut cursor = Cursor::new(body);
        match cursor.byte().ok_or_else(cut)? {
            BLOCK_VERSION => {}
            0 => return Err(Error::corrupt("version of the block")),
            1 => return Err(ErrorKind::Version(1).into()),
            newer => return Err(ErrorKind::Version(newer).into()),
        }
        let tag = cursor.byte().ok_or_else(cut)?;
        let level = tag & 0x0F;
        if tag & !(0x0F | FLAG_MODEL) != 0 || level > 9 {
            return Err(Error::corrupt("level of the block"));
        }
        let named = tag & FLAG_MODEL != 0;
        let coding = if level == STORED && !named {
            None
        } else {
            if named && (level == STORED || level == 7) {
                return Err(Error::corrupt("a model at a level without one"));
            }
            let cuts = cursor.byte().ok_or_else(cut)?;
            let model = match named {
                true => Some(cursor.array().ok_or_else(cut)?),
                false => None,
            };
            Some(Coding {
                level,
                model,
                lane_n: u32::from(cuts & 0x0F) + 1,
                frame_log: (cuts >> 4) + FRAME_LOG_MIN,
            })
        };
        let raw_len = cursor.varint()?.ok_or_else(cut)?;
        let raw_sum = cursor.u32().ok_or_else(cut)?;
        let header = Header {
            raw_len,
            raw_sum,
            coding,
        };
        Ok((header, cursor.rest()))
    }
}

/// What a block says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlockInfo {
    /// Bytes before encoding.
    pub raw_len: u64,
    /// Effort, 1 to 9; 0 if the raw bytes are stored as they are.
    pub level: u8,
    /// The first eight bytes of the hash of the model that it was encoded with.
    pub model: Option<[u8; MODEL_PREFIX]>,
    /// Most raw bytes of a frame, before they are rounded to whole records; 0 of a stored block.
    pub frame_size: usize,
    /// Lanes of a frame; 0 of a stored block.
    pub lanes: u32,
}

/// What a block says of itself, once its checksum is found right.
///
/// # Errors
/// `Corrupt`, `Truncated` and `Version`, of a damaged block.
pub fn info(stored: &[u8]) -> Result<BlockInfo> {
    let (header, _) = Header::unwrap(stored)?;
    Ok(BlockInfo {
        raw_len: header.raw_len,
        level: header.coding.map_or(STORED, |coding| coding.level),
        model: header.coding.and_then(|coding| coding.model),
        frame_size: header.coding.map_or(0, |coding| 1 << coding.frame_log),
        lanes: header.coding.map_or(0, |coding| coding.lane_n),
    })
}

/// The beginning of a model's hash.
pub(super) fn prefix(id: &ModelId) -> [u8; MODEL_PREFIX] {
    let mut prefix = [0; MODEL_PREFIX];
    prefix.copy_from_slice(&id.as_bytes()[..MODEL_PREFIX]);
    prefix
}
