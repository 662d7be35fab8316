//! A frame's lines, grouped by their keys.

use std::collections::{HashMap, HashSet};

use super::scan::{self, Span};

/// Keys of a frame, at most: text of more has no shapes.
const MOST_KEYS: usize = 1 << 16;
/// Words that lines begin with, at most, if they are to tell them apart.
const MOST_FIRST: usize = 64;
/// No key: a line that is not looked at.
pub(super) const NO_KEY: u32 = u32::MAX;

/// A frame's lines.
pub(super) struct Lines {
    /// Where each line begins, and the end of the last.
    pub(super) starts: Vec<u32>,
    /// The key of each line.
    pub(super) key_of: Vec<u32>,
    /// Where the parts of each line begin, and the end of the last's.
    pub(super) first: Vec<u32>,
    pub(super) parts: Vec<Span>,
    pub(super) keys: Vec<Vec<u8>>,
}

impl Lines {
    /// The lines of a frame, each up to a byte `end`; nothing if there are too many keys.
    pub(super) fn read(raw: &[u8], end: u8) -> Option<Lines> {
        match Self::keyed(raw, end, true) {
            Ok(lines) => Some(lines),
            Err(true) => Self::keyed(raw, end, false).ok(),
            Err(false) => None,
        }
    }

    /// The same; an error says whether it is for the first words.
    fn keyed(raw: &[u8], end: u8, first: bool) -> Result<Lines, bool> {
        let mut lines = Lines {
            starts: Vec::new(),
            key_of: Vec::new(),
            first: Vec::new(),
            parts: Vec::new(),
            keys: Vec::new(),
        };
        let mut known: HashMap<Vec<u8>, u32> = HashMap::new();
        let mut words: HashSet<Vec<u8>> = HashSet::new();
        let (mut key, mut last) = (Vec::new(), NO_KEY);
        let mut start = 0;
        while start < raw.len() {
            let stop = next(raw, start, end);
            lines.starts.push(start as u32);
            lines.first.push(lines.parts.len() as u32);
            let seen = scan::scan(raw, (start, stop), first, &mut lines.parts, &mut key);
            let at = match seen && raw[stop - 1] == end {
                false => {
                    lines
                        .parts
                        .truncate(lines.first[lines.first.len() - 1] as usize);
                    NO_KEY
                }
                true if last != NO_KEY && lines.keys[last as usize] == key => last,
                true => match known.get(&key) {
                    Some(&at) => at,
                    None => {
                        let at = lines.keys.len() as u32;
                        if lines.keys.len() == MOST_KEYS {
                            return Err(false);
                        }
                        if let Some(word) = scan::first_word(&key) {
                            words.insert(word.to_vec());
                            if words.len() > MOST_FIRST {
                                return Err(true);
                            }
                        }
                        known.insert(key.clone(), at);
                        lines.keys.push(key.clone());
                        at
                    }
                },
            };
            last = if at == NO_KEY { last } else { at };
            lines.key_of.push(at);
            start = stop;
        }
        lines.starts.push(raw.len() as u32);
        lines.first.push(lines.parts.len() as u32);
        Ok(lines)
    }

    /// Lines.
    pub(super) fn len(&self) -> usize {
        self.key_of.len()
    }

    /// A line's bytes.
    pub(super) fn text<'a>(&self, raw: &'a [u8], line: usize) -> &'a [u8] {
        &raw[self.starts[line] as usize..self.starts[line + 1] as usize]
    }

    /// A line's parts.
    pub(super) fn parts(&self, line: usize) -> &[Span] {
        &self.parts[self.first[line] as usize..self.first[line + 1] as usize]
    }
}

/// Where the line ends that begins here, behind its last byte.
pub(super) fn next(raw: &[u8], start: usize, end: u8) -> usize {
    let found = raw[start..].iter().position(|byte| *byte == end);
    found.map_or(raw.len(), |at| start + at + 1)
}
