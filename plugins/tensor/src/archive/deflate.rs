//! Members of zip files inflated, and deflated again so that the very bytes of the file come out.
//!
//! A [`Setting`] is found by trying, the last one that worked first, and only what gave the same
//! bytes is believed. What it gives depends on zlib's version: the checksum of the whole file tells
//! if another one gave other bytes.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use crate::error::{Error, Result};

/// Raw bytes that a level is tried on before all of a long member is.
const SAMPLE: usize = 1 << 20;
/// The sample tells nothing if it deflates to less than this.
const SAMPLE_MIN: usize = 1 << 16;

/// How a member was deflated: zlib's level, 1 to 9.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Setting(u8);

impl Setting {
    pub fn new(level: u8) -> Result<Self> {
        match level {
            1..=9 => Ok(Setting(level)),
            _ => Err(Error::corrupt("a level that zlib does not have")),
        }
    }

    pub fn level(self) -> u8 {
        self.0
    }

    /// Deflates, without a frame around it.
    pub fn encode(self, raw: &[u8]) -> Option<Vec<u8>> {
        let mut context = Compress::new(Compression::new(self.0.into()), false);
        // What deflate adds to data that it cannot compress is less than this.
        let mut out = Vec::with_capacity(raw.len() + raw.len() / 1000 + 64);
        match context.compress_vec(raw, &mut out, FlushCompress::Finish) {
            Ok(Status::StreamEnd) => Some(out),
            _ => None,
        }
    }

    /// Whether the beginning of a long member comes out the same.
    fn may_fit(self, raw: &[u8], coded: &[u8]) -> bool {
        let Some(sample) = raw.get(..SAMPLE) else {
            return true;
        };
        // Blocks end when zlib's buffer of symbols is full, so all but the last are those of the
        // whole.
        match self.encode(sample) {
            Some(out) if out.len() >= SAMPLE_MIN => {
                let first = out.get(..out.len() / 2).unwrap_or_default();
                coded.starts_with(first)
            }
            _ => true,
        }
    }
}

/// Finds settings, and remembers the last one that worked.
#[derive(Debug, Default)]
pub(super) struct Search {
    last: Option<Setting>,
}

impl Search {
    /// The setting that gives exactly these bytes.
    pub fn find(&mut self, raw: &[u8], coded: &[u8]) -> Option<Setting> {
        let levels = [6, 9, 1, 5, 4, 7, 8, 3, 2].map(Setting);
        let all = self
            .last
            .into_iter()
            .chain(levels.into_iter().filter(|it| Some(*it) != self.last));
        let mut fitting = all.filter(|it| it.may_fit(raw, coded));
        let found = fitting.find(|it| it.encode(raw).is_some_and(|out| out == coded))?;
        self.last = Some(found);
        Some(found)
    }
}

/// Inflates a whole member; `None` if it is damaged or of another length than it says. Memory grows
/// as bytes come out.
pub(super) fn inflate(coded: &[u8], raw_len: u64) -> Option<Vec<u8>> {
    let raw_len = usize::try_from(raw_len).ok()?;
    let mut context = Decompress::new(false);
    let mut out: Vec<u8> = Vec::new();
    loop {
        let more = (coded.len() * 4)
            .clamp(1 << 12, 1 << 24)
            .min(raw_len - out.len());
        // One byte more than may come tells of a member that is too long.
        out.reserve(more + 1);
        let input = coded.get(usize::try_from(context.total_in()).ok()?..)?;
        let before = (context.total_in(), context.total_out());
        let status = context
            .decompress_vec(input, &mut out, FlushDecompress::None)
            .ok()?;
        if out.len() > raw_len {
            return None;
        }
        let stuck = before == (context.total_in(), context.total_out());
        match status {
            Status::StreamEnd => {
                let whole = context.total_in() == coded.len() as u64 && out.len() == raw_len;
                return whole.then_some(out);
            }
            Status::Ok | Status::BufError if stuck => return None,
            Status::Ok | Status::BufError => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_found_and_give_the_same_bytes() {
        let raw: Vec<u8> = (0..400_000u32)
            .flat_map(|i| (i.wrapping_mul(i) / 7).to_be_bytes())
            .collect();
        let mut search = Search::default();
        for level in [1, 6, 9] {
            let coded = Setting(level).encode(&raw).unwrap();
            assert_eq!(inflate(&coded, raw.len() as u64).unwrap(), raw);
            assert!(inflate(&coded, raw.len() as u64 - 1).is_none());
            assert!(inflate(&coded, raw.len() as u64 + 1).is_none());
            assert!(inflate(&coded[..coded.len() - 1], raw.len() as u64).is_none());
            let found = search.find(&raw, &coded).unwrap();
            assert_eq!(found.encode(&raw).unwrap(), coded);
        }
        let stored = [1, 3, 0, 0xFC, 0xFF, 1, 2, 3];
        assert_eq!(inflate(&stored, 3).unwrap(), [1, 2, 3]);
        assert_eq!(search.find(&[1, 2, 3], &stored), None);
    }
}
