//! Chunks that were decoded last, for readers whose library keeps none as large: a row of each is
//! then taken from one decoding.
//!
//! Invariant: a chunk is given out only for stored bytes and values that equal those it was decoded
//! from, byte for byte; what the chunks take is bounded. Nobody waits here: while another thread
//! looks, or was looking when the process forked, nothing is found and nothing kept.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

/// Bytes that chunks take together, stored and raw, unless `CATENA_HDF5_CACHE` says otherwise, in
/// MiB.
const BYTES: usize = 64 << 20;
/// Most bytes of a chunk that is kept alone: as a factor of the former.
const ALONE: usize = 4;
/// Most chunks.
const MOST: usize = 1024;

/// A chunk and what it was decoded from.
struct Entry {
    values: Vec<u32>,
    stored: Vec<u8>,
    raw: Arc<Vec<u8>>,
}

impl Entry {
    fn bytes(&self) -> usize {
        self.stored.len() + self.raw.len()
    }

    fn is_of(&self, values: &[u32], stored: &[u8]) -> bool {
        self.stored.len() == stored.len() && self.values == values && self.stored == stored
    }
}

/// The chunks, the one that was used last at the end.
pub(super) struct Recent {
    most_bytes: usize,
    entries: Mutex<VecDeque<Entry>>,
}

impl Recent {
    /// Room for so many bytes; for none, nothing is kept.
    pub(super) fn new(most_bytes: usize) -> Self {
        let entries = Mutex::default();
        Recent {
            most_bytes,
            entries,
        }
    }

    /// Room as the environment's text says, in MiB.
    pub(super) fn from_text(text: Option<&str>) -> Self {
        let asked = text.and_then(|text| text.trim().parse::<usize>().ok());
        Recent::new(asked.map_or(BYTES, |mib| mib.saturating_mul(1 << 20)))
    }

    /// What these bytes were decoded to before.
    pub(super) fn find(&self, values: &[u32], stored: &[u8]) -> Option<Arc<Vec<u8>>> {
        let mut entries = self.entries.try_lock().ok()?;
        let at = entries
            .iter()
            .position(|entry| entry.is_of(values, stored))?;
        let entry = entries.remove(at)?;
        let raw = Arc::clone(&entry.raw);
        entries.push_back(entry);
        Some(raw)
    }

    /// Keeps a chunk; those that were not used for longest make room.
    pub(super) fn keep(&self, values: &[u32], stored: &[u8], raw: &Arc<Vec<u8>>) {
        let entry = Entry {
            values: values.to_vec(),
            stored: stored.to_vec(),
            raw: Arc::clone(raw),
        };
        let own = entry.bytes();
        if own > self.most_bytes.saturating_mul(ALONE) {
            return;
        }
        let Ok(mut entries) = self.entries.try_lock() else {
            return;
        };
        let mut bytes: usize = own + entries.iter().map(Entry::bytes).sum::<usize>();
        while bytes > self.most_bytes || entries.len() >= MOST {
            let Some(oldest) = entries.pop_front() else {
                break;
            };
            bytes -= oldest.bytes();
        }
        entries.push_back(entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(of: u8, len: usize) -> Arc<Vec<u8>> {
        Arc::new(vec![of; len])
    }

    #[test]
    fn the_last_ones_are_found_by_all_their_bytes() {
        let recent = Recent::new(100);
        for of in 0..5 {
            recent.keep(&[5], &[of; 10], &chunk(of, 20));
        }
        let found = |of: u8| recent.find(&[5], &[of; 10]).map(|raw| raw[0]);
        assert_eq!(
            [0, 1, 2, 3, 4].map(found),
            [None, None, Some(2), Some(3), Some(4)]
        );
        assert_eq!(recent.find(&[6], &[4; 10]), None);
        assert_eq!(recent.find(&[5], &[4; 9]), None);
        // What was asked for stays longer than what was not.
        assert!(found(2).is_some());
        recent.keep(&[5], &[9; 10], &chunk(9, 20));
        assert_eq!([2, 3, 4, 9].map(found), [Some(2), None, Some(4), Some(9)]);
    }

    #[test]
    fn one_large_chunk_is_kept_alone_and_a_larger_one_is_not() {
        let recent = Recent::new(100);
        recent.keep(&[], &[1; 10], &chunk(1, 20));
        recent.keep(&[], &[2; 10], &chunk(2, 390));
        assert!(recent.find(&[], &[1; 10]).is_none() && recent.find(&[], &[2; 10]).is_some());
        recent.keep(&[], &[3; 10], &chunk(3, 391));
        assert!(recent.find(&[], &[3; 10]).is_none() && recent.find(&[], &[2; 10]).is_some());
        let none = Recent::from_text(Some("0"));
        none.keep(&[], &[1], &chunk(1, 1));
        assert!(none.find(&[], &[1]).is_none());
        assert_eq!(Recent::from_text(Some("3")).most_bytes, 3 << 20);
        assert_eq!(Recent::from_text(Some("many")).most_bytes, BYTES);
        assert_eq!(Recent::from_text(None).most_bytes, BYTES);
    }

    #[test]
    fn nobody_waits() {
        let recent = Recent::new(100);
        recent.keep(&[], &[1], &chunk(1, 1));
        let held = recent.entries.lock().unwrap();
        assert!(recent.find(&[], &[1]).is_none());
        recent.keep(&[], &[2], &chunk(2, 1));
        drop(held);
        assert!(recent.find(&[], &[1]).is_some() && recent.find(&[], &[2]).is_none());
    }
}
