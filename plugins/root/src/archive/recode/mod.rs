//! Compressing raw bytes again so that the very record of the file comes out.
//!
//! A [`Setting`] is all that a codec must be told for that. It is found by trying, the likeliest
//! first, and only what gave the same bytes is believed; a record without a setting stays as it is.
//! What a setting gives depends on the libraries' versions: the checksum of the whole file tells if
//! another one gave other bytes.

mod lz4;
mod xz;
mod zlib;
mod zstd;

use crate::container::compress::{Tag, record_header};
use crate::error::{Error, Result};

/// Most raw bytes of a record.
const RECORD_MAX: usize = 0xFF_FFFF;
/// Searches that may fail for a codec before only settings that worked are tried; one on a record
/// of so many MiB counts for so many more.
const FAILURES_MAX: u32 = 24;
/// Of longer records a setting is tried on so many raw bytes first: a search takes the time of some
/// MiB, however long they are.
const SAMPLE: usize = 512 << 10;

/// How a record was compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Setting {
    pub tag: Tag,
    /// The third byte of the record.
    pub method: u8,
    /// What the codec's file says.
    pub params: [u8; 4],
}

impl Setting {
    /// The data of one record, without its header.
    fn encode(&self, raw: &[u8]) -> Option<Vec<u8>> {
        match self.tag {
            Tag::Zlib => zlib::encode(raw, self.params, true),
            Tag::OldDeflate => zlib::encode(raw, self.params, false),
            Tag::Xz => xz::encode(raw, self.params),
            Tag::Lz4 => lz4::encode(raw, self.params),
            Tag::Zstd => zstd::encode(raw, self.params),
        }
    }

    /// Whether the beginning of a long record comes out the same; short ones may always fit.
    fn may_give(&self, raw: &[u8], coded: &[u8]) -> bool {
        let Some(sample) = raw.get(..SAMPLE).filter(|_| raw.len() > 2 * SAMPLE) else {
            return true;
        };
        // Coded bytes before which a codec's unit ends: what comes after the sample changes only
        // the last one. LZ4's may be as long as all, and it is fast.
        let (begun, unit) = match self.tag {
            Tag::Lz4 => return true,
            Tag::Zstd => (zstd::begin(sample, raw.len(), self.params), 0),
            Tag::Zlib | Tag::OldDeflate => (self.encode(sample), 64 << 10),
            Tag::Xz => (self.encode(sample), 160 << 10),
        };
        match begun {
            Some(begun) if begun.len() > unit => {
                let half = begun.get(..begun.len() / 2).unwrap_or_default();
                coded.starts_with(half)
            }
            _ => true,
        }
    }

    /// All records of an object.
    ///
    /// # Errors
    /// `Corrupt`: no codec knows the setting.
    pub fn compress(&self, raw: &[u8]) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        for part in raw.chunks(RECORD_MAX) {
            let coded = self.encode(part);
            let coded = coded.ok_or_else(|| Error::corrupt("a setting that no codec knows"))?;
            let header = record_header(self.tag, self.method, coded.len(), part.len());
            out.extend(header.ok_or_else(|| Error::corrupt("a record longer than may be"))?);
            out.extend(coded);
        }
        Ok(out)
    }

    /// The seven bytes that stand for it.
    pub fn to_bytes(self) -> [u8; 6] {
        let [a, b, c, d] = self.params;
        [self.tag.number(), self.method, a, b, c, d]
    }

    pub fn from_bytes([tag, method, a, b, c, d]: [u8; 6]) -> Result<Self> {
        let tag = Tag::from_number(tag);
        let tag = tag.ok_or_else(|| Error::corrupt("a codec that is not known"))?;
        let params = [a, b, c, d];
        Ok(Setting {
            tag,
            method,
            params,
        })
    }

    /// In words: codec and level.
    pub fn name(&self) -> String {
        let [level, ..] = self.params;
        match self.tag {
            Tag::Zlib => format!("zlib-{level}"),
            Tag::OldDeflate => format!("old-{level}"),
            Tag::Xz => xz::name(self.params),
            Tag::Lz4 => format!("lz4-{level}"),
            Tag::Zstd => format!("zstd-{}", level as i8),
        }
    }
}

/// Finds settings, and remembers those that worked, the last one first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Search {
    known: Vec<Setting>,
    failures: [u32; 5],
}

impl Search {
    /// The setting that gives all of these records from the raw bytes.
    pub fn find(&mut self, records: &[u8], raw: &[u8]) -> Option<Setting> {
        let (tag, method, first, first_raw) = first_record(records, raw)?;
        let fits = |setting: &Setting| {
            setting.may_give(first_raw, first)
                && setting.encode(first_raw).is_some_and(|it| it == first)
        };
        let mut candidates = self.known.iter().enumerate();
        let found = candidates.find_map(|(at, setting)| {
            let like = setting.tag == tag && setting.method == method;
            (like && fits(setting)).then_some((at, *setting))
        });
        let setting = match found {
            Some((at, setting)) => {
                self.known.remove(at);
                setting
            }
            None => self.search(tag, method, first, first_raw)?,
        };
        self.known.insert(0, setting);
        let one = raw.len() <= RECORD_MAX && records.len() == first.len() + 9;
        let same = one || setting.compress(raw).is_ok_and(|all| all == records);
        same.then_some(setting)
    }

    fn search(&mut self, tag: Tag, method: u8, coded: &[u8], raw: &[u8]) -> Option<Setting> {
        let failures = self.failures.get_mut(usize::from(tag.number()))?;
        if *failures >= FAILURES_MAX {
            return None;
        }
        let known = &self.known;
        let all = match tag {
            Tag::Zlib => zlib::candidates(coded),
            Tag::OldDeflate => zlib::plain_candidates(),
            Tag::Xz => xz::candidates(coded, raw.len()),
            Tag::Lz4 => lz4::candidates(),
            Tag::Zstd => zstd::candidates(coded),
        };
        let settings = all.into_iter().map(|params| Setting {
            tag,
            method,
            params,
        });
        let mut new = settings.filter(|setting| !known.contains(setting));
        let found = new.find(|setting| {
            setting.may_give(raw, coded) && setting.encode(raw).is_some_and(|it| it == coded)
        });
        if found.is_none() {
            *failures += 1 + (raw.len() >> 20) as u32;
        }
        found
    }

    /// Whether anything was found or looked for in vain.
    pub fn has_learned(&self) -> bool {
        !self.known.is_empty() || self.failures.iter().any(|&n| n > 0)
    }
}

/// Codec, method, data and raw bytes of the first record, if it is cut where ROOT cuts.
fn first_record<'a>(records: &'a [u8], raw: &'a [u8]) -> Option<(Tag, u8, &'a [u8], &'a [u8])> {
    let (header, rest) = records.split_first_chunk::<9>()?;
    let [t0, t1, method, c0, c1, c2, r0, r1, r2] = *header;
    let tag = Tag::parse(&[t0, t1]).ok()?;
    let coded_len = u32::from_le_bytes([c0, c1, c2, 0]) as usize;
    let raw_len = u32::from_le_bytes([r0, r1, r2, 0]) as usize;
    if raw_len != raw.len().min(RECORD_MAX) {
        return None;
    }
    Some((tag, method, rest.get(..coded_len)?, raw.get(..raw_len)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_found_and_give_the_same_records() {
        let raw: Vec<u8> = (0..9000u32)
            .flat_map(|i| (i * i / 7).to_be_bytes())
            .collect();
        let settings = [
            (Tag::Zlib, 8, [6, 0x78, 0x9C, 8]),
            (Tag::Zlib, 8, [1, 0x78, 0x01, 8]),
            (Tag::OldDeflate, 8, [4, 0, 0, 8]),
            (Tag::Xz, 0, [4, 1, 0x16, 0]),
            (Tag::Lz4, 1, [4, 0, 0, 0]),
            (Tag::Zstd, 1, [5, 0, 0, 0]),
        ];
        let mut search = Search::default();
        for (tag, method, params) in settings {
            let setting = Setting {
                tag,
                method,
                params,
            };
            let records = setting.compress(&raw).unwrap();
            let found = search.find(&records, &raw).unwrap();
            assert_eq!(found.compress(&raw).unwrap(), records, "{}", found.name());
            assert_eq!(Setting::from_bytes(found.to_bytes()).unwrap(), found);
        }
    }

    #[test]
    fn settings_of_long_records_are_found_by_their_beginning() {
        let raw: Vec<u8> = (0..280_000u32)
            .flat_map(|i| ((i.wrapping_mul(i) / 7) ^ (i << 11)).to_be_bytes())
            .collect();
        assert!(raw.len() > 2 * SAMPLE);
        let settings = [
            (Tag::Zlib, 8, [1, 0x78, 0x01, 8]),
            (Tag::Zlib, 8, [6, 0x78, 0x9C, 8]),
            (Tag::Xz, 0, [1, 1, 16, 0]),
            (Tag::Lz4, 1, [1, 0, 0, 0]),
            (Tag::Lz4, 1, [4, 0, 0, 0]),
            (Tag::Zstd, 1, [1, 0, 0, 0]),
            (Tag::Zstd, 1, [5, 0, 0, 0]),
            (Tag::Zstd, 1, [9, 0, 0, 0]),
        ];
        for (tag, method, params) in settings {
            let setting = Setting {
                tag,
                method,
                params,
            };
            let coded = setting.encode(&raw).unwrap();
            assert!(setting.may_give(&raw, &coded), "{}", setting.name());
            let records = setting.compress(&raw).unwrap();
            let found = Search::default().find(&records, &raw).unwrap();
            assert_eq!(found.compress(&raw).unwrap(), records, "{}", found.name());
        }
        // Another level's beginning is seen not to fit without the rest.
        let setting = |level| Setting {
            tag: Tag::Zstd,
            method: 1,
            params: [level, 0, 0, 0],
        };
        assert!(!setting(5).may_give(&raw, &setting(1).encode(&raw).unwrap()));
    }

    #[test]
    fn failures_on_long_records_count_for_more() {
        let raw = vec![7; RECORD_MAX];
        let mut records = record_header(Tag::Zlib, 8, 4, raw.len()).unwrap().to_vec();
        records.extend([0x78, 0x9C, 1, 2]);
        let mut search = Search::default();
        for _ in 0..2 {
            assert_eq!(search.find(&records, &raw), None);
        }
        assert!(search.failures[0] >= FAILURES_MAX);
        assert!(search.has_learned());
    }

    #[test]
    fn records_of_no_setting_are_left_alone() {
        let raw = vec![7; 3000];
        let stored = zlib::encode(&raw, [0, 0x78, 0x01, 8], true).unwrap();
        let mut records = record_header(Tag::Zlib, 8, stored.len(), raw.len())
            .unwrap()
            .to_vec();
        records.extend(stored);
        records[20] ^= 1;
        assert_eq!(Search::default().find(&records, &raw), None);
    }
}
